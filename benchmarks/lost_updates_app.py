"""The application of `lost_updates.py`; it runs on official Flask and on this package.

The variable ``LOST_UPDATES_KIND`` chooses where its sessions are.
"""

from __future__ import annotations

import os
import tempfile
import time

from flask import Flask, session

WORK = 0.02  # seconds between reading and writing, as a view that asks a database needs

app = Flask(__name__, instance_path=tempfile.gettempdir())
app.config["SECRET_KEY"] = "a key for the benchmark"
kind = os.environ["LOST_UPDATES_KIND"]
redis_url = os.environ["LOST_UPDATES_REDIS"]

if kind == "flask-session":
    from flask_session import Session
    from redis import Redis

    app.config.update(SESSION_TYPE="redis", SESSION_REDIS=Redis.from_url(redis_url))
    Session(app)
elif kind == "sqlite":
    app.config["SESSION_STORE"] = f"sqlite:///{os.environ['LOST_UPDATES_FILE']}"
elif kind == "redis":
    app.config["SESSION_STORE"] = redis_url


@app.get("/begin")
def begin() -> str:
    session["begun"] = True
    return "begun"


@app.get("/keys/<int:number>")
def own_key(number: int) -> str:
    session.get("begun")
    time.sleep(WORK)
    session[f"key {number}"] = number
    return str(os.getpid())


@app.get("/list/<int:number>")
def add_to_list(number: int) -> str:
    items = session.get("items", [])
    time.sleep(WORK)
    if kind in {"sqlite", "redis"}:
        session.append("items", number)  # type: ignore[attr-defined, unused-ignore]
    else:
        session["items"] = [*items, number]
    return str(os.getpid())


@app.get("/counter/<int:number>")
def count(number: int) -> str:
    before = session.get("count", 0)
    time.sleep(WORK)
    if kind in {"sqlite", "redis"}:
        session.increment("count")  # type: ignore[attr-defined, unused-ignore]
    else:
        session["count"] = before + 1
    return str(os.getpid())


@app.get("/assignment/<int:number>")
def assign(number: int) -> str:
    before = session.get("count", 0)
    time.sleep(WORK)
    session["count"] = before + 1
    return str(os.getpid())


@app.get("/result")
def result() -> dict[str, int]:
    keys = sum(name.startswith("key ") for name in session)
    count: int = session.get("count", 0)
    return {"keys": keys, "list": len(session.get("items", [])), "counter": count}
