"""``flask serve``: refused options, and servers in separate processes under load."""

from __future__ import annotations

import asyncio
import signal
import ssl
import subprocess
import sys
import typing as t
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from flask_serve_process import FLASK, Served, needs_granian
from polling import wait_until

from flask import Flask
from flask.cli import ScriptInfo, _serve, _serve_process, cli
from flask.views import MethodView

APP = """\
import os
import time
from flask import Flask

VERSION = "one"

def create_app():
    app = Flask(__name__)

    @app.route("/")
    def hello():
        return VERSION

    @app.route("/held/<number>")
    def held(number):
        open(f"begun-{number}", "w").close()
        while not os.path.exists("go-on"):
            time.sleep(0.01)
        return number

    return app
"""

# Refusals ----------------------------------------------------------------------------------------


def invoke(*args: str, app: Flask | None = None) -> t.Any:
    info = ScriptInfo(create_app=lambda: app or Flask("an_app"))
    return CliRunner().invoke(cli, ["serve", *args], obj=info)


def test_without_granian_the_error_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "granian.server", None)
    result = invoke()
    assert result.exit_code == 2
    assert "pip install 'granian>=2'" in result.output


@needs_granian
def test_it_refuses_debug_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASK_DEBUG", "1")
    result = invoke()
    assert result.exit_code == 2
    assert "Debug mode is on" in result.output


@needs_granian
@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--cert", __file__), "'--cert' and '--key' go together"),
        (("--key", __file__), "'--cert' and '--key' go together"),
        (("--cert", "none.pem"), "does not exist"),
        (("--health", "healthz"), "begins with a slash"),
        (("--workers", "0"), "0 is not in the range"),
        (("--interface", "rsgi"), "'rsgi' is not one of"),
        (("--http", "3"), "'3' is not one of"),
    ],
)
def test_it_refuses_what_cannot_be_served(args: tuple[str, ...], message: str) -> None:
    result = invoke(*args)
    assert result.exit_code == 2
    assert message in result.output


def test_an_app_that_cannot_be_found_is_a_usage_error(tmp_path: Path) -> None:
    done = subprocess.run(
        [*FLASK, "--app", "none", "serve"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "Could not import 'none'" in done.stderr


# The interface -----------------------------------------------------------------------------------


class SyncClass(MethodView):
    def get(self) -> str:
        return ""


class AsyncClass(MethodView):
    async def get(self) -> str:
        return ""


async def coroutine() -> str:
    return ""


@pytest.mark.parametrize(
    ("view", "is_asgi"),
    [
        (lambda: "", False),
        (coroutine, True),
        (SyncClass.as_view("sync"), False),
        (AsyncClass.as_view("async"), True),
    ],
    ids=["sync", "async", "sync class", "async class"],
)
def test_the_app_chooses_the_interface(view: t.Any, is_asgi: bool) -> None:
    app = Flask(__name__)
    app.add_url_rule("/", "view", view)
    app.asgi_app = app.wsgi_app  # type: ignore[assignment, attr-defined, unused-ignore]
    assert _serve._wants_asgi(app) is is_asgi


def test_the_health_check_of_asgi_is_answered_before_the_app() -> None:
    sent: list[dict[str, t.Any]] = []
    asked = []

    async def app(scope: t.Any, receive: t.Any, send: t.Any) -> None:
        asked.append(scope["path"])

    async def send(message: dict[str, t.Any]) -> None:
        sent.append(message)

    healthy = _serve_process.HealthCheckASGI(app, "/healthz")
    for method, path in (("GET", "/healthz"), ("HEAD", "/healthz"), ("GET", "/")):
        call = healthy({"type": "http", "path": path, "method": method}, None, send)
        with pytest.raises(StopIteration):
            call.send(None)
    assert asked == ["/"]
    assert [message.get("status", message.get("body")) for message in sent] == [
        *(200, b"ok", 200, b""),
    ]


# Real processes ----------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shop.py").write_text(APP)
    return tmp_path


@pytest.mark.slow
@needs_granian
def test_it_serves_a_factorys_app_and_a_health_check(serve: t.Callable[..., Served]) -> None:
    server = serve("--workers", "1", "--threads", "2", "--health", "/healthz", "--access-log")
    assert server.ask() == "one"
    assert server.ask("/healthz") == "ok"
    server.wait_for("GET / 200 3 ")
    assert "/healthz" not in server.printed
    server.signal(signal.SIGTERM)
    assert server.wait() == 0


@pytest.mark.slow
@needs_granian
def test_it_serves_on_a_unix_socket(serve: t.Callable[..., Served], tmp_path: Path) -> None:
    serve("--workers", "1", "--uds", str(tmp_path / "sock"))
    transport = httpx.HTTPTransport(uds=str(tmp_path / "sock"))
    with httpx.Client(transport=transport) as client:
        assert client.get("http://shop/").text == "one"


@pytest.mark.slow
@needs_granian
def test_it_serves_over_tls(serve: t.Callable[..., Served], tmp_path: Path) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    try:
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
                *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
                *("-keyout", str(key), "-out", str(cert)),
            ],
            check=True,
            capture_output=True,
        )
    except FileNotFoundError:
        pytest.skip("openssl is not installed")
    server = serve("--workers", "1", "--cert", str(cert), "--key", str(key))
    trust = ssl.create_default_context(cafile=str(cert))
    answer = httpx.get(f"https://localhost:{server.port}/", verify=trust, timeout=60)
    assert answer.text == "one"


@pytest.mark.slow
@needs_granian
def test_requests_under_way_are_answered_before_it_stops(
    serve: t.Callable[..., Served], folder: Path
) -> None:
    server = serve("--workers", "1", "--threads", "40")
    with ThreadPoolExecutor(40) as pool:
        answers = [pool.submit(server.ask, f"/held/{number}") for number in range(40)]
        wait_until(lambda: len(list(folder.glob("begun-*"))) == 40)
        server.signal(signal.SIGTERM)
        server.wait_for("Stopping worker-1")
        (folder / "go-on").touch()
        assert [answer.result() for answer in answers] == [str(number) for number in range(40)]
    assert server.wait() == 0


def test_a_loop_that_fails_in_removing_a_signal_handler_runs_the_lifespan(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    served: list[str] = []

    def fail(loop: object, number: int) -> bool:
        raise AttributeError("_is_main_thread")

    async def app(scope: dict[str, t.Any], receive: t.Any, send: t.Any) -> None:
        served.append(scope["type"])

    monkeypatch.setattr(asyncio.SelectorEventLoop, "remove_signal_handler", fail)
    before = signal.getsignal(signal.SIGTERM)
    try:
        asyncio.run(_serve_process.GracefulASGI(app)({"type": "lifespan"}, None, None))
        assert signal.getsignal(signal.SIGTERM) is not before
    finally:
        signal.signal(signal.SIGTERM, before)
    assert served == ["lifespan"]
