"""Rules of every kind: converters, slashes, defaults, redirects, methods."""

from __future__ import annotations

from typing import Any

from werkzeug.routing import BaseConverter, ValidationError

from flask import Flask, jsonify, request

from .record import note, where


class ListConverter(BaseConverter):
    """``a+b`` as a list; an empty item does not match."""

    def to_python(self, value: str) -> list[str]:
        """Split at plus signs."""
        items = value.split("+")
        if "" in items:
            raise ValidationError
        return items

    def to_url(self, value: Any) -> str:
        """Join with plus signs."""
        return "+".join(super(ListConverter, self).to_url(item) for item in value)


class EvenConverter(BaseConverter):
    """An even number of at most four digits, by a pattern of its own."""

    regex = r"\d{1,4}"
    weight = 50

    def to_python(self, value: str) -> int:
        """The number; an odd one does not match."""
        if int(value) % 2:
            raise ValidationError
        return int(value)


class TwoPartConverter(BaseConverter):
    """Two segments at once: it matches across a slash."""

    regex = r"[^/]+/[^/]+"
    part_isolating = False


RULES: list[tuple[str, str, dict[str, Any]]] = [
    ("home", "/", {}),
    ("slash", "/slash/", {}),
    ("exact", "/exact", {}),
    ("string", "/string/<s>", {}),
    ("length", "/length/<string(length=2):s>", {}),
    ("lengths", "/lengths/<string(minlength=2, maxlength=4):s>", {}),
    ("integer", "/int/<int:n>", {}),
    ("signed", "/signed/<int(signed=True):n>", {}),
    ("fixed", "/fixed/<int(fixed_digits=3):n>", {}),
    ("ranged", "/ranged/<int(min=5, max=50):n>", {}),
    ("floating", "/float/<float:x>", {}),
    ("signed_float", "/signed-float/<float(signed=True, min=0.5, max=9.5):x>", {}),
    ("choice", "/any/<any(red, green, 'deep blue'):colour>", {}),
    ("uuid", "/uuid/<uuid:u>", {}),
    ("rest", "/path/<path:rest>", {}),
    ("rest_edit", "/path/<path:rest>/edit", {}),
    ("listed", "/list/<list:items>", {}),
    ("even", "/even/<even:n>", {}),
    ("two_parts", "/two/<two:parts>/end", {}),
    ("pair", "/pair/<a>-<int:b>", {}),
    ("extension", "/file/<name>.<ext>", {}),
    ("page_first", "/page/", {"defaults": {"page": 1}}),
    ("page", "/page/<int:page>", {}),
    ("item", "/item/<int:n>", {}),
    ("item", "/old-item/<int:n>", {"alias": True}),
    ("moved", "/moved/<n>", {"redirect_to": "/item/<n>"}),
    ("moved_by", "/moved-by/<n>", {"redirect_to": lambda adapter, n: f"/string/{n}"}),
    ("loose", "/loose/", {"strict_slashes": False}),
    ("loose_leaf", "/loose-leaf", {"strict_slashes": False}),
    ("unmerged", "/un//merged", {"merge_slashes": False}),
    ("built_only", "/built/<n>", {"build_only": True}),
    ("socket", "/socket", {"websocket": True}),
    ("pick_word", "/pick/word", {}),
    ("pick_number", "/pick/<int:n>", {}),
    ("pick_text", "/pick/<s>", {}),
    ("pick_uuid", "/pick/<uuid:u>", {}),
    ("pick_path", "/pick/<path:p>", {}),
    ("post_slash", "/post-slash/", {"methods": ["POST"]}),
    ("get_post_slash", "/get-post-slash/", {"methods": ["GET", "POST"]}),
    ("shared_get", "/shared", {"methods": ["GET"]}),
    ("shared_post", "/shared", {"methods": ["post"]}),
    ("shared_put", "/shared", {"methods": ["PUT", "DELETE"]}),
    ("no_head", "/only-post", {"methods": ["POST"]}),
    ("every", "/every", {"methods": ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE"]}),
    ("manual_options", "/manual", {"provide_automatic_options": False}),
    ("own_options", "/own-options", {"methods": ["GET", "OPTIONS"]}),
    ("accented", "/caf\u00e9/<name>", {}),
    ("punctuation", "/a+b;c=d/(e)", {}),
    ("spaced", "/with space/<s>", {}),
    ("deep", "/deep/<a>/<b>/<c>/<d>", {}),
]
"""Endpoint, rule, options. All lead to one view, which tells what matched."""


def with_methods() -> dict[str, Any]:
    """A view whose methods are attributes of the function."""
    return where()


def refused() -> str:
    """A view that tries to set the app up while it serves."""
    from flask import current_app

    try:
        current_app.add_url_rule("/late", "late", where)
    except AssertionError as failure:
        return f"AssertionError, {len(str(failure)) > 0}"
    return "accepted"


def answer_options() -> Any:
    """The headers that the app would answer OPTIONS with, as data."""
    from flask import current_app

    response = current_app.make_default_options_response()
    return jsonify(sorted(response.allow), response.status)


def install(app: Flask) -> None:
    """Add every rule, the three converters and the odd ways to add one."""
    app.url_map.converters.update(list=ListConverter, even=EvenConverter, two=TwoPartConverter)
    for endpoint, rule, options in RULES:
        app.add_url_rule(rule, endpoint, where, **options)

    with_methods.methods = ["PUT"]  # type: ignore[attr-defined]
    with_methods.required_methods = ["PATCH"]  # type: ignore[attr-defined]
    app.add_url_rule("/by-function", view_func=with_methods)
    app.add_url_rule("/refused", view_func=refused)
    app.add_url_rule("/options-inside", view_func=answer_options)
    app.add_url_rule("/no-function", "no_function")
    app.add_url_rule("/named-later", "named_later")
    app.endpoint("named_later")(where)

    for method in ("get", "post", "put", "delete", "patch"):
        shortcut = getattr(app, method)
        shortcut(f"/short-{method}", endpoint=f"short_{method}")(where)
    stacked = app.route("/stacked/<n>", endpoint="stacked")(where)
    app.route("/stacked", endpoint="stacked", defaults={"n": "none"})(stacked)

    @app.route("/routing-state")
    def routing_state() -> Any:
        note("view routing_state")
        return jsonify(
            exception=str(request.routing_exception),
            rules=sorted(rule.rule for rule in app.url_map.iter_rules("item")),
        )
