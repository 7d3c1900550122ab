"""The parts of the differential tester that need no other environment."""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path
from typing import Any

import pytest

TOOL = Path(__file__).resolve().parents[2] / "conformance" / "differential"


@pytest.fixture(scope="module")
def tool() -> Any:
    """The tool's modules, importable for as long as these tests run."""
    before = set(sys.modules)
    sys.path.insert(0, str(TOOL))
    try:
        import compare
        import generate
        import jar
        import protocol
        import shrink

        yield {m.__name__: m for m in (compare, generate, jar, protocol, shrink)}
    finally:
        sys.path.remove(str(TOOL))
        for name in set(sys.modules) - before:
            if str(getattr(sys.modules[name], "__file__", "")).startswith(str(TOOL)):
                del sys.modules[name]


def seen(tool: Any, **parts: Any) -> Any:
    """An observation of a plain 200, with some parts replaced."""
    plain: dict[str, Any] = {
        "status": "200 OK",
        "headers": [["Content-Type", "text/plain"]],
        "body": "text",
        "events": [],
        "warnings": [],
        "logs": [],
        "errors": "",
        "raised": [],
        "protocol": [],
        "read": 0,
    }
    return tool["protocol"].Observation(**{**plain, **parts})


CHANGES = [
    ("status", "201 CREATED"),
    ("headers", [["content-type", "text/plain"]]),
    ("body", "Text"),
    ("events", ["view"]),
    ("warnings", ["UserWarning: x"]),
    ("logs", ["ERROR app: x"]),
    ("errors", "x"),
    ("raised", ["call: builtins.KeyError: 'x'"]),
    ("protocol", ["a chunk of type str"]),
    ("read", 1),
]


@pytest.mark.parametrize(("part", "value"), CHANGES, ids=[name for name, _ in CHANGES])
def test_a_difference_in_any_part_is_seen(tool: Any, part: str, value: object) -> None:
    assert tool["compare"].differing(seen(tool), seen(tool, **{part: value})) == (part,)


def test_equal_observations_do_not_differ(tool: Any) -> None:
    assert tool["compare"].differing(seen(tool), seen(tool)) == ()


def test_the_order_of_headers_counts_but_not_that_within_allow(tool: Any) -> None:
    one = seen(tool, headers=[["A", "1"], ["Allow", "GET, HEAD"]])
    other = seen(tool, headers=[["A", "1"], ["Allow", "HEAD, GET"]])
    turned = seen(tool, headers=[["Allow", "GET, HEAD"], ["A", "1"]])
    assert tool["compare"].differing(one, other) == ()
    assert tool["compare"].differing(one, turned) == ("headers",)


def test_a_rule_explains_only_the_parts_it_names(tool: Any, tmp_path: Path) -> None:
    accepted = tmp_path / "accepted.toml"
    accepted.write_text(
        '[difference.kinder]\nreason = "r"\nparts = ["status"]\npath = "/a.*"\n'
        'when = { "official.status" = "^500" }\n'
    )
    (rule,) = tool["compare"].load_accepted(accepted).rules
    crash, fine = seen(tool, status="500 X"), seen(tool, status="400 X")

    def explains(path: str, official: Any, ours: Any) -> bool:
        request = tool["protocol"].Request(path=path)
        found = tool["compare"].difference("main", (request,), official, ours)
        return bool(rule.accepts(found))

    assert explains("/ab", crash, fine)
    assert not explains("/b", crash, fine)
    assert not explains("/ab", fine, crash)
    assert not explains("/ab", crash, seen(tool, status="400 X", body="other"))


def test_a_rule_for_a_part_that_does_not_exist_is_refused(tool: Any, tmp_path: Path) -> None:
    accepted = tmp_path / "accepted.toml"
    accepted.write_text('[difference.x]\nreason = "r"\nparts = ["stauts"]\n')
    with pytest.raises(ValueError, match="names no such part: stauts"):
        tool["compare"].load_accepted(accepted)


