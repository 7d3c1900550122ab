"""How an application reads and writes JSON."""

from __future__ import annotations

import dataclasses
import io
import json as standard
import typing as t

import pytest

from flask import Flask, jsonify, render_template_string, request, session
from flask.json.provider import DefaultJSONProvider, JSONProvider


@dataclasses.dataclass
class Point:
    x: int
    y: t.Any = None


class Html:
    def __html__(self) -> str:
        return "<i>"


@pytest.fixture
def provider(app: Flask) -> DefaultJSONProvider:
    assert isinstance(app.json, DefaultJSONProvider)
    return app.json


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (
            {"b": [1, None, True], "a": {"d": 1, "c": 2}},
            '{"a": {"c": 2, "d": 1}, "b": [1, null, true]}',
        ),
        ((1, 2), "[1, 2]"),
        ("é\n\"'<", '"\\u00e9\\n\\"\'<"'),
        (Point(1, Point(2)), '{"x": 1, "y": {"x": 2, "y": null}}'),
        (Html(), '"<i>"'),
        ({1: "a", 2: "b"}, '{"1": "a", "2": "b"}'),
        ({None: 1}, '{"null": 1}'),
        ([float("inf"), -0.0, 1e100], "[Infinity, -0.0, 1e+100]"),
        ("\ud800", '"\\ud800"'),
        ([], "[]"),
        ({}, "{}"),
        ("", '""'),
    ],
    ids=repr,
)
def test_dumps(provider: DefaultJSONProvider, value: t.Any, text: str) -> None:
    assert provider.dumps(value) == text
    file = io.StringIO()
    provider.dump(value, file)
    assert file.getvalue() == text


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"indent": 2},
        {"separators": (",", ":")},
        {"sort_keys": False},
        {"ensure_ascii": False},
        {"default": str},
        {"separators": (",", ":"), "sort_keys": False},
        {"skipkeys": True},
        {"allow_nan": True},
        {"cls": standard.JSONEncoder},
    ],
    ids=str,
)
@pytest.mark.parametrize(
    "value", [{"b": "é", "a": [1, {"z": 1, "y": []}]}, [], "x", 7, None], ids=repr
)
def test_options_mean_what_they_mean_in_the_standard_library(
    provider: DefaultJSONProvider, options: dict[str, t.Any], value: t.Any
) -> None:
    assert provider.dumps(value, **options) == standard.dumps(
        value, **{"sort_keys": True, **options}
    )


def test_attributes_change_what_is_written(provider: DefaultJSONProvider, app: Flask) -> None:
    provider.sort_keys = False
    provider.ensure_ascii = False
    provider.default = lambda o: f"own {type(o).__name__}"  # type: ignore[method-assign, assignment]
    provider.mimetype = "application/x-own"
    assert provider.dumps({"b": "é", "a": {1}}) == '{"b": "é", "a": "own set"}'
    with app.app_context():
        response = jsonify({"b": 1, "a": {1}})
    assert (response.get_data(True), response.mimetype) == (
        '{"b":1,"a":"own set"}\n',
        "application/x-own",
    )


def test_a_subclass_adds_types_in_default(app: Flask) -> None:
    class Own(DefaultJSONProvider):
        @staticmethod
        def default(o: t.Any) -> t.Any:
            return sorted(o) if isinstance(o, set) else DefaultJSONProvider.default(o)

    class OwnAsMethod(DefaultJSONProvider):
        def default(self, o: t.Any) -> t.Any:  # type: ignore[override]
            return sorted(o) if isinstance(o, set) else super().default(o)

    for kind in (Own, OwnAsMethod):
        app.json = kind(app)
        assert app.json.dumps({"s": {2, 1}, "p": Point(1)}) == (
            '{"p": {"x": 1, "y": null}, "s": [1, 2]}'
        )
        with pytest.raises(TypeError):
            app.json.dumps(object())


@pytest.mark.parametrize(
    ("compact", "debug", "text"),
    [
        (None, False, '{"a":[1]}\n'),
        (None, True, '{\n  "a": [\n    1\n  ]\n}\n'),
        (True, True, '{"a":[1]}\n'),
        (False, False, '{\n  "a": [\n    1\n  ]\n}\n'),
    ],
)
def test_a_response_is_compact_or_indented(
    app: Flask, provider: DefaultJSONProvider, compact: bool | None, debug: bool, text: str
) -> None:
    provider.compact = compact
    app.config["DEBUG"] = debug
    assert provider.response(a=[1]).get_data(True) == text


