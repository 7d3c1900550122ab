"""The requests that every peer answers, and what must be equal in their answers.

This file is read by the driver and, inside each peer's environment, by the worker. So it
imports the standard library only and names no framework.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal
from urllib.parse import urlencode

#: How the answers of different frameworks are compared. The two Flasks are always compared
#: whole; Falcon and Bottle write the same JSON with other spaces and word a 404 differently.
BodyRule = Literal["bytes", "json", "ignored"]

#: What a later request takes over from the first answer: the cookies that it set, or its ETag
#: and Last-Modified as the conditions of a browser that has the file already.
Follow = Literal["nothing", "cookies", "validators"]


@dataclass(frozen=True)
class Request:
    """One HTTP request, in no protocol yet."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def with_headers(self, **more: str) -> Request:
        """Return a copy that carries more headers; `_` in a name means `-`."""
        added = {name.replace("_", "-"): value for name, value in more.items()}
        headers = {**self.headers, **added}
        return Request(self.method, self.path, self.query, headers, self.body)


@dataclass(frozen=True)
class Workload:
    """One thing that a real app does on a request.

    `body` and `headers` say what is compared between different frameworks besides the
    status. `first_status` is expected of the first answer, `status` of all later ones.
    """

    name: str
    says: str
    request: Request
    body: BodyRule = "bytes"
    headers: tuple[str, ...] = ()
    follow: Follow = "nothing"
    status: int = 200
    first_status: int = 200


def _get(path: str, query: str = "", **headers: str) -> Request:
    return Request("GET", path, query).with_headers(**headers)


def _post(path: str, content_type: str, body: bytes, query: str = "") -> Request:
    headers = {"Content-Type": content_type, "Content-Length": str(len(body))}
    return Request("POST", path, query, headers, body)


FORM_FIELDS = {
    "name": "Ada Lovelace",
    "city": "Orléans",
    "email": "ada@example.org",
    "age": "36",
    "note": "engines & looms",
}

UPLOAD_SIZE = 1024 * 1024


def _multipart() -> tuple[str, bytes]:
    """Return content type and body of one text field and one file of random bytes.

    The generator is seeded, so that every peer and every run scans the same bytes.
    """
    boundary = "----benchmark7MA4YWxkTrZu0gW"
    content = random.Random(1).randbytes(UPLOAD_SIZE)
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="title"\r\n\r\nholiday\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="sea.bin"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    ).encode()
    return f"multipart/form-data; boundary={boundary}", (
        head + content + f"\r\n--{boundary}--\r\n".encode()
    )


def _all() -> tuple[Workload, ...]:
    order = _post(
        "/orders", "application/json", b'{"name":"hammer","count":3}', query="category=tools"
    )
    typed_order = replace(order, path="/typed/orders")
    form = _post("/form", "application/x-www-form-urlencoded", urlencode(FORM_FIELDS).encode())
    echo = _get("/echo", Cookie="visitor=v-1234; theme=dark", X_Request_Id="7f3c9a")
    return (
        Workload("hello", "a text", _get("/")),
        Workload("json", "a small JSON object", _get("/json"), body="json"),
        Workload("param", "an int parameter answered as JSON", _get("/users/42"), body="json"),
        Workload("post_json", "a JSON body and a query value, answered as JSON", order, "json"),
        Workload("form", "5 urlencoded fields, all read", form),
        Workload(
            "upload", "a field and a file of 1 MiB, read back", _post("/upload", *_multipart())
        ),
        Workload("template", "a Jinja2 table of 12 rows, autoescaped", _get("/table")),
        Workload("session", "a signed cookie, read and written", _get("/visits"), follow="cookies"),
        Workload(
            "echo",
            "a cookie and a header read, two headers and a cookie set",
            echo,
            headers=("X-Request-Id", "X-Version", "Set-Cookie"),
        ),
        Workload(
            "redirect",
            "a redirect",
            _get("/old"),
            "ignored",
            headers=("Location",),
            status=302,
            first_status=302,
        ),
        Workload(
            "routes1000", "the 778th of 1,000 routes with two parameters", _get("/r777/red/blue")
        ),
        Workload(
            "hooked", "3 hooks before, 3 after and a teardown, on a blueprint", _get("/hooked/")
        ),
        Workload("static", "a file of 4 KB", _get("/static/four_kilobytes.txt")),
        Workload(
            "static304",
            "the same file, not modified",
            _get("/static/four_kilobytes.txt"),
            follow="validators",
            status=304,
        ),
        Workload(
            "notfound",
            "a path that no route has",
            _get("/no/such/page"),
            "ignored",
            status=404,
            first_status=404,
        ),
        Workload("url_for10", "ten URLs built", _get("/links")),
        Workload(
            "abort_handler",
            "abort(400) through an error handler",
            _get("/refuse"),
            "json",
            status=400,
            first_status=400,
        ),
        Workload("stream100", "a streamed body of 100 chunks", _get("/stream")),
        Workload("method_view", "a view that is a class", _get("/class/9")),
        Workload("async_view", "an async view", _get("/async")),
        # On ASGI the first four are async views; these are the same as synchronous functions.
        Workload("plain_hello", "hello, a plain view on ASGI", _get("/")),
        Workload("plain_json", "json, a plain view on ASGI", _get("/json"), "json"),
        Workload("plain_param", "param, a plain view on ASGI", _get("/users/42"), "json"),
        Workload("plain_post_json", "post_json, a plain view on ASGI", order, "json"),
        Workload("typed_post", "post_json, body and query validated", typed_order, "json"),
        Workload(
            "typed_query",
            "three typed values of the query, answered as JSON",
            _get("/typed/search", "page=2&size=20&color=red"),
            "json",
        ),
    )


WORKLOADS: Mapping[str, Workload] = {workload.name: workload for workload in _all()}


def chosen(names: str | None) -> list[Workload]:
    """Return the workloads of a comma-separated list, all of them for None.

    Raises ValueError for a name that is none, with the names that there are.
    """
    if names is None:
        return list(WORKLOADS.values())
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    unknown = [name for name in wanted if name not in WORKLOADS]
    if unknown:
        raise ValueError(f"no workload {', '.join(unknown)}; there are: {', '.join(WORKLOADS)}")
    return [WORKLOADS[name] for name in wanted]
