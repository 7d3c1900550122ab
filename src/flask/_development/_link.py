"""The connection between the supervisor and a process that it starts: lines of JSON on a socket.

The supervisor sends ``go``, ``restart`` and ``changed``, a process sends ``ready`` and ``loaded``.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import threading
import typing as t
from collections.abc import Callable, Iterator
from contextlib import contextmanager

VARIABLE: t.Final = "FLASK_RELOADER_FD"
"""The environment variable with the number of the socket, in a process of the supervisor."""

Message: t.TypeAlias = dict[str, t.Any]
"""A message: ``{"kind": ...}``, and what belongs to the kind."""


@contextmanager
def block_interrupts() -> Iterator[None]:
    """Hold ``SIGINT`` back, also in processes that are started meanwhile."""
    if not hasattr(signal, "pthread_sigmask"):  # on Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def unblock_interrupts() -> None:
    """Receive ``SIGINT`` in a process that was started while it was held back."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


class Link:
    """One end of the connection.

    :param end: a connected socket.
    """

    def __init__(self, end: socket.socket) -> None:
        self._socket = end
        self._reader = end.makefile("r", encoding="utf-8", newline="\n")
        self._lock = threading.Lock()

    def send(self, kind: str, **values: object) -> None:
        """Send a message; nothing happens if the other process has ended.

        :param kind: what it is about.
        :param values: its further members, which JSON can represent.
        """
        line = json.dumps({"kind": kind, **values}) + "\n"
        try:
            with self._lock:
                self._socket.sendall(line.encode())
        except OSError:
            pass

    def receive(self) -> Iterator[Message]:
        """Yield messages until the other process has ended."""
        try:
            for line in self._reader:
                yield json.loads(line)
        except (OSError, ValueError):
            return  # the other process has ended in the middle of a line

    def shut_down(self) -> None:
        """Let both ends receive nothing more; another thread may be receiving."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it has ended already

    def close(self) -> None:
        """End the connection."""
        self._reader.close()
        self._socket.close()


class Restarter:
    """What a process of the supervisor knows about it.

    :param link: the connection to the supervisor.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        self._messages = link.receive()

    def wait_until_called(self, modules: set[str]) -> None:
        """Wait before the application is loaded.

        The supervisor starts the next process in advance. It waits here, with Python and this
        package loaded, until a file changes.

        :param modules: files of the project that this process has imported already.
        :raises SystemExit: the supervisor has ended, or Ctrl-C was pressed.
        """
        self._link.send("ready", modules=sorted(modules))
        try:
            for message in self._messages:
                if message["kind"] == "go":
                    unblock_interrupts()
                    return
        except KeyboardInterrupt:
            pass
        sys.exit(0)

    def report(self, **paths: object) -> None:
        """Report what the application uses, when it is loaded, and when that changes.

        :param paths: see ``Project.update``.
        """
        self._link.send("loaded", **paths)

    def follow(self, on_changed: Callable[[list[list[str]]], None]) -> int:
        """Wait until this process must end.

        :param on_changed: is called with changes of templates and static files.
        :returns: the exit code; 3: the application is restarted.
        """
        for message in self._messages:
            if message["kind"] == "restart":
                return 3
            if message["kind"] == "changed":
                on_changed(message["assets"])
        return 0  # the supervisor has ended


_restarter: Restarter | None = None


def find_restarter() -> Restarter | None:
    """Return the supervisor of this process; ``None``: it has none of this package."""
    global _restarter
    number = os.environ.pop(VARIABLE, "")  # child processes do not inherit it
    if number.isdecimal():
        end = socket.socket(fileno=int(number))
        end.set_inheritable(False)
        _restarter = Restarter(Link(end))
    return _restarter
