"""What a typed view returns becomes a response."""

from __future__ import annotations

import logging
import typing as t

import msgspec
import pytest
from hand_made import answering, both_protocols, client_of, returning
from markupsafe import Markup
from werkzeug.exceptions import Gone
from werkzeug.wrappers import Response as WerkzeugResponse

from flask import Flask, Response, request
from flask.api import Returns, _shapes, defaults, register_shape, typed
from flask.api._operation import Answer
from flask.api._shapes import MsgspecShape, Rejected, shape_of


class Order(msgspec.Struct):
    name: str
    count: int = 1


class Accepted(msgspec.Struct):
    ticket: int


TEA = Order("tea")
JSON = Answer("json", Order)

# The declared answer, the returned value, the status, the content type, and the body.
SENT: list[tuple[Answer, t.Any, int, str | None, bytes]] = [
    (JSON, TEA, 200, "application/json", b'{"name":"tea","count":1}'),
    (Answer("json", Order, 201), TEA, 201, "application/json", b'{"name":"tea","count":1}'),
    (Answer("json", list[Order]), [TEA], 200, "application/json", b'[{"name":"tea","count":1}]'),
    (Answer("json", Order | None), None, 200, "application/json", b"null"),
    (Answer("json", int), 5, 200, "application/json", b"5"),
    (Answer("json", str), "tea", 200, "application/json", b'"tea"'),
    (Answer("json", dict[str, int]), {"a": 1}, 200, "application/json", b'{"a":1}'),
    (Answer("json", tuple[int, int]), (1, 404), 200, "application/json", b"[1,404]"),
    (Answer("json", tuple[int, int] | None), (1, 404), 200, "application/json", b"[1,404]"),
    (Answer("json", tuple[int, int]), ((1, 2), 202), 202, "application/json", b"[1,2]"),
    (
        Answer("json", Order, media_type="application/vnd.shop+json"),
        *(TEA, 200, "application/vnd.shop+json", b'{"name":"tea","count":1}'),
    ),
    (Answer("text", str), "<p>tea", 200, "text/html; charset=utf-8", b"<p>tea"),
    (Answer("text", str), Markup("<p>tea"), 200, "text/html; charset=utf-8", b"<p>tea"),
    (Answer("text", str, 201), "ö", 201, "text/html; charset=utf-8", "ö".encode()),
    (
        Answer("text", str, media_type="text/csv"),
        *("a,b", 200, "text/csv; charset=utf-8", b"a,b"),
    ),
    (Answer("bytes", bytes), b"\0", 200, "application/octet-stream", b"\0"),
    (Answer("bytes", bytes), bytearray(b"\0"), 200, "application/octet-stream", b"\0"),
    (Answer("bytes", bytes, media_type="image/png"), b"\x89PNG", 200, "image/png", b"\x89PNG"),
    (Answer("empty", None, 204), None, 204, None, b""),
    (Answer("json", Order | None, 204), None, 204, None, b""),
    (Answer("json", Order, 204), TEA, 204, None, b""),
    (Answer("untyped"), "tea", 200, "text/html; charset=utf-8", b"tea"),
    (Answer("untyped"), {"a": 1}, 200, "application/json", b'{"a":1}\n'),
]


@both_protocols
@pytest.mark.parametrize(("answer", "value", "status", "content_type", "body"), SENT, ids=str)
def test_a_value_is_sent_as_it_is_declared(
    app: Flask,
    protocol: str,
    answer: Answer,
    value: object,
    status: int,
    content_type: str | None,
    body: bytes,
) -> None:
    for _ in range(2):  # the fast paths are known from the second request on
        response = client_of(returning(app, value, answer), protocol).get("/")
        assert response.status_code == status
        assert response.headers.get("Content-Type") == content_type
        assert response.data == body
        app = Flask(__name__)


class Money:
    """A class of another library."""

    def __init__(self, amount: int) -> None:
        self.amount = amount
        self.secret = "s"


class MoneyShape(MsgspecShape):
    def convert(self, value: object, text: bool) -> object:
        if isinstance(value, Money):
            return value
        raise Rejected(value, text)

    def decode(self, data: bytes) -> object:
        return Money(msgspec.json.decode(data, type=int))

    def encode(self, value: t.Any) -> bytes:
        return msgspec.json.encode(value.amount)

    def errors(self, error: Rejected) -> list[t.Any]:
        return [{"pointer": "#", "code": "type", "expected": "integer"}]


@pytest.fixture
def _money() -> t.Iterator[None]:
    known = list(_shapes._makers)
    register_shape(lambda hint: hint is Money, lambda hint: MoneyShape(int))
    yield
    _shapes._makers[:] = known
    shape_of.cache_clear()


