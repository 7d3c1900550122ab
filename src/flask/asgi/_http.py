"""HTTP over ASGI: runs the request lifecycle in an executor, and sends the response as messages.

If the application and its middleware need no WSGI environment, a context is created from the ASGI
scope. Otherwise ``wsgi_app`` is called with an environment. This file reads top to bottom in the
order of events.
"""

from __future__ import annotations

import asyncio
import typing as t
from collections.abc import Awaitable, Callable, Iterable
from contextvars import Context
from functools import partial

from .._app.background import WAITING_TASKS
from .._app.lifecycle import Lifecycle
from .._core.current import BY_CLIENT, get_request_context, get_set_app_context
from .._core.threads import PoolFull, events, views
from .._core.waiting import wait
from .._http.streaming import StreamedBody, iterate_sync
from .._http.threaded_steps import ThreadedSteps
from ._app_protocol import AsgiApplication
from ._executor_choice import may_block, may_cancel
from ._http_connection import ConnectionLost, HttpConnection, ResponseMessages
from ._request_body import SERVER_RECEIVES, Receive, Send
from ._scope import Scope, make_environ, without_contexts
from ._scope_context import ScopeContext, find_context
from ._thread_executor import (
    ThreadExecutor,
    WorkerGreenlet,
    has_greenlets,
    run_in_greenlet,
    start_in_greenlet,
)

Result: t.TypeAlias = ResponseMessages | Iterable[bytes]
"""What the lifecycle returns: a complete response, or a body that is streamed."""

_run_lifecycle = Lifecycle._answer


async def serve_http(app: AsgiApplication, scope: Scope, receive: Receive, send: Send) -> None:
    """Serve one HTTP request of an ASGI server.

    :param app: the application.
    :param scope: what the server says about the request.
    :param receive: returns the server's next message.
    :param send: takes a message for the server.
    :raises ScopeError: the scope or a message is malformed.
    """
    if (
        get_set_app_context(None) or get_request_context(None)
    ) is not None and BY_CLIENT not in scope:
        await without_contexts(serve_http(app, scope, receive, send))
        return
    if app._lifespan.is_due:
        await app._asgi.start(app, BY_CLIENT not in scope)
    context = find_context(app, scope, receive, send)
    if context is None:
        await _serve_by_wsgi(app, scope, receive, send)
        return
    length = context.content_length
    buffered: HttpConnection | None = None
    try:
        if length is not None and (context.may_block or type(receive) in SERVER_RECEIVES):
            buffered = context.connection
            await buffered.buffer_small_body(app.config, length)
        if context.may_block:
            connection = context.connection
            running = _run_in_thread(app, connection, _run_lifecycle_in_thread, app, context)
            await _send_response(app, connection, running)
            return
        # PERF: what run_in_greenlet does, without a coroutine for a request that never waits.
        result = start_in_greenlet(_run_lifecycle, app, context)
        if type(result) is tuple:  # PERF: _send_messages inlined, 0.1 us
            start, body = result
            try:
                await send(start)
                await send(body)
            except OSError:  # the client disconnected (ASGI 2.4)
                pass
            return
        await _send_response(app, context.connection, _await_greenlet(result, context.connection))
    except ConnectionLost:
        pass
    finally:
        if buffered is not None:
            buffered.release_memory()
        # PERF: a request whose Request object was never created has added no task.
        if context._request is not None and WAITING_TASKS in context._known:
            app._lifespan.background.start(app, context._known.pop(WAITING_TASKS))


async def _serve_by_wsgi(app: AsgiApplication, scope: Scope, receive: Receive, send: Send) -> None:
    """Serve a request by a call of ``wsgi_app``."""
    connection = HttpConnection(receive, send)
    environ = make_environ(scope, connection)
    call = partial(app.wsgi_app, environ)
    length = environ.get("CONTENT_LENGTH")
    try:
        is_on_loop = not may_block(app, environ)
        if length is not None and (not is_on_loop or type(receive) in SERVER_RECEIVES):
            await connection.buffer_small_body(app.config, length)
        if is_on_loop and has_greenlets:
            result = start_in_greenlet(_call_wsgi, call, connection)
            await _send_response(app, connection, _await_greenlet(result, connection))
            return
        if is_on_loop:
            await connection.buffer_whole_body(app.config["MAX_CONTENT_LENGTH"], environ)
        running = _run_in_thread(app, connection, _call_wsgi_in_thread, call, connection)
        await _send_response(app, connection, running)
    except ConnectionLost:
        pass
    finally:
        if connection.reserved:
            connection.release_memory()
        if WAITING_TASKS in environ:
            app._lifespan.background.start(app, environ.pop(WAITING_TASKS))


# A response that is not ready at once ------------------------------------------------------------


async def _send_response(
    app: AsgiApplication, connection: HttpConnection, running: Awaitable[Result]
) -> None:
    """Wait for a response and send it; the client may disconnect in the meantime."""
    # Not earlier, because Python asks the system for the process.
    connection.loop = asyncio.get_running_loop()
    if connection.loop_is_known is not None:
        connection.loop_is_known.set()
    try:
        result: t.Any = await running
        if result is not None and type(result) is not tuple:
            result = await _send_stream(app, connection, result)
        connection.stop_watching()
        await _send_messages(result, connection._send)
    except (asyncio.CancelledError, ConnectionLost):
        if not connection.is_disconnected:
            raise  # the server cancelled the request
    finally:
        connection.stop_watching()
        if connection.is_disconnected:
            _uncancel()
    connection.raise_receive_error()


