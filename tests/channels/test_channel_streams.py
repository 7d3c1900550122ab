"""Server-sent events and WebSockets with channels, over both protocols and both transports."""

from __future__ import annotations

import asyncio
import json
import threading
import typing as t

import pytest
from polling import LONGEST, wait_until, wait_until_async

from flask import Flask, Response, request, stream_events, websocket
from flask.channels import Channels

KINDS = ["sync", "async"]


def add_views(app: Flask, channels: Channels) -> None:
    """Add a view of each kind: streams, WebSockets, and views that publish."""

    @app.get("/sync")
    def listen() -> Response:
        return channels.stream("a", heartbeat=0.05, retry=100)

    @app.get("/async")
    async def listen_async() -> Response:
        return channels.stream("a", heartbeat=0.05, retry=100)

    @app.post("/sync")
    def say() -> t.Any:
        return channels.publish("a", request.get_json()).id

    @app.post("/async")
    async def say_async() -> t.Any:
        return await channels.publish("a", request.get_json())

    @app.get("/sync/count")
    def count() -> t.Any:
        return str(channels.listeners("a"))

    @app.get("/async/count")
    async def count_async() -> t.Any:
        return str(await channels.listeners("a"))

    @app.websocket("/sync/ws")
    def talk() -> None:
        with channels.subscribe("a", after=request.args.get("after")) as messages:
            websocket.send(messages.position or "")
            for message in messages:
                websocket.send_json({"id": message.id, "data": message.data})

    @app.websocket("/async/ws")
    async def talk_async() -> None:
        async with channels.subscribe("a", after=request.args.get("after")) as messages:
            await websocket.send(messages.position or "")
            async for message in messages:
                await websocket.send_json({"id": message.id, "data": message.data})


@pytest.fixture
def talking(app: Flask, channels: Channels) -> Flask:
    add_views(app, channels)
    return app


def read_events(response: t.Any, count: int) -> list[dict[str, str]]:
    """Read events that have data or an identifier; then close the stream."""
    events: list[dict[str, str]] = []
    text = ""
    for chunk in response.response:
        text += chunk if isinstance(chunk, str) else chunk.decode()
        *complete, text = text.split("\n\n")
        for each in complete:
            lines = [line.split(": ", 1) for line in each.split("\n") if not line.startswith(":")]
            if any(line[0] in ("data", "id") for line in lines):
                events.append(dict(lines))  # type: ignore[arg-type]
        if len(events) >= count:
            break
    response.close()
    return events


@pytest.mark.parametrize("kind", KINDS)
def test_a_stream_under_wsgi_resumes_after_the_last_event(talking: Flask, kind: str) -> None:
    client = talking.test_client()
    (first,) = read_events(client.get(f"/{kind}", buffered=False), 1)
    assert set(first) == {"id"}  # a client that reconnects now misses nothing
    ids = [client.post(f"/{kind}", json={"n": number}).text for number in range(3)]
    headers = {"Last-Event-ID": first["id"]}
    place, *events = read_events(client.get(f"/{kind}", headers=headers, buffered=False), 4)
    assert place == first
    assert [json.loads(event["data"]) for event in events] == [{"n": n} for n in range(3)]
    assert [event["id"] for event in events] == ids
    headers = {"Last-Event-ID": "1-1"}
    _, event = read_events(client.get(f"/{kind}", headers=headers, buffered=False), 2)
    assert event == {"event": "resync", "id": ids[-1], "data": "null"}
    assert client.get(f"/{kind}/count").text == "0"


@pytest.mark.parametrize("kind", KINDS)
def test_a_stream_under_asgi_delivers_and_ends_with_its_client(talking: Flask, kind: str) -> None:
    async def go() -> tuple[list[str], str]:
        client = talking.test_client(asgi=True)
        gone = asyncio.Event()
        received = [""]
        requests = [{"type": "http.request"}]

        async def receive() -> t.Any:
            if requests:
                return requests.pop()
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: t.Any) -> None:
            received[0] += message.get("body", b"").decode()

        scope = {"type": "http", "method": "GET", "path": f"/{kind}", "headers": []}
        scope |= {"query_string": b"", "http_version": "1.1", "scheme": "http"}
        task = asyncio.create_task(talking(scope, receive, send))  # type: ignore[arg-type]
        hub = talking.extensions["channels"]
        await wait_until_async(lambda: "id: " in received[0])
        await asyncio.to_thread(lambda: client.post(f"/{kind}", json="hello"))
        await wait_until_async(lambda: '"hello"' in received[0])
        gone.set()
        await asyncio.wait_for(task, LONGEST)
        return received[0].split("\n\n"), str(hub.count("a"))

    events, count = asyncio.run(go())
    assert events[0] == "retry: 100"
    assert 'data: "hello"' in [line for event in events for line in event.split("\n")]
    assert count == "0"


