"""``flask.json``: functions that follow the current application."""

from __future__ import annotations

import io
import typing as t
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from markupsafe import Markup

import flask
from flask import Flask, json, jsonify, request
from flask.json.provider import DefaultJSONProvider


def test_outside_an_application_keys_are_not_sorted_but_types_are_known() -> None:
    value = {"b": Decimal("1.5"), "a": date(2024, 1, 2)}
    assert json.dumps(value) == '{"b": "1.5", "a": "Tue, 02 Jan 2024 00:00:00 GMT"}'
    file = io.StringIO()
    json.dump(value, file)
    assert file.getvalue() == json.dumps(value)
    assert json.loads('{"a": 1}') == {"a": 1}
    assert json.loads(b"[1]") == [1]
    assert json.load(io.StringIO("[1]")) == [1]
    assert json.load(io.BytesIO(b"[1]")) == [1]
    assert json.dumps({"a": 1}, indent=1) == '{\n "a": 1\n}'


def test_inside_an_application_the_provider_decides(app: Flask) -> None:
    class Shouting(DefaultJSONProvider):
        def dumps(self, obj: t.Any, **kwargs: t.Any) -> str:
            return super().dumps(obj, **kwargs).upper()

        def loads(self, s: str | bytes, **kwargs: t.Any) -> t.Any:
            return ["loaded", super().loads(s, **kwargs)]

    app.json = Shouting(app)
    with app.app_context():
        assert json.dumps({"b": 1, "a": "x"}) == '{"A": "X", "B": 1}'
        assert json.loads("1") == ["loaded", 1]
        file = io.StringIO()
        json.dump("x", file)
        assert file.getvalue() == '"X"'
        assert json.load(io.StringIO("1")) == ["loaded", 1]
        assert jsonify("x").get_data(True) == '"X"\n'
    app.add_url_rule("/", "view", lambda: {"body": request.json}, methods=["POST"])
    assert app.test_client().post("/", data="1", content_type="application/json").text == (
        '{"BODY":["LOADED",1]}\n'
    )


JSONIFIED: list[tuple[tuple[t.Any, ...], dict[str, t.Any], str]] = [
    ((), {}, "null\n"),
    ((None,), {}, "null\n"),
    ((1,), {}, "1\n"),
    ((1, "a"), {}, '[1,"a"]\n'),
    (([1],), {}, "[1]\n"),
    (({"b": 1, "a": 2},), {}, '{"a":2,"b":1}\n'),
    ((), {"b": 1, "a": 2}, '{"a":2,"b":1}\n'),
    (("é",), {}, '"\\u00e9"\n'),
    ((float("nan"),), {}, "NaN\n"),
    ((datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC),), {}, '"Tue, 02 Jan 2024 03:04:05 GMT"\n'),
    ((datetime(2024, 1, 2, 3, 4, 5),), {}, '"Tue, 02 Jan 2024 03:04:05 GMT"\n'),
    ((date(2024, 1, 2),), {}, '"Tue, 02 Jan 2024 00:00:00 GMT"\n'),
    ((Decimal("1.10"),), {}, '"1.10"\n'),
    ((UUID(int=1),), {}, '"00000000-0000-0000-0000-000000000001"\n'),
    ((Markup("<b>"),), {}, '"<b>"\n'),
]


@pytest.mark.parametrize(("args", "kwargs", "text"), JSONIFIED, ids=repr)
def test_jsonify(app: Flask, args: t.Any, kwargs: t.Any, text: str) -> None:
    with app.app_context():
        response = jsonify(*args, **kwargs)
    assert (response.get_data(True), response.mimetype) == (text, "application/json")
    assert response.headers["Content-Type"] == "application/json"


def test_jsonify_takes_positional_or_keyword_arguments_not_both(app: Flask) -> None:
    with app.app_context(), pytest.raises(TypeError, match="either args or kwargs, not both"):
        jsonify(1, a=2)


@pytest.mark.parametrize("thing", [{1}, object(), 1j, b"x"], ids=repr)
def test_what_json_does_not_know_is_a_type_error(app: Flask, thing: t.Any) -> None:
    with app.app_context(), pytest.raises(TypeError, match="is not JSON serializable"):
        jsonify(thing)


def test_the_module_is_an_attribute_of_flask() -> None:
    assert flask.json is json
    assert flask.jsonify is json.jsonify
