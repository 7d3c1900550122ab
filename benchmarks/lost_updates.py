"""How many updates of one session are lost when requests come at the same time.

    python benchmarks/lost_updates.py
    python benchmarks/lost_updates.py --requests 50 --markdown benchmarks/results/lost_updates.md

Needs redis-server (the Debian package). Each application has four processes of gunicorn. All
requests are sent at once with the same cookie; then the session is read with the last cookie that
the client got.
"""

from __future__ import annotations

import argparse
import http.client
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import report
from benchmarks.environments import (
    ROOT,
    STORE,
    Environment,
    clean_variables,
    make_environment,
    put_wheel,
    say,
    wheel_of,
)

OPERATIONS = {
    "keys": "a key of its own",
    "list": "an item of a list",
    "counter": "a counter",
    "assignment": 'a counter, by `session["n"] = n + 1`',
}
PROCESSES, THREADS = 4, 8
SECONDS = 120


class Peer(NamedTuple):
    """A row of the table."""

    title: str
    is_ours: bool
    kind: str
    """``LOST_UPDATES_KIND``."""


PEERS = (
    Peer("official Flask, cookie", False, "cookie"),
    Peer("official Flask with Flask-Session, Redis", False, "flask-session"),
    Peer("this, cookie", True, "cookie"),
    Peer("this, SQLite", True, "sqlite"),
    Peer("this, Redis", True, "redis"),
)


class Client:
    """Sends requests with one cookie, and keeps the last one that it gets."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.cookie = ""

    def get(self, path: str, cookie: str) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        connection.request("GET", path, headers={"Cookie": cookie} if cookie else {})
        response = connection.getresponse()
        text = response.read().decode()
        if response.status != 200:
            raise RuntimeError(f"{path}: {response.status}: {text[:200]}")
        new = response.headers["Set-Cookie"]
        if new is not None:
            self.cookie = new.partition(";")[0]
        connection.close()
        return text

    def count_lost(self, operation: str, requests: int) -> tuple[int, int]:
        """Send requests at once; return how many updates are lost, and how many processes ran."""
        self.cookie = ""
        self.get("/begin", "")
        cookie = self.cookie
        begin = threading.Barrier(requests)
        processes: set[str] = set()
        errors: list[Exception] = []

        def ask(number: int) -> None:
            begin.wait()
            try:
                processes.add(self.get(f"/{operation}/{number}", cookie))
            except Exception as error:
                errors.append(error)

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(requests)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if errors:
            raise errors[0]
        result = json.loads(self.get("/result", self.cookie))
        found: int = result["counter" if operation == "assignment" else operation]
        return requests - found, len(processes)


def main(arguments: Sequence[str] | None = None) -> int:
    """Start, ask, report; 1 if redis-server is missing."""
    options = _options(arguments)
    redis = shutil.which("redis-server")
    if redis is None:
        print("redis-server is missing; on Debian: apt-get install redis-server", file=sys.stderr)
        return 1
    found = report.machine()
    environments = {True: _make_ours(), False: _make_official()}
    lines = []
    with tempfile.TemporaryDirectory() as folder, running_redis(redis, folder) as redis_url:
        for peer in PEERS:
            say(peer.title)
            python = environments[peer.is_ours].python
            file = f"{folder}/{peer.kind}.sqlite"
            with serving(python, peer, redis_url, file) as port:
                client = Client(port)
                lost = [client.count_lost(name, options.requests)[0] for name in OPERATIONS]
            lines.append(f"| {peer.title} | {' | '.join(map(str, lost))} |")
    versions = {
        "official": _versions(environments[False]),
        "this": _versions(environments[True]),
    }
    text = "\n".join(
        [
            "# Lost updates of one session",
            "",
            f"{options.requests} requests at once, each with the same cookie, answered by"
            f" {PROCESSES} processes of gunicorn with {THREADS} threads. Each view reads the"
            " session, works for 20 ms, and writes. A figure is the number of updates that are not"
            " in the session afterwards. The last column assigns a computed value, which no store"
            " can merge; this package has `session.increment` and `session.append` for the columns"
            " before it. Method: `benchmarks/lost_updates.py`.",
            "",
            *report.machine_lines(found, versions),
            "",
            f"| sessions | {' | '.join(OPERATIONS.values())} |",
            f"| --- |{' --- |' * len(OPERATIONS)}",
            *lines,
            "",
        ]
    )
    print(text)
    report.write(options.markdown, text)
    return 0


def _make_official() -> Environment:
    requirements = ("flask==3.1.3", "flask-session>=0.8", "redis>=5.0", "gunicorn>=23")
    return make_environment(STORE / "environments" / "lost-updates-official", requirements)


def _make_ours() -> Environment:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    requirements = (*project["dependencies"], "redis>=5.0", "gunicorn>=23")
    environment = make_environment(STORE / "environments" / "lost-updates-this", requirements)
    put_wheel(environment, wheel_of(ROOT, STORE))
    return environment


def _versions(environment: Environment) -> str:
    shown = ("flask-session", "gunicorn", "redis", "werkzeug")
    lines = environment.frozen()
    return ", ".join(line for line in lines if line.split("==")[0].lower() in shown)


@contextmanager
def running_redis(program: str, folder: str) -> Iterator[str]:
    """Run a Redis server, and give its URL."""
    port = _free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
    server = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
    try:
        _wait_for(port, server)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait()


@contextmanager
def serving(python: Path, peer: Peer, redis_url: str, file: str) -> Iterator[int]:
    """Serve the application, and give its port."""
    port = _free_port()
    variables = {
        **clean_variables(),
        "LOST_UPDATES_KIND": peer.kind,
        "LOST_UPDATES_REDIS": redis_url,
        "LOST_UPDATES_FILE": file,
    }
    workers = ["--workers", str(PROCESSES), "--threads", str(THREADS), "--backlog", "1024"]
    server = subprocess.Popen(
        [python, "-m", "gunicorn", "lost_updates_app:app", *workers, "--bind", f"127.0.0.1:{port}"],
        cwd=Path(__file__).parent,
        env=variables,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(port, server)
        yield port
    finally:
        server.terminate()
        server.wait()


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + SECONDS
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if server.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"{server.args!r} does not listen")
        time.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=200, help="default: %(default)s")
    parser.add_argument("--markdown", metavar="FILE", help="write the table there")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