async def _await_greenlet(result: t.Any, connection: HttpConnection) -> Result:
    """Wait for the work that a greenlet has started, or return its result if it has ended."""
    if type(result) is not WorkerGreenlet:
        finished: Result = result
        return finished
    task = asyncio.current_task()  # `None` under a server that has no tasks
    if task is not None:
        greenlet: t.Any = result
        connection.on_disconnect = partial(_cancel_if_allowed, task, greenlet.gr_context)
    connection.watch_for_disconnect()
    finished = await result.finish()
    return finished


def _cancel_if_allowed(task: asyncio.Task[object], context: Context) -> None:
    if may_cancel(context):
        task.cancel()


async def _run_in_thread(
    app: AsgiApplication,
    connection: HttpConnection,
    work: Callable[..., Result],
    *arguments: object,
) -> Result:
    """Run the work in a thread: it may block, or greenlet is not installed."""
    connection.is_on_loop = False
    executor = ThreadExecutor(connection.watch_for_disconnect, can_refuse=True)
    connection.executor = executor
    executor.may_cancel = may_cancel
    connection.on_disconnect = executor.handle_disconnect
    try:
        return await executor.run(app, work, *arguments)
    except PoolFull:
        return _SERVICE_UNAVAILABLE
    finally:
        connection.executor = None  # avoid a reference cycle


async def _send_stream(
    app: AsgiApplication, connection: HttpConnection, body: Iterable[bytes]
) -> ResponseMessages:
    """Send a streamed body. Only asynchronous steps run on the loop.

    A disconnect ends it, whatever kind of view returned it.
    """
    if not has_greenlets:  # the body is asynchronous; it holds no thread of the views
        executor = ThreadExecutor(connection.watch_for_disconnect, pool=events)
        connection.on_disconnect = executor.handle_disconnect
        return await executor.run(app, connection.send_body, body)
    executor = ThreadExecutor(loop=connection.loop)
    is_awaited = getattr(body, "is_awaited", False)
    if not connection.is_disconnected or is_awaited:
        connection.cancel_task_on_disconnect()  # otherwise sending the first chunk fails
    if not is_awaited:
        steps: t.Any = ThreadedSteps(body, views, app, executor)
        body = iterate_sync(steps)
    elif not connection.is_on_loop:  # the view ran in a thread, and so do the functions at the end
        connection.is_on_loop = True
        connection.call_in_thread = partial(_call_in_thread, app)
        if type(body) is StreamedBody and body.stream is not None:
            body.stream.contexts.call = connection.call_in_thread
    try:
        return await run_in_greenlet(connection.send_body, body)
    except asyncio.CancelledError:
        executor.cancel_waiting()
        raise


def _call_in_thread(
    app: AsgiApplication, function: Callable[..., object], *arguments: object
) -> object:
    if asyncio._get_running_loop() is None:  # the body is being closed in a thread
        return function(*arguments)
    return wait(ThreadExecutor().run(app, function, *arguments))


async def _send_messages(messages: ResponseMessages, send: Send) -> None:
    if messages is not None:
        start, body = messages
        try:
            await send(start)
            await send(body)
        except OSError:  # newer servers raise it if the client disconnected (ASGI 2.4)
            pass


def _uncancel() -> None:
    """Undo our cancellation of the server's task, which is about to end normally."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        task.uncancel()


_SERVICE_UNAVAILABLE: t.Final[ResponseMessages] = (
    {
        "type": "http.response.start",
        "status": 503,
        "headers": [(b"content-length", b"0"), (b"retry-after", b"5")],
    },
    {"type": "http.response.body", "body": b""},
)
"""The response if the queue for threads is full (RFC 9110 section 15.6.4)."""


# Called by the executor -------------------------------------------------------------------------


def _run_lifecycle_in_thread(app: Lifecycle, context: ScopeContext) -> Result:
    """Handle a request in a thread."""
    return _stream_in_thread(Lifecycle._answer(app, context), context.connection)


def _call_wsgi_in_thread(
    call: Callable[..., Iterable[bytes]], connection: HttpConnection
) -> Result:
    """Handle a request with a WSGI application, in a thread."""
    return _stream_in_thread(_call_wsgi(call, connection), connection)


def _call_wsgi(call: Callable[..., Iterable[bytes]], connection: HttpConnection) -> Result:
    """Call a WSGI application; return a complete response, or a body to stream."""
    body = call(connection.start_response)
    return connection.send_body(body) if isinstance(body, (list, tuple)) else body


def _stream_in_thread(result: Result, connection: HttpConnection) -> Result:
    """Send a streamed body in the thread of the view; return an asynchronous one.

    COMPAT: an iterator may use objects that belong to its thread, such as a connection of
    ``sqlite3``, so its steps do not change the thread.
    """
    if result is None or isinstance(result, tuple) or getattr(result, "is_awaited", False):
        return result
    executor = connection.executor
    assert executor is not None
    executor.allow_cancel(connection.is_disconnected)
    return connection.send_body(result)
