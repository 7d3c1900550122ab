"""JSON responses on the fast path: what is changed at any time is in the next response."""

from __future__ import annotations

import copy
import typing as t
from collections.abc import Callable, Iterator

import pytest

import flask
from flask import Flask, Response, jsonify
from flask.json.provider import DefaultJSONProvider, JSONProvider

OBJECT = {"b": 1, "a": {"é"}}
"""A set has to be converted by `default`."""


class Provider(DefaultJSONProvider):
    @staticmethod
    def default(o: object) -> object:
        return sorted(o) if isinstance(o, set) else DefaultJSONProvider.default(o)


class Upper(Provider):
    ensure_ascii = False


@pytest.fixture(params=[Provider, Upper])
def app(request: pytest.FixtureRequest) -> Flask:
    class Own(Flask):
        # A subclass for each test, which the test may change.
        json_provider_class = type("Kind", (request.param,), {})

    app = Own("app")
    app.add_url_rule("/json", view_func=lambda: jsonify(OBJECT), endpoint="json")
    app.add_url_rule("/names", view_func=lambda: jsonify(**OBJECT), endpoint="names")
    app.add_url_rule("/dict", view_func=lambda: OBJECT, endpoint="dict")
    app.add_url_rule("/list", view_func=lambda: [OBJECT], endpoint="list")
    app.add_url_rule("/many", view_func=lambda: jsonify(OBJECT, 1), endpoint="many")
    return app


PATHS = ("/json", "/names", "/dict", "/list", "/many")


def answers(app: Flask) -> list[tuple[str, list[tuple[str, str]], bytes]]:
    client = app.test_client()
    found = [client.get(path) for path in PATHS]
    return [(r.status, list(r.headers), r.data) for r in found]


def by_the_provider(app: Flask) -> list[tuple[str, list[tuple[str, str]], bytes]]:
    """What the method of the provider responds with, which reads every setting."""
    respond = app.json.response
    with app.app_context():
        found = [
            *(respond(OBJECT), respond(**OBJECT), respond(OBJECT)),
            *(respond([OBJECT]), respond(OBJECT, 1)),
        ]
    return [(r.status, list(r.headers), r.data) for r in found]


def replace_default(subject: t.Any) -> None:
    subject.default = staticmethod(lambda o: "own") if isinstance(subject, type) else lambda o: "o"


def patch_dumps(subject: t.Any) -> None:
    subject.dumps = lambda *args, **kwargs: "own"


def patch_response(subject: t.Any) -> None:
    subject.response = lambda *args, **kwargs: Response(f"{len(args)} {sorted(kwargs)}")


def patch_preparation(subject: t.Any) -> None:
    method = (lambda self, args, kwargs: "own") if isinstance(subject, type) else lambda a, k: "own"
    subject._prepare_response_obj = method


CHANGES: list[Callable[[t.Any], None]] = [
    lambda subject: setattr(subject, "sort_keys", False),
    lambda subject: setattr(subject, "ensure_ascii", not subject.ensure_ascii),
    lambda subject: setattr(subject, "compact", False),
    lambda subject: setattr(subject, "compact", True),
    lambda subject: setattr(subject, "mimetype", "application/own+json"),
    replace_default,
    patch_dumps,
    patch_response,
    patch_preparation,
]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("of_class", [False, True])
def test_what_is_changed_after_a_response_is_in_the_next_one(
    app: Flask, change: t.Any, of_class: bool
) -> None:
    first = answers(app)
    assert answers(app) == first == by_the_provider(app)
    change(type(app.json) if of_class else app.json)
    assert answers(app) == by_the_provider(app)
    assert answers(app) == by_the_provider(app)


@pytest.mark.parametrize("change", CHANGES[:6])
def test_what_is_undone_is_as_before(
    app: Flask, change: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = answers(app)
    names = set(vars(app.json))
    change(app.json)
    answers(app)
    for name in set(vars(app.json)) - names:
        delattr(app.json, name)
    assert answers(app) == answers(app) == first
    monkeypatch.setattr(DefaultJSONProvider, "sort_keys", False)
    assert answers(app) == by_the_provider(app) != first
    monkeypatch.undo()
    assert answers(app) == answers(app) == first


def test_a_setting_may_be_a_property(app: Flask) -> None:
    values: Iterator[bool] = iter([True, False] * 100)
    type(app.json).sort_keys = property(lambda self: next(values))  # type: ignore[assignment, attr-defined]
    client = app.test_client()
    assert len({client.get("/dict").data for _ in range(4)}) == 2


def test_debug_mode_and_classes_of_the_application_may_change(app: Flask) -> None:
    class Own(Response):
        default_mimetype = "text/own"

        def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
            super().__init__(*args, **kwargs)
            self.headers["X-Own"] = "1"

    first = answers(app)
    app.debug = True
    assert answers(app) == by_the_provider(app) != first
    indented = answers(app)
    app.debug = False
    assert answers(app) == first
    app.config["DEBUG"] = True
    assert answers(app) == indented
    app.config["DEBUG"] = False
    assert answers(app) == first
    type(app).debug = property(lambda self: True)  # type: ignore[method-assign, assignment]
    assert answers(app) == indented
    del type(app).debug
    assert answers(app) == first
    app.response_class = Own
    assert answers(app) == by_the_provider(app) != first


def test_a_provider_may_be_replaced_copied_and_shared(app: Flask) -> None:
    first = answers(app)
    other = Flask("other")
    other.response_class = type("Own", (Response,), {"status_code": 201})
    other.json = copy.copy(app.json)
    other.add_url_rule("/dict", view_func=lambda: OBJECT, endpoint="dict")
    assert other.test_client().get("/dict").data == first[2][2]
    other.json._app = other  # type: ignore[attr-defined]
    assert other.test_client().get("/dict").status_code == 201
    assert answers(app) == first

    class Foreign(JSONProvider):
        def dumps(self, obj: object, **kwargs: object) -> str:
            return "foreign"

    app.json = Foreign(app)
    assert {data for _, _, data in answers(app)} == {b"foreign"}
    app.json = DefaultJSONProvider(app)
    app.json.default = lambda o: "x"  # type: ignore[method-assign]
    assert answers(app) == by_the_provider(app)


def test_errors_are_those_of_the_provider(app: Flask) -> None:
    circular: list[t.Any] = []
    circular.append(circular)
    with app.app_context():
        answers(app)
        with pytest.raises(ValueError, match="Circular reference"):
            jsonify(circular)
        with pytest.raises(TypeError, match="not JSON serializable"):
            jsonify(object())
        with pytest.raises(TypeError, match="either args or kwargs"):
            jsonify(1, a=1)
        assert jsonify().data == b"null\n"
    with pytest.raises(RuntimeError, match="application context"):
        flask.jsonify(1)
