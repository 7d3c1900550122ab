"""How changes are found and merged, as tables."""

from __future__ import annotations

import copy
import typing as t
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from flask._sessions.changes import merge, read_document, write_document
from flask._sessions.session import StoredSession, from_trees, to_trees
from flask.sessions import SessionConflict, session_json_serializer

Change = Callable[[StoredSession], object]


def open_session(data: dict[str, t.Any]) -> StoredSession:
    """Return a session as a request finds it."""
    trees = to_trees(data)
    return StoredSession(from_trees(trees), trees)


def nested(session: StoredSession) -> None:
    session["cart"]["x"] = 1


CHANGES: list[tuple[str, dict[str, t.Any], Change, dict[str, t.Any]]] = [
    # what is done, what was read, the change, what is stored if nothing else was written
    ("nothing", {"a": 1}, lambda s: None, {"a": 1}),
    ("read", {"a": [1]}, lambda s: s["a"], {"a": [1]}),
    ("set", {"a": 1}, lambda s: s.update(b=2), {"a": 1, "b": 2}),
    ("set the same", {"a": 1}, lambda s: s.update(a=1), {"a": 1}),
    ("set 1 to True", {"a": 1}, lambda s: s.update(a=True), {"a": True}),
    ("set 1 to 1.0", {"a": 1}, lambda s: s.update(a=1.0), {"a": 1.0}),
    ("set list to tuple", {"a": [1]}, lambda s: s.update(a=(1,)), {"a": (1,)}),
    ("delete", {"a": 1, "b": 2}, lambda s: s.pop("a"), {"b": 2}),
    ("clear", {"a": 1, "b": 2}, lambda s: s.clear(), {}),
    ("change a dict inside", {"cart": {}}, nested, {"cart": {"x": 1}}),
    ("change a list inside", {"a": [1]}, lambda s: s["a"].append(2), {"a": [1, 2]}),
    (
        "change deep inside",
        {"a": [{"b": []}]},
        lambda s: s["a"][0]["b"].append(1),
        {"a": [{"b": [1]}]},
    ),
    ("append", {"a": [1]}, lambda s: s.append("a", 2), {"a": [1, 2]}),
    ("append to nothing", {}, lambda s: s.append("a", 2), {"a": [2]}),
    ("append a tuple", {}, lambda s: s.append("a", (1, 2)), {"a": [(1, 2)]}),
    ("increment", {"n": 1}, lambda s: s.increment("n"), {"n": 2}),
    ("increment nothing", {}, lambda s: s.increment("n", 5), {"n": 5}),
    ("decrement", {"n": 1}, lambda s: s.increment("n", -3), {"n": -2}),
    ("add a float", {"n": 1}, lambda s: s.increment("n", 0.5), {"n": 1.5}),
    ("up and down", {"n": 1}, lambda s: (s.increment("n"), s.increment("n", -1)), {"n": 1}),
    ("set and increment", {"n": 1}, lambda s: (s.update(n=5), s.increment("n")), {"n": 6}),
    ("increment and set", {"n": 1}, lambda s: (s.increment("n"), s.update(n=9)), {"n": 9}),
    ("append and delete", {"a": [1]}, lambda s: (s.append("a", 2), s.pop("a")), {}),
    ("delete and append", {"a": [1]}, lambda s: (s.pop("a"), s.append("a", 2)), {"a": [2]}),
    ("a key like a tag", {}, lambda s: s.update({" t": [1]}), {" t": [1]}),
    ("the owner", {}, lambda s: setattr(s, "owner", 7), {"_owner": 7}),
    ("permanent", {}, lambda s: setattr(s, "permanent", True), {"_permanent": True}),
]


@pytest.mark.parametrize(
    ("name", "read", "change", "expected"), CHANGES, ids=[c[0] for c in CHANGES]
)
def test_a_change_is_found(
    name: str, read: dict[str, t.Any], change: Change, expected: dict[str, t.Any]
) -> None:
    session = open_session(read)
    change(session)
    found = session._find_changes()
    merged = from_trees(merge(to_trees(read), found))
    assert repr(sorted(merged.items())) == repr(sorted(expected.items()))  # types too
    if repr(read) == repr(expected) and "up and" not in name:
        assert not found


def test_an_item_that_changes_after_it_was_appended_is_stored_as_it_is_at_the_end() -> None:
    session = open_session({"a": []})
    item = {"n": 1}
    session.append("a", item)
    item["n"] = 2
    assert merge({"a": []}, session._find_changes()) == {"a": [{"n": 2}]}


