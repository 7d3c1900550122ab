"""Wait, in synchronous code, for an awaitable.

The request lifecycle is synchronous and written once. To run an ``async def`` view, hook or handler
it calls `wait`. Under WSGI the awaitable runs on an event loop that belongs to the worker thread
and exists as long as the thread. Under ASGI it runs on the server's loop: step by step in the
greenlet that waits (``asgi/_greenlet_executor``), or through the executor of a worker thread
(``asgi/_thread_executor``). If gevent has replaced threads by greenlets, see ``gevent_support``.
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
from .event_loops import LoopCloser, ThreadLoop
from .gevent_support import HubInput, has_patched_threads, run_in_native_thread, shared_loop

if t.TYPE_CHECKING:
    import asyncio

Result = t.TypeVar("Result")

_Coroutine = types.CoroutineType
_PACKAGE: t.Final = __name__.partition(".")[0]
_CAN_AWAIT: t.Final = CO_COROUTINE | CO_ASYNC_GENERATOR
_HAS_EAGER_TASKS: t.Final = sys.version_info >= (3, 12)


class Executor(t.Protocol):
    """Runs synchronous code in a thread, and its awaitables on an event loop elsewhere."""

    def wait(self, awaitable: Awaitable[Result]) -> Result:
        """Run an awaitable on the executor's loop, and return its result."""
        ...


class Greenlet(t.Protocol):
    """A greenlet that can wait while the loop continues; see ``asgi/_greenlet_executor``."""

    steps: Generator[object, object, t.NoReturn] | None
    """The generator that runs its awaitables, unless it is running."""
    awaited: t.Any
    """The result of the last awaitable."""
    switch_back: t.Any
    """The method of the loop's greenlet that switches to it, with what an awaitable yields."""


def _no_greenlet() -> None:
    return None


get_greenlet: Callable[[], t.Any] = _no_greenlet
"""Returns the greenlet that is running.

``asgi/_greenlet_executor`` sets it, and `greenlet_class`, so that only that module imports
greenlet.
"""
greenlet_class: type[Greenlet] | None = None
"""The class of the greenlets that can wait while the loop continues."""
get_task: Callable[[], asyncio.Task[t.Any] | None] = _no_greenlet
"""Returns the task that is running: ``asyncio.current_task``; set with `greenlet_class`."""
DONE: t.Final = object()
"""What a greenlet switches back with when its work is done."""


class _ThreadState:
    """The event loop and the executor of a thread."""

    __slots__ = ("executor", "loop")

    loop: ThreadLoop | None
    """The thread's own event loop, created when the thread waits for the first time."""
    executor: Executor | None
    """The executor that runs the thread's code, if its event loop runs in another thread."""

    def __init__(self) -> None:
        self.loop = self.executor = None


class _Thread(threading.local):
    """The current thread.

    PERF: one attribute for loop and executor, because reading each takes 300 instructions.
    """

    closer: LoopCloser | None = None
    """Closes the loop when the thread ends. Not in the state, which a traceback may refer to."""

    def __init__(self) -> None:
        self.state = _ThreadState()


_thread = _Thread()


# Registered first, so it runs last: other functions may still wait when the process ends.
@atexit.register
def _close_loop_of_main_thread() -> None:
    """Close the loop before the interpreter clears the modules that closing it needs."""
    _forget_thread_loop()


def _reset_after_fork() -> None:
    _thread.state.executor = None
    _forget_thread_loop()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_after_fork)


def set_thread_executor(executor: Executor | None) -> None:
    """Set the executor that runs the awaitables of this thread; ``None`` removes it."""
    _thread.state.executor = executor


def get_thread_executor() -> Executor | None:
    """Return the executor that runs the awaitables of this thread."""
    return _thread.state.executor


def _get_thread_loop() -> ThreadLoop:
    thread_loop = _thread.state.loop
    if thread_loop is None:
        thread_loop = _thread.state.loop = ThreadLoop()
        _thread.closer = LoopCloser(thread_loop)
    return thread_loop


def _forget_thread_loop() -> None:
    _thread.state.loop = None
    _thread.closer = None


