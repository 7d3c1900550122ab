"""HTTP over ASGI: the one lifecycle answers in a executor, its answer becomes messages.

Where nobody stands around the lifecycle who wants to see WSGI, a scope becomes a context; else it
becomes a call of ``wsgi_app`` and whatever middleware stands around that. This file reads top to
bottom in the order of events.
"""

from __future__ import annotations

import asyncio
import typing as t
from collections.abc import Awaitable, Callable, Iterable
from contextvars import Context
from functools import partial
from types import BuiltinMethodType

from .._app.background import WAITING_TASKS
from .._app.lifecycle import Lifecycle
from .._core.current import BY_CLIENT, get_app_context
from .._core.threads import PoolFull, events, views
from .._core.waiting import wait
from .._http.streaming import iterate_sync
from .._http.threaded_steps import ThreadedSteps
from ..typing import AnyApp
from ._executor_choice import may_block, may_cancel
from ._http_connection import ConnectionLost, HttpConnection, ResponseMessages
from ._request_body import Receive, Send
from ._scope import Scope, make_environ, without_contexts
from ._scope_context import ScopeContext, find_context
from ._thread_executor import (
    ThreadExecutor,
    WorkerGreenlet,
    has_greenlets,
    run_in_greenlet,
    start_in_greenlet,
)

_run_lifecycle = Lifecycle._answer


