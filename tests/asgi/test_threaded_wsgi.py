"""A WSGI application that is called in threads by an ASGI server."""

from __future__ import annotations

import asyncio
import threading
import typing as t
from collections.abc import Callable, Iterable

import pytest
from werkzeug.exceptions import ClientDisconnected

from flask.asgi import _threaded_wsgi
from flask.asgi._threaded_wsgi import ThreadedWsgi

Message = dict[str, t.Any]
END: Message = {"type": "http.request", "body": b"", "more_body": False}
LEFT: Message = {"type": "http.disconnect"}
HEADERS = [("Content-Type", "text/plain")]


def part(body: bytes) -> Message:
    return {"type": "http.request", "body": body, "more_body": True}


class Client:
    """One request: what it sends, and what it was sent.

    :param messages: what the server receives, one after the other; then it waits.
    """

    def __init__(self, *messages: Message, method: str = "GET", **headers: str) -> None:
        self.messages = list(messages)
        self.sent: list[Message] = []
        self.has_left = asyncio.Event()
        self.was_asked = asyncio.Event()
        """Whether the server waits for more than the client has sent."""
        self.scope: Message = {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "path": "/",
            "headers": [
                (name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()
            ],
        }

    async def receive(self) -> Message:
        if not self.messages:
            self.was_asked.set()
            await self.has_left.wait()
            return LEFT
        return self.messages.pop(0)

    async def send(self, message: t.Any) -> None:
        if self.has_left.is_set():
            raise OSError("the client disconnected")
        self.sent.append(message)

    async def ask(self, server: ThreadedWsgi) -> Client:
        await server(self.scope, self.receive, self.send)
        return self

    @property
    def status(self) -> int | None:
        return self.sent[0]["status"] if self.sent else None

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent)


def run(work: t.Coroutine[t.Any, t.Any, t.Any]) -> t.Any:
    async def bounded() -> t.Any:
        async with asyncio.timeout(60):
            return await work

    return asyncio.run(bounded())


def reading(environ: t.Any, start_response: t.Any) -> list[bytes]:
    try:
        body = environ["wsgi.input"].read()
    except ClientDisconnected as error:
        body = str(error.description).encode()
        start_response("400 BAD REQUEST", HEADERS)
        return [body]
    start_response("200 OK", HEADERS)
    return [b"%d" % len(body)]


class Parts:
    """A body in parts, which notes when it is closed."""

    def __init__(self, *parts: bytes, error: Exception | None = None) -> None:
        self.parts = parts
        self.error = error
        self.is_closed = False

    def __iter__(self) -> t.Iterator[bytes]:
        yield from self.parts
        if self.error is not None:
            raise self.error

    def close(self) -> None:
        self.is_closed = True


def answering(
    body: Iterable[bytes], status: str = "200 OK", *headers: tuple[str, str]
) -> Callable[..., Iterable[bytes]]:
    def app(environ: t.Any, start_response: t.Any) -> Iterable[bytes]:
        start_response(status, [*HEADERS, *headers])
        return body

    return app


# The body ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 65_536, 200_000])
def test_a_body_is_read_whole(size: int) -> None:
    sent = [part(b"a" * min(1000, size - start)) for start in range(0, size, 1000)]
    asking = Client(*sent, END, method="POST", content_length=str(size))
    assert run(asking.ask(ThreadedWsgi(reading, 1, 60))).body == b"%d" % size


def test_a_body_that_ends_early_is_an_error_when_it_is_read() -> None:
    for size in (5, 100_000):
        asking = Client(part(b"a" * size), LEFT, method="POST", content_length="900000")
        asked: list[str] = []

        def app(environ: t.Any, start_response: t.Any, asked: list[str] = asked) -> list[bytes]:
            assert environ["wsgi.input"].read(5) == b"aaaaa"
            with pytest.raises(ClientDisconnected):
                environ["wsgi.input"].read()
            asked.append("an error")
            return answering([])(environ, start_response)  # type: ignore[return-value]

        run(asking.ask(ThreadedWsgi(app, 1, 60)))
        assert asked == ["an error"]


