"""The drivers: they run synchronous code beside the server's loop, and wait for it.

The lifecycle is synchronous and calls ``wait`` where it meets something awaitable. Two drivers can
run it so that the server's loop goes on meanwhile:

- a `Fiber` is a greenlet *on* the loop. ``wait`` runs the awaitable itself; only if that must
  really wait for something, the fiber is left and the loop goes on.
- a `ThreadVisit` is the work's stay in a worker *thread*. ``wait`` hands the awaitable to the
  loop, and the thread waits.

Either way everything awaitable runs on the server's loop, in the context of the request.
"""

from __future__ import annotations

import asyncio
import threading
import types
import typing as t
from collections.abc import Awaitable, Callable, Coroutine, Generator
from concurrent.futures import CancelledError
from concurrent.futures import Future as ThreadFuture
from contextvars import Context, copy_context
from functools import partial

from .. import _waiting
from .._threads import Threads, threads

try:
    from greenlet import getcurrent, greenlet  # type: ignore[import-untyped, unused-ignore]
except ImportError:  # the extra "asgi" is not installed: threads do it all, only slower
    getcurrent = greenlet = None

Work: t.TypeAlias = Callable[..., t.Any]
Outcome: t.TypeAlias = tuple[t.Any, BaseException | None]
"""What work returned, and what it raised."""

has_fibers: bool = greenlet is not None
"""Whether greenlet is installed, so that work can run on the loop."""

_NOBODY_WAITS = "The client has gone, or the server stops: nobody waits for this request any more."

_MOST_KEPT = 200  # idle fibers of a thread, 12 KB each; beyond that they are thrown away


async def _await(awaitable: Awaitable[t.Any]) -> t.Any:
    return await awaitable


# On the loop ------------------------------------------------------------------------------------

if greenlet is not None:

    class Fiber(greenlet):  # type: ignore[misc]
        """A greenlet that does one piece of work after another.

        PERF: 0.8 us for a piece of work; a new greenlet for each takes 6.6 us.
        """

        # PERF: slots; 0.2 us less than entries of the greenlet's dict.
        __slots__ = ("arguments", "back", "error", "function", "is_done", "result")

        function: Work
        """What to run."""
        arguments: tuple[t.Any, ...]
        """What to call it with."""
        result: t.Any
        """What the work returned."""
        error: BaseException | None
        """What the work raised."""
        is_done: bool
        """Whether the work is done, and the fiber free for other work."""
        back: t.Any
        """The greenlet of the loop's task; work that has to wait goes on there."""

        def run(self) -> None:
            """Do what there is to do, and go back."""
            while True:
                try:
                    self.result = self.function(*self.arguments)
                    self.error = None
                except BaseException as error:
                    self.result = None
                    self.error = error
                self.function = self.arguments = None  # type: ignore[assignment]
                self.is_done = True
                self.back.switch()

        def begin(self, function: Work, arguments: tuple[t.Any, ...]) -> t.Any:
            """Start work.

            :returns: what the task shall yield to the loop, if the work is not `is_done`.
            """
            self.function = function
            self.arguments = arguments
            self.is_done = False
            self.back = current = getcurrent()
            self.gr_context = current.gr_context  # the task's, not a copy: both see every change
            return self.switch()

        @types.coroutine
        def go_on(self, yielded: t.Any) -> Generator[t.Any, t.Any, None]:
            """Let the task wait in the fiber's stead, until the work is done."""
            while not self.is_done:
                try:
                    value = yield yielded
                except BaseException as error:
                    self.back = getcurrent()
                    yielded = self.throw(error)
                else:
                    self.back = getcurrent()
                    yielded = self.switch(value)

        def take_result(self) -> t.Any:
            """Return what the work returned, or raise what it raised; free the fiber."""
            error, result = self.error, self.result
            self.error = self.result = self.back = None
            free = _fibers.free
            if len(free) < _MOST_KEPT:
                free.append(self)
            if error is None:
                return result
            try:
                raise error
            finally:
                del error  # its traceback holds this frame

        def wait(self, awaitable: Awaitable[t.Any]) -> t.Any:
            """Wait, in the fiber, for something awaitable; see ``_waiting.wait``.

            It runs here, step by step, as a task of the loop would run it. What it yields is for
            the loop; the task yields it, and is resumed when it is time.
            """
            # PERF: a coroutine, the usual case, is not asked for its steps.
            is_coroutine = type(awaitable) is types.CoroutineType
            steps: t.Any = awaitable if is_coroutine else _steps_of(awaitable)
            try:
                yielded = steps.send(None)
                while True:
                    try:
                        value = self.back.switch(yielded)
                    except BaseException as error:  # the task was cancelled
                        yielded = steps.throw(error)
                    else:
                        yielded = steps.send(value)
            except StopIteration as stop:
                return stop.value


class _Fibers(threading.local):
    """The fibers of one thread; a greenlet never leaves its thread."""

    def __init__(self) -> None:
        self.free: list[Fiber] = []


_fibers = _Fibers()


def get_fiber() -> Fiber:
    """Return a fiber that is free."""
    try:
        return _fibers.free.pop()
    except IndexError:
        return Fiber()


