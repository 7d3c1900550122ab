"""ASGI middleware that reloads pages in the browser."""

from __future__ import annotations

import asyncio
import typing as t
from collections.abc import Awaitable, Callable, MutableMapping

from ._pages import (
    EMPTY_EVENT,
    EVENTS_HEADERS,
    EVENTS_PATH,
    FIRST_EVENT,
    HEARTBEAT,
    SCRIPT_HEADERS,
    SCRIPT_PATH,
    Change,
    Headers,
    Pages,
    find_since,
    read_script,
    replace_length,
    wants_page,
)

Scope: t.TypeAlias = MutableMapping[str, t.Any]
Message: t.TypeAlias = MutableMapping[str, t.Any]
Receive: t.TypeAlias = Callable[[], Awaitable[Message]]
Send: t.TypeAlias = Callable[[Message], Awaitable[None]]
AsgiApp: t.TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

_CONDITIONAL: t.Final = frozenset({b"if-none-match", b"if-modified-since"})


class AsgiBrowserReload:
    """Adds the script to pages, and serves it with its events, over ASGI.

    :param app: the application.
    :param pages: the open pages.
    """

    def __init__(self, app: AsgiApp, pages: Pages) -> None:
        self._app = app
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["path"] == SCRIPT_PATH:
            script = read_script()
            await _send_start(send, 200, [*SCRIPT_HEADERS, ("Content-Length", str(len(script)))])
            await send({"type": "http.response.body", "body": script})
            return
        headers = _decode(scope["headers"])

        def find_header(name: str) -> str | None:
            wanted = name.lower()
            return next((value for key, value in headers if key.lower() == wanted), None)

        if scope["path"] == EVENTS_PATH:
            query = scope["query_string"].decode("latin-1")
            await self._stream(find_since(query, find_header("Last-Event-ID")), receive, send)
        elif wants_page(scope["method"], find_header):
            kept = [pair for pair in scope["headers"] if pair[0].lower() not in _CONDITIONAL]
            is_complete = find_header("Sec-Fetch-Dest") is not None
            page = _Page(send, self._pages.version, is_complete)
            await self._app({**scope, "headers": kept}, receive, page.send)
        else:
            await self._app(scope, receive, send)

    async def _stream(self, since: str, receive: Receive, send: Send) -> None:
        loop = asyncio.get_running_loop()
        changed = asyncio.Event()

        def wake() -> None:
            loop.call_soon_threadsafe(changed.set)

        stop_listening = self._pages.listen(wake)
        gone = asyncio.ensure_future(_wait_for_disconnect(receive))
        try:
            await _send_start(send, 200, EVENTS_HEADERS)
            await send({"type": "http.response.body", "body": FIRST_EVENT, "more_body": True})
            while not (gone.done() or self._pages.is_closed):
                event = self._pages.read(since)
                if event is not None:
                    since = event[0]
                    await send({"type": "http.response.body", "body": event[1], "more_body": True})
                woken = asyncio.ensure_future(changed.wait())
                await asyncio.wait(
                    {woken, gone}, timeout=HEARTBEAT, return_when=asyncio.FIRST_COMPLETED
                )
                woken.cancel()
                changed.clear()
                await send({"type": "http.response.body", "body": EMPTY_EVENT, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            stop_listening()
            gone.cancel()


async def _wait_for_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class _Page:
    """The response to a request for a page; it is held back if it gets the script."""

    def __init__(self, send: Send, version: str, is_complete: bool) -> None:
        self._send = send
        self._version = version
        self._is_complete = is_complete
        self._start: Message | None = None
        self._change: Change | None = None
        self._body = bytearray()

    async def send(self, message: Message) -> None:
        """Pass a message of the application on, or keep it."""
        kind = message["type"]
        if kind == "http.response.start":
            change = Change(message["status"], _decode(message.get("headers", ())))
            if change.is_possible:
                self._start, self._change = message, change
                return
        elif kind == "http.response.body" and self._start is not None and self._change is not None:
            self._body += message.get("body", b"")
            if message.get("more_body"):
                return
            page = self._change.insert(bytes(self._body), self._version, self._is_complete)
            headers = replace_length(_decode(self._start.get("headers", ())), len(page))
            await _send_start(self._send, self._start["status"], headers)
            self._start = None
            await self._send({"type": "http.response.body", "body": page})
            return
        await self._send(message)


async def _send_start(send: Send, status: int, headers: Headers) -> None:
    pairs = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    await send({"type": "http.response.start", "status": status, "headers": pairs})


def _decode(headers: t.Iterable[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]
