"""Serving over ASGI: the classes and errors of WebSockets. See also ``Flask.asgi_app``."""

from __future__ import annotations

import typing as t

from .._core.reexports import module_getattr

__all__ = [
    "AsgiApp",
    "ScopeError",
    "Websocket",
    "WebsocketContext",
    "WebsocketDisconnect",
    "WebsocketStateError",
]

if t.TYPE_CHECKING:
    AsgiApp: type[t.Any]
    from ._scope import ScopeError as ScopeError
    from ._websocket import Websocket as Websocket
    from ._websocket import WebsocketContext as WebsocketContext
    from ._websocket_channel import WebsocketDisconnect as WebsocketDisconnect
    from ._websocket_channel import WebsocketStateError as WebsocketStateError
else:  # imported on demand: they need asyncio, which WSGI does not
    __getattr__ = module_getattr(__name__)
