"""Wait, from synchronous code, for something awaitable.

The request lifecycle is synchronous and written once. Where it meets an ``async def`` view, hook or
handler it calls `wait`. Under WSGI the awaitable runs on an event loop that belongs to the worker
thread and lives as long as the thread. Under ASGI it runs on the server's loop: step by step in the
greenlet that waits (``asgi/_greenlet_executor``), or by the executor of a worker thread
(``asgi/_thread_executor``),
which is found here. If gevent has replaced threads by greenlets, see ``gevent_support``.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
import types
import typing as t
from collections.abc import Awaitable, Callable, Generator
from contextvars import Context, copy_context
from inspect import CO_ASYNC_GENERATOR, CO_COROUTINE

from .current import get_request_context
from .event_loops import ThreadLoop
from .gevent_support import HubInput, has_patched_threads, run_in_native_thread, shared_loop

Result = t.TypeVar("Result")

_Coroutine = types.CoroutineType
_CAN_AWAIT: t.Final = CO_COROUTINE | CO_ASYNC_GENERATOR
_HAS_EAGER_TASKS: t.Final = sys.version_info >= (3, 12)


class Executor(t.Protocol):
    """Runs synchronous code beside an event loop, and waits for it."""

    def wait(self, awaitable: Awaitable[t.Any]) -> t.Any:
        """Return what the awaitable returns; it runs on the executor's loop."""


def _no_greenlet() -> None:
    return None


get_greenlet: Callable[[], t.Any] = _no_greenlet
"""Returns the greenlet that is running.

``asgi/_greenlet_executor`` sets it, and the next one, so that greenlet is needed only there.
"""
greenlet_class: t.Any = None
"""The class of the greenlets that can wait while the loop goes on."""
DONE: t.Final = object()
"""What a greenlet gives back when its work is done."""


class _ThreadState(threading.local):
    """What belongs to one thread."""

    loop: ThreadLoop | None = None
    """The thread's own event loop, once it waited for something."""
    executor: Executor | None = None
    """What runs the thread's code, if its loop runs in another thread."""


_thread_state = _ThreadState()


# Registered first, so that it runs last: after all that may still wait at the process's end.
@atexit.register
def _close_loop_of_main_thread() -> None:
    """Close the loop while the modules that it needs for that are whole."""
    _thread_state.loop = None


def _reset_after_fork() -> None:
    _thread_state.executor = None
    _thread_state.loop = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_after_fork)


def set_thread_executor(executor: Executor | None) -> None:
    """Let a executor wait for everything that this thread waits for.

    ``None`` ends that.
    """
    _thread_state.executor = executor


def get_thread_executor() -> Executor | None:
    """Return the executor that waits for this thread."""
    return _thread_state.executor


def _get_thread_loop() -> ThreadLoop:
    thread_loop = _thread_state.loop
    if thread_loop is None:
        thread_loop = _thread_state.loop = ThreadLoop()
    return thread_loop


def wait(awaitable: Awaitable[Result]) -> Result:
    """Run an awaitable to its end and return its result.

    Context variables that it sets are set for the caller too, as if it had been called plainly.
    In a thread whose event loop is running already (a notebook, an async test), the awaitable runs
    in a short-lived thread of its own, because that loop cannot be entered a second time.

    :raises BaseException: whatever the awaitable raises.
    """
    here: t.Any = get_greenlet()
    if type(here) is greenlet_class:
        # It runs here, step by step, as a task of the loop would run it. What it yields is for the
        # loop; the task yields it, and is resumed when it is time. PERF: no method of its own.
        steps: t.Any = here.steps
        if steps is None:  # it awaits already, and what it awaits waits here; or it has failed
            if _HAS_EAGER_TASKS and _is_in_eager_task(here):
                return _wait_in_a_thread(awaitable)
            steps = _await_for(here)
            steps.send(None)
        else:
            here.steps = None
        yielded = steps.send(awaitable if type(awaitable) is _Coroutine else _await(awaitable))
        while yielded is not DONE:
            try:
                value = here.go_back(yielded)
            except BaseException as error:  # the task was cancelled
                thrown = error
            else:
                yielded = steps.send(value)
                continue
            try:  # not above: whoever takes it and goes on would still be handling it
                yielded = steps.throw(thrown)
            finally:
                del thrown  # its traceback holds this frame
        here.steps = steps
        result: Result = here.awaited
        here.awaited = None
        return result
    import asyncio

    if asyncio._get_running_loop() is not None:
        return _wait_in_a_thread(awaitable)
    executor = _thread_state.executor
    if executor is not None:
        return t.cast("Result", executor.wait(awaitable))
    thread_loop = _thread_state.loop
    if thread_loop is None and has_patched_threads():
        return _wait_in_a_thread(awaitable)
    return _run(thread_loop or _get_thread_loop(), awaitable, copy_context())


def is_in_coroutine(depth: int = 2) -> bool:
    """Return whether the code that called the caller can await.

    A coroutine can. Synchronous code that this package called cannot, even if a loop is running in
    its thread.

    :param depth: how many calls up that code is; 2 is the caller's caller.
    """
    import asyncio

    if asyncio._get_running_loop() is None:
        return False
    frame: types.FrameType | None = sys._getframe(depth)
    while frame is not None:
        if frame.f_code.co_flags & _CAN_AWAIT:
            return True
        package: str | None = frame.f_globals.get("__package__")  # None in a script
        if package is not None and package.partition(".")[0] == __package__:
            return False
        frame = frame.f_back
    return False