@pytest.mark.parametrize("kind", KINDS)
def test_a_websocket_gets_messages_and_resumes(talking: Flask, kind: str) -> None:
    client = talking.test_client(asgi=True)
    hub = talking.extensions["channels"]
    with client.websocket_connect(f"/{kind}/ws") as session:
        place = session.receive()
        client.post(f"/{kind}", json=1)
        first = json.loads(session.receive())
        assert first["data"] == 1
    wait_until(lambda: not hub.count("a"))
    client.post(f"/{kind}", json=2)
    with client.websocket_connect(f"/{kind}/ws?after={first['id']}") as session:
        session.receive()
        assert json.loads(session.receive())["data"] == 2
    with client.websocket_connect(f"/{kind}/ws?after={place}") as session:
        session.receive()
        assert [json.loads(session.receive())["data"] for _ in range(2)] == [1, 2]
    wait_until(lambda: not hub.count("a"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_generator_of_the_application_ends_with_its_client(
    app: Flask, channels: Channels, kind: str
) -> None:
    """Also a synchronous one, which waits in a thread."""

    @app.get("/sync")
    def listen() -> Response:
        def events() -> t.Iterator[t.Any]:
            with channels.subscribe("a") as messages:
                yield "begin"
                for message in messages:
                    yield message.data

        return stream_events(events(), heartbeat=None)

    @app.get("/async")
    async def listen_async() -> Response:
        async def events() -> t.AsyncIterator[t.Any]:
            async with channels.subscribe("a") as messages:
                yield "begin"
                async for message in messages:
                    yield message.data

        return stream_events(events(), heartbeat=None)

    count = run_until_disconnect(app, f"/{kind}", b"data: begin\n\n")
    assert count == 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_view_that_waits_ends_with_its_client(app: Flask, channels: Channels, kind: str) -> None:
    log: list[str] = []

    @app.get("/sync")
    def poll() -> str:
        with channels.subscribe("a") as messages:
            log.append(repr(messages.receive()))
        return "answered"

    @app.get("/async")
    async def poll_async() -> str:
        async with channels.subscribe("a") as messages:
            log.extend([repr(message) async for message in messages] or ["None"])
        return "answered"

    assert run_until_disconnect(app, f"/{kind}", b"") == 0
    wait_until(lambda: log == ["None"])


def run_until_disconnect(app: Flask, path: str, begin: bytes) -> int:
    """Request a path over ASGI, and disconnect when a listener waits; return the count then."""
    hub = app.extensions["channels"]

    async def go() -> int:
        gone = asyncio.Event()
        sent = b""
        is_first = True

        async def receive() -> t.Any:
            nonlocal is_first
            if is_first:
                is_first = False
                return {"type": "http.request"}
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: t.Any) -> None:
            nonlocal sent
            sent += message.get("body", b"")

        scope = {"type": "http", "method": "GET", "path": path, "headers": []}
        scope |= {"query_string": b"", "http_version": "1.1", "scheme": "http"}
        task = asyncio.create_task(app(scope, receive, send))  # type: ignore[arg-type]
        await wait_until_async(lambda: hub.count("a") == 1 and begin in sent)
        await asyncio.sleep(0.02)
        gone.set()
        await asyncio.wait_for(task, LONGEST)
        await wait_until_async(lambda: hub.count("a") == 0)
        return int(hub.count("a"))

    return asyncio.run(go())


@pytest.mark.parametrize("config", ["redis"], indirect=True)
def test_an_async_view_publishes_without_blocking_the_loop(talking: Flask) -> None:
    """While the transport waits, the loop serves another request."""
    hub = talking.extensions["channels"]
    publish, release = hub.transport.publish, threading.Event()

    def slow(messages: t.Any) -> t.Any:
        assert release.wait(LONGEST)
        return publish(messages)

    hub.transport.publish = slow

    async def go() -> tuple[str, str]:
        client = talking.test_async_client()
        saying = asyncio.create_task(client.post("/async", json=1))
        await asyncio.sleep(0.01)
        count = (await client.get("/async/count")).text
        release.set()
        return count, (await saying).text

    count, identifier = asyncio.run(go())
    assert count == "0"
    assert "-" in identifier


def test_a_hook_of_an_async_view_publishes_without_blocking_the_loop(talking: Flask) -> None:
    pytest.importorskip("greenlet")
    seen: list[str] = []

    @talking.before_request
    def before() -> None:
        if request.path == "/hooked":
            seen.append(Channels(talking).publish("a", "hook").id)

    @talking.get("/hooked")
    async def hooked() -> str:
        return seen[0]

    client = talking.test_client(asgi=True)
    assert "-" in client.get("/hooked").text
