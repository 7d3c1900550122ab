"""Bodies that are not what a typed view asks for."""

from __future__ import annotations

import time
import typing as t

import pytest
from protocol_client import Client

from flask.api import Annotated, Body, Meta, Struct, media, typed

PROBLEM = "application/problem+json"


class Line(Struct):
    values: dict[str, int]


class Order(Struct):
    name: str
    count: Annotated[int, Meta(ge=1)] = 1
    lines: list[Line] = []


@pytest.fixture(params=["plain", "async"])
def shop(client: Client, request: pytest.FixtureRequest) -> Client:
    """A client of an application with one typed view."""

    def place(order: Body[Order]) -> int:
        return order.count

    async def place_async(order: Body[Order]) -> int:
        return order.count

    client.app.post("/")(typed(place) if request.param == "plain" else typed(place_async))
    return client


def test_three_mistakes_are_three_errors_with_escaped_pointers(shop: Client) -> None:
    """Item 4."""
    body = {"count": 0, "lines": [{"values": {"a/b": "x", "c~d": 1, "e~f": None}}]}
    answer = shop.post("/", json=body)
    assert (answer.status_code, answer.content_type) == (422, PROBLEM)
    assert answer.json == {
        "type": "about:blank",
        "title": "Unprocessable Content",
        "status": 422,
        "detail": "4 values are not valid.",
        "errors": [
            {"in": "body", "pointer": "#/name", "code": "missing", "detail": "Is required."},
            {
                "in": "body",
                "pointer": "#/count",
                "code": "minimum",
                "limit": 1,
                "detail": "Must be at least 1.",
            },
            *(
                {
                    "in": "body",
                    "pointer": f"#/lines/0/values/{name}",
                    "code": "type",
                    "expected": "integer",
                    "detail": "Must be an integer.",
                }
                for name in ("a~1b", "e~0f")
            ),
        ],
    }


@pytest.mark.parametrize("count", [True, "1", 1.5, None, [1], {}])
def test_only_an_integer_is_an_integer(shop: Client, count: object) -> None:
    """Item 5."""
    answer = shop.post("/", json={"name": "tea", "count": count})
    assert answer.status_code == 422
    assert [(e["pointer"], e["code"]) for e in answer.json["errors"]] == [("#/count", "type")]


MALFORMED = {
    "malformed": b"{name: 1}",
    "truncated": b'{"name": "te',
    "nothing": b"",
    "not UTF-8": b'{"name": "\xff"}',
    "a lone surrogate's bytes": b'{"name": "\xed\xa0\x80"}',
    "NaN": b'{"name": "tea", "count": NaN}',
    "two values": b'{"name": "tea"} {}',
    "20,000 arrays": b"[" * 20_000 + b"]" * 20_000,
    "20,000 objects": b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    "deep in a field": b'{"name": "tea", "lines": ' + b"[" * 20_000 + b"]" * 20_000 + b"}",
    "deep in an unknown field": b'{"name": "tea", "x": ' + b"[" * 20_000 + b"]" * 20_000 + b"}",
    "a byte order mark": b'\xef\xbb\xbf{"name": "tea"}',
    "UTF-16": '{"name": "tea"}'.encode("utf-16"),
    "a NUL": b"\0",
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_a_body_that_is_not_json_is_400(shop: Client, body: bytes) -> None:
    """Item 6; fastapi#13111, item 18."""
    answer = shop.post("/", data=body, content_type="application/json")
    assert (answer.status_code, answer.content_type) == (400, PROBLEM)
    assert answer.json == {
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "detail": "The body is not valid JSON.",
    }


@pytest.mark.parametrize(
    "content_type", ["text/plain", None, "application/xml", "", "json", "a/b/c"]
)
def test_a_body_of_another_type_is_415(shop: Client, content_type: str | None) -> None:
    """Item 7."""
    answer = shop.post("/", data=b'{"name": "tea"}', content_type=content_type)
    assert (answer.status_code, answer.content_type) == (415, PROBLEM)


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "APPLICATION/JSON; charset=utf-8", "application/vnd.shop+json"],
)
def test_every_type_of_json_is_read(shop: Client, content_type: str) -> None:
    assert shop.post("/", data=b'{"name": "tea"}', content_type=content_type).json == 1


