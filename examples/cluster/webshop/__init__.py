"""A small shop that runs on several machines: sessions, a cart, live stock, mail in the background.

Without ``REDIS_URL`` everything is in the memory of one process, which is enough to try it.
"""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

from flask import Flask
from flask.channels import Unavailable
from flask.security import Security

from .stores import MemoryOutbox, MemoryWarehouse, RedisOutbox, RedisWarehouse
from .views import bp, channels

RETRY_AFTER = "5"
TASK_SECONDS = 3600
"""Celery gives a task to another worker if the first one has not confirmed it within this time."""


def create_app(**settings: t.Any) -> Flask:
    """Create the shop.

    :param settings: they override those of the environment, such as ``FLASK_REDIS_URL``.
    """
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY="only for this example",
        REDIS_URL=None,  # such as "redis://127.0.0.1:6379": sessions, channels, stock and tasks
        STOCK=1000,  # of each item, when the warehouse is empty
        MAIL_SECONDS=0.0,  # how long the mail server takes
        TASK_SECONDS=TASK_SECONDS,
        NODE="1",
        RELEASE_FILE=None,
        TRUSTED_PROXIES=["127.0.0.1"],
    )
    app.config.from_prefixed_env()
    app.config.update(settings)
    release = app.config["RELEASE_FILE"]
    app.config["RELEASE"] = Path(release).read_text("utf-8").strip() if release else "1"

    url = app.config["REDIS_URL"]
    app.config["SESSION_STORE"] = f"{url}/0" if url else "memory://"
    app.config["CHANNELS_URL"] = f"{url}/1" if url else "memory://"
    stock = app.config["STOCK"]
    app.extensions["warehouse"] = (
        RedisWarehouse(f"{url}/2", stock) if url else MemoryWarehouse(stock)
    )
    app.extensions["outbox"] = RedisOutbox(f"{url}/2") if url else MemoryOutbox()
    if url:
        from .tasks import create_celery

        create_celery(app, f"{url}/3")

    channels.init_app(app)
    # The cluster of this example has no TLS. With TLS, leave `session_cookie` out.
    Security(app, session_cookie=False)
    app.register_blueprint(bp)
    _handle_outages(app)

    @app.after_request
    def name_the_node(response: t.Any) -> t.Any:
        response.headers["X-Node"] = str(app.config["NODE"])
        response.headers["X-Release"] = app.config["RELEASE"]
        response.headers["X-Process"] = str(os.getpid())
        return response

    return app


def _handle_outages(app: Flask) -> None:
    """Answer 503 if Redis is away. Sessions do that themselves."""
    errors: list[type[Exception]] = [Unavailable]
    if app.config["REDIS_URL"]:
        from kombu.exceptions import OperationalError
        from redis.exceptions import RedisError

        errors += [OperationalError, RedisError]

    def answer(error: Exception) -> tuple[str, int, dict[str, str]]:
        app.logger.warning("A request was refused: %s", error)
        return "Try again in a few seconds.", 503, {"Retry-After": RETRY_AFTER}

    for error in errors:
        app.register_error_handler(error, answer)
