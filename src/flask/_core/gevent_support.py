"""Waiting under gevent, where threads are greenlets.

Greenlets share one operating system thread, and a thread runs one event loop at a time. So one
event loop runs in its own thread for all greenlets, and a greenlet that waits for it switches to
others. gevent is imported only if the application or its server has imported it.
"""

from __future__ import annotations

import os
import sys
import threading
import typing as t
from collections.abc import Awaitable, Callable
from contextvars import Context

if t.TYPE_CHECKING:
    import asyncio

Result = t.TypeVar("Result")

Outcome: t.TypeAlias = tuple[object, BaseException | None]
"""The return value, and the error that was raised."""


def has_patched_threads() -> bool:
    """Return whether gevent has replaced threads by greenlets."""
    monkey = sys.modules.get("gevent.monkey")
    return monkey is not None and bool(monkey.is_module_patched("threading"))


def run_in_native_thread(work: Callable[[], object]) -> None:
    """Run a function in a short-lived operating system thread, and wait for it.

    :param work: handles its own errors.
    """
    from gevent.threadpool import ThreadPool

    pool = ThreadPool(1)
    try:
        pool.apply(work)
    finally:
        pool.kill()


class HubInput:
    """The body of a request, which only greenlets of the server's thread can read.

    :param stream: the server's ``wsgi.input``.
    """

    def __init__(self, stream: t.IO[bytes]) -> None:
        from gevent import get_hub, monkey

        self._stream = stream
        self._hub = get_hub()
        self._new_lock: Callable[[], threading.Lock] = monkey.get_original(
            "_thread", "allocate_lock"
        )

    def read(self, *size: int) -> bytes:
        """Read bytes; see PEP 3333."""
        return self._call(self._stream.read, size)

    def readline(self, *size: int) -> bytes:
        """Read a line."""
        return self._call(self._stream.readline, size)

    def readlines(self, *hint: int) -> list[bytes]:
        """Read the lines that are left."""
        return self._call(self._stream.readlines, hint)

    def __iter__(self) -> t.Iterator[bytes]:
        return iter(self.readline, b"")

    def _call(self, method: Callable[..., Result], arguments: tuple[int, ...]) -> Result:
        import gevent

        if gevent.get_hub() is self._hub:
            return method(*arguments)
        is_done = self._new_lock()
        is_done.acquire()
        outcome: list[Outcome] = []

        def work() -> None:
            try:
                outcome.append((method(*arguments), None))
            except BaseException as error:
                outcome.append((None, error))
            is_done.release()

        self._hub.loop.run_callback_threadsafe(gevent.spawn, work)
        is_done.acquire()  # blocks the thread of the loop, as any read of a body does
        result, error = outcome.pop()
        if error is not None:
            raise error
        return t.cast("Result", result)


class SharedLoop:
    """An event loop in an operating system thread, for the greenlets of a process."""

    _loop: asyncio.AbstractEventLoop | None = None

    def __init__(self) -> None:
        self._lock = threading.Lock()
        if hasattr(os, "register_at_fork"):  # a forked process has none of the parent's threads
            os.register_at_fork(after_in_child=self._forget)

    def _forget(self) -> None:
        self._loop = None
        self._lock = threading.Lock()

    def is_running_here(self) -> bool:
        """Return whether the caller runs in the loop's thread."""
        import asyncio

        return self._loop is not None and asyncio._get_running_loop() is self._loop

    def run(self, awaitable: Awaitable[object], context: Context) -> Outcome:
        """Run an awaitable to its end, while other greenlets run.

        :param context: what it runs in.
        """
        import gevent
        from gevent.event import Event

        loop = self._start()
        is_done = Event()
        outcome: list[Outcome] = []
        notifier = gevent.get_hub().loop.async_()
        notifier.start(is_done.set)

        async def await_it() -> None:
            try:
                outcome.append((await awaitable, None))
            except BaseException as error:
                outcome.append((None, error))
            finally:
                notifier.send()

        tasks: list[asyncio.Task[None]] = []
        try:
            loop.call_soon_threadsafe(
                lambda: tasks.append(loop.create_task(await_it(), context=context))
            )
            try:
                is_done.wait()
            except BaseException:  # the greenlet was killed, or a timeout of gevent expired
                loop.call_soon_threadsafe(lambda: [task.cancel() for task in tasks])
                is_done.wait()
                raise
        finally:
            notifier.stop()
            notifier.close()
        return outcome.pop()

    def _start(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                from gevent.threadpool import ThreadPool

                self._pool = ThreadPool(1)
                # The loop is created in the thread that runs it: its selector belongs to the
                # thread.
                self._loop = self._pool.apply(_new_event_loop)
                self._pool.spawn(self._loop.run_forever)
            return self._loop


def _new_event_loop() -> asyncio.AbstractEventLoop:
    import asyncio

    return asyncio.new_event_loop()


shared_loop = SharedLoop()
"""The event loop of this process, where threads are greenlets."""