async def serve_http(app: AnyApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one HTTP request of an ASGI server."""
    if get_app_context(None) is not None and BY_CLIENT not in scope:
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
        if length is not None and (context.may_block or type(receive) is BuiltinMethodType):
            buffered = context.connection
            await buffered.buffer_small_body(app.config, length)
        if context.may_block:
            connection = context.connection
            await _send_response(
                app,
                connection,
                _run_in_thread(app, connection, _run_lifecycle_in_thread, app, context),
            )
            return
        # PERF: what run_in_greenlet does, without a coroutine for a request that never waits.
        answer = start_in_greenlet(_run_lifecycle, app, context)
        if type(answer) is tuple:  # PERF: _send_messages written out, 0.1 us
            head, body = answer
            try:
                await send(head)
                await send(body)
            except OSError:  # the client has gone
                pass
            return
        await _send_response(app, context.connection, _await_greenlet(answer, context.connection))
    except ConnectionLost:
        pass
    finally:
        if buffered is not None:
            buffered.release_memory()
        # PERF: who has a task added has looked at the request.
        if context._request is not None and WAITING_TASKS in context._known:
            app._lifespan.background.start(app, context._known.pop(WAITING_TASKS))


async def _serve_by_wsgi(app: AnyApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request by a call of ``wsgi_app``."""
    connection = HttpConnection(receive, send)
    environ = make_environ(scope, connection)
    call = partial(app.wsgi_app, environ)
    length = environ.get("CONTENT_LENGTH")
    try:
        is_on_loop = not may_block(app, environ)
        if length is not None and (not is_on_loop or type(receive) is BuiltinMethodType):
            await connection.buffer_small_body(app.config, length)
        if is_on_loop and has_greenlets:
            answer = start_in_greenlet(_call_wsgi, call, connection)
            await _send_response(app, connection, _await_greenlet(answer, connection))
            return
        if is_on_loop:
            await connection.buffer_whole_body(app.config["MAX_CONTENT_LENGTH"], environ)
        await _send_response(
            app, connection, _run_in_thread(app, connection, _call_wsgi_in_thread, call, connection)
        )
    except ConnectionLost:
        pass
    finally:
        if connection.reserved:
            connection.release_memory()
        if WAITING_TASKS in environ:
            app._lifespan.background.start(app, environ.pop(WAITING_TASKS))


# An answer that has to be waited for -------------------------------------------------------------


async def _send_response(
    app: AnyApp, connection: HttpConnection, working: Awaitable[t.Any]
) -> None:
    """Wait for an answer and send it; the client may go meanwhile."""
    # PERF: not earlier, since it asks the system for the process: 0.3 us.
    connection.loop = asyncio.get_running_loop()
    if connection.loop_is_known is not None:
        connection.loop_is_known.set()
    try:
        answer = await working
        if answer is not None and type(answer) is not tuple:
            answer = await _send_stream(app, connection, answer)
        connection.stop_watching()
        await _send_messages(answer, connection._send)
    except (asyncio.CancelledError, ConnectionLost):
        if not connection.is_disconnected:
            raise  # the server's wish
    finally:
        connection.stop_watching()
        if connection.is_disconnected:
            _uncancel()
    connection.raise_receive_error()


async def _await_greenlet(answer: t.Any, connection: HttpConnection) -> t.Any:
    """Wait for what a greenlet has started, or return a result that is there already."""
    if type(answer) is not WorkerGreenlet:
        return answer
    task = asyncio.current_task()  # a server may have no real tasks
    if task is not None:
        connection.on_disconnect = partial(_cancel_if_allowed, task, answer.gr_context)
    connection.watch_for_disconnect()
    return await answer.finish()


def _cancel_if_allowed(task: asyncio.Task[t.Any], context: Context) -> None:
    if may_cancel(context):
        task.cancel()


async def _run_in_thread(
    app: AnyApp, connection: HttpConnection, work: Callable[..., t.Any], *arguments: t.Any
) -> t.Any:
    """Do the work in a thread: it may block, or there is no greenlet."""
    connection.is_on_loop = False
    executor = connection.executor = ThreadExecutor(
        connection.watch_for_disconnect, can_refuse=True
    )
    executor.may_cancel = may_cancel
    connection.on_disconnect = executor.handle_disconnect
    try:
        return await executor.run(app, work, *arguments)
    except PoolFull:
        return _SERVICE_UNAVAILABLE
    finally:
        connection.executor = None  # avoid a reference cycle


async def _send_stream(app: AnyApp, connection: HttpConnection, body: t.Any) -> ResponseMessages:
    """Send a streamed body. Only asynchronous steps run on the loop.

    A disconnect ends it, whatever kind of view returned it.
    """
    answer: ResponseMessages
    if not has_greenlets:  # only what waits comes here; it keeps no thread from the views
        executor = ThreadExecutor(connection.watch_for_disconnect, pool=events)
        connection.on_disconnect = executor.handle_disconnect
        answer = await executor.run(app, connection.send_body, body)
        return answer
    executor = ThreadExecutor(loop=connection.loop)
    if not connection.is_disconnected or getattr(body, "is_awaited", False):
        connection.cancel_task_on_disconnect()  # else the first part finds that it has gone
    if not getattr(body, "is_awaited", False):
        body = iterate_sync(ThreadedSteps(body, views, app, executor))
    elif not connection.is_on_loop:  # the view ran in a thread: what it has left to run does so
        connection.is_on_loop = True
        connection.call_in_thread = partial(_call_in_thread, app)
        if body.stream is not None:
            body.stream.contexts.call = connection.call_in_thread
    try:
        answer = await run_in_greenlet(connection.send_body, body)
    except asyncio.CancelledError:
        executor.cancel_waiting()
        raise
    return answer


def _call_in_thread(app: AnyApp, function: Callable[..., t.Any], *arguments: t.Any) -> t.Any:
    if asyncio._get_running_loop() is None:  # the end of a body, which is in a thread already
        return function(*arguments)
    return wait(ThreadExecutor().run(app, function, *arguments))


async def _send_messages(answer: ResponseMessages, send: Send) -> None:
    if answer is not None:
        head, body = answer
        try:
            await send(head)
            await send(body)
        except OSError:  # what newer servers raise for a client that has gone (ASGI 2.4)
            pass


def _uncancel() -> None:
    """Take back our own cancelling of the server's task, which is about to end well."""
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


# In the executor ----------------------------------------------------------------------------------


def _run_lifecycle_in_thread(app: AnyApp, context: ScopeContext) -> t.Any:
    """Handle a request in a thread."""
    answer: t.Any = Lifecycle._answer(app, context)
    return answer if type(answer) is tuple else _stream_from_thread(answer, context.connection)


def _call_wsgi_in_thread(call: Callable[..., Iterable[bytes]], connection: HttpConnection) -> t.Any:
    """Handle a request with a WSGI application, in a thread."""
    answer = _call_wsgi(call, connection)
    return answer if type(answer) is tuple else _stream_from_thread(answer, connection)


def _call_wsgi(call: Callable[..., Iterable[bytes]], connection: HttpConnection) -> t.Any:
    """Call a WSGI application; send a complete response, or return a streamed body."""
    body = call(connection.start_response)
    return connection.send_body(body) if isinstance(body, (list, tuple)) else body


def _stream_from_thread(body: t.Any, connection: HttpConnection) -> t.Any:
    """Send a streamed body; return an asynchronous one, so that it holds no thread."""
    if getattr(body, "is_awaited", False):
        return body
    executor = t.cast("ThreadExecutor", connection.executor)
    executor.allow_cancel(connection.is_disconnected)
    return connection.send_body(body)
