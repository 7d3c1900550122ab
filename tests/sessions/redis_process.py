"""A Redis server of its own for tests, on a free port."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

import pytest
from polling import LONGEST, free_port
from processes import PrintingProcess

PROGRAM = shutil.which("redis-server") or shutil.which("valkey-server")
needs_redis = pytest.mark.skipif(
    PROGRAM is None, reason="redis-server is not installed; on Debian: apt-get install redis-server"
)


class RedisServer:
    """A server that can be killed, started again, and stopped for a while.

    :param folder: for its files; sessions are appended to a file, so a restart loses none.
    :param options: further options of ``redis-server``.
    """

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.options = options
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.start()

    def start(self) -> None:
        assert PROGRAM is not None
        settings = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder)]
        durable = ["--save", "", "--appendonly", "yes", "--appendfsync", "always"]
        self.running = PrintingProcess([PROGRAM, *settings, *durable, *self.options], self.folder)
        self.running.wait_for("Ready to accept connections")

    def kill(self) -> None:
        self.running.stop()

    def freeze(self) -> None:
        """Let it accept connections and answer nothing."""
        self.running.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.running.process.send_signal(signal.SIGCONT)

    def command(self, *words: str) -> object:
        """Send a command, as ``redis-cli`` does."""
        from redis import Redis

        with Redis.from_url(self.url, socket_timeout=LONGEST) as client:
            return client.execute_command(*words)

    def flush(self) -> None:
        self.command("FLUSHALL")
