"""An example, served by four processes with Redis, and a browser that opens it."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest
from browser import PROGRAM as CHROMIUM
from browser import Browser
from polling import LONGEST, free_port, wait_until
from processes import PrintingProcess
from redis_server import PROGRAM, RedisServer

EXAMPLES = Path(__file__).parents[2] / "examples"


@contextmanager
def served_with_redis(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Browser, str]]:
    """Serve an example; give the browser and the address.

    :param name: the folder of the example.
    :param folder: for data.
    """
    for program, package in ((PROGRAM, "redis-server"), (CHROMIUM, "chromium")):
        if program is None:
            pytest.skip(f"{package} is not installed; Debian's package has the same name")
    if importlib.util.find_spec("granian") is None:
        pytest.skip("Granian is not installed")
    with ExitStack() as stack:
        data = folder / "redis"
        data.mkdir()
        redis = RedisServer(data, keeps_data=False)
        stack.callback(redis.kill)
        monkeypatch.setenv("FLASK_CHANNELS_URL", redis.url)
        monkeypatch.setenv("FLASK_SECRET_KEY", "a key for tests")
        port = free_port()
        command = ["-m", "flask", "--app", str(EXAMPLES / name / "app.py"), "serve"]
        command += ["--workers", "4", "--port", str(port)]
        server = PrintingProcess([sys.executable, *command], folder)
        stack.callback(server.stop)
        base = f"http://127.0.0.1:{port}/"
        wait_until(lambda: _answers(base), "a server that answers")
        browser = Browser(folder)
        stack.callback(browser.stop)
        yield browser, base


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=LONGEST).status_code == 200
    except httpx.TransportError:
        return False