async def on_the_loop(function: Work, *arguments: t.Any) -> t.Any:
    """Run synchronous code in a fiber of this thread's running loop."""
    fiber = get_fiber()
    yielded = fiber.begin(function, arguments)
    if not fiber.is_done:
        await fiber.go_on(yielded)
    return fiber.take_result()


def _steps_of(awaitable: Awaitable[t.Any]) -> t.Any:
    """Return what drives an awaitable: an object with ``send`` and ``throw``."""
    steps = awaitable.__await__()
    return steps if hasattr(steps, "throw") else _await(awaitable)


def _find_fiber() -> Fiber | None:
    """Return the fiber whose code is running, if it is a fiber's."""
    current = getcurrent()
    return current if type(current) is Fiber else None


if has_fibers:
    _waiting.find_driver = _find_fiber


# In a worker thread -----------------------------------------------------------------------------


class ThreadVisit:
    """One piece of work in a worker thread.

    :param on_wait: called on the loop whenever the work has something awaited there.
    :param pool: the threads to take one of.
    """

    is_over: bool = False
    """Whether nobody waits for the work any more; what it waits for is given up."""

    def __init__(self, on_wait: Callable[[], None] | None = None, pool: Threads = threads) -> None:
        self.pool = pool
        self.loop = asyncio.get_running_loop()
        self.on_wait = on_wait
        self._lock = threading.Lock()
        self._answer: ThreadFuture[t.Any] | None = None
        self._task: asyncio.Task[t.Any] | None = None
        self._must_cancel = False

    async def run(self, most: int, function: Work, *arguments: t.Any) -> t.Any:
        """Run synchronous code in a thread, with the context of the caller.

        :param most: how many threads there may be; beyond that the work waits for its turn.
        """
        done: asyncio.Future[Outcome] = self.loop.create_future()
        work = partial(copy_context().run, function, *arguments)
        self.pool.start(partial(self._in_the_thread, work, done), most)
        try:
            result, error = await done
        except asyncio.CancelledError:
            self.end()  # the thread goes on to its teardowns by itself
            raise
        finally:
            del done, work
        if error is None:
            return result
        try:
            raise error
        finally:
            del error  # its traceback holds this frame

    def _in_the_thread(self, work: Work, done: asyncio.Future[Outcome]) -> None:
        _waiting.set_driver_of_thread(self)
        try:
            outcome: Outcome = (work(), None)
        except BaseException as error:
            outcome = (None, error)
        finally:
            _waiting.set_driver_of_thread(None)
        try:
            self.loop.call_soon_threadsafe(_hand_over, done, outcome)
        except RuntimeError:
            pass  # the loop is closed: nobody waits any more

    def wait(self, awaitable: Awaitable[t.Any]) -> t.Any:
        """Wait, in the thread, for something that runs on the server's loop."""
        context = copy_context()
        answer: ThreadFuture[Outcome] = ThreadFuture()
        with self._lock:
            if self.is_over:
                _close(awaitable)
                raise asyncio.CancelledError(_NOBODY_WAITS)
            self._answer = answer
        try:
            self.loop.call_soon_threadsafe(self._begin, awaitable, answer, context)
            result, error = answer.result()
        except (CancelledError, RuntimeError):  # given up; or the loop is closed
            raise asyncio.CancelledError(_NOBODY_WAITS) from None
        finally:
            self._answer = None
            del answer
        _waiting.take_over(context)
        if error is None:
            return result
        try:
            raise error
        finally:
            del error  # its traceback holds this frame

    def _begin(
        self, awaitable: Awaitable[t.Any], answer: ThreadFuture[Outcome], context: Context
    ) -> None:
        """Await something on the loop, for the thread."""
        if answer.cancelled():
            _close(awaitable)
            return
        if self._must_cancel:
            self._must_cancel = False
            _close(awaitable)
            answer.set_result((None, asyncio.CancelledError()))
            return
        if has_fibers:  # what runs on the loop may meet synchronous code that waits
            awaitable = on_the_loop(_waiting.wait, awaitable)
        self._task = self.loop.create_task(_outcome(awaitable), context=context)
        self._task.add_done_callback(partial(self._hand_back, answer))
        if self.on_wait is not None:
            self.on_wait()

    def _hand_back(self, answer: ThreadFuture[Outcome], task: asyncio.Task[Outcome]) -> None:
        self._task = None
        if not answer.cancelled():
            gone = (None, asyncio.CancelledError())
            answer.set_result(gone if task.cancelled() else task.result())

    def cancel(self) -> None:
        """Cancel what the work waits for on the loop, now or next; called on the loop."""
        if self._task is None:
            self._must_cancel = True
        else:
            self._task.cancel()

    def end(self) -> None:
        """Let the work wait for nothing any more; called on the loop."""
        with self._lock:
            self.is_over = True
            answer = self._answer
        self.cancel()
        if answer is not None:
            answer.cancel()


def _hand_over(done: asyncio.Future[Outcome], outcome: Outcome) -> None:
    if not done.done():
        done.set_result(outcome)


async def _outcome(awaitable: Awaitable[t.Any]) -> Outcome:
    try:
        return await awaitable, None
    except BaseException as error:
        if type(error) is asyncio.CancelledError:
            raise
        return None, error


def _close(awaitable: Awaitable[t.Any]) -> None:
    """Throw away something awaitable that nobody will await."""
    if isinstance(awaitable, Coroutine):
        awaitable.close()
