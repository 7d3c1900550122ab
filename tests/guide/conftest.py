"""Servers in separate processes on free ports, which end with their tests."""

from __future__ import annotations

import os
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from polling import LONGEST

FLASK = str(Path(sys.executable).with_name("flask"))
"""The command as pip installed it beside this Python."""


def is_free(port: int) -> bool:
    """Could a server bind that port now?"""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def user_environment(**more: str) -> dict[str, str]:
    """The environment of a user who has set nothing but these."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("FLASK_", "WERKZEUG_", "PYTHON"))
    }
    kept["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}"
    return {**kept, "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1", **more}


class Server:
    """One started command: what it printed, how it is asked, how it ends."""

    def __init__(self, command: list[str], folder: Path, **environment: str) -> None:
        self.command = command
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            env=user_environment(**environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.printed = ""
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as stream:
            for line in stream:
                self._lines.put(line)
        self._lines.put("")

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Read on until a printed line matches."""
        deadline = time.monotonic() + LONGEST
        while True:
            try:
                line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                line = ""
            self.printed += line
            found = re.search(pattern, line)
            if found:
                return found
            if not line:
                self._lines.put("")  # the output has ended for the next call too
                pytest.fail(f"{self.command} never printed {pattern!r}, only:\n{self.printed}")

    def wait_until_it_serves(self) -> str:
        """The address it says it runs on, once it has answered there.

        Only then does the reloader know the times of the files: one that is edited before would
        be taken for unchanged.
        """
        self.url = self.wait_for(r"Running on (http://\S+)")[1]
        self.ask("/favicon.ico")
        return self.url

    def ask(self, path: str = "/", method: str = "GET", **options: object) -> httpx.Response:
        """One request, on a new connection; redirects are not followed."""
        return httpx.request(method, self.url + path, timeout=LONGEST, **options)  # type: ignore[arg-type]

    def ask_until(self, path: str, wanted: Callable[[httpx.Response], bool]) -> httpx.Response:
        """Ask again and again until the answer is as wanted, while the server restarts."""
        deadline = time.monotonic() + LONGEST
        last: object = None
        while time.monotonic() < deadline:
            try:
                response = self.ask(path)
            except httpx.TransportError as error:
                last = error
            else:
                if wanted(response):
                    return response
                last = response.text
            time.sleep(0.05)
        pytest.fail(f"{path} was never answered as wanted; last: {last}\n{self.printed}")

    def stop(self, number: signal.Signals) -> int:
        """Send a signal as the terminal or the kill command does; the exit status."""
        if number is signal.SIGINT:
            # Ctrl-C reaches every process of the terminal's foreground group.
            os.killpg(self.process.pid, number)
        else:
            self.process.send_signal(number)
        status = self.process.wait(LONGEST)
        self._reader.join(LONGEST)
        while not self._lines.empty():
            self.printed += self._lines.get()
        return status

    def leftovers(self) -> bool:
        """Is any process of its group still there, some time after it ended?"""
        deadline = time.monotonic() + LONGEST
        while time.monotonic() < deadline:
            try:
                os.killpg(self.process.pid, 0)
            except ProcessLookupError:
                return False
            time.sleep(0.05)
        return True

    def kill(self) -> None:
        """End whatever of it is still there."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait(LONGEST)
        self._reader.join(LONGEST)


@pytest.fixture
def start() -> Iterator[Callable[..., Server]]:
    """Start a command in a folder; it is killed after the test if it still runs."""
    servers: list[Server] = []

    def started(command: list[str], folder: Path, **environment: str) -> Server:
        servers.append(Server(command, folder, **environment))
        return servers[-1]

    yield started
    for server in servers:
        server.kill()
