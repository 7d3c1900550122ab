"""A dashboard: the load of all processes, live, over server-sent events.

Each process publishes once a second how many requests it has served. Every browser sees all
processes, whichever one it is connected to.
"""

from __future__ import annotations

import os
import threading
import time
import typing as t
from collections import deque
from collections.abc import Iterator

from flask import Flask, Response, render_template
from flask.channels import Channels, Unavailable

INTERVAL = 1.0
SHOWN = 60  # seconds

channels = Channels()


class Load:
    """Counts the requests of this process, publishes the number, and keeps those of all processes.

    :param app: the application.
    """

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.recent: deque[dict[str, t.Any]] = deque(maxlen=SHOWN * 64)
        self._count = 0
        self._lock = threading.Lock()
        self._stop = threading.Event()

    def add(self) -> None:
        """Count one request."""
        with self._lock:
            self._count += 1

    def run(self) -> Iterator[None]:
        """Publish while the application serves."""
        for work in (self._publish, self._collect):
            threading.Thread(target=work, daemon=True).start()
        yield
        self._stop.set()

    def _publish(self) -> None:
        while not self._stop.wait(INTERVAL):
            with self._lock:
                count, self._count = self._count, 0
            sample = {"process": os.getpid(), "requests": count, "at": round(time.time(), 1)}
            with self.app.app_context():
                try:
                    channels.publish("load", sample)
                except Unavailable as error:
                    self.app.logger.warning("A sample is lost: %s", error)

    def _collect(self) -> None:
        with self.app.app_context(), channels.subscribe("load") as messages:
            for message in messages:
                if not message.is_resync:
                    self.recent.append(message.data)


def create_app(**settings: t.Any) -> Flask:
    """Create the application.

    :param settings: they override those of the environment, such as ``FLASK_CHANNELS_URL``.
    """
    app = Flask(__name__)
    app.config.from_prefixed_env()
    app.config.update(settings)
    channels.init_app(app)
    load = Load(app)
    app.while_serving(load.run)
    app.after_request(lambda response: load.add() or response)

    @app.get("/")
    def show() -> str:
        return render_template("dashboard.html", seconds=SHOWN)

    @app.get("/recent")
    def recent() -> list[dict[str, t.Any]]:
        oldest = time.time() - SHOWN
        return [sample for sample in list(load.recent) if sample["at"] >= oldest]

    @app.get("/load")
    async def listen() -> Response:
        return channels.stream("load", retry=1000)

    @app.get("/work")
    def work() -> str:
        return "done"

    return app