@pytest.mark.usefixtures("_money")
@pytest.mark.parametrize("is_testing", [False, True])
def test_types_of_other_libraries_are_written_by_their_shape(app: Flask, is_testing: bool) -> None:
    app.testing = is_testing
    returning(app, Money(5), Answer("json", Money))
    returning(app, object(), Answer("json", Money), rule="/wrong")
    app.config["PROPAGATE_EXCEPTIONS"] = False
    client = app.test_client()
    assert client.get("/").json == 5
    assert client.get("/wrong").status_code == 500


@both_protocols
def test_async_views_answer_alike(app: Flask, protocol: str) -> None:
    async def view() -> Order:
        return TEA

    assert client_of(answering(app, view, JSON), protocol).get("/").json == {
        "name": "tea",
        "count": 1,
    }


# The returned tuple, the status, and whether the header is sent.
TUPLES: list[tuple[t.Any, int, bool]] = [
    ((TEA, 202), 202, False),
    ((TEA, {"X-Kind": "tea"}), 200, True),
    ((TEA, [("X-Kind", "tea")]), 200, True),
    ((TEA, 201, {"X-Kind": "tea"}), 201, True),
    ((TEA, "299 TEA", {"X-Kind": "tea"}), 299, True),
    ((TEA, None, {"X-Kind": "tea"}), 200, True),
]


@pytest.mark.parametrize(("value", "status", "has_header"), TUPLES, ids=str)
def test_a_tuple_has_status_and_headers(
    app: Flask, value: object, status: int, has_header: bool
) -> None:
    response = returning(app, value, JSON).test_client().get("/")
    assert (response.status_code, "X-Kind" in response.headers) == (status, has_header)
    assert response.json == {"name": "tea", "count": 1}


@pytest.mark.parametrize("value", [(None, 204), (None, 204, {"X-Kind": "tea"}), (TEA, 204)])
def test_a_tuple_with_a_status_without_content_sends_none(app: Flask, value: object) -> None:
    """Item 12 and fastapi#2832."""
    response = returning(app, value, JSON).test_client().get("/")
    assert response.status_code == 204
    assert response.data == b""
    assert "Content-Type" not in response.headers
    assert "Content-Length" not in response.headers


@pytest.mark.parametrize(
    ("made", "status", "body"),
    [
        (lambda: Response("mine", 203), 203, b"mine"),
        (lambda: WerkzeugResponse("theirs", 203), 203, b"theirs"),
        (lambda: (Response("mine"), 203), 203, b"mine"),
        (lambda: (WerkzeugResponse("theirs"), 203, {"X": "y"}), 203, b"theirs"),
    ],
)
@pytest.mark.parametrize(
    "answer",
    [
        *(JSON, Answer("json", t.Any | None), Answer("json", list[Order])),
        *(Answer("text", str), Answer("lines", Order), Answer("events")),
        Answer("empty", None, 204),
    ],
    ids=str,
)
def test_responses_are_sent_unchanged(
    app: Flask, made: t.Callable[[], object], status: int, body: bytes, answer: Answer
) -> None:
    response = answering(app, made, answer).test_client().get("/")
    assert (response.status_code, response.data) == (status, body)


def test_a_returned_http_exception_is_its_page(app: Flask) -> None:
    assert returning(app, Gone(), JSON).test_client().get("/").status_code == 410


@pytest.mark.parametrize(
    ("value", "status"), [(TEA, 200), (Accepted(7), 202), ((Accepted(7), 299), 299)]
)
def test_the_class_of_the_value_chooses_the_answer(app: Flask, value: object, status: int) -> None:
    returning(app, value, JSON, Answer("json", Accepted, 202))
    assert app.test_client().get("/").status_code == status


@pytest.mark.parametrize(
    ("value", "status", "body"),
    [
        (TEA, 200, b'{"name":"tea","count":1}'),
        (None, 204, b""),
        ("x", 202, b"x"),
        (b"y", 203, b"y"),
    ],
)
def test_answers_of_other_kinds_are_chosen_by_class_too(
    app: Flask, value: object, status: int, body: bytes
) -> None:
    kinds = (Answer("empty", None, 204), Answer("text", str, 202), Answer("bytes", bytes, 203))
    response = returning(app, value, JSON, *kinds).test_client().get("/")
    assert (response.status_code, response.data) == (status, body)


class Rush(Order):
    """A subclass of one of the declared classes."""

    secret: str = "s"


class Row:
    ticket = 8
    secret = "s"


def test_a_value_of_no_declared_class_is_sent_as_the_one_that_fits(app: Flask) -> None:
    answers = (JSON, Answer("json", Accepted, 202))
    returning(app, Rush("tea"), *answers)
    returning(app, Row(), *answers, rule="/row")
    client = app.test_client()
    assert client.get("/").json == {"name": "tea", "count": 1}
    response = client.get("/row")
    assert (response.status_code, response.json) == (202, {"ticket": 8})