def test_a_small_body_that_comes_too_slowly_is_refused_without_a_thread() -> None:
    asking = Client(part(b"a"), method="POST", content_length="3")
    assert run(asking.ask(ThreadedWsgi(reading, 1, 0.01))).status == 408


def test_a_large_body_that_comes_too_slowly_is_an_error_in_the_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_threaded_wsgi, "_MIN_RATE", 10**9)
    asking = Client(part(b"a" * 70_000), method="POST", content_length="90000")
    answer = run(asking.ask(ThreadedWsgi(reading, 1, 0.01)))
    assert (answer.status, answer.body) == (400, b"The body came too slowly.")


def test_bodies_that_wait_hold_no_more_bytes_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_threaded_wsgi, "_MAX_BUFFERED_TOTAL", 1500)

    async def work() -> None:
        server = ThreadedWsgi(reading, 1, 60)
        slow = Client(part(b"a" * 1000), method="POST", content_length="2000")
        task = asyncio.create_task(slow.ask(server))
        await slow.was_asked.wait()
        too_much = Client(part(b"a" * 1000), END, method="POST", content_length="1000")
        assert (await too_much.ask(server)).status == 503
        slow.has_left.set()
        await task
        assert server.buffered == 0
        fits = Client(part(b"a" * 1000), END, method="POST", content_length="1000")
        assert (await fits.ask(server)).status == 200

    run(work())


# Threads ----------------------------------------------------------------------------------------


