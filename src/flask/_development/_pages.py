"""Reloads pages in the browser: who is notified of changes, and which responses get the script.

`_browser_wsgi` and `_browser_asgi` use it for the two protocols.
"""

from __future__ import annotations

import json
import secrets
import threading
import typing as t
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from importlib.resources import files
from urllib.parse import parse_qs

EVENTS_PATH: t.Final = "/.flask/reload"
"""Where the script receives events."""
SCRIPT_PATH: t.Final = "/.flask/reload.js"
"""Where the script is."""
MAX_PAGE: t.Final = 8 * 1024 * 1024
"""Maximum size in bytes of a page that gets the script."""
HEARTBEAT: t.Final = 15.0
"""Seconds after which an empty event shows whether the browser is still connected."""

_KEPT_CHANGES: t.Final = 100

Headers: t.TypeAlias = Sequence[tuple[str, str]]
"""Names and values."""


@cache
def read_script() -> bytes:
    """Return the script."""
    return files("flask._development").joinpath("reload.js").read_bytes()


class Pages:
    """The open pages of this process, and what has changed since they were sent.

    A version is a token of this process, a dot, and the number of changes so far.
    """

    def __init__(self) -> None:
        self._token = secrets.token_hex(8)
        self._changes: list[list[str]] = []
        self._dropped = 0
        self._changed = threading.Condition()
        self._listeners: set[Callable[[], None]] = set()
        self.is_closed = False
        """Whether the streams of events end, since the process does."""

    @property
    def version(self) -> str:
        """The current version."""
        return f"{self._token}.{self._dropped + len(self._changes)}"

    def publish(self, assets: list[list[str]]) -> None:
        """Notify the pages.

        :param assets: a kind and a path each, see ``Project.find_asset``.
        """
        with self._changed:
            self._changes += assets
            surplus = max(0, len(self._changes) - _KEPT_CHANGES)
            del self._changes[:surplus]
            self._dropped += surplus
        self._wake()

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener()

    def close(self) -> None:
        """End the streams of events. Otherwise the browser's console would show an error."""
        self.is_closed = True
        self._wake()

    def read(self, since: str) -> tuple[str, bytes] | None:
        """Return the current version, and the event for a page.

        :param since: the version of the page.
        :returns: ``None``: nothing has changed.
        """
        with self._changed:
            version = self.version
            if since == version:
                return None
            message: dict[str, object] = {"version": version}
            token, _, number = since.partition(".")
            first = int(number) - self._dropped if number.isdecimal() else -1
            if token != self._token or not 0 <= first <= len(self._changes):
                message["isStale"] = True
            else:
                changes = self._changes[first:]
                message["templates"] = sum(kind == "template" for kind, _ in changes)
                message["static_files"] = [path for kind, path in changes if kind == "static"]
        return version, f"id: {version}\ndata: {json.dumps(message)}\n\n".encode()

    def wait(self, since: str, timeout: float) -> None:
        """Wait until something has changed.

        :param since: a version.
        :param timeout: maximum seconds.
        """
        with self._changed:
            self._changed.wait_for(lambda: self.is_closed or self.version != since, timeout)

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call a function after each change; return a function that ends this.

        :param listener: is called in another thread.
        """
        with self._changed:
            self._listeners.add(listener)
        return lambda: self._listeners.discard(listener)


def find_since(query: str, last_event_id: str | None) -> str:
    """Return the version that a page has.

    :param query: the query string of a request for events.
    :param last_event_id: the header that a browser sends when it connects again.
    """
    return last_event_id or parse_qs(query).get("v", [""])[0]


FIRST_EVENT: t.Final = b"retry: 100\n\n"
"""The begin of a stream: after how many milliseconds a browser connects again."""
EMPTY_EVENT: t.Final = b": \n\n"
EVENTS_HEADERS: t.Final = [
    ("Content-Type", "text/event-stream"),
    ("Cache-Control", "no-store"),
    ("X-Accel-Buffering", "no"),
]
SCRIPT_HEADERS: t.Final = [
    ("Content-Type", "text/javascript; charset=utf-8"),
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
]


# Which responses get the script -----------------------------------------------------------------


def wants_page(method: str, headers: Callable[[str], str | None]) -> bool:
    """Return whether a browser requests a page for a window, and not a part of one.

    :param method: of the request.
    :param headers: returns a header of the request.
    """
    if method != "GET" or headers("Range") is not None:
        return False
    target = headers("Sec-Fetch-Dest")  # not sent to a server without HTTPS on another machine
    if target is not None:
        return target == "document"
    return "text/html" in (headers("Accept") or "")


class Change:
    """How a response gets the script.

    :param status: the status code.
    :param headers: of the response.
    """

    def __init__(self, status: int, headers: Headers) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in headers:
            self._values.setdefault(name.lower(), []).append(value)
        self.nonce: str | None = None
        self.is_possible = self._is_page(status) and all(
            map(self._is_allowed_by, self._list_policies())
        )
        """Whether the response is a complete page whose policies allow the script."""

    def _is_page(self, status: int) -> bool:
        values = self._values
        kind = values.get("content-type", [""])[0].partition(";")[0].strip().lower()
        length = values.get("content-length", [""])[0]
        if kind != "text/html" or status < 200 or status in {204, 205, 206, 304}:
            return False
        names = ("content-encoding", "content-range", "content-digest", "repr-digest")
        if any(name in values for name in names):
            return False
        if "no-transform" in ",".join(values.get("cache-control", ())).lower():
            return False
        # A stream has no length. The page of Werkzeug's debugger has none either.
        return (length.isdecimal() and int(length) <= MAX_PAGE) or (not length and status == 500)

    def _list_policies(self) -> list[dict[str, list[str]]]:
        policies = []
        for header in self._values.get("content-security-policy", ()):
            for text in header.split(","):
                policy: dict[str, list[str]] = {}
                for directive in text.split(";"):
                    name, *sources = directive.split() or [""]
                    policy.setdefault(name.lower(), sources)
                policies.append(policy)
        return policies

    def _is_allowed_by(self, policy: dict[str, list[str]]) -> bool:
        """Return whether a policy (CSP 3) allows the script and its connection."""
        sandbox = policy.get("sandbox")
        if sandbox is not None and not {"allow-scripts", "allow-same-origin"} <= set(sandbox):
            return False
        scripts = _find_sources(policy, "script-src-elem", "script-src", "default-src")
        connections = _find_sources(policy, "connect-src", "default-src")
        if connections is not None and not {"'self'", "*"} & set(connections):
            return False
        if scripts is None:
            return True
        nonces = [source[7:-1] for source in scripts if source.lower().startswith("'nonce-")]
        if nonces and self.nonce in {None, *nonces}:
            self.nonce = self.nonce or nonces[0]
            return True
        return "'strict-dynamic'" not in scripts and bool({"'self'", "*"} & set(scripts))

    def insert(self, page: bytes, version: str, is_complete: bool) -> bytes:
        """Return a page with the script.

        :param page: the body of the response.
        :param version: see `Pages`.
        :param is_complete: the page is for a window, even if it has no ``</body>``.
        """
        lower = page.lower()
        place = lower.rfind(b"</body>")
        if b'http-equiv="content-security-policy"' in lower or (place < 0 and not is_complete):
            return page
        nonce = f' nonce="{self.nonce}"' if self.nonce else ""
        tag = f'<script src="{SCRIPT_PATH}?v={version}"{nonce}></script>'.encode()
        place = len(page) if place < 0 else place
        return page[:place] + tag + page[place:]


def replace_length(headers: Iterable[tuple[str, str]], length: int) -> list[tuple[str, str]]:
    """Return headers with another length, and without an offer of byte ranges.

    :param headers: of the response.
    :param length: of the new body, in bytes.
    """
    dropped = {"content-length", "accept-ranges"}
    kept = [(name, value) for name, value in headers if name.lower() not in dropped]
    return [*kept, ("Content-Length", str(length))]


def _find_sources(policy: dict[str, list[str]], *names: str) -> list[str] | None:
    return next((policy[name] for name in names if name in policy), None)
