"""The kinds of ASGI connections, and what serves each of them.

Importing this room imports asyncio and all that speaks ASGI: 15 ms, at the first connection.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Coroutine

from .._core.current import BY_CLIENT
from ..typing import AnyApp
from ._http import serve_http
from ._lifespan import serve_lifespan
from ._request_body import Receive, Send
from ._scope import Scope, ScopeError, with_nothing_current

Serve: t.TypeAlias = Callable[[AnyApp, Scope, Receive, Send], Coroutine[t.Any, t.Any, None]]


def _serve_websocket(
    app: AnyApp, scope: Scope, receive: Receive, send: Send
) -> Coroutine[t.Any, t.Any, None]:
    served: Coroutine[t.Any, t.Any, None] = app._serve_websocket(scope, receive, send)
    return served if BY_CLIENT in scope else with_nothing_current(served)


def _serve_lifespan(
    app: AnyApp, scope: Scope, receive: Receive, send: Send
) -> Coroutine[t.Any, t.Any, None]:
    return serve_lifespan(app, receive, send)


class Protocols(dict[t.Any, Serve]):
    """Serves by the type of the connection."""

    def __missing__(self, kind: t.Any) -> t.NoReturn:
        raise ScopeError(
            f"An ASGI connection of the type {kind!r} cannot be served; known are 'http',"
            " 'websocket' and 'lifespan'."
        )


PROTOCOLS: t.Final = Protocols(
    http=serve_http, websocket=_serve_websocket, lifespan=_serve_lifespan
)
