"""Files that change while they are sent: the body has as many bytes as the headers declare."""

from __future__ import annotations

import asyncio
import os
import typing as t
from collections.abc import Callable
from pathlib import Path

import pytest
import werkzeug.utils
from werkzeug.wsgi import FileWrapper

from flask import Flask, Response, send_file
from flask._http import static_files

SHORT, LONG = b"old", b"x" * 3000
LARGE, LARGER = b"x" * 20_000, b"y" * 50_000
TIME = 1_700_000_000.5

Answer = tuple[dict[str, str], bytes]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "static").mkdir()
    static_files._cached_files.clear()
    return tmp_path / "static" / "a.txt"


@pytest.fixture
def app(path: Path) -> Flask:
    return Flask(__name__, root_path=str(path.parent.parent))


def lower(response: t.Any) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers}


def by_wsgi(app: Flask, path: str, **headers: str) -> Answer:
    with app.test_client().get(path, headers=headers) as response:
        return lower(response), response.get_data()


def by_file_wrapper(app: Flask, path: str, **headers: str) -> Answer:
    overrides = {"wsgi.file_wrapper": FileWrapper}
    with app.test_client().get(path, headers=headers, environ_overrides=overrides) as response:
        return lower(response), response.get_data()


def by_asgi(app: Flask, path: str, **headers: str) -> Answer:
    async def ask() -> Answer:
        response = await app.test_async_client().get(path, headers=headers)
        return lower(response), response.get_data()

    return asyncio.run(ask())


Ask = Callable[..., Answer]
each_way = pytest.mark.parametrize("ask", [by_wsgi, by_file_wrapper, by_asgi])


def write(path: Path, content: bytes, time: float = TIME) -> None:
    path.write_bytes(content)
    os.utime(path, (time, time))


def swap(path: Path, content: bytes, time: float = TIME) -> None:
    """Put another file in the place of this one, as a deployment does."""
    new = path.with_suffix(".new")
    write(new, content, time)
    os.replace(new, path)


def link(path: Path, content: bytes, time: float = TIME) -> None:
    """Let the path be a link to another file."""
    target = path.with_name(f"{len(content)}-{time}")
    write(target, content, time)
    new = path.with_suffix(".link")
    new.symlink_to(target)
    os.replace(new, path)


def swap_while_werkzeug_looks(
    patch: pytest.MonkeyPatch, change: Callable[[], object], after: bool
) -> None:
    """Change a file the first time that Werkzeug makes headers for it."""
    send = werkzeug.utils.send_file
    changes = [change]

    def send_changed(*args: t.Any, **kwargs: t.Any) -> t.Any:
        if changes and not after:
            changes.pop()()
        response = send(*args, **kwargs)
        if changes:
            changes.pop()()
        return response

    patch.setattr(werkzeug.utils, "send_file", send_changed)


@each_way
@pytest.mark.parametrize("put", [write, swap, link])
@pytest.mark.parametrize("after", [False, True], ids=["before", "behind"])
@pytest.mark.parametrize(
    ("first", "second"),
    [(SHORT, LONG), (LONG, SHORT), (SHORT, LARGE), (LARGE, SHORT), (LARGE, LARGER), (b"", SHORT)],
)
@pytest.mark.parametrize("time", [TIME, TIME + 1])
def test_a_file_that_is_swapped_while_it_is_first_read_is_not_remembered_wrongly(
    monkeypatch: pytest.MonkeyPatch,
    app: Flask,
    path: Path,
    ask: Ask,
    put: Callable[..., None],
    after: bool,
    first: bytes,
    second: bytes,
    time: float,
) -> None:
    put(path, first)
    swap_while_werkzeug_looks(monkeypatch, lambda: put(path, second, time), after)
    is_open = after and put is write and (len(first) > 8192 or ask is by_file_wrapper)
    if not is_open:  # else it is being sent while it changes
        headers, body = ask(app, "/static/a.txt")
        assert len(body) == int(headers["content-length"])
    else:
        app.test_client().get("/static/a.txt").close()
    for _ in range(2):
        headers, body = ask(app, "/static/a.txt")
        assert body == second
        assert int(headers["content-length"]) == len(second)
    tag = headers["etag"]
    headers, body = ask(app, "/static/a.txt", **{"If-None-Match": tag})
    assert (body, "content-length" in headers) == (b"", False)
    put(path, first, time + 5)
    headers, body = ask(app, "/static/a.txt", **{"If-None-Match": tag})
    assert (body, int(headers["content-length"])) == (first, len(first))


