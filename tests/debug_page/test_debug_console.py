"""The interactive console: on the development server, behind the PIN, for trusted hosts only."""

from __future__ import annotations

import re
import typing as t

import pytest
from debug_requests import BROWSER, ask_asgi
from werkzeug.debug import hash_pin
from werkzeug.test import Client, TestResponse

from flask import Flask, request
from flask._debug.wsgi import Debugger, add_debugger


@pytest.fixture(autouse=True)
def pin(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("WERKZEUG_DEBUG_PIN", "123-456")
    monkeypatch.setattr("time.sleep", lambda seconds: None)  # after a wrong PIN
    return "123-456"


@pytest.fixture
def app(app: Flask) -> Flask:
    @app.route("/crash/<int:number>")
    def crash(number: int) -> None:
        doubled = number * 2  # noqa: F841
        raise ValueError(number)

    return app


@pytest.fixture
def debugger(app: Flask) -> Debugger:
    return add_debugger(app, "dev.test")


class Visitor:
    """A browser that has opened the page of an error."""

    def __init__(self, debugger: Debugger, host: str = "localhost") -> None:
        self.client = Client(debugger)
        self.host = host
        self.page = self.get("/crash/21").text
        self.frames = [int(each) for each in re.findall(r'data-frame="(\d+)"', self.page)]
        secret = re.search(r'data-secret="(\w+)"', self.page)
        self.secret = secret[1] if secret else ""

    def get(self, path: str) -> TestResponse:
        return self.client.get(path, headers={"Host": self.host, "Accept": BROWSER})

    def command(self, **parameters: t.Any) -> TestResponse:
        query = "&".join(f"{name}={value}" for name, value in parameters.items())
        return self.get(f"/crash/21?__debugger__=yes&{query}")

    def unlock(self, pin: str) -> t.Any:
        return self.command(cmd="pinauth", pin=pin, s=self.secret).json

    def run(self, code: str) -> TestResponse:
        return self.command(cmd=code, frm=self.frames[0], s=self.secret)


def test_a_command_runs_in_the_frame_after_the_pin(debugger: Debugger, pin: str) -> None:
    visitor = Visitor(debugger)
    assert 'data-trusted="no"' in visitor.page
    assert visitor.unlock(pin) == {"auth": True, "exhausted": False}
    answer = visitor.run("doubled")
    assert answer.content_type.startswith("text/html")
    assert "42" in answer.text
    assert 'data-trusted="yes"' in visitor.get("/crash/1").text


def test_a_command_has_the_contexts_of_the_request(debugger: Debugger, pin: str) -> None:
    debugger.app.view_functions["crash"].__globals__["request"] = request  # type: ignore[attr-defined]
    visitor = Visitor(debugger)
    visitor.unlock(pin)
    assert "/crash/21" in visitor.run("request.path").text


def test_without_the_pin_a_command_is_not_run(debugger: Debugger) -> None:
    visitor = Visitor(debugger)
    answer = visitor.run("doubled")
    assert answer.status_code == 500  # the page of the error again
    assert "doubled" in answer.text
    assert not re.search(r">\s*42\s*<", answer.text.partition('class="names"')[0])


@pytest.mark.parametrize("wrong", ["000-000", "", "123456 "[:3]])
def test_a_wrong_pin_does_not_unlock(debugger: Debugger, wrong: str) -> None:
    assert Visitor(debugger).unlock(wrong)["auth"] is False


def test_too_many_wrong_pins_lock_it(debugger: Debugger, pin: str) -> None:
    visitor = Visitor(debugger)
    for _ in range(11):
        visitor.unlock("wrong")
    assert visitor.unlock(pin) == {"auth": False, "exhausted": True}


def test_a_wrong_secret_is_refused(debugger: Debugger, pin: str) -> None:
    visitor = Visitor(debugger)
    visitor.unlock(pin)
    visitor.secret = "x" * 20
    assert "42" not in visitor.run("print(21 * 2)").text.partition("<h1>")[0]
    assert visitor.run("doubled").status_code == 500


@pytest.mark.parametrize("host", ["localhost:5000", "shop.localhost", "127.0.0.1", "dev.test"])
def test_trusted_hosts_have_a_console(debugger: Debugger, host: str, pin: str) -> None:
    visitor = Visitor(debugger, host)
    assert visitor.frames
    assert visitor.unlock(pin)["auth"] is True


@pytest.mark.parametrize("host", ["evil.test", "192.168.0.7", "localhost.evil.test"])
def test_other_hosts_have_none(debugger: Debugger, host: str, pin: str) -> None:
    visitor = Visitor(debugger, host)
    assert "ValueError" in visitor.page
    assert (visitor.frames, visitor.secret) == ([], "")
    assert debugger.secret not in visitor.page
    visitor.secret = debugger.secret
    cookie = f"{debugger.pin_cookie_name}=9999999999|{hash_pin(pin)}"
    own = Visitor(debugger)
    for parameters in (
        {"cmd": "pinauth", "pin": pin, "s": debugger.secret},
        {"cmd": "doubled", "frm": own.frames[0], "s": debugger.secret},
    ):
        query = {"__debugger__": "yes", **parameters}
        answer = Client(debugger, use_cookies=False).get(
            "/crash/21", query_string=query, headers={"Host": host, "Cookie": cookie}
        )
        assert answer.status_code == 400


def test_without_evalex_there_is_none(app: Flask) -> None:
    visitor = Visitor(Debugger(app, evalex=False))
    assert "ValueError" in visitor.page
    assert (visitor.frames, visitor.secret) == ([], "")


def test_under_asgi_there_is_none(app: Flask) -> None:
    page = ask_asgi(app, "/crash/21").text
    assert "ValueError" in page
    assert "data-frame" not in page
    assert 'data-secret="' not in page
    assert "connect-src 'none'" in ask_asgi(app, "/crash/21").headers["Content-Security-Policy"]


def test_frames_of_old_errors_are_forgotten(debugger: Debugger) -> None:
    visitor = Visitor(debugger)
    first, count = visitor.frames[0], len(debugger.frames)
    for _ in range(49):
        visitor.get("/crash/1")
    assert first in debugger.frames
    visitor.get("/crash/1")
    assert first not in debugger.frames
    assert len(debugger.frames) == len(debugger.frame_contexts) == 50 * count


def test_the_standalone_console_is_werkzeugs(debugger: Debugger) -> None:
    answer = Client(debugger).get("/console", headers={"Host": "localhost"})
    assert "Interactive Console" in answer.text