class Held:
    """An application whose requests wait until they are let go."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.has_begun = threading.Event()
        self.may_go_on = threading.Event()

    def __call__(self, environ: t.Any, start_response: t.Any) -> list[bytes]:
        self.begun.append(environ["HTTP_X_NAME"])
        self.has_begun.set()
        assert self.may_go_on.wait(60)
        start_response("200 OK", HEADERS)
        return [b"done"]


def test_a_request_whose_client_leaves_before_it_begins_is_not_run() -> None:
    async def work() -> None:
        app = Held()
        server = ThreadedWsgi(app, 1, 60)
        clients = {name: Client(END, x_name=name) for name in ("first", "left", "patient")}
        tasks = [asyncio.create_task(client.ask(server)) for client in clients.values()]
        await clients["left"].was_asked.wait()
        clients["left"].has_left.set()
        for _ in range(10):  # the server's task notices it on this loop
            await asyncio.sleep(0)
        app.may_go_on.set()
        await asyncio.gather(*tasks)
        assert app.begun == ["first", "patient"]
        assert clients["patient"].body == b"done"
        assert clients["left"].sent == []

    run(work())


@pytest.mark.parametrize("size", [0, 1000, 200_000])
def test_a_body_is_read_whole_after_its_request_has_waited(size: int) -> None:
    async def work() -> None:
        may_go_on = threading.Event()

        def app(environ: t.Any, start_response: t.Any) -> list[bytes]:
            assert may_go_on.wait(60)
            return reading(environ, start_response)

        server = ThreadedWsgi(app, 1, 60)
        first = asyncio.create_task(Client(END).ask(server))
        parts = [part(b"a" * 1000) for _ in range(size // 1000)]
        waiting = Client(*parts, END, method="POST", content_length=str(size))
        second = asyncio.create_task(waiting.ask(server))
        await asyncio.sleep(0)
        may_go_on.set()
        assert [(await task).body for task in (first, second)] == [b"0", b"%d" % size]

    run(work())


def test_no_more_requests_wait_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_threaded_wsgi, "_MAX_WAITING", 1)

    async def work() -> None:
        app = Held()
        server = ThreadedWsgi(app, 1, 60)
        tasks = [asyncio.create_task(Client(END, x_name=name).ask(server)) for name in "abc"]
        refused = await tasks[2]
        assert refused.status == 503
        app.may_go_on.set()
        assert [(await task).status for task in tasks] == [200, 200, 503]

    run(work())


def test_a_server_that_stops_waits_for_the_threads() -> None:
    async def work() -> None:
        app = Held()
        server = ThreadedWsgi(app, 1, 60)
        lifespan = Client({"type": "lifespan.startup"}, {"type": "lifespan.shutdown"})
        lifespan.scope["type"] = "lifespan"
        task = asyncio.create_task(Client(END, x_name="a").ask(server))
        await asyncio.to_thread(app.has_begun.wait, 60)
        task.cancel()  # as a server does whose time is over
        ending = asyncio.create_task(lifespan.ask(server))
        await asyncio.sleep(0.01)
        assert not ending.done()
        app.may_go_on.set()
        await ending
        assert [message["type"] for message in lifespan.sent] == [
            "lifespan.startup.complete",
            "lifespan.shutdown.complete",
        ]

    run(work())


# The response -----------------------------------------------------------------------------------


def test_every_way_to_answer_arrives() -> None:
    def writing(environ: t.Any, start_response: t.Any) -> list[bytes]:
        write = start_response("200 OK", HEADERS)
        write(b"ab")
        return [b"c"]

    def replacing(environ: t.Any, start_response: t.Any) -> list[bytes]:
        start_response("500 NO", HEADERS)
        try:
            raise ValueError
        except ValueError:
            start_response("200 OK", HEADERS, __import__("sys").exc_info())
        return [b"abc"]

    ways = [
        answering([b"abc"]),
        answering((b"a", b"bc")),
        answering(Parts(b"a", b"", b"bc")),
        answering(Parts(b"abc"), "200 OK", ("Content-Length", "3")),
        writing,
        replacing,
    ]
    for app in ways:
        answer = run(Client(END).ask(ThreadedWsgi(app, 1, 60)))
        assert (answer.status, answer.body) == (200, b"abc")
        assert answer.sent[0]["headers"][0] == (b"content-type", b"text/plain")
        assert not answer.sent[-1].get("more_body")


def test_the_body_is_closed_after_it_was_sent_with_and_without_errors() -> None:
    for body, is_error in (
        (Parts(b"abc"), False),
        (Parts(), False),
        (Parts(b"a", error=ValueError("on purpose")), True),
    ):
        asking = Client(END)
        server = ThreadedWsgi(answering(body), 1, 60)
        if is_error:
            with pytest.raises(ValueError, match="on purpose"):
                run(asking.ask(server))
            assert asking.sent[-1]["more_body"]
        else:
            run(asking.ask(server))
            assert not asking.sent[-1].get("more_body")
        assert body.is_closed


def test_a_client_that_takes_nothing_is_given_up() -> None:
    body = Parts(*[b"part"] * 1000)

    async def work() -> Client:
        asking = Client(END)

        async def send(message: t.Any) -> None:
            await asyncio.sleep(60)

        asking.send = send  # type: ignore[method-assign]
        return await asking.ask(ThreadedWsgi(answering(body), 1, 0.01))

    assert run(work()).sent == []
    assert body.is_closed


@pytest.mark.parametrize(
    ("app", "error", "message"),
    [
        (lambda environ, start_response: 1 / 0, ZeroDivisionError, "division"),
        (lambda environ, start_response: [b""], AssertionError, "did not call start_response"),
        (lambda environ, start_response: Parts(), AssertionError, "did not call start_response"),
        (lambda environ, start_response: exec("raise SystemExit(3)"), RuntimeError, "SystemExit"),
    ],
)
def test_an_error_of_the_application_is_the_servers_to_log(
    app: t.Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        run(Client(END).ask(ThreadedWsgi(app, 1, 60)))


def test_a_websocket_is_refused() -> None:
    asking = Client()
    asking.scope["type"] = "websocket"
    with pytest.raises(ValueError, match="cannot serve 'websocket'"):
        run(asking.ask(ThreadedWsgi(reading, 1, 60)))
