"""A subscription: what a view iterates over, in ``async def`` and in synchronous code.

The steps are generators, written once. They yield what has to be waited for, and one of two
functions waits: in a thread, or on an event loop.
"""

from __future__ import annotations

import sys
import time
import typing as t
from collections.abc import Callable, Generator

from .._core.waiting import wait
from ._disconnects import watch_for_disconnect
from ._listener import Listener, Waiter
from ._messages import Entry, Message, Page, parse_identifier
from ._settings import Unavailable

if t.TYPE_CHECKING:
    from types import TracebackType

    from ._hub import Hub

Result = t.TypeVar("Result")

_FIRST_RETRY = 0.5  # seconds after which the history is asked again, if it was not available
_LONGEST_RETRY = 10.0


class _Call:
    """A call of the transport, which may block."""

    def __init__(self, hub: Hub, function: Callable[..., object], *arguments: object) -> None:
        self._hub = hub
        self._function = function
        self._arguments = arguments

    def do(self) -> object:
        return self._function(*self._arguments)

    async def do_async(self) -> object:
        return await self._hub.call(self._function, *self._arguments)


class _Wait:
    """Waiting until a listener has a message."""

    def __init__(self, listener: Listener, timeout: float | None) -> None:
        self._listener = listener
        self._timeout = timeout

    def do(self) -> object:
        waiter = Waiter()
        if self._listener.add_waiter(waiter):
            try:
                waiter.block(self._timeout)
            finally:
                self._listener.remove_waiter(waiter)
        return None

    async def do_async(self) -> object:
        import asyncio

        waiter = Waiter(asyncio.get_running_loop())
        if self._listener.add_waiter(waiter):
            try:
                if self._timeout is None:
                    await waiter.future
                else:
                    await asyncio.wait([waiter.future], timeout=max(self._timeout, 0))
            finally:
                self._listener.remove_waiter(waiter)
        return None


_Steps: t.TypeAlias = Generator[_Call | _Wait, object, Result]


