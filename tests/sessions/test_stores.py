"""What every store does: one suite for all of them."""

from __future__ import annotations

import threading
import typing as t
from collections.abc import Callable

import pytest
from polling import wait_until

from flask.sessions import SessionStore

ID, OTHER = "a" * 64, "b" * 64
HOUR = 3600


def test_what_was_never_written_is_not_there(store: SessionStore) -> None:
    assert store.read(ID) is None


def test_a_session_is_read_as_it_was_written(store: SessionStore) -> None:
    assert store.write(ID, '{"a":1}', 0, HOUR)
    assert store.read(ID) == ('{"a":1}', 1)
    assert store.read(OTHER) is None


def test_each_write_has_the_next_version(store: SessionStore) -> None:
    for version in range(5):
        assert store.write(ID, str(version), version, HOUR)
        assert store.read(ID) == (str(version), version + 1)


@pytest.mark.parametrize("version", [0, 1, 3, 99])
def test_a_write_with_another_version_changes_nothing(store: SessionStore, version: int) -> None:
    store.write(ID, "first", 0, HOUR)
    store.write(ID, "second", 1, HOUR)
    assert not store.write(ID, "late", version, HOUR)
    assert store.read(ID) == ("second", 2)


def test_a_write_creates_nothing_if_a_version_is_expected(store: SessionStore) -> None:
    assert not store.write(ID, "late", 1, HOUR)
    assert store.read(ID) is None


def test_a_deleted_session_is_not_there_and_may_be_created_again(store: SessionStore) -> None:
    store.write(ID, "first", 0, HOUR)
    store.delete(ID)
    store.delete(ID)
    assert store.read(ID) is None
    assert not store.write(ID, "late", 1, HOUR)
    assert store.write(ID, "again", 0, HOUR)
    assert store.read(ID) == ("again", 1)


def test_a_touch_changes_neither_data_nor_version(store: SessionStore) -> None:
    store.write(ID, "data", 0, HOUR)
    store.touch(ID, 2 * HOUR)
    assert store.read(ID) == ("data", 1)


def test_a_touch_creates_nothing(store: SessionStore) -> None:
    store.touch(ID, HOUR)
    assert store.read(ID) is None


@pytest.mark.slow
def test_a_session_expires_and_may_be_created_again(store: SessionStore) -> None:
    store.write(ID, "short", 0, 1)
    store.write(OTHER, "long", 0, HOUR)
    wait_until(lambda: store.read(ID) is None)
    assert store.read(OTHER) == ("long", 1)
    assert not store.write(ID, "late", 1, HOUR)
    assert store.write(ID, "again", 0, HOUR)
    assert store.read(ID) == ("again", 1)


@pytest.mark.slow
def test_a_touched_session_expires_later_and_a_shortened_one_earlier(store: SessionStore) -> None:
    store.write(ID, "data", 0, 1)
    store.touch(ID, HOUR)
    store.write(OTHER, "data", 0, HOUR)
    store.touch(OTHER, 1)
    wait_until(lambda: store.read(OTHER) is None)
    assert store.read(ID) == ("data", 1)


@pytest.mark.parametrize(
    "data", ["", "{}", '{"a":"\\u00e4\\u0000"}', "x" * 1_000_000], ids=["", "{}", "escapes", "1 MB"]
)
def test_any_ascii_text_can_be_stored(store: SessionStore, data: str) -> None:
    assert store.write(ID, data, 0, HOUR)
    assert store.read(ID) == (data, 1)


def in_threads(count: int, work: Callable[[int], object]) -> list[t.Any]:
    results: list[t.Any] = [None] * count
    begin = threading.Barrier(count)

    def run(number: int) -> None:
        begin.wait()
        results[number] = work(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.parametrize("version", [0, 1])
def test_of_concurrent_writes_with_one_version_exactly_one_succeeds(
    store: SessionStore, version: int
) -> None:
    if version:
        store.write(ID, "first", 0, HOUR)
    results = in_threads(16, lambda number: store.write(ID, str(number), version, HOUR))
    assert results.count(True) == 1
    assert store.read(ID) == (str(results.index(True)), version + 1)
