"""The context of a request that came as an ASGI scope, without a WSGI environment.

Most requests need little of an environment: path, method, host and cookies. Where nobody stands
between server and lifecycle who would see the environment, it is made only when somebody asks.
"""

# A lazy attribute is a plain one in the base class.
# pyright: reportIncompatibleVariableOverride=false

from __future__ import annotations

import typing as t
import weakref
from collections.abc import Iterable
from threading import Lock
from types import FunctionType

from .._context.routed import HTTP
from .._core.lazy import lazy
from .._core.waiting import can_wait_here
from .._http.environ_scope import EXTRAS
from .._http.response import WITHOUT_BODY
from .._routing.table import UNREAD
from ..ctx import RequestContext
from ..typing import AnyApp
from ..wrappers import Response
from ._executor_choice import rule_may_block
from ._http_connection import (
    CONTENT_LENGTH_HEADERS,
    ENCODED_HEADERS,
    HttpConnection,
    ResponseMessages,
)
from ._request_body import Receive, Send
from ._scope import Scope, make_environ
from ._thread_executor import has_greenlets

if t.TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_lock = Lock()  # one for all contexts: it is held for a microsecond

_ASKED = frozenset({b"host", b"cookie", b"upgrade", b"content-length"})
"""The headers that have a say before the view; no request with an upgrade, or with one of them
twice, is plain."""


_KNOWN: t.Final[dict[str, WSGIEnvironment]] = {
    method: {"REQUEST_METHOD": method} for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
}
"""What is known of a request without cookies, by its method; other methods are not plain.

PERF: shared by all requests, so nobody writes there; a dict for each takes 0.06 us.
"""


class ScopeContext(RequestContext):
    """A request context that makes the WSGI environment when somebody first asks for it.

    It is made empty, and `find_context` fills it.
    """

    if t.TYPE_CHECKING:

        def __init__(self) -> None: ...

    else:
        __init__ = object.__init__  # PERF: 0.02 us less than by object.__new__

    may_block: bool
    """Whether the view may hold up its thread, so that it must not run on the loop."""

    content_length: bytes | None
    """The header, if there is one."""

    _scope: Scope
    """What the server tells of the request."""
    _receive: Receive
    """Gives the server's next message."""
    _send: Send
    """Takes a message for the server."""
    _connection: HttpConnection | None = None
    """See `connection`; ``None`` until somebody needs it."""

    @property
    def connection(self) -> HttpConnection:
        """The request's body, and the way of its answer; made when it is needed."""
        connection = self._connection
        if connection is None:
            if can_wait_here():  # PERF: the view; it has not waited yet. 0.3 us less.
                connection = self._connection = HttpConnection(self._receive, self._send)
                return connection
            with _lock:  # the loop asks, or a thread that the view has started: or both
                connection = self._connection
                if connection is None:
                    connection = self._connection = HttpConnection(self._receive, self._send)
        return connection

    @lazy
    def _environ(self) -> WSGIEnvironment:
        environ = self._known = make_environ(self._scope, self.connection)
        return environ

    def copy(self) -> RequestContext:
        """Return a context of its own, with an environment, for the same request and session."""
        request = self.request
        copied = RequestContext(self.app, request.environ, request, self._session)
        copied._copied_from = weakref.ref(self)
        return copied

    def deliver(self, response: t.Any) -> ResponseMessages | Iterable[bytes]:
        """Make the messages of a whole response; any other is called as WSGI does."""
        if type(response) is Response:
            whole = response._body
            status = response._status_code
            if (
                whole
                and response._headers is None
                and (content_type := response._content_type) is not None
                and (status == 200 or status not in WITHOUT_BODY)
                # None of these requests begins as HEAD, but who looks at one may change it.
                and (self._request is None or self._known["REQUEST_METHOD"] != "HEAD")
                and (response._more_headers is None or not response.autocorrect_location_header)
            ):
                # PERF: what calling it and reading the answer comes to; 0.5 us less.
                headers = [ENCODED_HEADERS[content_type], CONTENT_LENGTH_HEADERS[len(whole)]]
                if response._more_headers is not None:
                    headers += [ENCODED_HEADERS[pair] for pair in response._more_headers]
                return (
                    {"type": "http.response.start", "status": status, "headers": headers},
                    {"type": "http.response.body", "body": whole},
                )
        is_ours = type(response) is Response and response._is_unmodified
        # PERF: ours asks the environment for the method alone, unless it corrects a location.
        is_enough = is_ours and not response.autocorrect_location_header
        environ = self._known if is_enough else self._environ
        start_response: t.Any = self.connection.start_response
        body = response(environ, start_response)
        return self.connection.send_body(body) if isinstance(body, (list, tuple)) else body


def find_context(app: AnyApp, scope: Scope, receive: Receive, send: Send) -> ScopeContext | None:
    """Make the context of a request, its rule found already.

    :param scope: what the server tells of the request.
    :param receive: gives the server's next message.
    :param send: takes a message for the server.
    :returns: ``None`` where the WSGI environment has to be made first: something about the
        application or the request is not plain, or only the map knows the rule.
    """
    fast = app._fast_paths
    size = len(fast.app_members) + len(fast.request_members) + len(fast.response_members)
    if size != fast.size:
        fast = app._compute_fast_paths()
    if not fast.scopes or not has_greenlets:
        return None
    try:
        method: str = scope["method"]
        path: str = scope["path"]
        headers = scope["headers"]
        if (
            type(headers) is not list  # an iterator could not be read again
            or scope["root_path"]
            or scope["scheme"] not in HTTP
            or app.config["TRUSTED_HOSTS"] is not None
        ):
            return None
        known = _KNOWN[method]
        host: bytes | None = None
        length: bytes | None = None
        for name, value in headers:
            if name in _ASKED:
                if name == b"host" and host is None:
                    host = value
                elif name == b"cookie" and "HTTP_COOKIE" not in known:
                    known = {**known, "HTTP_COOKIE": value.decode("latin-1")}
                elif name == b"content-length" and length is None:
                    length = value
                else:
                    return None
        if host not in fast.accepted_hosts:
            return None
        table = app.url_map.table
        by_method = table.exact.get(path)
        if by_method is not None:
            leaf = by_method[method]
            rule = leaf.rule
            arguments = leaf.defaults.copy() if leaf.defaults else None
        elif path.isascii():
            rule, arguments = table.walk(path, method, False)
            if rule is None or arguments is UNREAD:
                return None
        else:
            return None
        # PERF: what rule_may_block would find out first, 0.1 us.
        view = app.view_functions[rule.endpoint]
        is_awaited = type(view) is FunctionType and fast.views.get(view)
        may_block = (
            False if is_awaited and rule.blocking is None else rule_may_block(app, rule, method)
        )
        if EXTRAS in scope:
            known = {**known, **scope[EXTRAS]}
    except (AttributeError, KeyError, TypeError, ValueError):
        return None  # the longer way tells what is wrong
    context: ScopeContext = ScopeContext()
    context.app = app
    context._scope = scope
    context._receive = receive
    context._send = send
    context._known = known
    context._request = None
    context._url_rule = rule
    context._view_args = arguments
    context._routing_exception = None
    context._open_session = None
    context._after = None
    context._uses_default_host = True
    context._pushed = None
    context.may_block = may_block
    context.content_length = length
    return context
