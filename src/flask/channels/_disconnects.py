"""Notices that the client of a request disconnected, so that its listeners end at once.

Under ASGI, and with ``flask serve``, the connection calls a function. Other WSGI servers offer at
most the socket of the client. An event loop can watch it, so this works for an asynchronous
iterator; a synchronous one notices the disconnect when the server sends the next bytes.
"""

from __future__ import annotations

import os
import socket
import sys
import typing as t
from collections.abc import Callable
from functools import partial

from .._core.current import get_request_context

if t.TYPE_CHECKING:
    import asyncio

    from _typeshed.wsgi import WSGIEnvironment

Function: t.TypeAlias = Callable[[], object]


@t.runtime_checkable
class Connection(t.Protocol):
    """A connection that calls functions when its client disconnects."""

    def call_at_disconnect(self, function: Function) -> None:
        """Call a function at a disconnect; it must not wait."""
        ...

    def do_not_call(self, function: Function) -> None:
        """Remove the function."""
        ...


def _nothing() -> None:
    pass


def watch_for_disconnect(function: Function) -> Function:
    """Call a function when the client of the current request disconnects.

    :param function: must not wait; it is called in any thread.
    :returns: a function that ends the watch.
    """
    context = get_request_context(None)
    if context is None:
        return _nothing
    environ: WSGIEnvironment = context.request.environ
    connection = getattr(context.request, "_channel", None) or environ.get("wsgi.input")
    if not isinstance(connection, Connection):
        return _watch_socket(environ, function)
    connection.call_at_disconnect(function)
    return partial(connection.do_not_call, function)


def _watch_socket(environ: WSGIEnvironment, function: Function) -> Function:
    """Let the running event loop watch the socket of a WSGI server."""
    asyncio_module = sys.modules.get("asyncio")
    loop = None if asyncio_module is None else asyncio_module._get_running_loop()
    client = environ.get("werkzeug.socket") or environ.get("gunicorn.socket")
    # Over TLS, bytes arrive at the end of a connection too.
    if loop is None or client is None or "SSL" in type(client).__name__:
        return _nothing
    try:
        return _SocketWatch(loop, client, function).stop
    except (OSError, NotImplementedError):  # the loop of Windows cannot watch sockets
        return _nothing


class _SocketWatch:
    """Watches the socket of a client that sends nothing more.

    :param loop: the running loop.
    :param client: the server's socket, which stays as it is.
    :param function: called at the end of the connection.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, client: socket.socket, function: Function
    ) -> None:
        self._loop = loop
        self._function = function
        self._copy = socket.socket(fileno=os.dup(client.fileno()))
        try:
            loop.add_reader(self._copy, self._look)
        except BaseException:
            self._copy.close()
            raise

    def _look(self) -> None:
        try:
            has_ended = not self._copy.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        except OSError:
            has_ended = True
        self.stop()  # also if the client sends the next request early
        if has_ended:
            self._function()

    def stop(self) -> None:
        """Stop to watch."""
        if self._copy.fileno() != -1:
            if not self._loop.is_closed():
                self._loop.remove_reader(self._copy)
            self._copy.close()
