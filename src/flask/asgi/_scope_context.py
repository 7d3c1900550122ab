"""A request context that is created from an ASGI scope, without a WSGI environment.

Most requests need little of an environment: path, method, host and cookies. If no middleware and no
override between server and lifecycle sees the environment, it is created at the first access.
"""

# A lazy attribute is an ordinary one in the base class.
# pyright: reportIncompatibleVariableOverride=false

from __future__ import annotations

import typing as t
from collections.abc import Iterable
from functools import partial
from threading import Lock
from types import FunctionType

from werkzeug.datastructures import MultiDict

from .._context.request import ServedContext
from .._context.routed import HTTP, RoutedContext
from .._core.lazy import lazy
from .._http.environ_request import REST, complete_environ
from .._http.environ_scope import EXTRAS
from .._http.query import NEEDS_LIBRARY, parse_query
from .._http.response import WITHOUT_BODY
from .._routing.table import NOT_CONVERTED
from ..typing import AnyApp
from ..wrappers import Response
from ._executor_choice import rule_may_block
from ._http_connection import (
    CONTENT_LENGTH_HEADERS,
    ENCODED_HEADERS,
    HttpConnection,
    ResponseMessages,
    encode_content_length,
    encode_header,
)
from ._request_body import Receive, Send
from ._scope import Scope, make_environ
from ._thread_executor import has_greenlets

if t.TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_lock = Lock()  # one for all contexts, because it is held only for a microsecond

_ASKED = frozenset(
    {
        *(b"host", b"cookie", b"upgrade", b"content-type", b"content-length"),
        b"transfer-encoding",
    }
)
"""The headers that matter before the view runs.

A request with ``Upgrade`` or ``Transfer-Encoding``, or with one of them twice, does not take the
fast path.
"""


_BODY: t.Final = "wsgi.input"  # every environment has it, except those in `_KNOWN`
_MOST_DIGITS = 5  # of the length of a small body


_KNOWN: t.Final[dict[str, WSGIEnvironment]] = {
    method: {"REQUEST_METHOD": method} for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
}
"""The known part of the environment of a request without cookies, by method.

A request with another method does not take the fast path.

PERF: shared by all requests, so it must not be changed. A dict for each request takes 0.06 us.
"""


_request_property: property = vars(RoutedContext)["request"]


