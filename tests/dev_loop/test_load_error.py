"""What is shown while the code cannot be imported: the user's files and lines only."""

from __future__ import annotations

import asyncio
import os
import sys
import typing as t
from pathlib import Path

import pytest
from werkzeug.test import Client

import flask
from flask._development._load_error import (
    LoadErrorApp,
    find_place,
    find_syntax_error,
    format_load_error,
)
from flask.cli import locate_app, prepare_import

FRAMEWORK = os.path.dirname(flask.__file__)

# The module, the begin of the report's last line, and the number of the line.
MISTAKES = [
    ("a = 1\n1/0\n", "ZeroDivisionError: division by zero", 2),
    ("a = (\n", "SyntaxError: '(' was never closed", 1),
    ("if True:\na = 1\n", "IndentationError: expected an indented block", 2),
    ("\nimport not_there_at_all\n", "ModuleNotFoundError: No module named 'not_there_at_all'", 2),
    ("from flask import Flusk\n", "ImportError: cannot import name 'Flusk' from 'flask'", 1),
    ("from flask import Flask\nFlask()\n", "TypeError: Flask.__init__() missing 1", 2),
    ("import json\n\njson.loads('{')\n", "json.decoder.JSONDecodeError: ", 3),
    ("try:\n    1/0\nexcept Exception:\n    raise OSError('a') from None\n", "OSError: a", 4),
]


def load(folder: Path, text: str) -> Exception:
    """Return the error of loading an application, as ``flask run`` gets it."""
    (folder / "faulty_app.py").write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        patch.chdir(folder)
        patch.setattr("sys.dont_write_bytecode", True)
        with pytest.raises(Exception) as raised:
            locate_app(prepare_import("faulty_app"), None)
        sys.modules.pop("faulty_app", None)
    error = raised.value
    assert error.__traceback__ is not None
    return error.with_traceback(error.__traceback__.tb_next)  # without the frame of the test


@pytest.mark.parametrize(("text", "last", "number"), MISTAKES, ids=[it[1] for it in MISTAKES])
def test_the_report_shows_the_users_line_and_no_frame_of_the_framework(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, last: str, number: int
) -> None:
    error = load(tmp_path, text)
    report = format_load_error(error)
    assert report.rpartition("\n")[2].startswith(last)
    assert f'faulty_app.py", line {number}' in report
    assert f'File "{FRAMEWORK}' not in report
    assert "importlib" not in report
    monkeypatch.chdir(tmp_path)
    place = find_place(error)
    assert place is not None
    assert place.path == "faulty_app.py"
    assert place.line == number
    assert dict(place.source)[number] == text.splitlines()[number - 1]


def test_a_cause_is_shown_too(tmp_path: Path) -> None:
    text = "try:\n    1/0\nexcept Exception as e:\n    raise OSError('a') from e\n"
    report = format_load_error(load(tmp_path, text))
    assert "ZeroDivisionError" in report
    assert "direct cause" in report
    assert report.endswith("OSError: a")


def test_an_application_that_is_not_found_has_no_line(tmp_path: Path) -> None:
    error = load(tmp_path, "a = 1\n")
    assert format_load_error(error).startswith(
        "Error: Failed to find Flask application or factory in module 'faulty_app'."
    )
    assert find_place(error) is None
    answer = Client(LoadErrorApp(error, True)).get("/", headers={"Accept": "text/html"})
    assert "Failed to find Flask application" in answer.text


def test_the_page_escapes_the_source(tmp_path: Path) -> None:
    error = load(tmp_path, "raise OSError('<script>alert(1)</script>')\n")
    answer = Client(LoadErrorApp(error, True)).get("/a?b", headers={"Accept": "text/html"})
    assert answer.status_code == 500
    assert "<script>" not in answer.text
    assert "&lt;script&gt;alert(1)" in answer.text
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_program_of_the_terminal_gets_text(tmp_path: Path) -> None:
    app = LoadErrorApp(load(tmp_path, "1/0"), True)
    assert Client(app).get("/").mimetype == "text/html"
    answer = Client(app).get("/", headers={"User-Agent": "curl/8.5.0"})
    assert answer.mimetype == "text/plain"
    assert "ZeroDivisionError" in answer.text
    assert Client(app).head("/").text == ""


def serve(app: LoadErrorApp, scope: dict[str, t.Any], *received: str) -> list[t.Any]:
    """Return what an application sends over ASGI."""
    sent: list[t.Any] = []
    waiting = list(received)

    async def receive() -> t.Any:
        return {"type": waiting.pop(0)}

    async def send(message: t.Any) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    return sent


def test_over_asgi_it_starts_responds_and_refuses_websockets(tmp_path: Path) -> None:
    app = LoadErrorApp(load(tmp_path, "1/0"), True)
    started = serve(app, {"type": "lifespan"}, "lifespan.startup", "lifespan.shutdown")
    assert [it["type"] for it in started] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]
    scope = {"type": "http", "method": "GET", "headers": [(b"accept", b"text/html")]}
    begin, body = serve(app, scope)
    assert begin["status"] == 500
    assert b"ZeroDivisionError" in body["body"]
    assert serve(app, {**scope, "method": "HEAD"})[1]["body"] == b""
    closed = serve(app, {"type": "websocket"}, "websocket.connect")
    assert closed == [{"type": "websocket.close", "code": 1011, "reason": ""}]


def test_a_syntax_error_is_found_without_running_the_file(tmp_path: Path) -> None:
    (tmp_path / "good.py").write_text("raise SystemExit")
    (tmp_path / "bad.py").write_text("x = (")
    paths = {str(tmp_path / name) for name in ("good.py", "bad.py", "missing.py")}
    error = find_syntax_error(paths)
    assert error is not None
    assert error.filename == str(tmp_path / "bad.py")
    assert find_syntax_error({str(tmp_path / "good.py")}) is None
