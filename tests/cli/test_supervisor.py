"""``flask serve`` when one of its processes dies."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from flask_serve_process import Served, needs_granian
from polling import wait_until

pytestmark = [needs_granian, pytest.mark.slow]
Serve = Callable[..., Served]

SHOP = """\
import os
import time
from multiprocessing import parent_process
from flask import Flask

app = Flask(__name__)

if os.path.exists("fail") and parent_process() is not None:
    raise RuntimeError("on purpose")

@app.route("/")
def hello():
    return str(os.getpid())

@app.route("/die")
def die():
    os._exit(3)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shop.py").write_text(SHOP)
    return tmp_path


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_a_worker_that_dies_repeatedly_does_not_end_the_server(serve: Serve) -> None:
    server = serve("--workers", "2")
    server.wait_for("Started worker-2")
    for number in range(3):
        first = int(server.wait_for(r"(?s).*Spawning worker-1 with PID: (\d+)"))
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: server.printed.count("Spawning worker-1") == number + 2)  # noqa: B023
        assert server.ask().isdecimal()
    assert server.process.poll() is None
    server.signal(signal.SIGTERM)
    assert server.wait() == 0


def test_a_server_whose_workers_all_fail_ends(serve: Serve, folder: Path) -> None:
    server = serve("--workers", "1")
    (folder / "fail").touch()
    worker = int(server.wait_for(r"Spawning worker-1 with PID: (\d+)"))
    os.kill(worker, signal.SIGKILL)
    assert server.wait() == 1
    assert server.printed.count("RuntimeError: on purpose") == 4


def test_a_server_that_waits_to_replace_a_worker_stops_at_once(serve: Serve, folder: Path) -> None:
    server = serve("--workers", "2")
    server.wait_for("Started worker-2")
    (folder / "fail").touch()
    os.kill(int(server.wait_for(r"Spawning worker-1 with PID: (\d+)")), signal.SIGKILL)
    wait_until(lambda: server.printed.count("RuntimeError: on purpose") == 2)
    server.signal(signal.SIGTERM)
    server.wait()
    assert server.printed.count("Spawning worker-1") == 3


@pytest.mark.parametrize("interface", ["wsgi", "asgi"])
def test_workers_end_with_a_main_process_that_is_killed(serve: Serve, interface: str) -> None:
    server = serve("--workers", "1", "--interface", interface)
    worker = int(server.ask())
    server.signal(signal.SIGKILL)
    wait_until(lambda: not is_alive(worker))
