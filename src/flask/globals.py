"""The proxies to the current application, request, session and so on, with their types.

The objects are those of ``_core/current``. You can import a proxy anywhere, and use it while its
context is active.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

from ._core import current
from ._core.reexports import module_getattr
from .app import Flask
from .ctx import AppContext, RequestContext, _AppCtxGlobals
from .sessions import SessionMixin
from .wrappers import Request

if TYPE_CHECKING:
    from .asgi import Websocket

__all__ = [
    "_cv_app",
    "_cv_request",
    "app_ctx",
    "current_app",
    "g",
    "request",
    "request_ctx",
    "session",
    "websocket",
]

if not TYPE_CHECKING:  # to type checkers the module has what it defines
    __getattr__ = module_getattr(__name__)
else:
    _cv_app: ContextVar[AppContext]

_no_app_msg = current.NO_APP_MESSAGE
_no_req_msg = current.NO_REQUEST_MESSAGE

app_ctx: AppContext = current.app_ctx
"""The active application context."""
current_app: Flask = current.current_app
"""The current application."""
g: _AppCtxGlobals = current.g
"""A namespace for data of the application context, which usually exists for one request."""

_cv_request: ContextVar[RequestContext] = current._cv_request
request_ctx: RequestContext = current.request_ctx
"""The active request context."""
request: Request = current.request
"""The current request."""
session: SessionMixin = current.session
"""The session of the client that sent the request."""
websocket: Websocket = current.websocket
"""The current WebSocket."""
