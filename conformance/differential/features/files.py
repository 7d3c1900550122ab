"""Sending files: static ones, paths, open files, with every option."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import Flask, current_app, jsonify, send_file, send_from_directory, url_for

from .record import error, shown

WAYS: dict[str, Callable[[], Any]] = {
    "path": lambda: send_file("site/static/hello.txt"),
    "pathlib": lambda: send_file(Path("site/static/hello.txt")),
    "absolute": lambda: send_file(Path(current_app.root_path) / "site/static/page.html"),
    "attachment": lambda: send_file("site/static/hello.txt", as_attachment=True),
    "named": lambda: send_file("site/static/hello.txt", download_name="other.json"),
    "unicode": lambda: send_file(
        "site/static/hello.txt", as_attachment=True, download_name="gr\u00fc\u00df \u2603.txt"
    ),
    "quoted": lambda: send_file("site/static/hello.txt", download_name='a "b";c.txt'),
    "mimetype": lambda: send_file("site/static/hello.txt", mimetype="text/x-mine"),
    "no_conditional": lambda: send_file("site/static/hello.txt", conditional=False),
    "no_etag": lambda: send_file("site/static/hello.txt", etag=False),
    "own_etag": lambda: send_file("site/static/hello.txt", etag="mine"),
    "max_age": lambda: send_file("site/static/hello.txt", max_age=60),
    "max_age_zero": lambda: send_file("site/static/hello.txt", max_age=0),
    "max_age_function": lambda: send_file("site/static/hello.txt", max_age=lambda path: 70),
    "modified": lambda: send_file(
        "site/static/hello.txt", last_modified=datetime(2019, 5, 6, tzinfo=UTC)
    ),
    "missing": lambda: send_file("site/static/missing.txt"),
    "directory": lambda: send_file("site/static"),
    "unknown": lambda: send_file("site/static/data.unknown"),
    "compressed": lambda: send_file("site/static/data.txt.gz"),
    "memory": lambda: send_file(io.BytesIO(b"in memory"), mimetype="text/plain"),
    "memory_named": lambda: send_file(io.BytesIO(b"in memory"), download_name="a.txt"),
    "memory_bare": lambda: send_file(io.BytesIO(b"in memory")),
    "memory_attached": lambda: send_file(io.BytesIO(b"m"), "text/plain", as_attachment=True),
    "memory_etag": lambda: send_file(io.BytesIO(b"m"), "text/plain", etag="given"),
    "text": lambda: send_file(io.StringIO("text"), mimetype="text/plain"),  # type: ignore[arg-type]
    "open": lambda: send_file((here() / "hello.txt").open("rb"), mimetype="text/plain"),
    "open_text": lambda: send_file((here() / "hello.txt").open(), mimetype="text/plain"),  # type: ignore[arg-type]
    "directory_file": lambda: send_from_directory("site/static", "hello.txt"),
    "directory_absolute": lambda: send_from_directory(here(), "sub/deep.css"),
    "directory_missing": lambda: send_from_directory("site/static", "missing.txt"),
    "directory_escape": lambda: send_from_directory("site/static", "../templates/page.html"),
    "directory_itself": lambda: send_from_directory("site/static", "sub"),
    "directory_options": lambda: send_from_directory(
        "site/static", "hello.txt", as_attachment=True, download_name="d.bin", max_age=5
    ),
    "static_view": lambda: current_app.send_static_file("hello.txt"),
    "static_missing": lambda: current_app.send_static_file("nothing"),
    "max_age_of_app": lambda: jsonify(shown(current_app.get_send_file_max_age("hello.txt"))),
    "url": lambda: url_for("static", filename="sub/deep.css", v=1),
}


def here() -> Path:
    """The static folder."""
    return Path(current_app.root_path) / "site/static"


def send(file_way: str) -> Any:
    """Send a file in one of the ways."""
    return WAYS[file_way]()


def send_caught(file_way: str) -> Any:
    """The same, with the class of an exception as the answer."""
    try:
        response = WAYS[file_way]()
    except Exception as failure:
        return error(failure).split(":")[0], 299
    return response


def send_any(filename: str) -> Any:
    """Whatever path the request names, below the static folder."""
    return send_from_directory(here(), filename)


def resource(resource_path: str, mode: str) -> Any:
    """Read one of the app's own files."""
    try:
        with current_app.open_resource(f"site/{resource_path}", mode) as opened:
            return shown(opened.read())
    except Exception as failure:
        return error(failure).split(":")[0], 299


def install(app: Flask) -> None:
    """Routes below ``/send``; the static route is the app's own."""
    app.add_url_rule("/send/<file_way>", view_func=send)
    app.add_url_rule("/send-caught/<file_way>", view_func=send_caught)
    app.add_url_rule("/files/<path:filename>", view_func=send_any)
    app.add_url_rule("/resource/<mode>/<path:resource_path>", view_func=resource)