def test_keys_of_several_types_cannot_be_sorted(provider: DefaultJSONProvider) -> None:
    with pytest.raises(TypeError):
        provider.dumps({1: 1, "a": 2})
    assert provider.dumps({1: 1, "a": 2}, sort_keys=False) == '{"1": 1, "a": 2}'


def test_what_contains_itself_is_a_value_error(provider: DefaultJSONProvider) -> None:
    cycle: list[t.Any] = []
    cycle.append(cycle)
    with pytest.raises(ValueError, match="Circular"):
        provider.dumps(cycle)
    with pytest.raises(ValueError, match="Circular"):
        provider.response(cycle)


@pytest.mark.slow
def test_an_object_deeper_than_the_stack_is_an_error_and_nothing_worse(
    provider: DefaultJSONProvider,
) -> None:
    deep: list[t.Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises((RecursionError, ValueError)):
        provider.dumps(deep)


@pytest.mark.parametrize("text", ["{", "", "nonsense", "[1,]", b"\xff", "{'a': 1}"], ids=repr)
def test_what_is_no_json_is_a_value_error(provider: DefaultJSONProvider, text: str | bytes) -> None:
    with pytest.raises(ValueError):
        provider.loads(text)


def test_loads(provider: DefaultJSONProvider) -> None:
    assert provider.loads('{"a": [1, 1.5, null]}') == {"a": [1, 1.5, None]}
    assert provider.loads("[1.5]", parse_float=str) == ["1.5"]
    assert provider.load(io.BytesIO(b'"\xc3\xa9"')) == "é"


class Minimal(JSONProvider):
    def dumps(self, obj: t.Any, **kwargs: t.Any) -> str:
        return f"dumped {obj!r}"

    def loads(self, s: str | bytes, **kwargs: t.Any) -> t.Any:
        return f"loaded {s!r}"


def test_a_provider_needs_only_dumps_and_loads(app: Flask) -> None:
    app.json = provider = Minimal(app)
    file = io.StringIO()
    provider.dump(1, file)
    assert file.getvalue() == "dumped 1"
    assert provider.load(io.StringIO("x")) == "loaded 'x'"
    response = provider.response(1, 2)
    assert (response.get_data(True), response.mimetype) == ("dumped (1, 2)", "application/json")


def test_a_provider_that_writes_nothing_names_what_is_missing(app: Flask) -> None:
    bare = JSONProvider(app)
    with pytest.raises(NotImplementedError):
        bare.dumps(1)
    with pytest.raises(NotImplementedError):
        bare.loads("1")


def test_a_provider_does_not_keep_its_application_alive() -> None:
    import weakref

    app = Flask("short_lived_for_json")
    provider, dead = app.json, weakref.ref(app)
    del app
    assert dead() is None
    assert provider.dumps(1) == "1"


def test_templates_sessions_and_requests_use_the_provider(app: Flask) -> None:
    class Own(DefaultJSONProvider):
        def dumps(self, obj: t.Any, **kwargs: t.Any) -> str:
            used.append("dumps")
            return super().dumps(obj, **kwargs)

        def loads(self, s: str | bytes, **kwargs: t.Any) -> t.Any:
            used.append("loads")
            return super().loads(s, **kwargs)

    used: list[str] = []

    class OwnFlask(Flask):
        json_provider_class = Own

    own = OwnFlask("own")
    own.secret_key = "x"

    @own.route("/", methods=["POST"])
    def view() -> str:
        session["a"] = request.json
        return render_template_string("{{ x|tojson }}", x="<'&>")

    assert own.test_client().post("/", json=[1]).text == '"\\u003c\\u0027\\u0026\\u003e"'
    assert used.count("loads") == 1
    assert used.count("dumps") >= 3


def test_without_the_c_accelerator_the_bytes_are_the_same(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = {"b": ["é", 1.5, None, Point(1)], "a": {}}
    expected = app.json.dumps(value)
    monkeypatch.setattr(standard.encoder, "c_make_encoder", None)
    fresh = DefaultJSONProvider(app)
    fresh.default = lambda o: vars(o)  # type: ignore[method-assign, assignment]
    assert fresh.dumps(value) == expected
    cycle: list[t.Any] = []
    cycle.append(cycle)
    with pytest.raises(ValueError, match="Circular"):
        fresh.dumps(cycle)
