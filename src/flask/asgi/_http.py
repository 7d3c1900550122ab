"""HTTP over ASGI: the one lifecycle answers in a driver, its answer becomes messages.

Where nobody stands around the lifecycle who wants to see WSGI, a scope becomes a context; else it
becomes a call of ``wsgi_app`` and whatever middleware stands around that. This file reads top to
bottom in the order of events.
"""

from __future__ import annotations

import asyncio
import typing as t
from collections.abc import Awaitable, Callable, Iterable
from functools import partial

from .._background import BACKGROUND
from .._connection import BY_CLIENT
from .._current import get_app_context
from .._lifecycle import Lifecycle
from ..typing import AnyApp
from ._choice import may_block
from ._drivers import Fiber, ThreadVisit, begin, has_fibers, on_the_loop
from ._exchange import Answer, ClientGone, Exchange
from ._input import Receive, Send
from ._scope import Scope, make_environ, with_nothing_current
from ._scope_context import ScopeContext, find_context

_answer_context = Lifecycle._answer


async def serve_http(app: AnyApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one HTTP request of an ASGI server."""
    if get_app_context(None) is not None and BY_CLIENT not in scope:
        await with_nothing_current(serve_http(app, scope, receive, send))
        return
    if app._awaits_start:
        await app._start_on_the_loop(BY_CLIENT not in scope)
    context = find_context(app, scope, receive, send)
    if context is None:
        await _serve_by_wsgi(app, scope, receive, send)
        return
    try:
        if context.may_block:
            exchange = context.exchange
            await _finish(exchange, _in_a_thread(app, exchange, _answer, app, context))
            return
        # PERF: what on_the_loop does, without a coroutine for a request that never waits.
        answer = begin(_answer_context, app, context)
        if type(answer) is tuple:  # PERF: _send_answer written out, 0.1 us
            head, body = answer
            try:
                await send(head)
                await send(body)
            except OSError:  # the client has gone
                pass
            return
        if type(answer) is not Fiber:
            answer = begin(Exchange.send_body, context.exchange, answer)
        await _end(answer, context.exchange)
    except ClientGone:
        pass
    finally:
        # PERF: who has a task added has looked at the request.
        if context._request is not None and BACKGROUND in context._known:
            app._start_background(context._known.pop(BACKGROUND))


async def _serve_by_wsgi(app: AnyApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request by a call of ``wsgi_app``."""
    exchange = Exchange(receive, send)
    environ = make_environ(scope, exchange)
    call = partial(app.wsgi_app, environ)
    try:
        is_on_loop = not may_block(app, environ)
        if is_on_loop and has_fibers:
            await _end(begin(_answer_call, call, exchange), exchange)
            return
        if is_on_loop:
            await exchange.read_ahead(app.config["MAX_CONTENT_LENGTH"], environ)
        await _finish(exchange, _in_a_thread(app, exchange, _answer_call, call, exchange))
    except ClientGone:
        pass
    finally:
        if BACKGROUND in environ:
            app._start_background(environ.pop(BACKGROUND))


async def _end(answer: t.Any, exchange: Exchange) -> None:
    """Send an answer; if it is a fiber that makes it, wait for it."""
    if type(answer) is Fiber:
        await _finish(exchange, _rest_of(answer, exchange))
    else:
        await _send_answer(answer, exchange._send)


# An answer that has to be waited for -------------------------------------------------------------


async def _finish(exchange: Exchange, working: Awaitable[Answer]) -> None:
    """Wait for an answer and send it; the client may go meanwhile."""
    # PERF: not earlier, since it asks the system for the process: 0.3 us.
    exchange.loop = asyncio.get_running_loop()
    try:
        answer = await working
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


async def _rest_of(fiber: t.Any, exchange: Exchange) -> Answer:
    """Wait for what a fiber has begun."""
    exchange.watch_for_task()
    answer: t.Any = await fiber.go_on()
    if answer is None or type(answer) is tuple:
        return t.cast("Answer", answer)
    sent: Answer = await on_the_loop(exchange.send_body, answer)
    return sent


async def _in_a_thread(
    app: AnyApp, exchange: Exchange, work: Callable[..., Answer], *arguments: t.Any
) -> Answer:
    """Do the work in a thread: it may block, or there is no greenlet."""
    exchange.is_on_loop = False
    visit = ThreadVisit(exchange.watch_client)
    exchange.cancel = visit.cancel
    answer: Answer = await visit.run(app.config["ASGI_THREADS"], work, *arguments)
    return answer


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


# In the driver ----------------------------------------------------------------------------------


def _answer(app: AnyApp, context: ScopeContext) -> Answer:
    """Answer a request; a streamed body is sent."""
    answer: t.Any = Lifecycle._answer(app, context)
    return answer if type(answer) is tuple else context.exchange.send_body(answer)


def _answer_call(call: Callable[..., Iterable[bytes]], exchange: Exchange) -> Answer:
    """Answer by a call of a WSGI application; a streamed body is sent."""
    return exchange.send_body(call(exchange.start_response))
