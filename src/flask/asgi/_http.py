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
from ._exchange import Answer, ClientGone, Exchange
from ._executor_choice import may_block, may_cancel
from ._request_body import Receive, Send
from ._scope import Scope, make_environ, with_nothing_current
from ._scope_context import ScopeContext, find_context
from ._thread_executor import (
    ThreadExecutor,
    WorkerGreenlet,
    has_greenlets,
    run_in_greenlet,
    start_in_greenlet,
)

_answer_context = Lifecycle._answer


async def serve_http(app: AnyApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one HTTP request of an ASGI server."""
    if get_app_context(None) is not None and BY_CLIENT not in scope:
        await with_nothing_current(serve_http(app, scope, receive, send))
        return
    if app._lifespan.is_due:
        await app._asgi.start(app, BY_CLIENT not in scope)
    context = find_context(app, scope, receive, send)
    if context is None:
        await _serve_by_wsgi(app, scope, receive, send)
        return
    length = context.content_length
    taken_in: Exchange | None = None
    try:
        if length is not None and (context.may_block or type(receive) is BuiltinMethodType):
            taken_in = context.exchange
            await taken_in.take_in(app.config, length)
        if context.may_block:
            exchange = context.exchange
            await _finish(app, exchange, _in_a_thread(app, exchange, _answer, app, context))
            return
        # PERF: what run_in_greenlet does, without a coroutine for a request that never waits.
        answer = start_in_greenlet(_answer_context, app, context)
        if type(answer) is tuple:  # PERF: _send_answer written out, 0.1 us
            head, body = answer
            try:
                await send(head)
                await send(body)
            except OSError:  # the client has gone
                pass
            return
        await _finish(app, context.exchange, _rest_of(answer, context.exchange))
    except ClientGone:
        pass
    finally:
        if taken_in is not None:
            taken_in.forget_memory()
        # PERF: who has a task added has looked at the request.
        if context._request is not None and WAITING_TASKS in context._known:
            app._lifespan.background.start(app, context._known.pop(WAITING_TASKS))


async def _serve_by_wsgi(app: AnyApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request by a call of ``wsgi_app``."""
    exchange = Exchange(receive, send)
    environ = make_environ(scope, exchange)
    call = partial(app.wsgi_app, environ)
    length = environ.get("CONTENT_LENGTH")
    try:
        is_on_loop = not may_block(app, environ)
        if length is not None and (not is_on_loop or type(receive) is BuiltinMethodType):
            await exchange.take_in(app.config, length)
        if is_on_loop and has_greenlets:
            answer = start_in_greenlet(_call_wsgi, call, exchange)
            await _finish(app, exchange, _rest_of(answer, exchange))
            return
        if is_on_loop:
            await exchange.read_ahead(app.config["MAX_CONTENT_LENGTH"], environ)
        await _finish(app, exchange, _in_a_thread(app, exchange, _answer_call, call, exchange))
    except ClientGone:
        pass
    finally:
        if exchange.reserved:
            exchange.forget_memory()
        if WAITING_TASKS in environ:
            app._lifespan.background.start(app, environ.pop(WAITING_TASKS))


# An answer that has to be waited for -------------------------------------------------------------


async def _finish(app: AnyApp, exchange: Exchange, working: Awaitable[t.Any]) -> None:
    """Wait for an answer and send it; the client may go meanwhile."""
    # PERF: not earlier, since it asks the system for the process: 0.3 us.
    exchange.loop = asyncio.get_running_loop()
    if exchange.loop_known is not None:
        exchange.loop_known.set()
    try:
        answer = await working
        if answer is not None and type(answer) is not tuple:
            answer = await _send_stream(app, exchange, answer)
        exchange.stop_watching()
        await _send_answer(answer, exchange._send)
    except (asyncio.CancelledError, ClientGone):
        if not exchange.is_gone:
            raise  # the server's wish
    finally:
        exchange.stop_watching()
        if exchange.is_gone:
            _uncancel()
    exchange.raise_fault()


async def _rest_of(answer: t.Any, exchange: Exchange) -> t.Any:
    """Wait for what a greenlet has started, or return a result that is there already."""
    if type(answer) is not WorkerGreenlet:
        return answer
    task = asyncio.current_task()  # a server may have no real tasks
    if task is not None:
        exchange.cancel = partial(_cancel_if_wanted, task, answer.gr_context)
    exchange.watch_client()
    return await answer.finish()


def _cancel_if_wanted(task: asyncio.Task[t.Any], context: Context) -> None:
    if may_cancel(context):
        task.cancel()


async def _in_a_thread(
    app: AnyApp, exchange: Exchange, work: Callable[..., t.Any], *arguments: t.Any
) -> t.Any:
    """Do the work in a thread: it may block, or there is no greenlet."""
    exchange.is_on_loop = False
    executor = exchange.executor = ThreadExecutor(exchange.watch_client, can_refuse=True)
    executor.may_cancel = may_cancel
    exchange.cancel = executor.handle_disconnect
    try:
        return await executor.run(app, work, *arguments)
    except PoolFull:
        return _BUSY
    finally:
        exchange.executor = None  # avoid a reference cycle


async def _send_stream(app: AnyApp, exchange: Exchange, body: t.Any) -> Answer:
    """Send a streamed body. Only asynchronous steps run on the loop.

    A disconnect ends it, whatever kind of view returned it.
    """
    answer: Answer
    if not has_greenlets:  # only what waits comes here; it keeps no thread from the views
        executor = ThreadExecutor(exchange.watch_client, pool=events)
        exchange.cancel = executor.handle_disconnect
        answer = await executor.run(app, exchange.send_body, body)
        return answer
    executor = ThreadExecutor(loop=exchange.loop)
    if not exchange.is_gone or getattr(body, "is_awaited", False):
        exchange.watch_for_task()  # else the first part finds that it has gone
    if not getattr(body, "is_awaited", False):
        body = iterate_sync(ThreadedSteps(body, views, app, executor))
    elif not exchange.is_on_loop:  # the view ran in a thread: what it has left to run does so
        exchange.is_on_loop = True
        exchange.call = partial(_call_in_a_thread, app)
        if body.stream is not None:
            body.stream.contexts.call = exchange.call
    try:
        answer = await run_in_greenlet(exchange.send_body, body)
    except asyncio.CancelledError:
        executor.cancel_waiting()
        raise
    return answer


def _call_in_a_thread(app: AnyApp, function: Callable[..., t.Any], *arguments: t.Any) -> t.Any:
    if asyncio._get_running_loop() is None:  # the end of a body, which is in a thread already
        return function(*arguments)
    return wait(ThreadExecutor().run(app, function, *arguments))


async def _send_answer(answer: Answer, send: Send) -> None:
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


_BUSY: t.Final[Answer] = (
    {
        "type": "http.response.start",
        "status": 503,
        "headers": [(b"content-length", b"0"), (b"retry-after", b"5")],
    },
    {"type": "http.response.body", "body": b""},
)
"""The response if the queue for threads is full (RFC 9110 section 15.6.4)."""


# In the executor ----------------------------------------------------------------------------------


def _answer(app: AnyApp, context: ScopeContext) -> t.Any:
    """Handle a request in a thread."""
    answer: t.Any = Lifecycle._answer(app, context)
    return answer if type(answer) is tuple else _stream_from_thread(answer, context.exchange)


def _answer_call(call: Callable[..., Iterable[bytes]], exchange: Exchange) -> t.Any:
    """Handle a request with a WSGI application, in a thread."""
    answer = _call_wsgi(call, exchange)
    return answer if type(answer) is tuple else _stream_from_thread(answer, exchange)


def _call_wsgi(call: Callable[..., Iterable[bytes]], exchange: Exchange) -> t.Any:
    """Call a WSGI application; send a complete response, or return a streamed body."""
    body = call(exchange.start_response)
    return exchange.send_body(body) if isinstance(body, (list, tuple)) else body


def _stream_from_thread(body: t.Any, exchange: Exchange) -> t.Any:
    """Send a streamed body; return an asynchronous one, so that it holds no thread."""
    if getattr(body, "is_awaited", False):
        return body
    executor = t.cast("ThreadExecutor", exchange.executor)
    executor.allow_cancel(exchange.is_gone)
    return exchange.send_body(body)
