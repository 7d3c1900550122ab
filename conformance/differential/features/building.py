"""URLs built in every form, inside and outside a request; and blueprints."""

from __future__ import annotations

from contextvars import Context
from typing import Any
from uuid import UUID

from werkzeug.routing import BuildError

from flask import Blueprint, Flask, current_app, g, jsonify, request, url_for

from .record import attempt, note

VALUES: dict[str, object] = {
    "none": None,
    "list": ["a", "b"],
    "empty": "",
    "uuid": UUID(int=9),
    "true": True,
    "zero": 0,
    "minus": -3,
    "float": 2.5,
    "unicode": "gr\u00fc\u00df \u2603/?#&=+ %",
    "dots": "../up",
}
"""Values that a query cannot write; ``v.x=@uuid`` picks one."""


def asked() -> tuple[str, dict[str, Any]]:
    """The endpoint and the arguments for url_for that the query tells.

    ``endpoint=string&s=x&_anchor=top&_external=true``; ``=@name`` picks from
    the table, numbers become numbers.
    """
    values: dict[str, Any] = {}
    for name, texts in request.args.lists():
        items = [read(text) for text in texts]
        values[name] = items[0] if len(items) == 1 else items
    return str(values.pop("endpoint", "home")), values


def read(text: str) -> Any:
    """A value as the query writes it."""
    if text.startswith("@"):
        return VALUES.get(text[1:], text)
    if text.isdecimal() and text.isascii() and len(text) < 20:
        return int(text)
    return {"true": True, "false": False}.get(text, text)


def build() -> Any:
    """``url_for`` inside the request."""
    endpoint, values = asked()
    return jsonify(attempt(lambda: url_for(endpoint, **values)))


def build_by_app() -> Any:
    """``app.url_for`` inside the request."""
    endpoint, values = asked()
    return jsonify(attempt(lambda: current_app.url_for(endpoint, **values)))


def build_outside() -> Any:
    """``url_for`` with an app context alone, as in a script."""
    endpoint, values = asked()
    app = current_app._get_current_object()  # type: ignore[attr-defined]

    def outside() -> Any:
        with app.app_context():
            return attempt(lambda: url_for(endpoint, **values))

    return jsonify(Context().run(outside))


def build_raised() -> Any:
    """The exception leaves the view."""
    endpoint, values = asked()
    return url_for(endpoint, **values)


def build_error() -> Any:
    """What a BuildError carries."""
    endpoint, values = asked()
    try:
        return url_for(endpoint, **values)
    except BuildError as failure:
        return jsonify(
            text=str(failure),
            endpoint=failure.endpoint,
            values=sorted(map(str, failure.values)),
            method=failure.method,
            suggested=str(failure.suggested and failure.suggested.endpoint),
        )


def on_build_error(failure: Exception, endpoint: str, values: dict[str, Any]) -> str:
    """A handler that knows endpoints of an elder app."""
    note(f"build error for {endpoint} with {sorted(values)}")
    if endpoint.startswith("elder."):
        return f"/elder/{endpoint}"
    if isinstance(failure, BuildError):
        raise failure
    raise LookupError("never")


def told(**values: object) -> Any:
    """Tell the language, which the preprocessor took, and what is left."""
    return jsonify(
        language=g.get("language"),
        values={name: str(value) for name, value in values.items()},
        here=attempt(lambda: url_for(".told")),
        other=attempt(lambda: url_for(".told", lang="fr")),
        outer=attempt(lambda: url_for("string", s="x")),
        dotted=attempt(lambda: url_for(".nested.told")),
    )


def install(app: Flask) -> None:
    """Routes below ``/build``; a blueprint with a language in its prefix."""
    app.add_url_rule("/build", view_func=build)
    app.add_url_rule("/build-by-app", view_func=build_by_app)
    app.add_url_rule("/build-outside", view_func=build_outside)
    app.add_url_rule("/build-raised", view_func=build_raised)
    app.add_url_rule("/build-error", view_func=build_error)
    app.url_build_error_handlers.append(on_build_error)

    languages = Blueprint("languages", __name__, url_prefix="/<lang>/talk")
    nested = Blueprint("nested", __name__, url_prefix="n", url_defaults={"kind": "nested"})

    @languages.url_value_preprocessor
    def take_language(endpoint: str | None, values: dict[str, Any] | None) -> None:
        g.language = (values or {}).pop("lang", None)

    @languages.url_defaults
    def give_language(endpoint: str, values: dict[str, Any]) -> None:
        note(f"languages defaults for {endpoint}")
        values.setdefault("lang", g.get("language", "de"))

    @app.url_defaults
    def add_version(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static":
            values.setdefault("version", 7)

    languages.add_url_rule("/", "told", told)
    languages.add_url_rule("/<int:n>", "told", told)
    nested.add_url_rule("/", "told", told)
    nested.add_url_rule("/<kind>/more", "more", told)
    languages.register_blueprint(nested)
    app.register_blueprint(languages)
    app.register_blueprint(
        nested, name="renamed", url_prefix="/renamed", url_defaults={"kind": "given"}
    )
