"""The texts of errors for return values that cannot become a response.

This module is imported when such an error is created.
"""

from __future__ import annotations

import typing as t
from types import CoroutineType, FunctionType

from .._core.current import get_request_context
from .._core.user_code import describe, locate

_ACCEPTED = (
    "The return type must be a string, dict, list, tuple with headers or status, Response instance,"
    " or WSGI callable"
)
_ADVICE: t.Final[dict[type, str]] = {
    bool: " Return a text, or jsonify(...) for a JSON value.",
    int: " Return str(...), or jsonify(...) for a JSON number.",
    float: " Return str(...), or jsonify(...) for a JSON number.",
    set: " Return list(...), which is sent as JSON.",
    frozenset: " Return list(...), which is sent as JSON.",
}
_STATUSES = range(100, 600)


def explain_invalid_value(context: t.Any, rv: object) -> str:
    """Return the text for a value that a view may not return.

    :param context: the context of the request.
    :param rv: the value, or the body in a tuple.
    """
    source = describe_source(context)
    if rv is None:
        return (
            f"The view function for {context.request.endpoint!r} did not return a valid response."
            f" The function either returned None or ended without a return statement.{source}"
            " Let every path through it end with a return statement."
        )
    return (
        f"The view function did not return a valid response. {_ACCEPTED}, but it was a"
        f" {type(rv).__name__}.{source}{_advise(rv)}"
    )


def explain_invalid_tuple(context: t.Any, rv: tuple[object, ...]) -> str:
    """Return the text for a tuple of a wrong form.

    :param context: the context of the request, or ``None``.
    :param rv: the tuple.
    """
    count = "one value" if len(rv) == 1 else f"{len(rv)} values"
    advice = " A comma at the end of the line makes a tuple." if len(rv) == 1 else ""
    return (
        "The view function did not return a valid response tuple. The tuple must have the form"
        " (body, status, headers), (body, status), or (body, headers)."
        f"{describe_source(context)} The tuple has {count}.{advice} For a JSON list, return"
        " list(...)."
    )


def explain_invalid_status(status: object) -> str:
    """Return the text for a status that cannot be sent.

    :param status: the status of a response, or what a tuple has in its place.
    """
    text = repr(status)
    advice = ""
    if isinstance(status, str | bytes) and "/" in text:
        advice = " For a header, return a dict: return body, {'Content-Type': 'text/plain'}."
    return (
        "The status of a response is a code of three digits, alone or with a reason in Latin-1"
        " characters, as in 404 or '404 Not Found', but it was"
        f" {text if len(text) <= 60 else f'{text[:57]}...'}."
        f"{describe_source(get_request_context(None))}{advice}"
    )


def describe_source(context: t.Any) -> str:
    """Return a sentence that names the function whose return value is the answer.

    It is empty if there is none.

    :param context: the context of the request, or ``None``.
    """
    if context is None:
        return ""
    answered_by = context._answered_by
    if answered_by is not None:
        return f" The value was returned by {describe(answered_by)}, not by the view."
    endpoint = context.request.endpoint
    view = context.app.view_functions.get(endpoint)
    return "" if view is None else f" The view of the endpoint {endpoint!r} is {describe(view)}."


def _advise(rv: object) -> str:
    """Return a sentence that says what to return instead; empty if that is not known."""
    if isinstance(rv, CoroutineType):
        name = f"{rv.cr_code.co_qualname}() in {locate(rv.cr_code)}"
        rv.close()  # otherwise Python warns that it was never awaited
        return (
            f" It is the coroutine of {name}. Write 'await' in front of the call, in a view that is"
            " 'async def'."
        )
    if isinstance(rv, int) and not isinstance(rv, bool) and rv in _STATUSES:
        return f" If {rv} is a status, write it after the body: return 'text', {rv}."
    if isinstance(rv, FunctionType):
        return f" It is the function {describe(rv)} itself. Call it: {rv.__name__}(...)."
    advice = _ADVICE.get(type(rv))
    if hasattr(type(rv), "as_view"):  # the class itself was registered
        name = type(rv).__name__
        advice = f" Register the class with {name}.as_view({name.lower()!r})."
    if advice is None:
        advice = " Return a dict with the values of the object, which is sent as JSON, or a text."
    return advice