def test_a_view_may_accept_one_type_of_json_only(client: Client) -> None:
    @client.app.post("/")
    @typed
    def place(order: Annotated[Body[Order], media("application/vnd.shop+json")]) -> int:
        return order.count

    body = b'{"name": "tea"}'
    assert client.post("/", data=body, content_type="application/vnd.shop+json").json == 1
    refused = client.post("/", data=body, content_type="application/json")
    assert refused.status_code == 415
    assert "'application/vnd.shop+json'" in refused.json["detail"]


def test_a_body_that_is_too_long_is_a_413_problem(shop: Client) -> None:
    """Item 7."""
    shop.app.config["MAX_CONTENT_LENGTH"] = 20
    answer = shop.post("/", json={"name": "tea" * 20})
    assert (answer.status_code, answer.content_type) == (413, PROBLEM)
    assert answer.json["title"] == "Content Too Large"


def test_a_body_may_be_optional(client: Client) -> None:
    @client.app.post("/")
    @typed
    def place(order: Body[Order | None] = None) -> str | None:
        return order and order.name

    assert client.post("/").get_json(force=True) is None
    assert client.post("/", json=None, content_type="application/json").status_code == 200
    assert client.post("/", data="null", content_type="application/json").status_code == 200
    assert client.post("/", data='{"name":"tea"}', content_type="text/plain").status_code == 415
    assert client.post("/", json={}).status_code == 422


def test_at_most_100_errors_are_reported(shop: Client) -> None:
    answer = shop.post("/", json={"name": "tea", "lines": [{}] * 1000})
    assert len(answer.json["errors"]) == 100
    assert answer.json["errors"][99]["pointer"] == "#/lines/99/values"


def test_what_the_client_sent_is_not_in_the_answer(shop: Client) -> None:
    body = {"name": ["SECRET"], "count": "SECRET", "lines": [{"values": {"a": "SECRET"}}]}
    answer = shop.post("/", json=body)
    assert answer.status_code == 422
    assert "SECRET" not in answer.get_data(as_text=True)


def test_the_status_is_a_setting(shop: Client) -> None:
    shop.app.config["API_VALIDATION_STATUS"] = 400
    answer = shop.post("/", json={})
    assert (answer.status_code, answer.json["status"], answer.json["title"]) == (
        *(400, 400),
        "Bad Request",
    )


class Node(Struct):
    children: list[Node] = []
    value: int = 0


LONG: list[tuple[str, t.Any]] = [
    ("a long list", {"children": [{}] * 200_000 + [{"value": "x"}]}),
    ("nested lists", {"children": [{"children": [{}] * 500}] * 300 + [{"value": "x"}]}),
]


@pytest.mark.parametrize("body", [body for _, body in LONG], ids=[name for name, _ in LONG])
def test_an_error_at_the_end_of_much_is_found(client: Client, body: t.Any) -> None:
    @client.app.post("/")
    @typed
    def grow(node: Body[Node]) -> int:
        return node.value

    answer = client.post("/", json=body)
    assert answer.status_code == 422
    place = f"#/children/{len(body['children']) - 1}/value"
    assert [(e["pointer"], e["code"]) for e in answer.json["errors"]] == [(place, "type")]


@pytest.mark.parametrize("size", [10, 200_000])
def test_an_error_in_a_wide_dict_is_found_soon(client: Client, size: int) -> None:
    @client.app.post("/")
    @typed
    def grow(values: Body[dict[str, int]]) -> int:
        return len(values)

    started = time.process_time()
    answer = client.post("/", json={str(number): 1 for number in range(size)} | {"z": "x"})
    assert [e["pointer"] for e in answer.json["errors"]] == ["#/z"]
    assert time.process_time() - started < 5


def test_a_long_name_is_not_sent_back(client: Client) -> None:
    class Empty(Struct, forbid_unknown_fields=True):
        pass

    @client.app.post("/")
    @typed
    def grow(value: Body[dict[str, Empty]]) -> int:
        return len(value)

    answer = client.post("/", json={"a": {"k" * 100_000: 1}, "b" * 100_000: 1})
    assert [(e["pointer"], e["code"]) for e in answer.json["errors"]] == [
        ("#/a", "unknown"),
        ("#", "type"),
    ]


def test_a_deep_value_ends_the_search_and_is_still_an_error(client: Client) -> None:
    @client.app.post("/")
    @typed
    def grow(node: Body[Node]) -> int:
        return node.value

    depth = 150
    body = '{"children":[' * depth + '{"value":"x"}' + "]}" * depth
    answer = client.post("/", data=body, content_type="application/json")
    assert answer.status_code == 422
    assert answer.json["errors"]