# What was read; what this request does; what another request has stored meanwhile; the result; the
# keys that are in conflict.
MERGES: list[tuple[dict[str, t.Any], Change, dict[str, t.Any], dict[str, t.Any], list[str]]] = [
    ({}, lambda s: s.update(a=1), {"b": 2}, {"a": 1, "b": 2}, []),
    ({"a": 1}, lambda s: s.update(a=2), {"a": 1, "b": 2}, {"a": 2, "b": 2}, []),
    ({"a": 1}, lambda s: s.update(a=2), {"a": 3}, {"a": 2}, ["a"]),
    ({"a": 1}, lambda s: s.update(a=3), {"a": 3}, {"a": 3}, []),
    ({"a": 1}, lambda s: s.update(b=2), {}, {"b": 2}, []),
    ({"a": 1}, lambda s: s.update(a=2), {}, {"a": 2}, ["a"]),
    ({"a": 1}, lambda s: s.pop("a"), {"a": 1, "b": 2}, {"b": 2}, []),
    ({"a": 1}, lambda s: s.pop("a"), {"a": 2}, {}, ["a"]),
    ({"a": 1}, lambda s: s.pop("a"), {}, {}, []),
    ({"a": 1}, lambda s: s.clear(), {"a": 1, "b": 2}, {"b": 2}, []),
    ({"a": [1]}, lambda s: s.append("a", 3), {"a": [1, 2]}, {"a": [1, 2, 3]}, []),
    ({"a": [1]}, lambda s: s.append("a", 3), {"a": []}, {"a": [3]}, []),
    ({"a": [1]}, lambda s: s.append("a", 3), {}, {"a": [3]}, []),
    ({}, lambda s: s.append("a", 3), {"a": [2]}, {"a": [2, 3]}, []),
    ({"a": [1]}, lambda s: s.append("a", 3), {"a": "text"}, {"a": [1, 3]}, []),
    ({"n": 1}, lambda s: s.increment("n"), {"n": 10}, {"n": 11}, []),
    ({}, lambda s: s.increment("n"), {"n": 10}, {"n": 11}, []),
    ({"n": 1}, lambda s: s.increment("n"), {}, {"n": 1}, []),
    ({"n": 1}, lambda s: s.increment("n"), {"n": "text"}, {"n": 2}, []),
    ({"n": 1}, lambda s: s.update(n=5), {"n": 10}, {"n": 5}, ["n"]),
    ({"n": 1}, lambda s: s.increment("n") and s.update(n=5), {"n": 10}, {"n": 5}, ["n"]),
    ({"a": {"x": 1}}, lambda s: s["a"].update(y=2), {"a": {"x": 1}, "b": 1},
     {"a": {"x": 1, "y": 2}, "b": 1}, []),
    ({"a": {"x": 1}}, lambda s: s["a"].update(y=2), {"a": {"z": 1}},
     {"a": {"x": 1, "y": 2}}, ["a"]),
]  # fmt: skip


@pytest.mark.parametrize(("read", "change", "stored", "expected", "conflicts"), MERGES)
def test_changes_are_merged_key_by_key(
    read: dict[str, t.Any],
    change: Change,
    stored: dict[str, t.Any],
    expected: dict[str, t.Any],
    conflicts: list[str],
) -> None:
    session = open_session(read)
    change(session)
    found = session._find_changes()
    before = copy.deepcopy(stored)
    assert merge(stored, found) == expected
    assert stored == before, "the argument was changed"
    if not conflicts:
        assert merge(stored, found, must_raise=True) == expected
    else:
        with pytest.raises(SessionConflict) as caught:
            merge(stored, found, must_raise=True)
        assert caught.value.keys == conflicts


SOME_VALUES: dict[str, t.Any] = {
    "text": "a\u00e4\u2028\U0001f600",
    "tuple": (1, "a", (2,)),
    "bytes": b"\0\xff",
    "time": datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC),
    "uuid": UUID(int=7),
    "markup": Markup("<b>"),
    "dict": {"a": [1, {"b": None}]},
    "looks like a tag": {" t": [1]},
    "number": 1.5,
}


def test_the_types_of_a_cookie_session_are_kept() -> None:
    read = from_trees(read_document(write_document(to_trees(SOME_VALUES))) or {})
    assert read == SOME_VALUES
    assert [type(value) for value in read.values()] == [type(v) for v in SOME_VALUES.values()]
    assert not open_session(read)._find_changes()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner),
)


@given(st.dictionaries(st.text(), JSON))
def test_a_session_that_was_only_read_has_no_changes(data: dict[str, t.Any]) -> None:
    trees = read_document(write_document(to_trees(data)))
    assert trees is not None
    session = StoredSession(from_trees(trees), trees)
    assert not session._find_changes()
    assert repr(session_json_serializer.dumps(dict(session)))


@given(*[st.dictionaries(st.sampled_from("abc"), JSON)] * 3)
def test_only_the_changed_keys_of_a_merge_differ_from_what_is_stored(
    read: dict[str, t.Any], mine: dict[str, t.Any], theirs: dict[str, t.Any]
) -> None:
    session = open_session(read)
    session.clear()
    session.update(mine)
    changes = session._find_changes()
    merged = merge(to_trees(theirs), changes)
    for key in "abc":
        is_changed = key in changes.values or key in changes.removed
        expected = to_trees(mine if is_changed else theirs)
        assert repr(merged.get(key)) == repr(expected.get(key))


@pytest.mark.parametrize("text", ["", "nonsense", "[]", "1", "null", '"a"', "[" * 100_000, "{"])
def test_what_is_no_session_is_not_read(text: str) -> None:
    assert read_document(text) is None


@pytest.mark.parametrize(
    ("data", "change", "message"),
    [
        ({"a": "text"}, lambda s: s.append("a", 1), "needs a list, but the session has str"),
        ({"a": (1,)}, lambda s: s.append("a", 1), "has tuple"),
        ({"n": "1"}, lambda s: s.increment("n"), "needs two numbers"),
        ({"n": True}, lambda s: s.increment("n"), "has bool"),
        ({"n": 1}, lambda s: s.increment("n", "1"), "needs two numbers"),
    ],
)
def test_an_operation_on_another_kind_of_value_is_explained(
    data: dict[str, t.Any], change: Change, message: str
) -> None:
    session = open_session(data)
    with pytest.raises(TypeError, match=message):
        change(session)
    assert not session._find_changes()