class Subscription:
    """The messages of one channel, for the time of a ``with`` block.

    In ``async def`` code use ``async with`` and ``async for``, elsewhere ``with`` and ``for``. The
    iteration ends when the client of the request disconnects, or the server stops.

    :param hub: the channels of the application.
    :param channel: the name of the channel.
    :param after: the identifier of the last message that the client has received; ``None``: only
        new messages.
    """

    def __init__(self, hub: Hub, channel: str, after: str | None) -> None:
        self.channel = channel
        """The name of the channel."""
        self._hub = hub
        self._listener = Listener(channel, hub.settings.queue)
        self._after = after
        self._place: Entry | None = None  # where the next page of the history begins
        self._position: str | None = None
        self._is_open = False
        self._has_missed = False  # it could not begin at once
        self._unwatch: Callable[[], object] | None = None

    @property
    def position(self) -> str | None:
        """The identifier of the last message, or of the begin.

        Who passes it as ``after`` misses nothing. ``None`` if Redis has not answered yet.
        """
        return self._position

    # Begin and end -------------------------------------------------------------------------------

    def __enter__(self) -> t.Self:
        self._begin()
        try:
            _run(self._open())
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end()

    async def __aenter__(self) -> t.Self:
        self._begin()
        try:
            await _run_async(self._open())
        except BaseException:
            self._end()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end()

    def _begin(self) -> None:
        if self._unwatch is not None or self._listener.has_ended:
            raise RuntimeError(
                "A subscription is used once. Call subscribe() again, with its position as 'after'."
            )
        self._unwatch = watch_for_disconnect(self._listener.end)
        self._hub.add(self._listener)

    def _end(self) -> None:
        if self._unwatch is not None:
            self._unwatch()
            self._unwatch = None
        self._hub.remove(self._listener)
        self._listener.end()

    # Messages ------------------------------------------------------------------------------------

    def __iter__(self) -> t.Self:
        """Yield each message; for synchronous code."""
        return self

    def __next__(self) -> Message:
        message = self._take() or _run(self._next(None))
        if message is None:
            raise StopIteration
        return message

    def receive(self, timeout: float | None = None) -> Message | None:
        """Wait for the next message; for synchronous code.

        In ``async def`` code use ``anext(messages)`` in a block of ``asyncio.timeout()``.

        :param timeout: seconds; ``None``: any time.
        :returns: ``None`` if the subscription has ended.
        :raises TimeoutError: no message arrived in time.
        """
        return self._take() or _run(self._next(timeout))

    def __aiter__(self) -> t.Self:
        """Yield each message; for ``async def`` code."""
        return self

    async def __anext__(self) -> Message:
        message = self._take() or await _run_async(self._next(None))
        if message is None:
            raise StopAsyncIteration
        return message

    def _take(self) -> Message | None:
        entry = self._listener.take()
        if entry is None:
            return None
        self._position = entry.identifier
        return Message(self.channel, entry, self._hub.loads)

    # The steps -----------------------------------------------------------------------------------

    def _open(self) -> _Steps[None]:
        """Find the place where the subscription begins. If it cannot be found, try later."""
        try:
            yield from self._find_place()
        except Unavailable:
            self._has_missed = True

    def _find_place(self) -> _Steps[None]:
        end = t.cast("Entry", (yield _Call(self._hub, self._hub.transport.open, self.channel)))
        order = None if self._after is None else parse_identifier(self._after)
        if self._after is not None and order is not None:
            self._place = Entry(self._after, order, None)
        else:
            is_gone = self._has_missed or self._after is not None
            self._accept(Page((), end, is_last=True, is_gone=is_gone))
        self._is_open = True
        self._position = t.cast("Entry", self._place).identifier

    def _accept(self, page: Page) -> None:
        self._place = page.end
        self._listener.accept(page)

    def _next(self, timeout: float | None) -> _Steps[Message | None]:
        """Wait for the next message; return ``None`` at the end."""
        until = None if timeout is None else time.monotonic() + timeout
        retry = _FIRST_RETRY
        while True:
            message = self._take()
            if message is not None:
                return message
            if self._listener.has_ended:
                return None
            pause: float | None = None
            if not self._is_open or self._listener.is_behind:
                try:
                    yield from self._read_page()
                    continue
                except Unavailable:  # a message, or the new connection, wakes it earlier
                    pause, retry = retry, min(retry * 2, _LONGEST_RETRY)
            left = None if until is None else until - time.monotonic()
            if left is not None and left <= 0:
                raise TimeoutError(f"No message on {self.channel!r} in {timeout:g} seconds.")
            yield _Wait(
                self._listener, min((x for x in (pause, left) if x is not None), default=None)
            )

    def _read_page(self) -> _Steps[None]:
        if not self._is_open:
            yield from self._find_place()
        elif self._place is not None:
            read = self._hub.transport.read
            call = _Call(self._hub, read, self.channel, self._place, self._hub.settings.queue)
            self._accept(t.cast("Page", (yield call)))


def _run(steps: _Steps[Result]) -> Result:
    """Take the steps in this thread; on an event loop only in a greenlet, which it resumes."""
    asyncio = sys.modules.get("asyncio")
    if asyncio is not None and asyncio._get_running_loop() is not None:
        return wait(_run_async(steps))
    try:
        action = next(steps)
        while True:
            try:
                result = action.do()
            except Exception as error:
                action = steps.throw(error)
            else:
                action = steps.send(result)
    except StopIteration as stop:
        returned: Result = stop.value
        return returned
    finally:
        steps.close()


async def _run_async(steps: _Steps[Result]) -> Result:
    try:
        action = next(steps)
        while True:
            try:
                result = await action.do_async()
            except Exception as error:
                action = steps.throw(error)
            else:
                action = steps.send(result)
    except StopIteration as stop:
        returned: Result = stop.value
        return returned
    finally:
        steps.close()
