"""Channels as users write them; checked by type checkers, never run."""

from __future__ import annotations

from typing import Any, assert_type

from flask import Flask, Response, websocket
from flask.channels import Channels, Message, Publication, Subscription, Unavailable

app = Flask(__name__)
channels = Channels(app)
later = Channels()
later.init_app(app)


@app.post("/publish")
def publish() -> str:
    publication = channels.publish("news", {"title": "New"})
    assert_type(publication, Publication)
    assert_type(publication.id, str)
    return publication.id


@app.post("/publish-async")
async def publish_async() -> str:
    try:
        identifier = await channels.publish("news", [1, 2])
    except Unavailable:
        return "later"
    assert_type(identifier, str)
    return identifier


@app.get("/events")
def listen() -> Response:
    return channels.stream("news", event="news", retry=1000, heartbeat=None)


@app.get("/next")
def wait() -> Any:
    with channels.subscribe("news", after="1-1") as messages:
        assert_type(messages, Subscription)
        assert_type(messages.position, str | None)
        assert_type(messages.receive(timeout=10), Message | None)
        for message in messages:
            assert_type(message, Message)
            return message.data
    return "nothing"


@app.websocket("/talk")
async def talk() -> None:
    async with channels.subscribe("news") as messages:
        async for message in messages:
            assert_type(message.id, str)
            assert_type(message.is_resync, bool)
            await websocket.send(message.json)


def test_recording() -> None:
    with channels.recorded() as messages:
        assert_type(messages, list[Message])
    count: int = channels.listeners("news")
    assert count == 0
