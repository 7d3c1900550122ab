"""``flask run --open``: the browser is opened once, when the server accepts connections."""

from __future__ import annotations

import os
import re
import socket
import sys
import threading
import typing as t
import webbrowser
from pathlib import Path

import httpx
import pytest
import werkzeug.serving
from polling import LONGEST, free_port, wait_until
from processes import PrintingProcess

from flask import Flask
from flask.cli import FlaskGroup
from flask.cli._browser import open_when_ready

POSIX = pytest.mark.skipif(os.name != "posix", reason="BROWSER is a command of a shell")


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The URLs that were opened."""
    urls: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda url: urls.append(url) or True)
    return urls


@pytest.fixture
def run(runner, monkeypatch: pytest.MonkeyPatch) -> t.Callable[..., t.Any]:
    """Run the command with a server that only listens."""

    def call(*args: str, variables: dict[str, str] | None = None) -> t.Any:
        def listen(host: str, port: int, application: object, **options: object) -> None:
            with socket.create_server((host, port)):
                for thread in threading.enumerate():
                    if thread.name == "open-browser":
                        thread.join(LONGEST)

        monkeypatch.setattr(werkzeug.serving, "run_simple", listen)
        tool = FlaskGroup(create_app=lambda: Flask("shop"))
        return runner.invoke(tool, ["run", *args], env=variables)

    return call


@pytest.mark.parametrize(
    ("host", "address"), [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("localhost",) * 2]
)
def test_the_url_of_the_server_is_opened(run, opened: list[str], host: str, address: str) -> None:
    port = free_port()
    result = run("--open", "--host", host, "--port", str(port))
    assert result.exit_code == 0, result.output
    assert opened == [f"http://{address}:{port}/"]


def test_a_server_with_a_certificate_is_opened_over_https(opened: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        open_when_ready("127.0.0.1", port, is_secure=True).join(LONGEST)
    assert opened == [f"https://127.0.0.1:{port}/"]


def test_a_free_port_is_chosen_before_so_that_it_is_known(run, opened: list[str]) -> None:
    assert run("--open", "--port", "0").exit_code == 0
    (url,) = opened
    assert re.fullmatch(r"http://127\.0\.0\.1:[1-9]\d+/", url)


def test_it_waits_until_the_server_accepts_connections(opened: list[str]) -> None:
    port = free_port()
    thread = open_when_ready("127.0.0.1", port, is_secure=False)
    assert opened == []
    with socket.create_server(("127.0.0.1", port)):
        thread.join(LONGEST)
    assert opened == [f"http://127.0.0.1:{port}/"]


@pytest.mark.parametrize(
    ("args", "variables"),
    [(["--port", "0"], {}), (["--open", "--port", "0"], {"WERKZEUG_RUN_MAIN": "true"})],
)
def test_without_the_option_and_after_a_restart_nothing_is_opened(
    run, opened: list[str], args: list[str], variables: dict[str, str]
) -> None:
    assert run(*args, variables=variables).exit_code == 0
    assert opened == []


def test_without_a_browser_the_url_is_printed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webbrowser, "open", lambda url: False)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        open_when_ready("127.0.0.1", port, is_secure=False).join(LONGEST)
    expected = f" * No browser was found. Open http://127.0.0.1:{port}/\n"
    assert capsys.readouterr().out == expected


def test_a_unix_socket_cannot_be_opened(run, opened: list[str]) -> None:
    result = run("--open", "--host", "unix:///tmp/shop.sock")
    assert result.exit_code == 2
    assert "browsers open no Unix sockets" in result.stderr


@POSIX
@pytest.mark.slow
def test_a_real_server_opens_the_browser_once_over_restarts(
    project, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = project.write_file("browser.py", "import sys\nopen('urls', 'a').write(sys.argv[1])\n")
    module = project.write_file("app.py", "from flask import Flask\napp = Flask(__name__)\n")
    monkeypatch.setenv("BROWSER", f"{sys.executable} {browser} %s")
    urls = Path("urls")
    command = [sys.executable, "-m", "flask", "run", "--debug", "--open", "--port", "0"]
    server = PrintingProcess(command, project.root)
    try:
        url = server.wait_for(r"Running on (http://127\.0\.0\.1:\d+)")
        wait_until(lambda: urls.exists() and urls.read_text())
        assert urls.read_text() == f"{url}/"
        server.wait_for("Debugger is active!", after_last=True)
        assert httpx.get(url, timeout=LONGEST).status_code == 404  # the reloader runs now
        module.write_text(module.read_text() + "app.add_url_rule('/', 'x', lambda: 'new')\n")
        os.utime(module, (module.stat().st_mtime + 10,) * 2)
        server.wait_for("Debugger is active!", after_last=True)
        assert httpx.get(url, timeout=LONGEST).text == "new"
        assert urls.read_text() == f"{url}/"
    finally:
        server.stop()
