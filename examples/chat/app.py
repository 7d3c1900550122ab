"""A chat with topics: WebSockets, presence and history, in as many processes as you like.

SQLite keeps what was said, and channels carry it to every process. A client that was away resumes
after the last message that it received. If that is no longer kept, it reads the history again.
"""

from __future__ import annotations

import asyncio
import secrets
import sqlite3
import time
import typing as t
from contextlib import closing
from pathlib import Path

from flask import (
    Flask,
    Response,
    abort,
    redirect,
    render_template,
    request,
    session,
    url_for,
    websocket,
)
from flask.channels import Channels

TOPICS = {"lobby": "Lobby", "tea": "Tea", "music": "Music", "help": "Help"}
LONGEST_NAME = 24
LONGEST_TEXT = 500
SHOWN = 50
HERE = 20.0  # seconds after which a client says again that it is there

channels = Channels()


def create_app(**settings: t.Any) -> Flask:
    """Create the application.

    :param settings: they override those of the environment, such as ``FLASK_CHANNELS_URL``.
    """
    app = Flask(__name__)
    app.config.from_mapping(SECRET_KEY="for development only", DATABASE=None)
    app.config.from_prefixed_env()
    app.config.update(settings)
    if app.config["DATABASE"] is None:
        app.config["DATABASE"] = str(Path(app.instance_path) / "chat.sqlite")
    channels.init_app(app)
    create_tables(app)
    add_views(app)
    return app


# What was said ----------------------------------------------------------------------------------


def connect(app: Flask) -> closing[sqlite3.Connection]:
    """Open the database for one block."""
    return closing(sqlite3.connect(app.config["DATABASE"], timeout=10))


def create_tables(app: Flask) -> None:
    Path(app.config["DATABASE"]).parent.mkdir(parents=True, exist_ok=True)
    with connect(app) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute(
            "CREATE TABLE IF NOT EXISTS message (number INTEGER PRIMARY KEY, topic TEXT NOT NULL,"
            " name TEXT NOT NULL, text TEXT NOT NULL, at REAL NOT NULL)"
        )
        database.commit()


def save(app: Flask, topic: str, name: str, text: str) -> dict[str, t.Any]:
    """Store a message; return it with its number."""
    at = time.time()
    with connect(app) as database:
        statement = "INSERT INTO message (topic, name, text, at) VALUES (?, ?, ?, ?)"
        number = database.execute(statement, (topic, name, text, at)).lastrowid
        database.commit()
    return {"number": number, "name": name, "text": text, "at": at}


def read_newest(app: Flask, topic: str) -> list[dict[str, t.Any]]:
    """Return the newest messages of a topic, the oldest of them first."""
    with connect(app) as database:
        rows = database.execute(
            "SELECT number, name, text, at FROM message WHERE topic = ?"
            " ORDER BY number DESC LIMIT ?",
            (topic, SHOWN),
        ).fetchall()
    return [dict(zip(("number", "name", "text", "at"), row, strict=True)) for row in rows[::-1]]


# Pages ------------------------------------------------------------------------------------------


def add_views(app: Flask) -> None:
    @app.get("/")
    def start() -> str:
        return render_template("start.html", topics=TOPICS, name=session.get("name", ""))

    @app.post("/enter")
    def enter() -> Response:
        name = " ".join(request.form.get("name", "").split())[:LONGEST_NAME]
        topic = request.form.get("topic", "lobby")
        if not name or topic not in TOPICS:
            abort(400)
        session["name"] = name
        return redirect(url_for("show", topic=topic))  # type: ignore[return-value]

    @app.get("/<any(" + ", ".join(TOPICS) + "):topic>")
    def show(topic: str) -> t.Any:
        if "name" not in session:
            return redirect(url_for("start"))
        return render_template(
            "chat.html", topics=TOPICS, topic=topic, name=session["name"], longest=LONGEST_TEXT
        )

    @app.get("/<any(" + ", ".join(TOPICS) + "):topic>/messages")
    def messages(topic: str) -> t.Any:
        return read_newest(app, topic)

    @app.websocket("/<any(" + ", ".join(TOPICS) + "):topic>/talk")
    async def talk(topic: str) -> None:
        if "name" not in session:
            abort(401)
        await Visitor(app, topic, session["name"]).serve(request.args.get("after"))


class Visitor:
    """One open WebSocket.

    :param app: the application.
    :param topic: what is talked about.
    :param name: the name of the visitor.
    """

    def __init__(self, app: Flask, topic: str, name: str) -> None:
        self.app = app
        self.topic = topic
        self.name = name
        self.key = secrets.token_hex(6)

    async def serve(self, after: str | None) -> None:
        """Send and receive until the client disconnects."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.send_messages(after))
                group.create_task(self.send_presence())
                group.create_task(self.say_here())
                await self.receive()
                raise asyncio.CancelledError  # the client disconnected: end the tasks
        finally:
            channels.publish(f"presence:{self.topic}", {"kind": "gone", "key": self.key})

    async def receive(self) -> None:
        async for text in websocket:
            text = str(text).strip()[:LONGEST_TEXT]
            if text:
                message = await asyncio.to_thread(save, self.app, self.topic, self.name, text)
                await channels.publish(f"chat:{self.topic}", message)

    async def send_messages(self, after: str | None) -> None:
        async with channels.subscribe(f"chat:{self.topic}", after=after) as messages:
            await websocket.send_json({"kind": "ready", "id": messages.position})
            async for message in messages:
                kind = "resync" if message.is_resync else "message"
                await websocket.send_json({"kind": kind, "id": message.id, "message": message.data})

    async def send_presence(self) -> None:
        async with channels.subscribe(f"presence:{self.topic}") as messages:
            await channels.publish(f"presence:{self.topic}", {"kind": "who"})
            async for message in messages:
                if message.is_resync or message.data["kind"] == "who":
                    self.publish_here()
                else:
                    await websocket.send_json(message.data)

    async def say_here(self) -> None:
        """Say regularly that the visitor is there: a process may end without a word."""
        while True:
            await asyncio.sleep(HERE)
            self.publish_here()

    def publish_here(self) -> None:
        data = {"kind": "here", "key": self.key, "name": self.name}
        channels.publish(f"presence:{self.topic}", data)
