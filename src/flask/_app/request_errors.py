"""The texts that explain mistakes found in a request: notes of errors, and hints in debug mode.

This module is imported when an error is explained. Notes are shown below an error, in the log, in
the debugger and by pytest, but never to a client.
"""

from __future__ import annotations

import inspect
import sys
import typing as t
from collections.abc import Mapping
from contextlib import suppress
from types import CoroutineType, FrameType, MethodType, ModuleType

from werkzeug.exceptions import (
    BadRequest,
    BadRequestKeyError,
    HTTPException,
    RequestEntityTooLarge,
    UnsupportedMediaType,
)
from werkzeug.wrappers import Response as BaseResponse

from .._core.current import get_request_context
from .._core.user_code import describe, find_last_line, iterate_traceback, locate, suggest
from .._http.return_errors import describe_source

_MOST_KEYS = 20  # keys of a form that an error lists
_LONGEST_TEXT = 100  # characters of what a client has sent
_LIMITS = ("MAX_CONTENT_LENGTH", "MAX_FORM_MEMORY_SIZE", "MAX_FORM_PARTS")
_PARTS = ("form", "args", "files", "values", "cookies", "headers")
_CALLED = ("handler", "hook", "after", "func", "prepare", "processor", "view")
"""Variables of this package that hold the user's function which is called."""


def explain_after_request(hook: object, answer: object) -> str:
    """Return the text for an ``after_request`` function that does not return a response.

    :param hook: the function.
    :param answer: what it returned.
    """
    if answer is None:
        returned = "None or ended without a return statement"
        advice = "Write 'return response' at its end."
    else:
        returned = f"{_shorten(repr(answer))} ({type(answer).__name__})"
        advice = "Return the response that it got, or make_response(...) for another one."
    return (
        f"The after_request function {describe(hook)} did not return a response. It returned"
        f" {returned}. {advice}"
    )


# Notes of errors that nothing handled -------------------------------------------------------------


def add_notes(error: BaseException) -> None:
    """Add the notes that explain an error.

    :param error: an error that nothing handled.
    """
    note = None
    context = get_request_context(None)
    if isinstance(error, NameError):
        note = _note_for_name(error)
    elif context is None:
        return
    elif isinstance(error, TypeError):
        note = (
            _note_for_call(error, context)
            or _note_for_names(error)
            or _note_for_json(error, context)
        )
    elif isinstance(getattr(error, "templates", None), list):
        from .._templating.missing import explain_missing_template

        note = explain_missing_template(context.app, error)
    elif type(error).__module__ == "jinja2.exceptions" and str(error).startswith("No "):
        from .._templating.missing import explain_missing_name

        note = explain_missing_name(context.app, str(error))
    if note and note not in getattr(error, "__notes__", ()):
        error.add_note(note)


def _note_for_name(error: NameError) -> str | None:
    """Return the note for a name of this package that was not imported."""
    name = error.name
    known = vars(sys.modules["flask"]).get(name or "")
    if known is None or not name or name.startswith("_") or isinstance(known, ModuleType):
        return None
    line = find_last_line(error)
    where = f" at the top of {line.rpartition(', line ')[0]}" if line else ""
    return f"{name!r} is not imported. Write 'from flask import {name}'{where}."


def _note_for_call(error: TypeError, context: t.Any) -> str | None:
    """Return the note for a view or a hook that does not have the parameters of its call."""
    frame = _find_call(error)
    if frame is None:
        return None
    called = next((frame.f_locals[name] for name in _CALLED if name in frame.f_locals), None)
    if not callable(called):
        return None
    view = context.app.view_functions.get(context.request.endpoint)
    if frame.f_code.co_name in ("dispatch_request", "view") or called is view:
        return _note_for_arguments(context.request, called)
    kind = _find_kind(context.app, called)
    return None if kind is None else _describe_parameters(kind, called)


def _note_for_names(error: TypeError) -> str | None:
    """Return the note for a context processor that did not return a dict."""
    frame = _find_last_frame(error)
    if frame is None or frame.f_code.co_name != "update_template_context":
        return None
    return (
        f"The context processor {describe(frame.f_locals['processor'])} did not return a dict. Let"
        " every path through it end with 'return {...}', with the names for templates."
    )


def add_note_for_teardown(error: TypeError, function: object) -> None:
    """Add a note if a teardown function does not have the parameter of its call.

    :param error: what the call raised.
    :param function: the teardown function.
    """
    if _find_call(error) is not None:
        error.add_note(_describe_parameters("teardown function", function))


