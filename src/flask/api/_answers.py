"""Answers: what a typed view returns becomes a response, as its return annotation says."""

from __future__ import annotations

import types
import typing as t
from collections.abc import Callable

import msgspec
from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException, InternalServerError
from werkzeug.wrappers import Response as BaseResponse

from .._core.current import get_app_context
from .._http.headers import STATUS_LINES, content_type_of
from .._http.response import WITHOUT_BODY
from .._http.response_factories import make_bytes_response, make_text_response
from ..wrappers import Response
from ._operation import Answer, Operation
from ._streams import compile_events, compile_lines
from ._writing import App, Writer, WrongAnswer, encode, name_type, validates_answers

Send: t.TypeAlias = Callable[[object, App], Response]
"""Takes a value without status and headers, and the application."""

_SENT_UNCHANGED = (BaseResponse, HTTPException)
_HEADERS = (Headers, dict, tuple, list)


def compile_answers(operation: Operation) -> Callable[[object], object]:
    """Return the function that makes a response of what a view returns.

    :param operation: the typed view; its annotations are resolved.
    :returns: the function. It needs a current application.
    """
    what = _name_view(operation.view)
    answers = operation.answers
    if len(answers) != 1:
        return _complete(_compile_choice(answers, what), None)
    answer = answers[0]
    if answer.kind == "untyped":
        return _compile_untyped(answer.status)
    send = _compile_send(answer, what)
    complete = _complete(send, answer.hint if answer.kind == "json" else None)
    if answer.kind == "json" and answer.status in STATUS_LINES.keys() - WITHOUT_BODY:
        return _compile_fast_json(answer, what, complete)
    if answer.kind == "text" and answer.status == 200:
        return _compile_fast_text(answer, complete)
    return complete


def _compile_fast_json(
    answer: Answer, what: str, complete: Callable[[object], object]
) -> Callable[[object], object]:
    """Return a function that takes a fast path for objects of exactly the declared class."""
    writer = Writer(answer.hint, what)
    if writer.allows_any:  # a response, too
        return complete
    kind, is_exact = writer.kind, writer.is_exact
    status = answer.status
    header = content_type_of(answer.media_type or "application/json")

    def respond(value: object) -> object:
        exact_class = type(value)
        if exact_class is kind or (kind is None and exact_class is not tuple and is_exact(value)):
            app = get_app_context().app
            response_class = app._fast_paths.response_class
            if response_class is not None and not validates_answers(app):
                return make_bytes_response(response_class, encode(value), status, header)
        return complete(value)

    return respond


def _compile_fast_text(
    answer: Answer, complete: Callable[[object], object]
) -> Callable[[object], object]:
    """Return a function that takes a fast path for texts."""
    header = content_type_of(answer.media_type) if answer.media_type else None

    def respond(value: object) -> object:
        if type(value) is str:
            fast = get_app_context().app._fast_paths
            if fast.response_class is not None:
                return make_text_response(fast.response_class, value, header or fast.text_type)
        return complete(value)

    return respond


# What the view returned: a value, a tuple, or a response ----------------------------------------


def _complete(send: Send, tuple_hint: object) -> Callable[[object], object]:
    """Return a function that also takes tuples and responses, as Flask does.

    :param tuple_hint: the type, if tuples may be values of it.
    """
    is_data = _compile_tuple_test(tuple_hint)

    def respond(value: object) -> object:
        if isinstance(value, _SENT_UNCHANGED):
            return value
        app = get_app_context().app
        status: object = None
        headers: t.Any = None
        if type(value) is tuple and not is_data(value):
            if not 2 <= len(value) <= 3 or isinstance(value[0], _SENT_UNCHANGED):
                return value  # Flask makes the response, or explains the error
            if len(value) == 3:
                value, status, headers = value
            elif isinstance(value[1], _HEADERS):
                value, headers = value
            else:
                value, status = value
        response = _send_checked(send, value, app, status)
        if status is not None:
            set_status(response, status)
        if headers:
            response.headers.update(headers)
        return response

    return respond


def _send_checked(send: Send, value: object, app: App, status: object) -> Response:
    if value is None and status in WITHOUT_BODY:
        return _make_empty(app, t.cast("int", status))
    try:
        return send(value, app)
    except WrongAnswer as error:
        if not validates_answers(app):
            raise
        app.logger.error(str(error))
        raise InternalServerError(original_exception=error) from error


def set_status(response: Response, status: t.Any) -> None:
    """Set the status of a response, and remove its body if the status has none.

    :param response: the response of an answer.
    :param status: a number, or a line such as ``"404 Gone Fishing"``.
    """
    if isinstance(status, (str, bytes)):
        response.status = status if isinstance(status, str) else status.decode("latin-1")
    else:
        response.status_code = status
    if response.status_code in WITHOUT_BODY:
        _remove_body(response)


def _remove_body(response: Response) -> None:
    response.set_data(b"")
    for name in ("Content-Type", "Content-Length"):
        response.headers.pop(name, None)


def _make_empty(app: App, status: int) -> Response:
    response = app.response_class(b"", status=status)
    response.headers.pop("Content-Type", None)
    if status in WITHOUT_BODY:
        response.headers.pop("Content-Length", None)
    return response