@each_way
@pytest.mark.parametrize("size", [3, 20_000])
def test_another_content_of_the_same_size_and_time_is_sent(
    app: Flask, path: Path, ask: Ask, size: int
) -> None:
    write(path, b"a" * size)
    assert ask(app, "/static/a.txt")[1] == b"a" * size
    swap(path, b"b" * size)
    assert ask(app, "/static/a.txt")[1] == b"b" * size


@each_way
def test_the_facts_are_those_of_the_file_that_is_sent(
    monkeypatch: pytest.MonkeyPatch, app: Flask, path: Path, ask: Ask
) -> None:
    write(path, LARGE)
    ask(app, "/static/a.txt")
    real = os.fstat

    def fstat(number: int) -> os.stat_result:
        facts = real(number)
        swap(path, LARGER, TIME + 1)
        return facts

    monkeypatch.setattr(os, "fstat", fstat)
    headers, body = ask(app, "/static/a.txt")
    assert int(headers["content-length"]) == len(body)


def opened(app: Flask, path: Path, later: Callable[[], object]) -> Response:
    with app.test_request_context():
        response = app.send_static_file("a.txt")
        later()
        assert response.response is not None  # a hook looks at it
        return response


@pytest.mark.parametrize("second", [b"", b"new", LONG, LARGE])
@pytest.mark.parametrize("first", [SHORT, b"", b"x" * 100])
def test_a_small_file_that_changes_before_a_hook_opens_it_is_sent_as_it_was(
    app: Flask, path: Path, first: bytes, second: bytes
) -> None:
    write(path, first)
    response = opened(app, path, lambda: swap(path, second, TIME + 1))
    assert b"".join(t.cast("t.Iterable[bytes]", response.response)) == first
    response.close()


class TestALargerFile:
    def test_that_grows_is_cut_off(self, app: Flask, path: Path) -> None:
        write(path, LARGE)
        with app.test_client().get("/static/a.txt", buffered=False) as response:
            with path.open("ab") as file:
                file.write(b"more" * 5000)
            assert b"".join(response.response) == LARGE  # type: ignore[arg-type]

    def test_that_shrinks_is_an_error(self, app: Flask, path: Path) -> None:
        write(path, LARGE)
        with app.test_client().get("/static/a.txt", buffered=False) as response:
            os.truncate(path, 10_000)
            with pytest.raises(RuntimeError, match=r"a\.txt became shorter .* are missing"):
                b"".join(response.response)  # type: ignore[arg-type]

    def test_that_werkzeug_answers_with_is_held_to_its_length(self, app: Flask, path: Path) -> None:
        write(path, LARGE)
        app.add_url_rule("/", "index", lambda: send_file(path))
        with app.test_client().get("/", buffered=False) as response:
            with path.open("ab") as file:
                file.write(b"more" * 5000)
            assert b"".join(response.response) == LARGE  # type: ignore[arg-type]

    def test_a_range_may_be_a_suffix(self, app: Flask, path: Path) -> None:
        write(path, LARGE[:-3] + b"end")
        app.after_request(
            lambda response: response.make_conditional(
                {"REQUEST_METHOD": "GET", "HTTP_RANGE": "bytes=-3"}, True, len(LARGE)
            )
        )
        headers, body = by_wsgi(app, "/static/a.txt")
        assert (headers["content-length"], body) == ("3", b"end")