def _find_call(error: TypeError) -> FrameType | None:
    """Return this package's frame that called a function with the wrong arguments."""
    frame = _find_last_frame(error)
    if frame is None or "argument" not in str(error):
        return None
    return frame if (frame.f_globals.get("__name__") or "").startswith("flask.") else None


def _describe_parameters(kind: str, called: object) -> str:
    return (
        f"The {kind} {describe(called)} is called with {_GIVEN[kind]}, but its parameters are"
        f" {_read_signature(called)}."
    )


def _find_last_frame(error: BaseException) -> FrameType | None:
    entries = list(iterate_traceback(error.__traceback__))
    return entries[-1].tb_frame if entries else None


_GIVEN: Mapping[str, str] = {
    "after_request function": "the response, as in 'def function(response)'",
    "before_request function": "no arguments, as in 'def function()'. It reads flask.request",
    "error handler": "the error, as in 'def function(error)'",
    "context processor": "no arguments, as in 'def function()'",
    "url_value_preprocessor function": (
        "endpoint and values, as in 'def function(endpoint, values)'"
    ),
    "teardown function": "an error or None, as in 'def function(error)'",
}
_REGISTERS: Mapping[str, str] = {
    "after_request_funcs": "after_request function",
    "before_request_funcs": "before_request function",
    "template_context_processors": "context processor",
    "url_value_preprocessors": "url_value_preprocessor function",
}


def _find_kind(app: t.Any, function: object) -> str | None:
    """Return what a function was registered as; ``None`` if it is in none of the registers."""
    for register, kind in _REGISTERS.items():
        if any(function in functions for functions in getattr(app, register).values()):
            return kind
    for by_code in app.error_handler_spec.values():
        if any(function in handlers.values() for handlers in by_code.values()):
            return "error handler"
    return None


def _note_for_arguments(request: t.Any, view: object) -> str:
    """Return the note for a view whose parameters are not those of its route."""
    names = list(request.view_args or ())
    passes = ", ".join(repr(name) for name in names) or "no arguments"
    name = getattr(view, "__name__", "view")
    start = f"'def {name}" if name.isidentifier() else "'function"
    parameters = ", ".join(["self"] * isinstance(view, MethodType) + names)
    return (
        f"The route {request.url_rule.rule!r} passes {passes} to {describe(view)}, whose parameters"
        f" are {_read_signature(view)}. Write {start}({parameters})', or change the route."
    )


def _read_signature(function: t.Any) -> str:
    try:
        return str(inspect.signature(function))
    except (TypeError, ValueError):
        return "not known"


def _note_for_json(error: TypeError, context: t.Any) -> str | None:
    """Return the note for a value that JSON cannot represent: the view, and what to return."""
    text = str(error)
    if "is not JSON serializable" not in text:
        return None
    source = describe_source(context)
    frame = _find_last_frame(error)
    value = None if frame is None else frame.f_locals.get("o")
    if isinstance(value, CoroutineType):
        name = f"{value.cr_code.co_qualname}() in {locate(value.cr_code)}"
        value.close()  # otherwise Python warns later that it was never awaited
        return f"It is the coroutine of {name}. Write 'await' in front of the call.{source}"
    session = _find_saved_session(error)
    if session is not None:
        key = next((f" of session[{name!r}]" for name in session if session[name] is value), "")
        return (
            f"The value{key} cannot be stored, because a session is stored as JSON. Store a text, a"
            f" number or a dict instead, such as the identifier of the object.{source}"
        )
    return (
        "JSON has texts, numbers, booleans, None, lists and dicts. Return these, for example a dict"
        f" with the attributes of the object, or list(...) instead of a set.{source}"
    )


def _find_saved_session(error: TypeError) -> Mapping[str, object] | None:
    """Return the session that was being saved when an error was raised."""
    for entry in iterate_traceback(error.__traceback__):
        if entry.tb_frame.f_code.co_name == "save_session":
            session = entry.tb_frame.f_locals.get("session")
            return session if isinstance(session, Mapping) else None
    return None


# HTTP errors --------------------------------------------------------------------------------------