def is_in_greenlet() -> bool:
    """Tell whether the caller runs in a greenlet."""
    return type(get_greenlet()) is greenlet_class


def has_server_loop() -> bool:
    """Return whether an ASGI server's loop runs what the caller awaits."""
    return is_in_greenlet() or _thread_state.executor is not None


def can_wait_here() -> bool:
    """Tell whether the caller runs in a greenlet, which waits while the loop goes on."""
    here: t.Any = get_greenlet()
    return type(here) is greenlet_class and not (
        _HAS_EAGER_TASKS and here.steps is None and _is_in_eager_task(here)
    )


def _is_in_eager_task(greenlet: t.Any) -> bool:
    """Tell whether another task takes its first step inside of a greenlet, as eager ones do.

    The greenlet's own task cannot wait in its stead. It is known by its context.
    """
    import asyncio

    task: t.Any = asyncio.current_task()
    return task is not None and task.get_context() is not greenlet.go_back.__self__.gr_context


@types.coroutine
def _await_for(greenlet: t.Any) -> Generator[t.Any, t.Any, t.NoReturn]:
    """Await what is sent, and yield `DONE` after it.

    PERF: one generator awaits one thing after another; 0.08 us less than one for each.
    """
    while True:
        awaitable: t.Any = yield DONE
        greenlet.awaited = yield from awaitable
        del awaitable


async def _await(awaitable: Awaitable[t.Any]) -> t.Any:
    """Await anything; ``yield from`` takes coroutines alone."""
    return await awaitable


def wait_long(awaitable: Awaitable[Result]) -> Result:
    """Wait as `wait` does, for something that may take as long as a client likes.

    Ctrl-C cancels it, and is raised when it has ended. Raised at once, it may hit the loop between
    two steps of its own, and what the loop was about to do never happens. ``asyncio.run`` does the
    same.

    PERF: 10 us more in the main thread; elsewhere nothing.

    :raises KeyboardInterrupt: by Ctrl-C; if it comes again, at once.
    """
    import asyncio
    import signal

    if (
        threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGINT) is not signal.default_int_handler
        or asyncio._get_running_loop() is not None
        or has_patched_threads()
    ):
        return wait(awaitable)
    is_interrupted = False
    loop = _get_thread_loop().loop

    async def interruptible() -> Result:
        task = asyncio.current_task()
        assert task is not None

        def interrupt(number: int, frame: object) -> None:
            nonlocal is_interrupted
            if is_interrupted or task.done():
                signal.signal(signal.SIGINT, signal.default_int_handler)
                raise KeyboardInterrupt
            is_interrupted = True
            task.cancel()
            loop.call_soon_threadsafe(_wake)

        signal.signal(signal.SIGINT, interrupt)
        return await awaitable

    try:
        return wait(interruptible())
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if is_interrupted:
            raise KeyboardInterrupt from None


def _wake() -> None:
    """Do nothing; a loop that waits comes to do it."""


def _run(thread_loop: ThreadLoop, awaitable: Awaitable[Result], context: Context) -> Result:
    loop = thread_loop.loop
    abandoned = thread_loop.abandoned
    outcome: list[Result] = []
    failure: list[BaseException] = []

    async def await_it() -> None:
        # An error is kept from the task: the frame of the loop, which the error's traceback holds,
        # holds the task.
        if abandoned.must_watch:
            abandoned.watch()
        try:
            outcome.append(await awaitable)
        except BaseException as error:
            failure.append(error)

    task = loop.create_task(await_it(), context=context)
    try:
        loop.run_until_complete(task)
        if abandoned.any:
            thread_loop.close_abandoned()
    except BaseException:  # Ctrl-C, or a signal's exit; as asyncio.run() does
        if not task.done():
            task.cancel()
            loop.run_until_complete(task)
        failure.clear()
        raise
    finally:
        copy_variables(context)
        del task
    if failure:
        raise failure.pop()
    return outcome[0]


def copy_variables(context: Context) -> None:
    """Set, in the current context, the variables that were set in another one."""
    for variable, value in context.items():
        try:
            if variable.get() is value:
                continue
        except LookupError:
            pass
        variable.set(value)


def _wait_in_a_thread(awaitable: Awaitable[Result]) -> Result:
    is_by_gevent = has_patched_threads()
    if is_by_gevent and not shared_loop.is_running_here():
        return _wait_by_gevent(awaitable)
    context = copy_context()
    outcome: list[Result] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            thread_loop = ThreadLoop()
            try:
                outcome.append(_run(thread_loop, awaitable, context))
            finally:
                thread_loop.close()
        except BaseException as error:
            failure.append(error)

    if is_by_gevent:
        run_in_native_thread(run)
    else:
        thread = threading.Thread(target=run, name="flask-wait")
        thread.start()
        thread.join()
        del thread
    copy_variables(context)
    if failure:
        try:
            raise failure.pop()
        finally:
            del run  # it holds this frame; avoid a reference cycle
    return outcome[0]


def _wait_by_gevent(awaitable: Awaitable[Result]) -> Result:
    """Wait in a greenlet of gevent; the loop runs in its own thread."""
    request_context = get_request_context(None)
    if request_context is not None:
        environ = request_context._environ
        if "wsgi.input" in environ and type(environ["wsgi.input"]) is not HubInput:
            environ["wsgi.input"] = HubInput(environ["wsgi.input"])
    context = copy_context()
    result, error = shared_loop.run(awaitable, context)
    copy_variables(context)
    if error is None:
        return t.cast("Result", result)
    try:
        raise error
    finally:
        del error  # avoid a reference cycle
