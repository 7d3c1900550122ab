"""The application that the servers of ``test_servers`` run; it logs events to a file."""

from __future__ import annotations

import asyncio
import contextvars
import hashlib
import os
import time
import typing as t
from collections.abc import AsyncIterator

from flask import Flask, g, request, send_file, session, stream_events, websocket

app = Flask(__name__)
app.secret_key = "a key for tests"
token: contextvars.ContextVar[str] = contextvars.ContextVar("token")


def note(what: str) -> None:
    with open(os.environ["SERVED_LOG"], "a", encoding="utf-8") as file:
        file.write(f"{what}\n")


@app.before_serving
async def before() -> None:
    await asyncio.sleep(0)
    note("before")


@app.after_serving
def after() -> None:
    note("after")


@app.teardown_appcontext
def end(error: BaseException | None) -> None:
    if "user" in g:
        note(f"end of {g.user}")


@app.get("/user")
def user() -> str:
    if "user" not in g:  # as login extensions keep it
        g.user = request.args["name"]
    return str(g.user)


@app.before_request
async def take_token() -> None:
    await asyncio.sleep(0)
    g.token = request.args.get("token", "none")
    token.set(g.token)


@app.get("/async")
async def asynchronous() -> dict[str, t.Any]:
    await asyncio.sleep(0.001)
    return {"token": g.token, "same": g.token == token.get() == request.args.get("token", "none")}


@app.get("/sync")
def sync() -> dict[str, t.Any]:
    time.sleep(0.001)
    return {"token": g.token, "same": g.token == token.get()}


@app.get("/session")
async def count() -> str:
    session["n"] = session.get("n", 0) + 1
    return str(session["n"])


@app.post("/upload")
async def upload() -> str:
    digest = hashlib.sha256()
    while chunk := request.stream.read(65536):
        digest.update(chunk)
    return digest.hexdigest()


@app.post("/form")
def form() -> dict[str, t.Any]:
    return {"name": request.form["name"], "size": len(request.files["file"].read())}


@app.get("/stream")
async def stream() -> AsyncIterator[str]:
    async def generate() -> AsyncIterator[str]:
        for n in range(5):
            await asyncio.sleep(0.001)
            yield f"{n} "

    return generate()


@app.get("/file")
def file() -> t.Any:
    return send_file(__file__)


@app.get("/gone", cancel_on_disconnect=True)
async def gone() -> str:
    note("waiting")
    try:
        await asyncio.sleep(60)
    finally:
        note("cancelled")
    return "never"


@app.get("/events")
async def events() -> t.Any:
    async def generate() -> AsyncIterator[str]:
        try:
            yield "first"
            await asyncio.sleep(60)
        finally:
            note("stream ended")

    return stream_events(generate(), heartbeat=0.05)


@app.get("/slow")
async def slow() -> str:
    note("slow")
    await asyncio.sleep(2)
    return "slow"


@app.get("/background")
async def background() -> str:
    async def work() -> None:
        await asyncio.sleep(0.01)
        note(f"background {g.get('token')} {token.get()}")

    app.add_background_task(work)
    return "ok"


@app.websocket("/chat/<name>")
async def chat(name: str) -> None:
    await websocket.send(f"welcome to {name}")
    async for message in websocket:
        await websocket.send(message)
    note(f"left {name}")


@app.websocket("/sync/<name>")
def sync_chat(name: str) -> None:
    for message in websocket:
        websocket.send(message)
    note(f"left sync {name}")


@app.websocket("/closed")
async def closed() -> tuple[str, int]:
    return "closed", 401


PAGE = """<!doctype html>
<script>
const said = [];
const report = async (what) => {
  said.push(what);
  if (said.length < 2) return;
  // Both stay open while more is asked for.
  const answer = await fetch("/sync?token=browser");
  said.push(`answer: ${(await answer.json()).token}`);
  await fetch("/report", {method: "POST", body: said.sort().join(" and ")});
  socket.close();
  source.close();
};
const socket = new WebSocket(`ws://${location.host}/sync/browser`);
socket.onopen = () => socket.send("hello");
socket.onmessage = (event) => report(`websocket: ${event.data}`);
const source = new EventSource("/events");
source.onmessage = (event) => report(`event: ${event.data}`);
</script>
"""


@app.get("/page")
async def page() -> str:
    return PAGE


@app.post("/report")
async def report() -> str:
    note(request.get_data(as_text=True))
    return ""


app.app_context().push()  # as is often advised for db.create_all()