def test_a_value_that_fits_no_answer_is_an_error(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    returning(app, object(), JSON, Answer("json", Accepted, 202))
    assert app.test_client().get("/").status_code == 500
    assert "Order or Accepted" in caplog.text


def test_a_status_of_the_decorator_is_for_values_of_untyped_views(app: Flask) -> None:
    answer = Answer("untyped", status=201)
    returning(app, "tea", answer)
    returning(app, ("tea", 202), answer, rule="/tuple")
    client = app.test_client()
    assert client.get("/").status_code == 201
    assert client.get("/tuple").status_code == 202


@pytest.mark.parametrize("status", [200, 201, 204])
def test_the_status_of_defaults_is_that_of_values(app: Flask, status: int) -> None:
    @app.get("/")
    @typed
    def view() -> Returns[Order | None]:
        return None

    defaults(app, status=status)
    response = app.test_client().get("/")
    assert response.status_code == status
    assert ("Content-Type" in response.headers) is (status != 204)
    assert response.data == (b"" if status == 204 else b"null")


# Responses are ordinary ones --------------------------------------------------------------------


@both_protocols
def test_head_and_conditional_requests(app: Flask, protocol: str) -> None:
    @app.after_request
    def add_etag(response: Response) -> Response:
        response.add_etag()
        return t.cast("Response", response.make_conditional(request))

    client = client_of(returning(app, TEA, JSON), protocol)
    response = client.get("/")
    assert response.data
    assert client.get("/", headers={"If-None-Match": response.headers["ETag"]}).status_code == 304
    response = client.head("/")
    assert response.data == b""
    assert response.headers["Content-Length"] == "24"


def test_hooks_see_and_change_the_response(app: Flask) -> None:
    seen: list[t.Any] = []

    @app.after_request
    def change(response: Response) -> Response:
        seen.append((response.status_code, response.json, response.mimetype))
        response.headers["X-Kind"] = "tea"
        response.set_cookie("a", "b")
        return response

    response = returning(app, TEA, Answer("json", Order, 201)).test_client().get("/")
    assert seen == [(201, {"name": "tea", "count": 1}, "application/json")]
    assert response.headers["X-Kind"] == "tea"
    assert response.headers["Set-Cookie"] == "a=b; Path=/"


@pytest.mark.parametrize("value", [TEA, (TEA, 202), "text"])
def test_the_applications_response_class_is_used(app: Flask, value: object) -> None:
    class Own(Response):
        def get_wsgi_headers(self, environ: t.Any) -> t.Any:
            headers = super().get_wsgi_headers(environ)
            headers["X-Class"] = type(self).__name__
            return headers

    app.response_class = Own
    answer = Answer("text", str) if value == "text" else JSON
    assert returning(app, value, answer).test_client().get("/").headers["X-Class"] == "Own"


# A wrong return ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        (JSON, None),
        (JSON, object()),
        (Answer("json", list[Order]), None),
        (Answer("text", str), {"secret": 1}),
        (Answer("bytes", bytes), "text"),
        (Answer("lines", Order), 5),
        (Answer("json", int), TEA),
    ],
    ids=str,
)
def test_a_value_without_anything_declared_is_not_sent(
    app: Flask, caplog: pytest.LogCaptureFixture, answer: Answer, value: object
) -> None:
    response = returning(app, value, answer).test_client().get("/")
    assert response.status_code == 500
    assert b"secret" not in response.data
    assert "hand_made.returning.<locals>.view" in caplog.text
    assert type(value).__name__ in caplog.text


class Limited(msgspec.Struct):
    lines: list[t.Annotated[int, msgspec.Meta(ge=1)]]


@pytest.mark.parametrize("name", ["DEBUG", "TESTING", "API_VALIDATE_RESPONSES"])
def test_a_wrong_return_is_500_and_logged_while_answers_are_validated(
    app: Flask, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    """Item 12."""
    app.config[name] = True
    returning(app, Limited([1, 0]), Answer("json", Limited))
    with caplog.at_level(logging.ERROR):
        response = app.test_client().get("/")
    assert response.status_code == 500
    assert "hand_made.returning.<locals>.view" in caplog.text
    assert "/lines/1" in caplog.text
    assert "minimum" in caplog.text


@pytest.mark.parametrize(
    "config", [{}, {"TESTING": True, "API_VALIDATE_RESPONSES": False}], ids=str
)
def test_a_wrong_return_is_sent_unvalidated_in_production(
    app: Flask, config: dict[str, object]
) -> None:
    """Item 12."""
    app.config.update(config)
    returning(app, Limited([1, 0]), Answer("json", Limited))
    response = app.test_client().get("/")
    assert (response.status_code, response.json) == (200, {"lines": [1, 0]})


def test_one_view_on_two_applications_follows_each_configuration(app: Flask) -> None:
    other = Flask("other")
    other.testing = True
    returning(app, Limited([0]), Answer("json", Limited))
    other.add_url_rule("/", "view", app.view_functions["view of /"])
    assert app.test_client().get("/").status_code == 200
    assert other.test_client().get("/").status_code == 500
