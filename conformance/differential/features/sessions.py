"""Sessions by program: every operation, every tag, flashes, permanence."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from markupsafe import Markup

from flask import (
    Flask,
    Response,
    after_this_request,
    flash,
    get_flashed_messages,
    jsonify,
    request,
    session,
)

from .record import note, run, shown

VALUES: dict[str, object] = {
    "tuple": (1, "two", (3,)),
    "bytes": b"\x00\xff",
    "markup": Markup("<b>bold</b>"),
    "uuid": UUID(int=5),
    "datetime": datetime(2020, 1, 2, 3, 4, 5, 678, tzinfo=UTC),
    "naive": datetime(2020, 1, 2, 3, 4, 5),
    "collision": {" t": [1]},
    "collision_two": {" d": 1, "b": 2},
    "nested": {"a": [(1, 2), {"b": b"c"}]},
    "unicode": "gr\u00fc\u00df \u2603",
    "long": "a" * 2000,
    "mixed": "".join(chr(33 + index * 7 % 90) for index in range(3000)),
    "huge": "".join(chr(33 + index * index % 90) for index in range(9000)),
    "none": None,
    "true": True,
    "float": 1.5,
    "list": [1, [2, [3]]],
    "int_keys": {1: "a"},
    "set": {1},
    "object": object,
    "empty": "",
}


def put(key: str, name: str) -> str:
    """Set a key to one of the values, or to the name itself."""
    session[key] = VALUES.get(name, name)
    return "set"


def change_nested(key: str) -> str:
    """Change a value in place, which the session cannot notice."""
    session[key].append("in place")
    return "changed"


def merge(key: str = "a") -> Any:
    """The operator that updates a dict."""
    merged: Any = session._get_current_object()  # type: ignore[attr-defined]
    merged |= {key: "or"}
    return dict(merged)


def mark(name: str, value: str = "1") -> str:
    """Set one of the session's own attributes."""
    setattr(session, name, value == "1")
    return f"{name} = {value == '1'}"


STEPS: dict[str, Callable[..., object]] = {
    "get": lambda key="a": session.get(key),
    "item": lambda key="a": session[key],
    "set": put,
    "del": lambda key="a": session.__delitem__(key),
    "pop": lambda key="a": session.pop(key),
    "pop_none": lambda key="a": session.pop(key, None),
    "default": lambda key="a", value="d": session.setdefault(key, value),
    "update": lambda key="a", value="u": session.update({key: value}),
    "update_none": lambda: session.update(),
    "or": merge,
    "clear": lambda: session.clear(),
    "popitem": lambda: session.popitem(),
    "in": lambda key="a": key in session,
    "len": lambda: len(session),
    "bool": lambda: bool(session),
    "equal": lambda: session == {"a": "b"},
    "keys": lambda: sorted(session.keys()),
    "items": lambda: sorted((key, shown(value)) for key, value in session.items()),
    "dict": lambda: dict(session),
    "repr": lambda: repr(session),
    "copy": lambda: type(session.copy()).__name__,  # type: ignore[attr-defined]
    "type": lambda: type(session._get_current_object()).__name__,  # type: ignore[attr-defined]
    "nested": change_nested,
    "permanent": lambda value="1": mark("permanent", value),
    "modified": lambda value="1": mark("modified", value),
    "accessed": lambda value="1": mark("accessed", value),
    "state": lambda: [session.new, session.modified, session.accessed, session.permanent],
    "flash": lambda text="hello", category="message": flash(text, category),
    "flash_markup": lambda: flash(str(Markup("<i>m</i>"))),
    "flashed": lambda: get_flashed_messages(),
    "flashed_with": lambda: get_flashed_messages(with_categories=True),
    "flashed_only": lambda *only: get_flashed_messages(category_filter=only),
    "flashed_both": lambda *only: get_flashed_messages(True, only),
    "cookie": lambda: request.cookies.get("session"),
}
"""One operation on the session each."""


def steps(session_steps: str) -> Any:
    """Run the program in the view."""
    return jsonify(run(session_steps, STEPS))


def steps_after(session_steps: str) -> Any:
    """Run the program after the view, when the response is there."""

    @after_this_request
    def then(response: Response) -> Response:
        note(f"after this request {run(session_steps, STEPS)}")
        note(f"cookies so far {response.headers.getlist('Set-Cookie')}")
        return response

    return "later"


def steps_fail(session_steps: str) -> Any:
    """Run the program, then crash."""
    note(f"before the crash {run(session_steps, STEPS)}")
    raise RuntimeError("after the session was changed")


def steps_own_cookie(session_steps: str) -> Any:
    """Run the program beside cookies and a Vary of the view's own."""
    response = jsonify(run(session_steps, STEPS))
    response.set_cookie("own", "1")
    response.vary.add("Accept")
    return response


def install(app: Flask) -> None:
    """Routes below ``/session``."""
    app.add_url_rule("/session/view/<session_steps>", view_func=steps)
    app.add_url_rule("/session/after/<session_steps>", view_func=steps_after)
    app.add_url_rule("/session/fail/<session_steps>", view_func=steps_fail)
    app.add_url_rule("/session/own/<session_steps>", view_func=steps_own_cookie)
    app.add_url_rule("/session/untouched", view_func=lambda: "untouched", endpoint="untouched")
