"""A worker process and the conversation with it."""

from __future__ import annotations

import json
import os
import select
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any

from by_asgi import likened
from protocol import Observation, Request, line

HERE = Path(__file__).parent
PATIENCE = 60.0
"""Seconds that an answer may take; one that takes longer is a finding."""


class PeerFailed(RuntimeError):
    """A worker ended or went silent; the text holds its last words."""


class Peer:
    """One worker: started at once, asked message by message, ended on exit."""

    def __init__(self, name: str, python: Path, *options: str) -> None:
        self.name, self.python, self.options = name, python, options
        self.start()

    def start(self) -> None:
        """Start the process; hash seeds are fixed so that sets agree."""
        self.words = tempfile.TemporaryFile()  # noqa: SIM115 (closed by stop)
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
        self.process = subprocess.Popen(
            [self.python, "-B", HERE / "worker.py", *self.options],
            cwd=HERE,
            env={**kept, "PYTHONHASHSEED": "0", "LC_ALL": "C.UTF-8", "TZ": "UTC"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.words,
            bufsize=0,
            start_new_session=True,
        )
        self.buffer = b""

    def send(self, message: dict[str, Any]) -> None:
        """Hand over a message without waiting for the answer."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(line(message))
        except BrokenPipeError:
            raise PeerFailed(self.last_words()) from None

    def receive(self) -> dict[str, Any]:
        """The next answer; raises :class:`PeerFailed` when none comes."""
        assert self.process.stdout is not None
        while b"\n" not in self.buffer:
            ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE)
            if not ready:
                raise PeerFailed(f"{self.name}: no answer within {PATIENCE} seconds")
            more = os.read(self.process.stdout.fileno(), 1 << 20)
            if not more:
                raise PeerFailed(self.last_words())
            self.buffer += more
        answer, _, self.buffer = self.buffer.partition(b"\n")
        received: dict[str, Any] = json.loads(answer)
        return received

    def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        """Send and receive."""
        self.send(message)
        return self.receive()

    def last_words(self) -> str:
        """What the worker wrote to standard error before it ended."""
        self.process.wait(PATIENCE)
        self.words.seek(0)
        said = self.words.read().decode(errors="replace").strip().splitlines()
        told = "\n".join(said[-15:])
        return f"{self.name}: the worker ended with {self.process.returncode}:\n{told}"

    def stop(self) -> None:
        """End the process and wait for it."""
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()
        self.process.kill()
        self.process.wait()
        self.words.close()

    def restart(self) -> None:
        """A fresh process in place of this one."""
        self.stop()
        self.start()

    def __enter__(self) -> Peer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


class Pair:
    """Official Flask and this package, asked the same at the same time."""

    def __init__(self, official: Peer, ours: Peer, *, asgi: bool = False) -> None:
        self.official, self.ours, self.asgi = official, ours, asgi

    def ask(self, message: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """The answers of both to one message; they work on it side by side."""
        self.official.send(message)
        self.ours.send(message)
        return self.official.receive(), self.ours.receive()

    def reset(self, config: str) -> None:
        """Build that configuration anew on both sides."""
        self.ask({"do": "reset", "config": config})

    def serve(self, config: str, request: Request) -> tuple[Observation, Observation]:
        """What both made of one request."""
        message = {"do": "request", "config": config, "request": request.to_json()}
        official, ours = map(Observation.from_json, self.ask(message))
        return (likened(official), likened(ours)) if self.asgi else (official, ours)
