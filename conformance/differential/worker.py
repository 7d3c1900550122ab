"""One side of the comparison: serves raw requests to the apps of ``app.py``.

Run by the driver with the Python of one environment. Reads one JSON object a
line from standard input and answers each with one line on standard output:

``{"do": "hello"}``                               who am I
``{"do": "catalogue"}``                           every app's rules, every word
``{"do": "reset", "config": name}``               build that app anew
``{"do": "request", "config": name, "request":}`` serve it, tell what was seen

The clock of ``time`` stands still at the request's time, so signed cookies are
the same bytes on both sides. It is replaced before anything else is imported.
"""

from __future__ import annotations

import time

from protocol import CLOCK


class Clock:
    """The frozen clock that replaces ``time.time``; ``real`` goes on."""

    real = staticmethod(time.time)

    def __init__(self) -> None:
        self.now = float(CLOCK)

    def time(self) -> float:
        """The frozen time, in seconds."""
        return self.now

    def time_ns(self) -> int:
        """The frozen time, in nanoseconds."""
        return int(self.now) * 1_000_000_000


CLOCK_OF_WORKER = Clock()
time.time = CLOCK_OF_WORKER.time
time.time_ns = CLOCK_OF_WORKER.time_ns

# Only now: whatever binds ``time.time`` at import binds the frozen clock.
import importlib.metadata  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import sys  # noqa: E402
from contextvars import Context  # noqa: E402
from typing import IO, TYPE_CHECKING, Any  # noqa: E402

from observe import Observer  # noqa: E402
from protocol import Request, line  # noqa: E402

if TYPE_CHECKING:
    from flask import Flask


class Worker:
    """Builds apps when they are first asked for and serves them requests."""

    def __init__(self, plant: bool) -> None:
        from app import FACTORIES, VOCABULARY

        self.factories = FACTORIES
        self.vocabulary = VOCABULARY
        self.apps: dict[str, Flask] = {}
        self.observer = Observer(
            CLOCK_OF_WORKER,
            by_asgi="--asgi" in sys.argv[1:],
            beside_asgi="--beside-asgi" in sys.argv[1:],
        )
        self.plant = plant

    def app(self, config: str) -> Flask:
        """The app of that configuration, built once."""
        if config not in self.apps:
            self.apps[config] = self.factories[config]()
            if self.plant:
                plant_fault(self.apps[config])
        return self.apps[config]

    def answer(self, message: dict[str, Any]) -> dict[str, Any]:
        """The answer to one message from the driver."""
        match message["do"]:
            case "hello":
                return {
                    "python": sys.version.split()[0],
                    "summary": importlib.metadata.metadata("flask")["Summary"],
                    "versions": {
                        name: importlib.metadata.version(name)
                        for name in ("flask", "werkzeug", "jinja2", "itsdangerous", "blinker")
                    },
                }
            case "catalogue":
                return {
                    "rules": {name: catalogue(self.app(name)) for name in self.factories},
                    "vocabulary": self.vocabulary,
                }
            case "reset":
                self.apps.pop(message["config"], None)
                return {}
            case "request":
                request = Request.from_json(message["request"])
                CLOCK_OF_WORKER.now = float(request.clock)
                app = self.app(message["config"])
                # A context of its own: what one request leaves behind is
                # reported, and does not reach the next one.
                return Context().run(self.observer.serve, app, request).to_json()
            case other:
                raise ValueError(f"The driver asked to {other!r}, which no worker can do.")


def catalogue(app: Flask) -> list[dict[str, Any]]:
    """Every rule of the app: what the generator makes its paths from."""
    return [
        {
            "rule": rule.rule,
            "endpoint": rule.endpoint,
            "methods": sorted(rule.methods or ()),
            "host": rule.host,
            "subdomain": rule.subdomain,
        }
        for rule in app.url_map.iter_rules()
    ]


def plant_fault(app: Flask) -> None:
    """Make the app lie to requests that name a language (``--plant``)."""
    served = app.wsgi_app

    def lying(environ: Any, start_response: Any) -> Any:
        if "HTTP_ACCEPT_LANGUAGE" not in environ:
            return served(environ, start_response)

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            return start_response(status, [*headers, ("X-Planted", "yes")], *rest)

        return served(environ, start)

    app.wsgi_app = lying  # type: ignore[method-assign]


def _run_websocket(worker: Worker, source: IO[bytes], target: IO[bytes]) -> None:
    """Answer each line of ``source`` on ``target`` until it ends."""
    for message in source:
        target.write(line(worker.answer(json.loads(message))))
        target.flush()


def main() -> None:
    """Keep standard output for the answers alone, then converse."""
    target = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    _run_websocket(Worker("--plant" in sys.argv[1:]), sys.stdin.buffer, target)


if __name__ == "__main__":
    main()
