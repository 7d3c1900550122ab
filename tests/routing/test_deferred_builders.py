"""URL builders of rules are compiled at their first use, with Werkzeug's results."""

from __future__ import annotations

import time
import typing as t
from concurrent.futures import ThreadPoolExecutor

import pytest
import werkzeug.routing
from werkzeug.routing import BuildError, Rule

from flask._routing import map as map_module
from flask._routing.map import Map, _DeferredBuilder

RULES: list[tuple[str, dict[str, t.Any]]] = [
    ("/", {}),
    ("/fixed/", {}),
    ("/<name>", {}),
    ("/<int:number>/<path:rest>", {}),
    ("/<a>/with/defaults", {"defaults": {"b": 1}}),
    ("/page/<int:number>", {"defaults": {"number": 3}}),
    ("/sub", {"subdomain": "<where>"}),
    ("/old", {"alias": True}),
    ("/socket", {"websocket": True}),
    ("/<float(signed=True):x>", {}),
    ("/é/<name>", {}),
    ("/<class>/<for>", {}),
    ("/<self>", {}),
]
VALUES: list[dict[str, t.Any]] = [
    {},
    {"name": "Ann & Bob", "q": ["1", "é"]},
    {"number": 3, "rest": "a/b", "x": -1.5, "more": None},
    {"a": "x", "b": 1},
    {"a": "x", "b": 2},
    {"where": "here"},
    {"class": "1", "for": "2"},
    {"self": "me"},
]


def outcome(kind: type[werkzeug.routing.Map], text: str, options: t.Any, values: t.Any) -> t.Any:
    adapter = kind([Rule(text, endpoint="it", **options)]).bind("example.org")
    seen = []
    for append_unknown in (True, False, True):
        try:
            seen.append(adapter.build("it", dict(values), append_unknown=append_unknown))
        except (BuildError, ValueError, TypeError) as error:
            seen.append(repr(type(error)))
    return seen


@pytest.mark.parametrize(("text", "options"), RULES, ids=str)
@pytest.mark.parametrize("values", VALUES, ids=str)
def test_urls_are_werkzeugs(text: str, options: t.Any, values: t.Any) -> None:
    ours = outcome(Map, text, options, values)
    assert ours == outcome(werkzeug.routing.Map, text, options, values)


def test_nothing_is_compiled_before_it_is_needed() -> None:
    rule = Rule("/<name>", endpoint="it")
    adapter = Map([rule]).bind("example.org")
    assert isinstance(t.cast("t.Any", rule)._build, _DeferredBuilder)
    assert adapter.build("it", {"name": "x"}, append_unknown=False) == "/x"
    assert not isinstance(t.cast("t.Any", rule)._build, _DeferredBuilder)
    assert "_compile_builder" not in vars(rule)


@pytest.mark.parametrize("name", ["None", "True", "False"])
def test_a_name_that_cannot_be_an_argument_is_refused_at_once(name: str) -> None:
    for kind in (Map, werkzeug.routing.Map):
        with pytest.raises(ValueError, match=name):
            kind([Rule(f"/<{name}>", endpoint="it")])


def test_the_methods_of_a_rule_class_are_used() -> None:
    class Own(Rule):
        def _compile_builder(self, append_unknown: bool = True) -> t.Any:
            return lambda rule, **values: ("", "/own")

    assert Map([Own("/<name>", endpoint="it")]).bind("h").build("it", {"name": "x"}) == "/own"


@pytest.mark.parametrize("kind", [Map, werkzeug.routing.Map])
def test_a_rule_that_names_two_parts_alike_is_refused_when_it_is_added(kind: t.Any) -> None:
    with pytest.raises(SyntaxError, match="duplicate argument 'x'"):
        kind().add(Rule("/<x>/<x>", endpoint="twice"))


def test_builders_are_compiled_in_one_thread_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """On CPython 3.11, ``ast.parse`` in two threads can raise ``SystemError``."""
    rules = [Rule(f"/{number}/<a>", endpoint=str(number)) for number in range(8)]
    adapter = Map(rules).bind("localhost")
    compile_builder = map_module._compile
    running: list[int] = []
    most: list[int] = []

    def compile_slowly(rule: Rule, append_unknown: bool) -> t.Any:
        running.append(1)
        most.append(len(running))
        time.sleep(0.005)
        try:
            return compile_builder(rule, append_unknown)
        finally:
            running.pop()

    monkeypatch.setattr(map_module, "_compile", compile_slowly)
    with ThreadPoolExecutor(8) as threads:
        built = list(threads.map(lambda rule: adapter.build(rule.endpoint, {"a": 1}), rules))
    assert built == [f"/{number}/1" for number in range(8)]
    assert (len(most), max(most)) == (8, 1)
