"""What a view may return, and what a response can be told to do."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from markupsafe import Markup
from werkzeug.datastructures import Headers
from werkzeug.exceptions import Gone, HTTPException, NotFound
from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.wrappers import Response as WerkzeugResponse

from flask import (
    Flask,
    Response,
    abort,
    after_this_request,
    jsonify,
    make_response,
    redirect,
    request,
)

from .record import error, note, run


def letters() -> Iterator[str]:
    """Three chunks of text, and a note when they are closed."""
    try:
        yield "a"
        yield "b"
        yield "c"
    finally:
        note("letters closed")


def wsgi_app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """A WSGI application as the value of a view."""
    start_response("202 Accepted by WSGI", [("X-From", "wsgi"), ("X-From", "twice")])
    return [environ["PATH_INFO"].encode("latin-1")]


class Shouting(Response):
    """A response class with a default of its own."""

    default_mimetype = "text/plain"
    default_status = 203


class Unchanged(HTTPException):
    """An error with a status that has no body."""

    code = 304


HTTP_STATUS_CODES[460] = "Known Late"


class Html:
    """An object that Jinja and JSON know by ``__html__``."""

    def __html__(self) -> str:
        return "<b>html</b>"


def closing() -> Response:
    """A response that notes when it is closed."""
    response: Response = make_response("closing")
    response.call_on_close(lambda: note("closed first"))
    response.call_on_close(lambda: note("closed second"))
    return response


KINDS: dict[str, Callable[[], Any]] = {
    "str": lambda: "text",
    "empty": lambda: "",
    "unicode": lambda: "gr\u00fc\u00df \u2603",
    "surrogate": lambda: "bad \udc80",
    "bytes": lambda: b"\x00\xff",
    "bytearray": lambda: bytearray(b"array"),
    "memoryview": lambda: memoryview(b"view"),
    "markup": lambda: Markup("<i>markup</i>"),
    "html_object": Html,
    "dict": lambda: {"b": 1, "a": [1, 2]},
    "dict_empty": dict,
    "list": lambda: [1, "two", None],
    "list_empty": list,
    "generator": letters,
    "iterator": lambda: iter(["x", "y"]),
    "map": lambda: map(str, range(3)),
    "response": lambda: Response("made", 201, {"X-A": "1"}),
    "werkzeug": lambda: WerkzeugResponse("other", 202, content_type="text/x-other"),
    "subclass": lambda: Shouting("loud"),
    "wsgi": lambda: wsgi_app,
    "exception": lambda: NotFound("returned, not raised"),
    "exception_class": lambda: NotFound,
    "none": lambda: None,
    "int": lambda: 5,
    "float": lambda: 1.5,
    "true": lambda: True,
    "set": lambda: {1},
    "object": lambda: object,
    "tuple_0": lambda: (),
    "tuple_1": lambda: ("a",),
    "tuple_4": lambda: ("a", 200, {}, 1),
    "body_status": lambda: ("b", 201),
    "body_text_status": lambda: ("b", "404 Gone Fishing"),
    "body_number_text": lambda: ("b", "299"),
    "body_odd_status": lambda: ("b", 799),
    "body_empty_status": lambda: ("b", ""),
    "body_none_status": lambda: ("b", None),
    "body_float_status": lambda: ("b", 201.5),
    "body_headers": lambda: ("b", {"X-B": "2", "Content-Type": "text/x-b"}),
    "body_header_pairs": lambda: ("b", [("X-B", "1"), ("X-B", "2")]),
    "body_header_tuple": lambda: ("b", (("X-B", "1"),)),
    "body_header_object": lambda: ("b", Headers([("X-B", "1"), ("X-B", "2")])),
    "body_header_lists": lambda: ("b", {"X-B": ["1", "2"]}),
    "body_header_number": lambda: ("b", {"X-B": 5}),
    "body_header_newline": lambda: ("b", {"X-B": "1\r\nX-C: 2"}),
    "body_status_headers": lambda: ("b", 201, {"X-B": "3"}),
    "body_none_headers": lambda: ("b", None, {"X-B": "3"}),
    "body_status_none": lambda: ("b", 201, None),
    "none_status": lambda: (None, 204),
    "list_status": lambda: ([1, 2], 201),
    "dict_headers": lambda: ({"a": 1}, {"X-D": "4"}),
    "response_status": lambda: (Response("kept", 201), 418),
    "response_headers": lambda: (Response("kept", headers={"X-A": "1"}), {"X-A": "2", "X-B": "3"}),
    "generator_status": lambda: (letters(), 206, {"Content-Type": "text/plain"}),
    "status_204": lambda: ("dropped", 204),
    "status_304": lambda: ("dropped", 304),
    "status_100": lambda: ("dropped", 100),
    "jsonify_none": jsonify,
    "jsonify_many": lambda: jsonify(1, "a"),
    "jsonify_status": lambda: (jsonify({"a": 1}), 201),
    "make_empty": make_response,
    "make_one": lambda: make_response("one"),
    "make_two": lambda: make_response("two", 202),
    "make_three": lambda: make_response("three", 203, {"X-M": "5"}),
    "make_again": lambda: make_response(make_response("again", 203)),
    "make_none": lambda: make_response(cast(Any, None)),
    "closing": closing,
    "redirect": lambda: redirect("/string/there"),
    "redirect_code": lambda: redirect("/string/there", 307),
    "redirect_bad_code": lambda: redirect("/string/there", 200),
    "redirect_unicode": lambda: redirect("/caf\u00e9?a=\u2603&b=<c>#\u00fc"),
    "redirect_absolute": lambda: redirect("http://other.example/x y"),
    "redirect_scheme_less": lambda: redirect("//other.example/"),
    "redirect_relative": lambda: redirect("there"),
    "redirect_empty": lambda: redirect(""),
    "redirect_html": lambda: redirect('/"><script>'),
    "redirect_class": lambda: redirect("/there", Response=WerkzeugResponse),
    "abort_404": lambda: abort(404),
    "abort_described": lambda: abort(409, "already <there>"),
    "abort_200": lambda: abort(200),
    "abort_999": lambda: abort(999),
    "abort_text": lambda: abort("404"),  # type: ignore[arg-type]
    "abort_response": lambda: abort(Response("aborted", 418)),
    "abort_redirect": lambda: abort(redirect("/away")),
    "abort_methods": lambda: abort(405, valid_methods=["GET", "PUT"]),
    "abort_retry": lambda: abort(429, retry_after=30),
    "abort_range": lambda: abort(416, 100),
    "abort_own_response": lambda: abort(410, response=Response("own", 299)),
    "raise_gone": lambda: (_ for _ in ()).throw(Gone("long gone")),
    "raise_304": lambda: (_ for _ in ()).throw(Unchanged("unchanged")),
    "media_newline": lambda: Response("x", mimetype="text/x\r\nX-C: 2"),
    "late_status": lambda: Response("x", 460),
    "raise_codeless": lambda: (_ for _ in ()).throw(HTTPException("no code")),
}
"""Everything that a view may return, and much that it may not."""


def chosen(kind: str) -> Any:
    """Return, or raise, what the table says."""
    note(f"view returns {kind}")
    return KINDS[kind]()


def caught(kind: str) -> Any:
    """``make_response`` in the hand, with the error shown."""
    try:
        response = make_response(KINDS[kind]())
    except Exception as failure:
        return error(failure), 299
    note(f"made {response.status}")
    return response


CHANGES: dict[str, Callable[..., object]] = {
    "status": lambda r, value="404": setattr(r, "status", value.replace("_", " ")),
    "code": lambda r, value="201": setattr(r, "status_code", int(value)),
    "set": lambda r, name="X-S", value="1": r.headers.__setitem__(name, value),
    "add": lambda r, name="X-S", value="2": r.headers.add(name, value),
    "unset": lambda r, name="Content-Type": r.headers.pop(name, None),
    "headers_new": lambda r: setattr(r, "headers", Headers([("X-N", "1")])),
    "headers_dict": lambda r: setattr(r, "headers", {"X-N": "1"}),
    "headers_pairs": lambda r: setattr(r, "headers", [("X-N", "1")]),
    "headers_gone": lambda r: r.headers.clear(),
    "copied": lambda r: copy.copy(r).headers.add("X-Copy", "1"),
    "iterable": lambda r: setattr(r, "response", iter(["a", "b"])),
    "mimetype": lambda r, value="text.css": setattr(r, "mimetype", value.replace(".", "/")),
    "charset": lambda r: setattr(r, "content_type", "text/html; charset=latin-1"),
    "data": lambda r, value="data": r.set_data(value),
    "read": lambda r: r.get_data(),
    "text": lambda r: r.get_data(as_text=True),
    "json": lambda r: r.get_json(silent=True),
    "is_json": lambda r: r.is_json,
    "iterate": lambda r: list(r.iter_encoded()),
    "write": lambda r, value="w": r.stream.write(value.encode()),
    "freeze": lambda r: r.freeze(),
    "etag": lambda r: r.add_etag(),
    "set_etag": lambda r, value="tag": r.set_etag(value, weak=value == "weak"),
    "conditional": lambda r: r.make_conditional(request.environ, True, len(r.get_data())),
    "length": lambda r: r.content_length,
    "vary": lambda r, value="Accept": r.vary.add(value),
    "cache": lambda r, value="60": setattr(r.cache_control, "max_age", int(value)),
    "no_store": lambda r: setattr(r.cache_control, "no_store", True),
    "modified": lambda r: setattr(r, "last_modified", datetime(2020, 1, 2, tzinfo=UTC)),
    "expires": lambda r: setattr(r, "expires", datetime(2020, 1, 2)),
    "age": lambda r: setattr(r, "age", timedelta(seconds=70)),
    "retry": lambda r: setattr(r, "retry_after", 20),
    "location": lambda r, value="elsewhere": setattr(r, "location", value),
    "allow": lambda r: r.allow.update(["GET"]),
    "language": lambda r: r.content_language.add("de"),
    "origin": lambda r: setattr(r, "access_control_allow_origin", "*"),
    "policy": lambda r: setattr(r.content_security_policy, "default_src", "'self'"),
    "auth": lambda r: r.headers.set("WWW-Authenticate", 'Basic realm="a b"'),
    "cookie": lambda r, name="c", value="v": r.set_cookie(name, value),
    "cookie_full": lambda r, name="c": r.set_cookie(
        name, "v", 60, datetime(2020, 1, 2), "/p", "example.org", True, True, "Lax"
    ),
    "cookie_odd": lambda r, name="c": r.set_cookie(name, 'a "b";,\u2603\\'),
    "cookie_delta": lambda r, name="c": r.set_cookie(name, max_age=timedelta(hours=1)),
    "cookie_part": lambda r, name="c": r.set_cookie(name, "p", partitioned=True, samesite="none"),
    "cookie_same": lambda r, name="c": r.set_cookie(name, "p", samesite="Odd"),
    "cookie_path": lambda r, name="c": r.set_cookie(name, "p", path=None),
    "cookie_host": lambda r, name="c": r.set_cookie(name, "p", domain=".\u00fc.example"),
    "cookie_big": lambda r, name="c": r.set_cookie(name, "x" * 4100),
    "cookie_gone": lambda r, name="c": r.delete_cookie(name),
    "cookie_gone_full": lambda r, name="c": r.delete_cookie(
        name, "/p", "example.org", secure=True, httponly=True, samesite="Strict"
    ),
    "direct": lambda r: r.direct_passthrough,
    "streamed": lambda r: [r.is_streamed, r.is_sequence],
    "truncate": lambda r: setattr(r, "automatically_set_content_length", False),
    "absolute": lambda r: setattr(r, "autocorrect_location_header", True),
    "on_close": lambda r: r.call_on_close(lambda: note("changed response closed")),
    "max_cookie": lambda r: r.max_cookie_size,
    "repr": repr,
}
"""One change, or question, to a response each."""


def changed(response_steps: str) -> Any:
    """A text response, changed step by step; the results as a header."""
    response = make_response("a body of some length")
    steps = {name: lambda *given, act=act: act(response, *given) for name, act in CHANGES.items()}
    results = run(response_steps, steps)
    note(f"steps {results}")
    return response


def changed_later(response_steps: str) -> Any:
    """The same steps, in a function that runs after this request."""

    @after_this_request
    def change(response: Response) -> Response:
        steps = {
            name: lambda *given, act=act: act(response, *given) for name, act in CHANGES.items()
        }
        note(f"later {run(response_steps, steps)}")
        return response

    return letters(), {"Content-Type": "text/plain"}


def aborted(code: int) -> Any:
    """Abort with any number."""
    abort(code)


def install(app: Flask) -> None:
    """Routes below ``/return``, ``/make``, ``/change`` and ``/abort``."""
    app.add_url_rule("/return/<kind>", view_func=chosen, methods=["GET", "POST"])
    app.add_url_rule("/make/<kind>", view_func=caught)
    app.add_url_rule("/change/<response_steps>", view_func=changed)
    app.add_url_rule("/later/<response_steps>", view_func=changed_later)
    app.add_url_rule("/abort/<int:code>", view_func=aborted)
