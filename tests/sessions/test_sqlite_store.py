"""What only the store in a file does: the file, processes, clocks, garbage."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
import stat
import time
import typing as t
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flask import Flask, session
from flask._sessions import sqlite_store
from flask._sessions.sqlite_store import SQLiteStore
from flask.sessions import SessionStoreError

ID, HOUR = "a" * 64, 3600


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SQLiteStore]:
    made = SQLiteStore(str(tmp_path / "folder" / "sessions.sqlite"))
    yield made
    made.close()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Set the wall clock of the process forward, or back."""
    real = time.time
    offset = [0.0]
    monkeypatch.setattr(time, "time", lambda: real() + offset[0])

    def step(seconds: float) -> None:
        offset[0] += seconds

    return step


def test_file_and_folder_are_readable_by_their_owner_only(store: SQLiteStore) -> None:
    store.write(ID, "{}", 0, HOUR)
    folder = Path(store.path).parent
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}


def test_a_relative_path_is_in_the_instance_folder(make_app: Callable[..., Flask]) -> None:
    app = make_app("sqlite:///sessions.sqlite")
    app.add_url_rule("/", "view", lambda: session.update(a=1) or "ok")
    assert app.test_client().get("/").text == "ok"
    assert (Path(app.instance_path) / "sessions.sqlite").exists()


def test_the_journal_is_a_write_ahead_log(store: SQLiteStore) -> None:
    store.write(ID, "{}", 0, HOUR)
    with sqlite3.connect(store.path) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_a_purge_deletes_expired_sessions_only(
    store: SQLiteStore, clock: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_store, "_PURGED_AT_ONCE", 2)
    for number in range(5):
        store.write(f"short {number}", "{}", 0, 10)
    store.write(ID, "{}", 0, HOUR)
    assert store.purge() == 0
    clock(11)
    assert store.purge() == 5
    assert store.read(ID) == ("{}", 1)


def test_new_sessions_delete_those_that_expired_long_ago(
    store: SQLiteStore, clock: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_store, "_PURGE_CHANCE", 1)
    store.write(ID, "{}", 0, 10)
    clock(HOUR)
    store.write("another", "{}", 0, 30 * HOUR)
    assert count_rows(store) == 2  # the clock may be wrong
    clock(25 * HOUR)
    store.write("a third one", "{}", 0, HOUR)
    assert count_rows(store) == 2


def count_rows(store: SQLiteStore) -> int:
    connection = sqlite3.connect(store.path)
    (count,) = connection.execute("SELECT count(*) FROM sessions").fetchone()
    connection.close()
    return int(count)


def test_a_clock_that_is_set_forward_and_back_loses_no_session(
    store: SQLiteStore, clock: Callable[[float], None]
) -> None:
    store.write(ID, '{"a":1}', 0, HOUR)
    clock(2 * HOUR)
    assert store.read(ID) is None
    clock(-2 * HOUR)
    assert store.read(ID) == ('{"a":1}', 1)
    clock(-1000 * HOUR)
    assert store.read(ID) == ('{"a":1}', 1)


def test_a_session_is_used_after_the_clock_was_set_back(
    make_app: Callable[..., Flask], clock: Callable[[float], None]
) -> None:
    app = make_app("sqlite:///sessions.sqlite")
    app.add_url_rule("/", "view", lambda: str(session.increment("n")))
    client = app.test_client()
    assert client.get("/").text == "1"
    clock(-400 * 24 * HOUR)
    assert client.get("/").text == "2"


def hold_and_write(store: SQLiteStore, results: t.Any) -> None:
    results.put((store._idle, store.read(ID), store.write(ID, "child", 1, HOUR)))
    store.close()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_process_opens_connections_of_its_own(store: SQLiteStore) -> None:
    store.write(ID, "parent", 0, HOUR)
    assert len(store._idle) == 1
    fork = multiprocessing.get_context("fork")
    results = fork.Queue()
    child = fork.Process(target=hold_and_write, args=(store, results))
    child.start()
    inherited, found, is_written = results.get(timeout=60)
    child.join()
    assert (inherited, found, is_written) == ([], ("parent", 1), True)
    assert store.read(ID) == ("child", 2)


def test_a_file_that_is_no_database_is_an_error_of_the_store(store: SQLiteStore) -> None:
    os.makedirs(os.path.dirname(store.path))
    Path(store.path).write_bytes(b"no database" * 1000)
    for call in (
        lambda: store.read(ID),
        lambda: store.write(ID, "{}", 0, HOUR),
        lambda: store.delete(ID),
        lambda: store.touch(ID, HOUR),
    ):
        with pytest.raises(SessionStoreError, match="DatabaseError"):
            call()


def test_a_folder_that_cannot_be_created_is_an_error_of_the_store(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SessionStoreError, match=r"ExistsError|NotADirectory"):
        SQLiteStore(str(tmp_path / "file" / "sessions.sqlite")).read(ID)


def test_a_store_that_failed_works_again_when_the_cause_is_gone(store: SQLiteStore) -> None:
    store.write(ID, "{}", 0, HOUR)
    connection = sqlite3.connect(store.path)
    connection.execute("ALTER TABLE sessions RENAME TO moved")
    with pytest.raises(SessionStoreError, match="no such table"):
        store.read(ID)
    connection.execute("ALTER TABLE moved RENAME TO sessions")
    connection.close()
    assert store.read(ID) == ("{}", 1)


def test_a_full_disk_is_an_error_of_the_store(store: SQLiteStore) -> None:
    store.write(ID, "{}", 0, HOUR)
    (connection,) = store._idle
    connection.execute("PRAGMA max_page_count = 10")
    with pytest.raises(SessionStoreError, match="full"):
        store.write(ID, "x" * 1_000_000, 1, HOUR)
    assert store.read(ID) == ("{}", 1)


@pytest.mark.parametrize("values", [(b"bytes", 1), (1.5, 1), ("{}", "text")], ids=str)
def test_a_row_of_another_program_is_read_without_an_error(
    store: SQLiteStore, values: tuple[object, object]
) -> None:
    store.write(ID, "{}", 0, HOUR)
    connection = sqlite3.connect(store.path, isolation_level=None)
    connection.execute("UPDATE sessions SET data = ?, version = ?", values)
    connection.close()
    found = store.read(ID)
    assert found is not None
    assert [type(value) for value in found] == [str, int]


def test_a_locked_database_is_an_error_when_the_time_is_over(
    store: SQLiteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write(ID, "{}", 0, HOUR)
    store.close()
    monkeypatch.setattr(sqlite_store, "_BUSY_TIMEOUT", 0.01)
    connection = sqlite3.connect(store.path, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    with pytest.raises(SessionStoreError, match="locked"):
        store.write(ID, "late", 1, HOUR)
    connection.execute("ROLLBACK")
    connection.close()
    assert store.write(ID, "in time", 1, HOUR)
