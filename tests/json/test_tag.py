"""JSON that remembers a few Python types."""

from __future__ import annotations

import typing as t
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from markupsafe import Markup

from flask.json.tag import JSONTag, TagDict, TaggedJSONSerializer

# A value, and its text; the texts are those of cookies in use.
ROUND_TRIPS: list[tuple[t.Any, str]] = [
    ({}, "{}"),
    ([], "[]"),
    (None, "null"),
    ("text é", '"text \\u00e9"'),
    (1.5, "1.5"),
    ((1, "a", (2,)), '{" t":[1,"a",{" t":[2]}]}'),
    ((), '{" t":[]}'),
    (b"\xff\x00", '{" b":"/wA="}'),
    (Markup("<b>"), '{" m":"<b>"}'),
    (UUID(int=1), '{" u":"00000000000000000000000000000001"}'),
    (datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC), '{" d":"Tue, 02 Jan 2024 03:04:05 GMT"}'),
    ({" t": "not a tuple"}, '{" di":{" t__":"not a tuple"}}'),
    ({" t": (1,)}, '{" di":{" t__":{" t":[1]}}}'),
    ({" di": 1}, '{" di":{" di__":1}}'),
    ({" unknown": 1}, '{" unknown":1}'),
    ({" t": 1, "two": 2}, '{" t":1,"two":2}'),
    ({"a": [{"b": (b"x",)}]}, '{"a":[{"b":{" t":[{" b":"eA=="}]}}]}'),
    ([("message", "text")], '[{" t":["message","text"]}]'),
]


@pytest.mark.parametrize(("value", "text"), ROUND_TRIPS, ids=repr)
def test_what_is_written_comes_back(value: t.Any, text: str) -> None:
    serializer = TaggedJSONSerializer()
    assert serializer.dumps(value) == text
    back = serializer.loads(text)
    assert back == value
    assert type(back) is type(value)


def test_what_has_no_tag_becomes_what_json_makes_of_it() -> None:
    serializer = TaggedJSONSerializer()
    assert serializer.loads(serializer.dumps(Decimal("1.5"))) == "1.5"

    class Html:
        def __html__(self) -> str:
            return "<i>"

    back = serializer.loads(serializer.dumps(Html()))
    assert (back, type(back)) == (Markup("<i>"), Markup)


def test_seconds_are_all_that_a_time_keeps() -> None:
    serializer = TaggedJSONSerializer()
    moment = datetime(2024, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
    assert serializer.loads(serializer.dumps(moment)) == moment.replace(microsecond=0)


def test_a_random_uuid_comes_back() -> None:
    value = uuid4()
    serializer = TaggedJSONSerializer()
    assert serializer.loads(serializer.dumps({"u": [value]})) == {"u": [value]}


class TagSet(JSONTag):
    key = " s"

    def check(self, value: t.Any) -> bool:
        return isinstance(value, set)

    def to_json(self, value: t.Any) -> t.Any:
        return sorted(self.serializer.tag(item) for item in value)

    def to_python(self, value: t.Any) -> t.Any:
        return set(value)


class TagOrdered(JSONTag):
    """Writes every dict as pairs, in their order."""

    key = " o"

    def check(self, value: t.Any) -> bool:
        return isinstance(value, dict)

    def to_json(self, value: t.Any) -> t.Any:
        return [[key, self.serializer.tag(inner)] for key, inner in value.items()]

    def to_python(self, value: t.Any) -> t.Any:
        return dict(value)


def test_a_custom_tag() -> None:
    serializer = TaggedJSONSerializer()
    with pytest.raises(TypeError):
        serializer.dumps({1, 2})
    serializer.register(TagSet)
    assert serializer.dumps({2, 1}) == '{" s":[1,2]}'
    assert serializer.loads('{" s":[1,2]}') == {1, 2}


def test_a_tag_may_come_before_the_others() -> None:
    serializer = TaggedJSONSerializer()
    serializer.register(TagOrdered, index=0)
    assert serializer.loads(serializer.dumps({"b": 1, "a": 2})) == {"b": 1, "a": 2}
    assert serializer.dumps({"b": 1}) == '{" o":[["b",1]]}'


def test_a_key_can_be_taken_only_once_unless_forced() -> None:
    serializer = TaggedJSONSerializer()

    class Mine(TagDict):
        pass

    with pytest.raises(KeyError):
        serializer.register(Mine)
    serializer.register(Mine, force=True, index=0)
    assert isinstance(serializer.tags[" di"], Mine)
    assert isinstance(serializer.order[0], Mine)


def test_a_tag_that_writes_nothing_names_what_is_missing() -> None:
    tag = JSONTag(TaggedJSONSerializer())
    for use in (tag.check, tag.to_json, tag.to_python):
        with pytest.raises(NotImplementedError):
            use(None)


def test_only_a_dict_with_one_known_key_is_untagged() -> None:
    serializer = TaggedJSONSerializer()
    assert serializer.untag({" t": [1]}) == (1,)
    assert serializer.untag({" t": [1], "x": 1}) == {" t": [1], "x": 1}
    assert serializer.untag({" x": 1}) == {" x": 1}
    assert serializer.tag((1,)) == {" t": [1]}