class ScopeContext(ServedContext):
    """A request context that creates the WSGI environment at the first access.

    `find_context` sets the attributes.
    """

    may_block: bool
    """Whether the view may block, so that it must not run on the loop."""

    content_length: bytes | None
    """The value of the header ``Content-Length``, if there is one."""

    content_type: bytes | None
    """The value of the header ``Content-Type``, if there is one."""

    _scope: Scope
    """What the server says about the request."""
    _receive: Receive
    """Returns the server's next message."""
    _send: Send
    """Takes a message for the server."""
    _connection: HttpConnection | None
    """See `connection`; ``None`` until the first access."""

    @property
    def connection(self) -> HttpConnection:
        """Receives the body and sends the response; created at the first access."""
        connection = self._connection
        if connection is None:
            with _lock:  # the loop, a thread that the view has started, or both at once
                connection = self._connection
                if connection is None:
                    connection = self._connection = HttpConnection(self._receive, self._send)
        return connection

    @lazy
    def _environ(self) -> WSGIEnvironment:
        known = self._known
        if _BODY in known:  # of the request; the same object from now on
            return complete_environ(known)
        environ = self._known = make_environ(self._scope, self.connection)
        return environ

    def _get_request(self) -> t.Any:
        if self._request is None and _BODY not in self._known:
            self._known = self._make_known()
        return _request_property.__get__(self)

    request = _request_property.getter(_get_request)  # pyright: ignore

    def _make_known(self) -> WSGIEnvironment:
        """Return the environment of the request, with the entries that most views read.

        PERF: most headers are never read; POST JSON takes 7 % less than with all of them.
        """
        scope = self._scope
        path: str = scope["path"]
        query = scope.get("query_string") or b""
        if EXTRAS in scope or type(query) is not bytes or not path.isascii():
            return self._environ
        connection = self.connection
        known: WSGIEnvironment = {
            "REQUEST_METHOD": scope["method"],
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": query.decode("latin-1"),
            "wsgi.url_scheme": scope["scheme"],
            _BODY: connection,
            REST: partial(make_environ, scope, connection),
        }
        if self.content_length is None:
            known["wsgi.input_terminated"] = True
        else:
            known["CONTENT_LENGTH"] = self.content_length.decode("latin-1")
        if self.content_type is not None:
            known["CONTENT_TYPE"] = self.content_type.decode("latin-1")
        if "HTTP_COOKIE" in self._known:
            known["HTTP_COOKIE"] = self._known["HTTP_COOKIE"]
        return known

    def _read_query(self) -> MultiDict[str, str]:
        """Return the parameters of the query; PERF: without an environment, 10 % of a request."""
        if self._request is None and self._fast_paths.inputs:
            query = self._scope.get("query_string") or b""
            parameters = parse_query(query.decode("latin-1"))
            if parameters is not NEEDS_LIBRARY:
                return parameters
        return super()._read_query()

    def _peek_body(self, content_type: bytes) -> bytes | None:
        """Return a small body whose length is known.

        PERF: without an environment, 10 % of a request.

        :param content_type: the expected ``Content-Type`` header.
        """
        length = self.content_length
        if self._request is not None or not self._fast_paths.inputs or not length:
            return None
        if len(length) > _MOST_DIGITS or not length.isdigit():
            return None
        size = int(length)
        limit: int | None = self.app.config["MAX_CONTENT_LENGTH"]
        if limit is not None and size > limit:
            return None
        if self.content_type != content_type:
            return None
        body = self.connection.peek(size)
        return body if len(body) == size else None

    def deliver(self, response: t.Any) -> ResponseMessages | Iterable[bytes]:
        """Return the messages of a response whose body is complete; call any other as WSGI does.

        :param response: what the lifecycle returned: a response, or any WSGI application.
        :returns: the messages, or a body to stream.
        """
        if type(response) is Response:
            whole = response._body
            status = response._status_code
            if (
                whole
                and response._headers is None
                and (content_type := response._content_type) is not None
                and (status == 200 or status not in WITHOUT_BODY)
                # None of these requests arrives as HEAD, but code that reads it may change it.
                and (self._request is None or self._known["REQUEST_METHOD"] != "HEAD")
                and (
                    (more := response._more_headers) is None
                    or not response.autocorrect_location_header
                )
            ):
                # PERF: the same result as a call of the response; 0.5 us less.
                try:
                    headers = [ENCODED_HEADERS[content_type], CONTENT_LENGTH_HEADERS[len(whole)]]
                except KeyError:
                    headers = [encode_header(content_type), encode_content_length(len(whole))]
                if more is not None:
                    headers += [ENCODED_HEADERS.get(pair) or encode_header(pair) for pair in more]
                return (
                    {"type": "http.response.start", "status": status, "headers": headers},
                    {"type": "http.response.body", "body": whole},
                )
        is_ours = type(response) is Response and response._is_unmodified
        # An unmodified response reads only the method, unless it corrects a location.
        is_enough = is_ours and not response.autocorrect_location_header
        environ = self._known if is_enough else self._environ
        start_response: t.Any = self.connection.start_response
        body = response(environ, start_response)
        return self.connection.send_body(body) if isinstance(body, (list, tuple)) else body


def find_context(app: AnyApp, scope: Scope, receive: Receive, send: Send) -> ScopeContext | None:
    """Create the context of a request, with the rule that it matches.

    :param scope: the server's description of the request.
    :param receive: returns the server's next message.
    :param send: takes a message for the server.
    :returns: ``None`` if the request needs a WSGI environment: the application allows no fast path,
        the request is unusual, or only the URL map can match it.
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
        content_type: bytes | None = None
        for name, value in headers:
            if name in _ASKED:
                if name == b"host" and host is None:
                    host = value
                elif name == b"cookie" and "HTTP_COOKIE" not in known:
                    known = {**known, "HTTP_COOKIE": value.decode("latin-1")}
                elif name == b"content-length" and length is None:
                    length = value
                elif name == b"content-type" and content_type is None:
                    content_type = value
                else:
                    return None
        if host not in fast.accepted_hosts:
            return None
        table = app.url_map.table
        by_method = table.exact.get(path)
        if by_method is None:  # PERF: `Table.match` inlined
            rule, arguments = table.search(path, method, False)
            if rule is None:
                return None
        else:
            leaf = by_method[method]
            rule, arguments = leaf.without_arguments or (leaf.rule, leaf.defaults.copy())
        if arguments is not None and (arguments is NOT_CONVERTED or not path.isascii()):
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
        return None  # the general path reports what is wrong
    context: ScopeContext = ScopeContext()
    context.app = app
    context._scope = scope
    context._receive = receive
    context._send = send
    context._connection = None
    context._known = known
    context._request = None
    context._url_rule = rule
    context._view_args = arguments
    context._routing_exception = None
    context._open_session = None
    context._after = None
    context._hooks = None
    context._uses_default_host = True
    context._pushed = None
    context.may_block = may_block
    context.content_length = length
    context.content_type = content_type
    return context
