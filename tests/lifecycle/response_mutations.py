"""What ``after_request`` functions do to responses, and what is then sent.

Run as a program, in an environment with official Flask, it writes the answers that
``test_response_mutations.py`` expects: ``python response_mutations.py > response_mutations.json``.
"""

from __future__ import annotations

import json
import os
import typing as t
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from werkzeug.test import EnvironBuilder, run_wsgi_app

from flask import Flask, Response, abort, jsonify, redirect

Mutator = Callable[[Response], t.Any]


def add_header(response: Response) -> None:
    response.headers["X-Added"] = "yes"


def add_header_twice(response: Response) -> None:
    response.headers.add("X-Added", "1")
    response.headers.add("X-Added", "2")


def drop_content_type(response: Response) -> None:
    del response.headers["Content-Type"]


def drop_content_length(response: Response) -> None:
    response.headers.pop("Content-Length", None)


def clear_headers(response: Response) -> None:
    response.headers.clear()


def set_data(response: Response) -> None:
    response.data = "changed"


def append_data(response: Response) -> None:
    response.data = response.get_data() + "é".encode()


def replace_body(response: Response) -> None:
    response.response = [b"two", b" parts"]


def replace_body_by_generator(response: Response) -> None:
    response.response = iter([b"gen", b"erated"])


def empty_body(response: Response) -> None:
    response.response = []


def set_status_code(response: Response) -> None:
    response.status_code = 202


def set_status(response: Response) -> None:
    response.status = "299 Own Words"


def to_no_content(response: Response) -> None:
    response.status_code = 204


def to_not_modified(response: Response) -> None:
    response.status_code = 304


def set_mimetype(response: Response) -> None:
    response.mimetype = "text/plain"


def set_content_type(response: Response) -> None:
    response.content_type = "application/x-own; a=b"


def set_cookie(response: Response) -> None:
    response.set_cookie("a", "b c é", domain="x.test", httponly=True, samesite="Lax")


def delete_cookie(response: Response) -> None:
    response.delete_cookie("a")


def add_etag(response: Response) -> None:
    response.set_etag("tag")


def cache_control(response: Response) -> None:
    response.cache_control.max_age = 60
    response.cache_control.public = True


def vary(response: Response) -> None:
    response.vary.add("Accept")


def last_modified(response: Response) -> None:
    response.last_modified = datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)


def location(response: Response) -> None:
    response.location = "/é?a=b c"


def content_location(response: Response) -> None:
    response.headers["Content-Location"] = "/x"


def freeze(response: Response) -> None:
    response.freeze()


def make_sequence(response: Response) -> None:
    response.make_sequence()


def on_close(response: Response) -> None:
    response.call_on_close(lambda: None)


def another_response(response: Response) -> Response:
    return Response("another", 203, {"X-Another": "yes"})


def length_by_hand(response: Response) -> None:
    response.headers["Content-Length"] = "3"


def passthrough(response: Response) -> None:
    response.direct_passthrough = True


MUTATORS: list[Mutator] = [
    *(add_header, add_header_twice, drop_content_type, drop_content_length, clear_headers),
    *(set_data, append_data, replace_body, replace_body_by_generator, empty_body),
    *(set_status_code, set_status, to_no_content, to_not_modified, set_mimetype),
    *(set_content_type, set_cookie, delete_cookie, add_etag, cache_control, vary, last_modified),
    *(location, content_location, freeze, make_sequence, on_close, another_response),
    *(length_by_hand, passthrough),
]


def streamed() -> Iterator[str]:
    yield "stre"
    yield "amed"


VIEWS: dict[str, Callable[[], t.Any]] = {
    "text": lambda: "text",
    "bytes": lambda: b"bytes",
    "empty": lambda: "",
    "json": lambda: jsonify(a=1),
    "tuple": lambda: ("created", 201, {"X-View": "v"}),
    "stream": lambda: streamed(),
    "chunks": lambda: Response(["a", "b"]),
    "no-content": lambda: ("", 204),
    "redirect": lambda: redirect("/elsewhere"),
    "error": lambda: abort(403),
}


def application(mutate: Mutator) -> Flask:
    app = Flask("mutations", root_path=os.path.dirname(__file__))
    for name, view in VIEWS.items():
        app.add_url_rule(f"/{name}", name, view)
    app.after_request(lambda response: mutate(response) or response)
    return app


def observe(mutate: Mutator) -> dict[str, t.Any]:
    """Return status, headers in their order, and body for every view, asked by GET and HEAD."""
    app = application(mutate)
    seen: dict[str, t.Any] = {}
    for name in [*VIEWS, "missing"]:
        for method in ("GET", "HEAD"):
            environ = EnvironBuilder(f"/{name}", method=method).get_environ()
            body, status, headers = run_wsgi_app(app, environ, buffered=True)
            # What passes through directly is not encoded by anybody.
            text = "".join(f"<{c}>" if isinstance(c, str) else c.decode() for c in body)
            shown = text if len(text) < 80 else f"{text[:40]}... {len(text)}"
            seen[f"{method} /{name}"] = [status, [": ".join(pair) for pair in headers], shown]
    return seen


if __name__ == "__main__":
    print(json.dumps({m.__name__: observe(m) for m in MUTATORS}, indent=0, ensure_ascii=False))