def _compile_tuple_test(hint: object) -> Callable[[tuple[object, ...]], bool]:
    """Return whether a tuple is a value of the type, rather than one with status or headers."""
    if not _is_tuple_type(hint):
        return lambda _: False

    def is_data(value: tuple[object, ...]) -> bool:
        try:
            msgspec.convert(value, t.cast("type", hint), from_attributes=True)
        except msgspec.ValidationError:
            return not (len(value) in {2, 3} and isinstance(value[0], (tuple, list)))
        return True

    return is_data


def _is_tuple_type(hint: object) -> bool:
    origin = t.get_origin(hint)
    if origin is t.Annotated:
        return _is_tuple_type(t.get_args(hint)[0])
    if origin in {t.Union, types.UnionType}:
        return any(map(_is_tuple_type, t.get_args(hint)))
    return hint is tuple or origin is tuple


# How a value of each kind is sent ----------------------------------------------------------------


def _compile_send(answer: Answer, what: str) -> Send:
    match answer.kind:
        case "json":
            return _compile_json(answer, what)
        case "text":
            return _compile_text(answer, what)
        case "bytes":
            return _compile_bytes(answer, what)
        case "lines":
            return compile_lines(answer, what)
        case "events":
            return compile_events(answer, what)
        case "empty":
            return _compile_empty(answer, what)
        case "untyped":
            return lambda value, app: app.make_response(value)


def _compile_json(answer: Answer, what: str) -> Send:
    write = Writer(answer.hint, what).write
    media_type = answer.media_type or "application/json"

    def send(value: object, app: App) -> Response:
        if value is None and answer.status in WITHOUT_BODY:
            return _make_empty(app, answer.status)
        data = write(value, validates_answers(app))
        if answer.status in WITHOUT_BODY:
            return _make_empty(app, answer.status)
        response = app.response_class(data, status=answer.status, mimetype=media_type)
        return response

    return send


def _compile_text(answer: Answer, what: str) -> Send:
    def send(value: object, app: App) -> Response:
        if not isinstance(value, (str, bytes, bytearray)):
            raise _refuse(what, answer, "string", value)
        data = value if isinstance(value, str) else bytes(value)
        media_type = answer.media_type or None
        return app.response_class(data, status=answer.status, mimetype=media_type)

    return send


def _compile_bytes(answer: Answer, what: str) -> Send:
    media_type = answer.media_type or "application/octet-stream"

    def send(value: object, app: App) -> Response:
        if not isinstance(value, (bytes, bytearray, memoryview)):
            raise _refuse(what, answer, "bytes", value)
        data = bytes(value)
        response = app.response_class(data, status=answer.status, mimetype=media_type)
        return response

    return send


def _compile_empty(answer: Answer, what: str) -> Send:
    def send(value: object, app: App) -> Response:
        if value is not None and validates_answers(app):
            raise _refuse(what, answer, "null", value)
        return _make_empty(app, answer.status)

    return send


def _compile_untyped(status: int) -> Callable[[object], object]:
    """Return a function for Flask's rules; a status of the decorator is that of values."""
    if status == 200:
        return lambda value: value

    def respond(value: object) -> object:
        if isinstance(value, (tuple, *_SENT_UNCHANGED)):
            return value
        if value is None and status in WITHOUT_BODY:
            return _make_empty(get_app_context().app, status)
        return value, status

    return respond


def _refuse(what: str, answer: Answer, expected: str, value: object) -> WrongAnswer:
    entry = {"pointer": "#", "code": "type", "expected": expected, "class": type(value).__name__}
    return WrongAnswer(what, answer.hint, [entry])


# Several answers: the class of the value decides -------------------------------------------------


def _compile_choice(answers: tuple[Answer, ...], what: str) -> Send:
    sends = [(answer, _compile_send(answer, what)) for answer in answers]
    by_class = {_class_of(answer): send for answer, send in sends}
    writers = [(Writer(answer.hint, what), send) for answer, send in sends if answer.kind == "json"]

    def send(value: object, app: App) -> Response:
        for kind in type(value).__mro__[:-1]:
            known = by_class.get(kind)
            if known is not None:
                return known(value, app)
        for writer, send in writers:
            if _fits(writer, value):
                return send(value, app)
        expected = [name_type(answer.hint) for answer in answers]
        entry = {"pointer": "#", "code": "type", "expected": " or ".join(expected)}
        raise WrongAnswer(what, t.Union[tuple(a.hint for a in answers)], [entry])  # noqa: UP007

    return send


def _class_of(answer: Answer) -> type | None:
    """Return the class of an answer's values; ``None`` if a value's class does not decide."""
    match answer.kind:
        case "empty":
            return type(None)
        case "text":
            return str
        case "bytes":
            return bytes
    hint = answer.hint
    while t.get_origin(hint) is t.Annotated:
        hint = t.get_args(hint)[0]
    hint = t.get_origin(hint) or hint
    return hint if isinstance(hint, type) else None


def _fits(writer: Writer, value: object) -> bool:
    try:
        writer.write(value, validates=True)
    except TypeError:
        return False
    return True


def _name_view(view: Callable[..., object]) -> str:
    code = getattr(view, "__code__", None)
    where = "" if code is None else f" ({code.co_filename}, line {code.co_firstlineno})"
    return f"The view {view.__module__}.{getattr(view, '__qualname__', view)}{where}"