def test_a_wording_of_ours_is_brought_to_one_text(tool: Any, tmp_path: Path) -> None:
    accepted = tmp_path / "accepted.toml"
    accepted.write_text(
        '[wording.advice]\nreason = "r"\nparts = ["raised"]\n'
        "pattern = '(?<=outside\\.).*'\nreplacement = ''\n"
    )
    masks = tool["compare"].load_accepted(accepted).masks
    request = (tool["protocol"].Request(),)
    one, other = seen(tool, raised=["outside. Do x"]), seen(tool, raised=["outside. Do y"])
    assert tool["compare"].difference("main", request, one, other, masks) is None
    assert tool["compare"].difference("main", request, one, other) is not None


def test_the_accepted_differences_of_this_repository_can_be_read(tool: Any) -> None:
    accepted = tool["compare"].load_accepted()
    assert all(item.reason for item in (*accepted.rules, *accepted.masks))


def test_shrinking_leaves_what_the_difference_needs(tool: Any) -> None:
    request = tool["protocol"].Request(
        method="POST",
        path="/a/b/c",
        query="x=1&guilty=1&y=2",
        headers=(("A", "1"), ("Guilty", "x, yes, y"), ("B", "2")),
        body="a long body",
        take=1,
    )

    def differs(requests: tuple[Any, ...]) -> bool:
        last = requests[-1]
        return "guilty" in last.query and "yes" in (last.header("Guilty") or "")

    (smallest,) = tool["shrink"].shrink((request, request, request), differs)
    assert (smallest.method, smallest.body, smallest.take) == ("GET", "", None)
    assert smallest.query == "guilty"
    assert smallest.headers == (("Guilty", "yes"),)


def test_shrinking_keeps_a_request_that_led_there(tool: Any) -> None:
    first, second = tool["protocol"].Request(path="/first"), tool["protocol"].Request(path="/x")
    noise = tool["protocol"].Request(path="/noise")

    def differs(requests: tuple[Any, ...]) -> bool:
        return len(requests) > 1 and requests[0].path == "/first"

    assert len(tool["shrink"].shrink((first, noise, second), differs)) == 2


def test_a_jar_sends_cookies_back_until_they_are_deleted(tool: Any) -> None:
    jar, request = tool["jar"].Jar(), tool["protocol"].Request()
    jar.remember(seen(tool, headers=[["Set-Cookie", "a=1; Path=/"], ["ETag", '"t"']]))
    assert jar.fill(request).header("Cookie") == "a=1"
    own = request.with_header("Cookie", "a=<<a>>x").with_header("If-None-Match", "<<etag>>")
    assert jar.fill(own).header("Cookie") == "a=1x"
    assert jar.fill(own).header("If-None-Match") == '"t"'
    assert jar.fill(request.with_header("Cookie", "")).header("Cookie") is None
    jar.remember(seen(tool, headers=[["Set-Cookie", "a=; Max-Age=0; Path=/"]]))
    assert jar.fill(request).header("Cookie") is None


RULES = [
    {"rule": "/int/<int:n>", "endpoint": "i", "methods": ["GET"], "host": None, "subdomain": ""},
    {
        "rule": "/p/<any(a, b):x>",
        "endpoint": "p",
        "methods": ["PUT"],
        "host": None,
        "subdomain": "",
    },
]


def test_a_seed_determines_the_whole_sequence(tool: Any) -> None:
    catalogue = {"rules": {"main": RULES}, "vocabulary": {}}

    def drawn(seed: str) -> list[Any]:
        generator = tool["generate"].Generator(random.Random(seed), catalogue)
        return [generator.request("main") for _ in range(50)]

    assert drawn("1/1") == drawn("1/1")
    assert drawn("1/1") != drawn("1/2")


def test_requests_survive_the_journey_to_a_worker(tool: Any) -> None:
    catalogue = {"rules": {"main": RULES}, "vocabulary": {}}
    generator = tool["generate"].Generator(random.Random(0), catalogue)
    for _ in range(200):
        request = generator.request("main")
        line = tool["protocol"].line(request.to_json())
        again = tool["protocol"].Request.from_json(json.loads(line))
        assert again == request
