"""Lets an answer reach a client that is still sending its body.

A server such as Granian closes a connection after a response if the request's body has not been
read. Then the system resets the connection, and most clients report that instead of the response.
So a part of the body is received and dropped before the response ends (RFC 9112 section 9.6).
"""

from __future__ import annotations

import asyncio
import typing as t
from collections.abc import Awaitable, Callable

from ._request_body import Message, Receive, Send, TrackedReceive
from ._scope import Scope

_MAX_BYTES: t.Final = 16 * 1024 * 1024
"""Bytes of a body that are dropped at most."""
_MAX_SECONDS: t.Final = 10.0
"""Seconds that dropping takes at most."""
_MAX_SILENCE: t.Final = 2.0
"""Seconds for which nothing arrives, after which the client is not waited for."""


class EarlyAnswers:
    """ASGI middleware that receives the rest of a body when the response is sent.

    :param app: the ASGI application.
    """

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        self.app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve one connection, and receive what is left of its body."""
        if scope["type"] != "http" or not _may_be_cut_off(scope):
            return self.app(scope, receive, send)
        tracked = TrackedReceive(receive)

        async def send_and_drop(message: Message) -> None:
            is_last = message["type"] == "http.response.body" and not message.get("more_body")
            if not is_last or tracked.is_complete:
                await send(message)
                return
            # A server may close the connection when it has the response, so the last byte waits.
            body = message.get("body", b"")
            if len(body) > 1:
                await send({**message, "body": body[:-1], "more_body": True})
            await _drop_body(tracked)
            await send({**message, "body": body[-1:]})

        return self.app(scope, tracked, send_and_drop)


def _may_be_cut_off(scope: Scope) -> bool:
    """Return whether a request has a body that its client is sending now.

    HTTP/2 ends a stream without a reset of the connection. A client that expects ``100 Continue``
    sends nothing before it gets that.
    """
    if scope.get("http_version", "1.1")[0] != "1":
        return False
    has_body = False
    for name, value in scope["headers"]:
        if name == b"expect":
            return False
        if name == b"transfer-encoding" or (name == b"content-length" and value != b"0"):
            has_body = True
    return has_body


async def _drop_body(receive: TrackedReceive) -> None:
    """Receive the rest of a body, within limits."""
    dropped = 0
    try:
        async with asyncio.timeout(_MAX_SECONDS):
            while not receive.is_complete and dropped < _MAX_BYTES:
                async with asyncio.timeout(_MAX_SILENCE):
                    dropped += len((await receive()).get("body", b""))
    except TimeoutError:
        pass
