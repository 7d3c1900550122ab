"""A separate process, its output, and connections to it that stay open."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from polling import LONGEST, wait_until


class PrintingProcess:
    """A process, and what it has printed.

    :param command: what is run, with its arguments.
    :param folder: where.
    """

    def __init__(self, command: Sequence[str], folder: Path) -> None:
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"},
            start_new_session=True,
        )
        self.printed = ""
        self.has_ended = False  # its output has; a child process may hold it open
        self.clients = ExitStack()
        self._place = 0
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as stream:
            for line in stream:
                with self._changed:
                    self.printed += line
                    self._changed.notify_all()
        with self._changed:
            self.has_ended = True
            self._changed.notify_all()

    def wait_for(self, pattern: str, *, after_last: bool = False) -> str:
        """Wait until the output matches; return the pattern's last group, or the whole match.

        :param after_last: look only behind the place where the last call found its pattern.
        :raises AssertionError: the process ends without it, or ``LONGEST`` seconds pass.
        """
        begin = self._place if after_last else 0

        def found() -> re.Match[str] | None:
            return re.compile(pattern).search(self.printed, begin)

        with self._changed:
            self._changed.wait_for(lambda: found() or self.has_ended, LONGEST)
            match = found()
        if not match:
            ending = "The process ended" if self.has_ended else f"{LONGEST:g} seconds passed"
            self.stop()
            raise AssertionError(f"{ending} without {pattern!r}. It printed:\n{self.printed}")
        self._place = match.end()
        return match[match.re.groups]

    def wait_until(self, condition: Callable[[], object]) -> None:
        """Wait until a condition holds, which the running process makes true."""
        wait_until(lambda: condition() or self.has_ended)
        assert condition(), f"The process ended too early. It printed:\n{self.printed}"

    def wait(self) -> int:
        """Wait for the end; return the exit code."""
        code = self.process.wait(LONGEST)
        self._reader.join(LONGEST)
        return code

    def stop(self) -> None:
        """Close the connections, and end what still runs."""
        self.clients.close()
        try:
            os.killpg(self.process.pid, signal.SIGKILL)  # child processes too
        except ProcessLookupError:
            pass
        self.wait()
