"""The servers of the cluster: started, killed, restarted, and ended whatever happens.

Each server has a process group of its own. A guard, which is one more process, ends the groups if
this program is killed.
"""

from __future__ import annotations

import http.client
import importlib.util
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

FOLDER = Path(__file__).resolve().parent
LONGEST = 120.0
"""Seconds after which waiting for something is an error."""

_GUARD = """
import os, signal, sys
groups = set()
for line in sys.stdin:
    sign, group = line[0], int(line[1:])
    groups.add(group) if sign == "+" else groups.discard(group)
for group in groups:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        pass
"""


def wait_until(condition: Callable[[], object], what: str, seconds: float = LONGEST) -> None:
    """Wait until a condition holds.

    :raises TimeoutError: it did not.
    """
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"After {seconds:g} seconds: not yet {what}.")
        time.sleep(0.05)


def find_ports(number: int) -> list[int]:
    """Return free ports below those that the system gives to outgoing connections."""
    found: list[int] = []
    while len(found) < number:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in found:
            found.append(port)
    return found


def find_missing() -> list[str]:
    """Return the programs that are not installed."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
    os.environ["PATH"] = path  # Debian has nginx in /usr/sbin
    missing = [name for name in ("redis-server", "nginx") if shutil.which(name) is None]
    packages = ("celery", "granian", "greenlet", "redis", "wsproto")
    return missing + [name for name in packages if importlib.util.find_spec(name) is None]


class Server:
    """A server of the cluster.

    :param name: for messages and the name of its log.
    :param command: what is run.
    :param is_ready: whether it serves.
    """

    def __init__(
        self,
        cluster: Cluster,
        name: str,
        command: Sequence[str],
        is_ready: Callable[[], bool],
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.log = cluster.folder / f"{name}.log"
        self._cluster = cluster
        self._command = list(command)
        self._is_ready = is_ready
        self._variables = {**os.environ, "PYTHONUNBUFFERED": "1", **(variables or {})}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The identifier of the main process, and of the process group."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start the server, and wait until it serves."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=FOLDER,
                env=self._variables,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._cluster.guard("+", self.pid)

        def is_ready() -> bool:
            assert self._process is not None
            if self._process.poll() is not None:
                raise RuntimeError(f"{self.name} has ended:\n{self.read_log()[-3000:]}")
            return self._is_ready()

        wait_until(is_ready, f"ready: {self.name}")

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the main process."""
        os.kill(self.pid, number)

    def send_all(self, number: signal.Signals) -> None:
        """Send a signal to all processes."""
        os.killpg(self.pid, number)

    def stop(self) -> None:
        """End the server gracefully; kill what is left of it."""
        if self._process is not None:
            self.send(signal.SIGTERM)
            try:
                self._process.wait(40)
            except subprocess.TimeoutExpired:
                pass
            self.kill()

    def kill(self) -> None:
        """Kill all processes of the server at once, as if its machine had failed."""
        if self._process is not None:
            try:
                os.killpg(self.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self._process.wait()
            self._cluster.guard("-", self.pid)
            self._process = None

    def read_log(self) -> str:
        """Return what the server has printed."""
        return self.log.read_text("utf-8", "replace") if self.log.exists() else ""


class Cluster:
    """nginx, the nodes, Redis and the worker on free ports of this machine.

    :param folder: for configuration, data and logs.
    :param nodes: how many.
    :param mail_seconds: how long the sending of a mail takes.
    :param task_seconds: after which Celery repeats a task that is not confirmed.
    """

    def __init__(
        self, folder: Path, nodes: int = 3, mail_seconds: float = 0.02, task_seconds: int = 5
    ) -> None:
        self.folder = folder
        self._guard = subprocess.Popen(
            [sys.executable, "-c", _GUARD],
            stdin=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C must not end it
        )
        self.port, self.redis_port, *self.node_ports = find_ports(2 + nodes)
        self.release_file = folder / "release.txt"
        self.set_release("1")
        self.redis_url = f"redis://127.0.0.1:{self.redis_port}"
        self._variables = {
            "FLASK_REDIS_URL": self.redis_url,
            "FLASK_RELEASE_FILE": str(self.release_file),
            "FLASK_STOCK": "100000",
            "FLASK_MAIL_SECONDS": str(mail_seconds),
            "FLASK_TASK_SECONDS": str(task_seconds),
        }
        self.redis = self._make_redis()
        self.nodes = [self._make_node(number) for number in range(1, nodes + 1)]
        self.worker = self._make_worker()
        self.nginx = self._make_nginx()

    def __enter__(self) -> Cluster:
        try:
            for server in (self.redis, *self.nodes, self.worker, self.nginx):
                server.start()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()

    def kill(self) -> None:
        """End everything. Nothing has to be kept, so nothing has to end gracefully."""
        for server in (self.nginx, self.worker, *self.nodes, self.redis):
            server.kill()
        assert self._guard.stdin is not None
        self._guard.stdin.close()
        self._guard.wait()

    def guard(self, sign: str, group: int) -> None:
        """Let the guard know that a process group has begun ("+") or ended ("-")."""
        assert self._guard.stdin is not None
        self._guard.stdin.write(f"{sign}{group}\n".encode())
        self._guard.stdin.flush()

    def set_release(self, release: str) -> None:
        """Put a new release where the nodes find it when they start."""
        self.release_file.write_text(release, "utf-8")

    def _make_redis(self) -> Server:
        command = ["redis-server", "--port", str(self.redis_port), "--bind", "127.0.0.1"]
        # Each command is in the file before its answer is sent, so a killed server loses nothing.
        options = ["--save", "", "--appendonly", "yes", "--maxmemory-policy", "noeviction"]
        command += ["--dir", str(self.folder), *options]
        return Server(self, "redis", command, lambda: ping(self.redis_port))

    def _make_node(self, number: int) -> Server:
        port = self.node_ports[number - 1]
        command = [sys.executable, "-m", "flask", "--app", "webshop", "serve", "--workers", "1"]
        command += ["--port", str(port), "--health", "/healthz", "--graceful-timeout", "30"]
        variables = {**self._variables, "FLASK_NODE": str(number)}
        return Server(self, f"node{number}", command, lambda: is_healthy(port), variables)

    def _make_worker(self) -> Server:
        command = [sys.executable, "-m", "celery", "--app", "webshop.worker", "worker"]
        command += ["--concurrency", "4", "--loglevel", "INFO", "--without-mingle"]
        command += ["--without-gossip", "--hostname", "worker@localhost"]
        variables = {**self._variables, "C_FORCE_ROOT": "1"}
        place = [0]

        def is_ready() -> bool:
            text = server.read_log()
            if "ready." not in text[place[0] :]:
                return False
            place[0] = len(text)
            return True

        server = Server(self, "worker", command, is_ready, variables)
        return server

    def _make_nginx(self) -> Server:
        nodes = [f"        server 127.0.0.1:{port} fail_timeout=1s;" for port in self.node_ports]
        is_root = hasattr(os, "geteuid") and os.geteuid() == 0
        words = {
            "FOLDER": str(self.folder),
            "USER": "user root;" if is_root else "",  # otherwise workers run as this user
            "NODES": "\n".join(nodes),
            "PORT": str(self.port),
        }
        text = (FOLDER / "nginx.conf").read_text("utf-8")
        for word, value in words.items():
            text = text.replace(f"@{word}@", value)
        configuration = self.folder / "nginx.conf"
        configuration.write_text(text, "utf-8")
        command = ["nginx", "-p", str(self.folder), "-c", str(configuration)]
        command += ["-e", str(self.folder / "nginx-error.log")]
        return Server(self, "nginx", command, lambda: is_healthy(self.port))


def ping(port: int) -> bool:
    """Return whether Redis answers and has loaded its data."""
    try:
        with socket.create_connection(("127.0.0.1", port), 2) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(100).startswith(b"+PONG")
    except OSError:
        return False


def is_healthy(port: int) -> bool:
    """Return whether a node, or nginx with any node, answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