def wait(awaitable: Awaitable[Result], is_checked: bool = False) -> Result:
    """Run an awaitable to its end and return its result.

    Context variables that it sets are set for the caller too, as by a synchronous function. If the
    thread's event loop is already running, as in a notebook or an async test, the awaitable runs in
    a short-lived thread, because that loop cannot be entered a second time.

    :param is_checked: `can_wait_here` has just returned ``True``.
    :raises BaseException: the error of the awaitable.
    """
    here = get_greenlet()
    if type(here) is greenlet_class:
        # The awaitable runs here, step by step, as a task would run it. What it yields is meant for
        # the loop: the greenlet's task yields it, and the loop resumes the task. PERF: inlined.
        steps: t.Any = here.steps
        if steps is None:  # the greenlet awaits already, or its last awaitable has failed
            if _HAS_EAGER_TASKS and not is_checked and _is_in_eager_task(here):
                return _wait_in_a_thread(awaitable)
            steps = _await_for(here)
            steps.send(None)
        else:
            here.steps = None
        yielded = steps.send(awaitable if type(awaitable) is _Coroutine else _await(awaitable))
        while yielded is not DONE:
            try:
                value = here.switch_back(yielded)
            except BaseException as error:  # the task was cancelled
                thrown = error
            else:
                yielded = steps.send(value)
                continue
            try:  # not in the handler above: the awaitable may catch the error and continue
                yielded = steps.throw(thrown)
            finally:
                del thrown  # avoid a reference cycle
        here.steps = steps
        result: Result = here.awaited
        here.awaited = None
        return result
    state = _thread.state
    thread_loop = state.loop
    asyncio = _import_asyncio() if thread_loop is None else thread_loop.asyncio
    if asyncio._get_running_loop() is not None:
        return _wait_in_a_thread(awaitable)
    executor = state.executor
    if executor is not None:
        return executor.wait(awaitable)
    if thread_loop is None and has_patched_threads():
        return _wait_in_a_thread(awaitable)
    return _run(thread_loop or _get_thread_loop(), awaitable, copy_context())


def _import_asyncio() -> types.ModuleType:
    import asyncio

    return asyncio


def is_in_coroutine(depth: int = 2) -> bool:
    """Return whether the caller's caller can await.

    A coroutine can. Synchronous code that this package called cannot, even if a loop is running in
    its thread.

    :param depth: the number of calls between the code and this function; 2 is the caller's caller.
    """
    import asyncio

    if asyncio._get_running_loop() is None:
        return False
    frame: types.FrameType | None = sys._getframe(depth)
    while frame is not None:
        if frame.f_code.co_flags & _CAN_AWAIT:
            return True
        package: str | None = frame.f_globals.get("__package__")  # None in a script
        if package is not None and package.partition(".")[0] == _PACKAGE:
            return False
        frame = frame.f_back
    return False


def is_in_greenlet() -> bool:
    """Return whether the caller runs in a greenlet of `greenlet_class`."""
    return type(get_greenlet()) is greenlet_class


def has_server_loop() -> bool:
    """Return whether an ASGI server's loop runs what the caller awaits."""
    return is_in_greenlet() or _thread.state.executor is not None


def can_wait_here() -> bool:
    """Return whether the caller runs in a greenlet, and can wait in it."""
    here = get_greenlet()
    return type(here) is greenlet_class and not (
        _HAS_EAGER_TASKS and here.steps is None and _is_in_eager_task(here)
    )


def _is_in_eager_task(greenlet: Greenlet) -> bool:
    """Return whether another task takes its first step in a greenlet, as eager tasks do.

    The greenlet's own task cannot wait for it. Each task is recognized by its context.
    """
    task = get_task()
    if task is None:
        return False
    context = task.get_context()  # type: ignore[attr-defined]  # from Python 3.12
    return context is not greenlet.switch_back.__self__.gr_context


@types.coroutine
def _await_for(greenlet: Greenlet) -> Generator[object, t.Any, t.NoReturn]:
    """Await each awaitable that is sent, and yield `DONE` after it.

    PERF: one generator for all awaitables of a greenlet; 0.08 us less than one for each.
    """
    while True:
        awaitable = yield DONE
        greenlet.awaited = yield from awaitable
        del awaitable


async def _await(awaitable: Awaitable[Result]) -> Result:
    """Await an awaitable that is not a coroutine, because ``yield from`` takes only coroutines."""
    return await awaitable


def wait_long(awaitable: Awaitable[Result]) -> Result:
    """Wait as `wait` does, for an awaitable that may take any time.

    Ctrl-C cancels the awaitable, and ``KeyboardInterrupt`` is raised when it has ended. If it were
    raised at once, it could interrupt the event loop itself. ``asyncio.run`` does the same.

    :raises KeyboardInterrupt: the user pressed Ctrl-C; at once if they press it again.
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
        # The task must not hold the error: a frame in the error's traceback holds the task.
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