def describe_http_error(app: t.Any, error: HTTPException) -> None:
    """Append an explanation to the page of an HTTP error in debug mode, and log it.

    :param app: the application, in debug mode or in a test.
    :param error: the error. A text of the application stays as it is.
    """
    request = get_request_context().request
    description = getattr(error, "_description", error.description) or ""
    text = None
    if isinstance(error, BadRequestKeyError):
        if app.debug:
            text = _describe_missing_key(request, error)
            error.description = f"{description}\n{text}" if text else description
        return  # it is raised, with its text
    if isinstance(error, UnsupportedMediaType) and description.startswith(_NOT_JSON):
        text = _describe_media_type(request.headers.get("Content-Type"))
    elif isinstance(error, RequestEntityTooLarge) and description == type(error).description:
        text = _describe_large_body(request)
    elif isinstance(error, BadRequest) and isinstance(error.__cause__, BadRequest):
        text = error.__cause__.description  # the body is not JSON; in debug mode it is shown
    if not text or text in description:
        return
    line = find_last_line(error)
    text = f"{text.rstrip('.')}. The body is read in {line}." if line else text
    if app.debug:
        error.description = f"{description}\n{text}"
    app._log("warning", f"{request.method} {request.path!r}: {error.code} {error.name}. {text}")


_NOT_JSON: t.Final = "Did not attempt to load JSON data"


def _describe_missing_key(request: t.Any, error: BadRequestKeyError) -> str | None:
    """Return a text with the keys that the client submitted."""
    frame = _find_last_frame(error)
    source = None if frame is None else frame.f_locals.get("self")
    part = next((name for name in _PARTS if vars(request).get(name) is source), None)
    if source is None or part is None or not error.args:
        return None
    key = error.args[0]
    line = find_last_line(error)
    where = f" It is read in {line}." if line else ""
    keys = list(source.keys())
    has = ", ".join(_shorten(repr(name)) for name in keys[:_MOST_KEYS])
    more = f" and {len(keys) - _MOST_KEYS} more" if len(keys) > _MOST_KEYS else ""
    return (
        f"request.{part} has no key {key!r}. {f'Its keys: {has}{more}' if keys else 'It is empty'}."
        f"{_find_elsewhere(request, part, key) or suggest(key, keys)}{where} If the key may be"
        f" missing, write request.{part}.get({key!r})."
    )


def _find_elsewhere(request: t.Any, part: str, key: object) -> str:
    """Return a sentence about the part of the request that has the key; empty if there is none."""
    if part == "form" and request.is_json:
        return " The body is JSON: read it with request.get_json()."
    with suppress(HTTPException):  # the body may be too large
        for other in ("form", "args", "files"):
            if other != part and key in getattr(request, other):
                return f" The key is in request.{other}."
    return ""


def _describe_large_body(request: t.Any) -> str:
    """Return a text with the limit of a body that is too large."""
    length, limit = request.content_length, request.max_content_length
    if length is not None and limit is not None and length > limit:
        return (
            f"The body has {length:,} bytes. The limit is {limit:,} bytes: MAX_CONTENT_LENGTH in"
            " the configuration, or request.max_content_length."
        )
    values = {name: getattr(request, name.lower()) for name in _LIMITS}
    limits = [f"{name} = {value:,}" for name, value in values.items() if value is not None]
    return (
        f"The body is larger than one of the limits of the configuration: {', '.join(limits)}. They"
        " limit the bytes of a body, the bytes of a text field of a multipart form, and the number"
        " of fields and files."
    )


def _describe_media_type(content_type: str | None) -> str:
    """Return a sentence with the content type of a request that should be JSON.

    :param content_type: the header of the request.
    """
    if not content_type:
        return (
            "The request has no Content-Type header. Send 'Content-Type: application/json', as the"
            " test client does with 'json=...' and curl with '--json'."
        )
    return (
        f"It was {_shorten(content_type)!r}. Send 'Content-Type: application/json', or read a form"
        " with request.form."
    )


def _shorten(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else f"{text[: _LONGEST_TEXT - 3]}..."


# Preflights ---------------------------------------------------------------------------------------


def log_refused_preflight(app: t.Any, environ: Mapping[str, t.Any], response: BaseResponse) -> None:
    """Log a preflight when its answer is sent, if no hook has added the headers of CORS.

    :param app: the application.
    :param environ: the WSGI environment of the request.
    :param response: the answer.
    """
    origin = _shorten(environ["HTTP_ORIGIN"])
    method = _shorten(environ["HTTP_ACCESS_CONTROL_REQUEST_METHOD"])
    path = _shorten(environ.get("PATH_INFO", ""))

    def log() -> None:
        if "Access-Control-Allow-Origin" not in response.headers:
            app._log(
                "warning",
                f"A page of {origin!r} may not send {method} {path!r}: the answer to its preflight"
                " (OPTIONS) allows no other origin, so the browser refuses the request and shows"
                " the reason only in its console. To allow it, write flask.security.Security(app,"
                f" origins=[{origin!r}]), or use an extension such as Flask-CORS.",
            )

    response.call_on_close(log)
