"""ASGI: one application for both protocols; see ``Flask.asgi_app``."""

from __future__ import annotations

from ._application import AsgiApp as AsgiApp
from ._scope import ScopeError as ScopeError
from ._websocket import Websocket as Websocket
from ._websocket import WebsocketContext as WebsocketContext
from ._wire import WebsocketDisconnect as WebsocketDisconnect
from ._wire import WebsocketStateError as WebsocketStateError
