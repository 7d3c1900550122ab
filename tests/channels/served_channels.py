"""The application that ``test_channel_processes`` serves: streams and WebSockets of both kinds."""

from __future__ import annotations

import os
import typing as t

from flask import Flask, Response, request, websocket
from flask.channels import Channels

app = Flask(__name__)
app.config.from_prefixed_env("SERVED")
channels = Channels(app)


@app.get("/pid")
def pid() -> str:
    return str(os.getpid())


@app.post("/publish/<name>")
def publish(name: str) -> str:
    return channels.publish(name, request.get_json()).id


@app.get("/count/<name>")
def count(name: str) -> str:
    return str(channels.listeners(name))


@app.get("/events/<name>")
def events(name: str) -> Response:
    response = channels.stream(name)
    response.headers["X-Process"] = str(os.getpid())
    return response


if os.environ.get("SERVED_ASYNC") != "0":

    @app.post("/async/publish/<name>")
    async def publish_async(name: str) -> str:
        return await channels.publish(name, request.get_json())

    @app.get("/async/events/<name>")
    async def events_async(name: str) -> Response:
        return events(name)

    @app.websocket("/ws/<name>")
    async def talk(name: str) -> None:
        after = request.args.get("after")
        async with channels.subscribe(name, after=after) as messages:
            await websocket.send_json({"pid": os.getpid(), "id": messages.position})
            async for message in messages:
                await websocket.send_json({"id": message.id, "data": _data_of(message)})

    @app.websocket("/sync/ws/<name>")
    def talk_sync(name: str) -> None:
        with channels.subscribe(name, after=request.args.get("after")) as messages:
            websocket.send_json({"pid": os.getpid(), "id": messages.position})
            for message in messages:
                websocket.send_json({"id": message.id, "data": _data_of(message)})


def _data_of(message: t.Any) -> object:
    return "resync" if message.is_resync else message.data
