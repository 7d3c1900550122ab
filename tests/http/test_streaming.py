"""``stream_with_context`` alone; ``lifecycle/`` tests how servers read streams."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

import pytest

from flask import Flask, g, has_app_context, has_request_context, request, stream_with_context

pytestmark = pytest.mark.usefixtures("no_context_left")


def paths(count: int) -> Iterator[str]:
    for number in range(count):
        yield f"{request.path}{number}"


def test_each_step_has_the_request_and_nothing_stays_between(app: Flask) -> None:
    with app.test_request_context("/x"):
        stream = stream_with_context(paths(3))
    seen = []
    for chunk in stream:
        seen.append((chunk, has_request_context(), has_app_context()))
    assert seen == [(f"/x{n}", False, False) for n in range(3)]


def test_read_inside_the_request_it_leaves_the_request_alone(app: Flask) -> None:
    with app.test_request_context("/x"):
        assert list(stream_with_context(paths(2))) == ["/x0", "/x1"]
        assert request.path == "/x"


def test_g_lives_from_step_to_step(app: Flask) -> None:
    def counting() -> Iterator[str]:
        for _ in range(3):
            g.count = getattr(g, "count", 0) + 1
            yield str(g.count)

    with app.test_request_context():
        stream = stream_with_context(counting())
    assert list(stream) == ["1", "2", "3"]


def test_a_context_that_the_generator_pushes_is_kept_for_its_next_step(app: Flask) -> None:
    other = Flask("other")

    def pushing() -> Iterator[str]:
        from flask import current_app

        with other.app_context():
            yield current_app.name
            yield current_app.name
        yield current_app.name

    with app.test_request_context():
        stream = stream_with_context(pushing())
    seen = [(name, has_app_context()) for name in stream]
    assert seen == [("other", False), ("other", False), (app.name, False)]


def test_teardown_and_signals_of_a_stream_that_ends(app: Flask, received: t.Any) -> None:
    torn_down: list[str] = []
    app.teardown_request(lambda exc: torn_down.append(f"request {exc}"))
    app.teardown_appcontext(lambda exc: torn_down.append(f"app {exc}"))
    with app.test_request_context("/x"):
        stream = stream_with_context(paths(1))
    assert torn_down == ["request None", "app None"]
    seen = received(app)
    assert list(stream) == ["/x0"]
    assert torn_down == ["request None", "app None"] * 2
    assert [name for name, _ in seen] == [
        *("appcontext_pushed", "request_tearing_down"),
        *("appcontext_tearing_down", "appcontext_popped"),
    ]


def test_teardown_gets_the_error_of_the_generator(app: Flask) -> None:
    torn_down: list[str] = []
    app.teardown_request(lambda exc: torn_down.append(repr(exc)))

    def failing() -> Iterator[str]:
        yield "a"
        raise ValueError("midway")

    with app.test_request_context():
        stream = stream_with_context(failing())
    with pytest.raises(ValueError, match="midway"):
        list(stream)
    assert torn_down == ["None", "ValueError('midway')"]


def test_any_iterator_will_do(app: Flask) -> None:
    with app.test_request_context():
        assert list(stream_with_context(iter(["a", "b"]))) == ["a", "b"]


def test_a_decorated_function_keeps_its_name(app: Flask) -> None:
    @stream_with_context
    def named(count: int) -> Iterator[str]:
        """Documented."""
        yield from paths(count)

    assert (named.__name__, named.__doc__) == ("named", "Documented.")
    with app.test_request_context("/x"):
        stream = named(2)
    assert list(stream) == ["/x0", "/x1"]


def test_an_error_while_closing_is_raised_after_the_teardown(app: Flask) -> None:
    torn_down: list[str] = []
    app.teardown_appcontext(lambda exc: torn_down.append("app"))

    def stubborn() -> Iterator[str]:
        try:
            yield "a"
        finally:
            raise ValueError("closing")

    with app.test_request_context():
        stream: t.Any = stream_with_context(stubborn())
    assert next(stream) == "a"
    with pytest.raises(ValueError, match="closing"):
        stream.close()
    assert torn_down == ["app", "app"]
