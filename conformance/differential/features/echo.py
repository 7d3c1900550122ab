"""Everything a request can tell, and its body read in any order of steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask, jsonify, request

from .record import attempt, run, shown

ATTRIBUTE_NAMES = """
    method scheme host host_url root_url url_root base_url url path full_path script_root
    root_path query_string args cookies headers remote_addr remote_user access_route user_agent
    referrer origin content_type mimetype mimetype_params content_length content_encoding
    content_md5 authorization accept_mimetypes accept_languages accept_encodings accept_charsets
    cache_control pragma if_match if_none_match if_modified_since if_unmodified_since if_range
    range date is_json is_secure is_multithread is_multiprocess is_run_once server max_forwards
    access_control_request_headers access_control_request_method url_rule view_args endpoint
    blueprint blueprints routing_exception trusted_hosts max_content_length max_form_parts
    max_form_memory_size want_form_data_parsed
"""

ATTRIBUTES = ATTRIBUTE_NAMES.split()


def keep(name: str, value: str) -> str:
    """Set one of the limits on this request alone."""
    setattr(request, name, None if value == "none" else int(value))
    return f"{name} set"


def read_stream(size: str = "-1") -> bytes:
    """Read some of the stream."""
    return request.stream.read(int(size))


STEPS: dict[str, Callable[..., object]] = {
    "form": lambda: request.form,
    "files": lambda: request.files,
    "values": lambda: request.values,
    "args": lambda: request.args,
    "data": lambda: request.data,
    "json": lambda: request.json,
    "get_json": lambda: request.get_json(),
    "force": lambda: request.get_json(force=True),
    "silent": lambda: request.get_json(silent=True),
    "force_silent": lambda: request.get_json(force=True, silent=True),
    "uncached": lambda: request.get_json(cache=False),
    "get_data": lambda: request.get_data(),
    "uncached_data": lambda: request.get_data(cache=False),
    "text": lambda: request.get_data(as_text=True),
    "parsed_data": lambda: request.get_data(parse_form_data=True),
    "stream": read_stream,
    "line": lambda: request.stream.readline(),
    "lines": lambda: list(request.stream),
    "input": lambda: request.input_stream.read(3),
    "max_content": lambda value: keep("max_content_length", value),
    "max_parts": lambda value: keep("max_form_parts", value),
    "max_memory": lambda value: keep("max_form_memory_size", value),
    "max_content_now": lambda: request.max_content_length,
    "missing_arg": lambda: request.args["missing"],
    "missing_form": lambda: request.form["missing"],
    "missing_file": lambda: request.files["missing"],
    "missing_cookie": lambda: request.cookies["missing"],
    "missing_header": lambda: request.headers["X-Missing"],
    "text_as_file": lambda: request.files["a"],
    "int_arg": lambda: request.args.get("n", -5, type=int),
    "int_args": lambda: request.args.getlist("n", type=int),
    "first_form": lambda: request.form.get("a"),
    "all_form": lambda: request.form.to_dict(flat=False),
    "close": lambda: request.close(),
}
"""Each step reads the body, or a limit, in its own way."""


def attributes(first: str) -> Any:
    """Every attribute, after one that is asked for first."""
    seen: dict[str, Any] = {}
    for name in (first, *ATTRIBUTES):
        seen.setdefault(name, attempt(lambda key=name: getattr(request, key)))  # type: ignore[misc]
    return jsonify(seen)


def body(body_steps: str) -> Any:
    """Read the body by these steps; what each gave, in order."""
    return jsonify(run(body_steps, STEPS))


def strict(body_steps: str) -> Any:
    """The same, but an exception of a step leaves the view."""
    results = [
        shown(STEPS[step.split(":")[0]](*step.split(":")[1:])) for step in body_steps.split(",")
    ]
    return jsonify(results)


def unread() -> str:
    """A view that leaves the body where it is."""
    return "not read"


def plain_echo() -> Any:
    """The bytes back, with the content type they came with."""
    return request.get_data(), {"Content-Type": request.content_type or "text/plain"}


def hands() -> Any:
    """The request as an object: identity, truth, attributes set on it."""
    from werkzeug.wrappers import Request as WerkzeugRequest

    from flask import Request

    actual = request._get_current_object()  # type: ignore[attr-defined]
    request.note = "kept"  # type: ignore[attr-defined]
    return jsonify(
        kinds=[isinstance(request, Request), isinstance(request, WerkzeugRequest)],
        truth=[bool(request), request == actual, hash(request) == hash(actual)],
        note=actual.note,
        text=repr(request),
        same_environ=actual.environ is request.environ,
        application=attempt(lambda: "REQUEST_METHOD" in request.environ),
    )


def install(app: Flask) -> None:
    """Routes below ``/echo``."""
    every = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    app.add_url_rule(
        "/echo/attributes/<attribute>", "attributes", lambda attribute: attributes(attribute)
    )
    app.add_url_rule("/echo/body/<body_steps>", view_func=body, methods=every)
    app.add_url_rule("/echo/strict/<body_steps>", view_func=strict, methods=every)
    app.add_url_rule("/echo/unread", view_func=unread, methods=every)
    app.add_url_rule("/echo/plain", view_func=plain_echo, methods=every)
    app.add_url_rule("/echo/hands", view_func=hands)
