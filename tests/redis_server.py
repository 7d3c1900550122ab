"""A Redis server of a test, on a free port, with its data in a folder."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import typing as t
from pathlib import Path

import pytest
from polling import LONGEST, free_port, wait_until

PROGRAM = shutil.which("redis-server") or shutil.which("valkey-server")

needs_redis = pytest.mark.skipif(
    PROGRAM is None,
    reason="redis-server is not installed; Debian's package has the same name",
)


class RedisServer:
    """A server that can be killed, started again and suspended.

    :param folder: has the data.
    :param keeps_data: whether a new start has the data of the last one. Then each command is on the
        disk before its answer.
    """

    def __init__(self, folder: Path, keeps_data: bool = True) -> None:
        self.folder = folder
        self.keeps_data = keeps_data
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        assert PROGRAM is not None
        if not self.keeps_data:
            shutil.rmtree(self.folder)
            self.folder.mkdir()
        options = ["--port", str(self.port), "--dir", str(self.folder), "--save", ""]
        if self.keeps_data:
            options += ["--appendonly", "yes", "--appendfsync", "always"]
        self.process = subprocess.Popen(
            [PROGRAM, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_until(self._answers, "a Redis server that answers")

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(100).startswith(b"+PONG")
        except OSError:
            return False

    def kill(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait(LONGEST)
            self.process = None

    def suspend(self) -> None:
        """Let the server accept connections, and answer nothing. `kill` resumes it first."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def ask(self, *command: object) -> t.Any:
        """Send a command, and return the answer as it is, in bytes."""
        import redis

        client = redis.Redis.from_url(self.url, protocol=2, socket_timeout=LONGEST)
        client.response_callbacks.clear()
        try:
            return client.execute_command(*command)
        finally:
            client.close()

    def flush(self) -> None:
        """Remove all data."""
        self.ask("FLUSHALL")

    def connections(self, name: str) -> int:
        """Return how many clients have a name."""
        clients: bytes = self.ask("CLIENT", "LIST")
        return clients.decode().split().count(f"name={name}")
