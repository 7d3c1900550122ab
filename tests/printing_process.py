"""A process of its own that prints, and connections to it that stay open."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

LONGEST = 60  # seconds that anything may take


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
        self.clients = ExitStack()
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

    def wait_for(self, pattern: str) -> str:
        """Wait until it has printed something; return the pattern's last group, or all of it."""

        def found() -> re.Match[str] | None:
            return re.search(pattern, self.printed)

        with self._changed:
            match = self._changed.wait_for(found, LONGEST)
        assert match, f"No {pattern!r} in what was printed:\n{self.printed}"
        return match[match.re.groups]

    def wait(self) -> int:
        """Wait for the end; return the exit code."""
        code = self.process.wait(LONGEST)
        self._reader.join(LONGEST)
        return code

    def stop(self) -> None:
        """Close the connections, and end what still runs."""
        self.clients.close()
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.wait()
