"""Runs the application in a child process, and starts it again when a file changes.

The supervisor watches the files. It keeps the listening socket open, so a request that arrives
during a restart waits for its response. While one process serves, the next one is started in
advance: it has imported this package, and loads the application when a file changes.
"""

from __future__ import annotations

import logging
import os
import queue
import socket
import subprocess
import sys
import threading
import time
import typing as t
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from importlib.util import cache_from_source

from ._link import VARIABLE, Link, Message, block_interrupts
from ._project import Project
from ._watchers import Mark, create_watcher, read_mark

_RESTART: t.Final = 3
"""The exit code with which a process asks for a restart, as with Werkzeug's reloader."""
_STOP_TIMEOUT: t.Final = 10.0
"""Seconds that a process has to end before it is killed."""
_POLL: t.Final = 1.0
"""Seconds between two looks at the clock. A signal interrupts the wait, but not on Windows."""


class Process:
    """A process that serves the application, or waits until it has to.

    :param command: what is run.
    :param events: gets ``(process, message)``, and ``(process, exit code)`` at the end.
    :param waits: whether it is started in advance. Ctrl-C does not reach it while it waits.
    """

    def __init__(
        self, command: list[str], events: queue.SimpleQueue[Event], waits: bool = False
    ) -> None:
        ours, theirs = socket.socketpair()
        theirs.set_inheritable(True)
        environment = {**os.environ, "WERKZEUG_RUN_MAIN": "true", VARIABLE: str(theirs.fileno())}
        with block_interrupts() if waits else nullcontext():
            self.process = subprocess.Popen(command, env=environment, close_fds=False)
        theirs.close()
        self.link = Link(ours)
        self.is_loaded = False
        """Whether it has loaded the application, or has failed to."""
        self.is_ready = False
        """Whether it has waited, or waits, before it loads the application."""
        self.modules: set[str] = set()
        """Files of the project that it has imported before it waits."""
        self.changed: set[str] = set()
        """Files that have changed since it was started."""
        self.deadline: float | None = None
        """When it is killed, after it was stopped."""
        threading.Thread(target=self._listen, args=(events,), daemon=True).start()

    def _listen(self, events: queue.SimpleQueue[Event]) -> None:
        for message in self.link.receive():
            events.put((self, message))
        self.link.close()
        events.put((self, self.process.wait()))

    def restart(self, path: str) -> None:
        """Let it end, since a file has changed.

        :param path: the file.
        """
        if self.deadline is not None:
            return
        self.deadline = time.monotonic() + _STOP_TIMEOUT
        _log(f" * Detected change in {path!r}, reloading")
        if self.is_loaded:
            self.link.send("restart")  # it ends with the functions of `atexit`
        else:
            self.process.terminate()

    def is_usable(self) -> bool:
        """Return whether it waits, and has imported no file that has changed since."""
        if not self.is_ready or self.process.poll() is not None:
            return False
        if not self.modules:
            return True
        return self.modules.isdisjoint(self.changed) and all(
            path.endswith(".py") for path in self.changed
        )

    def stop(self) -> None:
        """Wait until it has ended; Ctrl-C has reached it too. A second Ctrl-C kills it."""
        self.link.shut_down()
        if not self.is_loaded and self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(_STOP_TIMEOUT)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            pass
        self.kill()

    def kill(self) -> None:
        """End it at once."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


Event: t.TypeAlias = tuple[Process | None, Message | int | set[str]]
"""A process with its message or its exit code; ``None`` with changed files."""


class Supervisor:
    """Starts the processes.

    :param command: the command line of this process.
    :param extra_files: see ``Project``.
    :param exclude_patterns: likewise.
    :param interval: see ``create_watcher``.
    :param kind: likewise.
    :param serve_failure: responds to requests after a process has failed before it served. It gets
        the changed files, and returns a function that ends this.
    """

    def __init__(
        self,
        command: list[str],
        extra_files: Iterable[str],
        exclude_patterns: Iterable[str],
        interval: float,
        kind: str,
        serve_failure: Callable[[set[str]], Callable[[], None]],
    ) -> None:
        self._command = command
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._project = Project(extra_files, exclude_patterns)
        self._watcher = create_watcher(kind, self._project, self._report, interval)
        self._marks: dict[str, Mark] = {}  # of the files whose change was handled
        self._changed: set[str] = set()  # Python files that changed since the last start
        self._last_changed: set[str] = set()
        self._serve_failure = serve_failure
        self._end_failure: Callable[[], None] | None = None
        self._has_loaded = False  # some process has
        self._current: Process | None = None
        self._next: Process | None = None  # it waits

    def _report(self, paths: set[str]) -> None:
        self._events.put((None, paths))

    def run(self) -> int:
        """Run the application until it ends; return its exit code."""
        self._watcher.start()
        try:
            self._start()
            while True:
                self._kill_late_process()
                try:
                    process, event = self._events.get(timeout=_POLL)
                except queue.Empty:
                    continue
                if isinstance(event, set):
                    self._handle_changes(event)
                elif process is None:
                    pass
                elif isinstance(event, dict):
                    self._handle_message(process, event)
                elif process is self._next:
                    self._next = None
                elif process is self._current:
                    if event == _RESTART or process.deadline is not None:
                        self._start()
                    elif event == 0 or process.is_loaded or not self._has_loaded:
                        return event
                    else:
                        self._wait_for_change()
        finally:
            if self._next is not None:
                self._next.kill()
            if self._current is not None:
                self._current.stop()
            if self._end_failure is not None:
                self._end_failure()

    def _start(self) -> None:
        """Start the application: in the process that waits, or in a new one."""
        _log(f" * Restarting with {self._watcher.name}")
        waiting, self._next = self._next, None
        if waiting is not None and not waiting.is_usable():
            waiting.kill()
            waiting = None
        self._remove_bytecode()
        self._current = waiting or Process(self._command, self._events)
        self._current.link.send("go")

    def _wait_for_change(self) -> None:
        """Keep running although a script such as ``python app.py`` has failed after an edit."""
        _log(" * The application could not be loaded. Waiting for the next change.")
        self._end_failure = self._serve_failure(self._last_changed)
        self._current = None

    def _remove_bytecode(self) -> None:
        """Remove the bytecode of changed modules.

        Python compares only size and time, the latter in seconds. So it would use old bytecode
        after two saves within a second.
        """
        for path in self._changed:
            try:
                os.unlink(cache_from_source(path))
            except (OSError, NotImplementedError):
                pass  # there is none
        self._last_changed, self._changed = self._changed, set()

    def _handle_message(self, process: Process, message: Message) -> None:
        if message["kind"] == "ready":
            process.is_ready = True
            process.modules.update(message["modules"])
        elif message["kind"] == "loaded" and process is self._current:
            process.is_loaded = self._has_loaded = True
            if self._project.update(message):
                self._watcher.refresh()
            if process.is_ready and self._next is None:
                self._next = Process(self._command, self._events, waits=True)

    def _handle_changes(self, paths: set[str]) -> None:
        changed = [path for path in sorted(paths) if self._is_new_change(path)]
        restarting = [path for path in changed if self._project.causes_restart(path)]
        self._changed.update(path for path in restarting if path.endswith(".py"))
        if self._next is not None:
            self._next.changed.update(restarting)
        if restarting and self._current is None:
            assert self._end_failure is not None
            self._end_failure()
            self._end_failure = None
            self._start()
        elif restarting and self._current is not None:
            self._current.restart(restarting[0])
        assets = [asset for path in changed if (asset := self._project.find_asset(path))]
        if assets and not restarting and self._current is not None:
            self._current.link.send("changed", assets=assets)

    def _is_new_change(self, path: str) -> bool:
        """Return whether the file differs from when its last change was handled.

        Editors and systems report one change several times.
        """
        mark = read_mark(path)
        is_new = path not in self._marks or self._marks[path] != mark
        self._marks[path] = mark
        return is_new

    def _kill_late_process(self) -> None:
        process = self._current
        if process and process.deadline is not None and time.monotonic() > process.deadline:
            _log(f" * The application did not end within {_STOP_TIMEOUT:g} seconds. It is killed.")
            process.kill()


def list_command() -> list[str]:
    """Return the command line that starts this process again."""
    return [sys.executable, *sys.orig_argv[1:]]


def _log(text: str) -> None:
    logging.getLogger("werkzeug").info(text)
