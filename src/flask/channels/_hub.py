"""The channels of one application in one process: its listeners, and the transport."""

from __future__ import annotations

import os
import threading
import typing as t
import weakref
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from ._listener import Listener, Waiter, wake
from ._messages import Entry, Message
from ._publication import Publication
from ._settings import JSONProvider, Settings, encode_data, read_settings
from ._transport import THREADS, Transport

if t.TYPE_CHECKING:
    import asyncio

Result = t.TypeVar("Result")


class App(t.Protocol):
    """An application with channels."""

    @property
    def config(self) -> Mapping[str, t.Any]: ...
    @property
    def json(self) -> JSONProvider: ...
    def _log(self, level: str, message: str) -> None: ...


class Hub:
    """The listeners of one application in this process.

    The settings are read when the hub is first used. It refers to the application only weakly, to
    avoid a reference cycle.

    :param app: the application.
    """

    def __init__(self, app: App) -> None:
        self._app = weakref.ref(app)
        self._settings: Settings | None = None
        self._transport: Transport | None = None
        self._make_locks()
        self._listeners: dict[str, dict[Listener, None]] = {}
        self._is_stopping = False
        self.recorders: list[list[Message]] = []
        """Lists that get each message that this process publishes."""
        _hubs.add(self)

    def _make_locks(self) -> None:
        """Make two locks. Code that holds the second one calls nothing that locks.

        A transport may deliver while it holds its own lock, and delivering needs the second one.
        """
        self._changing = threading.RLock()  # the transport learns each number in order
        self._lock = threading.RLock()

    @property
    def app(self) -> App:
        """The application.

        :raises RuntimeError: it exists no more.
        """
        app = self._app()
        if app is None:
            raise RuntimeError("The application of these channels exists no more.")
        return app

    @property
    def settings(self) -> Settings:
        """The settings of the application.

        :raises ValueError: a setting has an impossible value.
        """
        if self._settings is None:
            self._settings = read_settings(self.app.config)
        return self._settings

    @property
    def transport(self) -> Transport:
        """The transport of ``CHANNELS_URL``."""
        if self._transport is None:
            with self._changing:
                if self._transport is None:
                    self._transport = _make_transport(self)
        return self._transport

    def loads(self, text: str) -> object:
        """Parse JSON as the application does."""
        value: object = self.app.json.loads(text)
        return value

    @property
    def config(self) -> Mapping[str, int]:
        """The settings that limit `THREADS`: none."""
        return {}

    def log(self, level: str, message: str) -> None:
        """Log a message, if the application still exists.

        :param level: name of the logger's method.
        :param message: the message.
        """
        app = self._app()
        if app is not None:
            app._log(level, message)

    _log = log  # as `THREADS` calls it

    # Listeners -----------------------------------------------------------------------------------

    def add(self, listener: Listener) -> None:
        """Add a listener: from now on it collects the messages of its channel."""
        transport = self.transport
        with self._changing:
            with self._lock:
                is_stopping = self._is_stopping
                if not is_stopping:
                    listeners = self._listeners.setdefault(listener.channel, {})
                    listeners[listener] = None
            if is_stopping:
                listener.end()
            else:
                transport.changed(listener.channel, self.count(listener.channel))

    def remove(self, listener: Listener) -> None:
        """Remove a listener, at once and without waiting."""
        with self._changing:
            with self._lock:
                listeners = self._listeners.get(listener.channel, {})
                if listener not in listeners:
                    return
                del listeners[listener]
                if not listeners:
                    del self._listeners[listener.channel]
            self.transport.changed(listener.channel, self.count(listener.channel))

    def count(self, channel: str) -> int:
        """Return the number of a channel's listeners in this process."""
        return len(self._listeners.get(channel, ()))

    def counts(self) -> dict[str, int]:
        """Return the number of listeners in this process for each channel that has any."""
        with self._lock:
            return {channel: len(listeners) for channel, listeners in self._listeners.items()}

    def deliver(self, channel: str, entries: Sequence[Entry]) -> None:
        """Give messages to all listeners of a channel; waits for none of them.

        PERF: each event loop is woken once, and not once for each of its listeners.
        """
        with self._lock:
            listeners = list(self._listeners.get(channel, ()))
        woken: list[Waiter] = []
        for listener in listeners:
            woken += listener.put(entries)
        wake(woken)

    def wake_all(self) -> None:
        """Let all listeners ask the transport again, which answers now."""
        with self._lock:
            listeners = [listener for each in self._listeners.values() for listener in each]
        wake([waiter for listener in listeners for waiter in listener.wake()])

    # Publishing ----------------------------------------------------------------------------------

    def encode(self, data: object) -> str:
        """Return data as JSON.

        :raises TypeError: JSON has no such type.
        :raises ValueError: it is too large.
        """
        return encode_data(self.app.json, data, self.settings.message_size)

    def published(self, publication: Publication) -> None:
        """Record a message that the transport has stored."""
        if self.recorders and publication.entry is not None:
            message = Message(publication.channel, publication.entry, self.loads)
            for recorder in self.recorders:
                recorder.append(message)

    async def call(self, function: Callable[..., Result], *arguments: object) -> Result:
        """Call a function of the transport; in a thread, if it may block.

        :param function: what is called.
        :param arguments: its positional arguments.
        """
        if not self.transport.may_block:
            return function(*arguments)
        import asyncio

        loop = asyncio.get_running_loop()
        done: asyncio.Future[Result] = loop.create_future()
        work = partial(_call_in_thread, loop, done, partial(function, *arguments))
        try:
            THREADS.start(work, self)
            return await done
        except asyncio.CancelledError:
            THREADS.withdraw(work)
            raise
        finally:
            del done, work  # avoid a reference cycle

    # The end -------------------------------------------------------------------------------------

    def stop(self) -> None:
        """End all listeners at once, and let no other one begin: the server stops."""
        with self._lock:
            self._is_stopping = True
            listeners = [listener for each in self._listeners.values() for listener in each]
        for listener in listeners:
            listener.end()

    def close(self) -> None:
        """End all listeners and the transport. What subscribes after this begins again.

        The listeners are removed first: one that begins meanwhile in another thread is no reason
        for the transport to receive its channel.
        """
        self.stop()
        with self._changing:
            with self._lock:
                channels = list(self._listeners)
                self._listeners.clear()
            for channel in channels:
                self.transport.changed(channel, 0)
        if self._transport is not None:
            self._transport.end()
        self._is_stopping = False

    def forget(self) -> None:
        """Forget the listeners of the parent, in a forked process."""
        self._make_locks()
        self._listeners = {}
        self._is_stopping = False
        if self._transport is not None:
            self._transport.forget()


def _call_in_thread(
    loop: asyncio.AbstractEventLoop, done: asyncio.Future[Result], call: Callable[[], Result]
) -> None:
    set_outcome: Callable[[], None]
    try:
        set_outcome = partial(_set_result, done, call())
    except Exception as error:
        set_outcome = partial(_set_error, done, error)
    try:
        loop.call_soon_threadsafe(set_outcome)
    except RuntimeError:
        pass  # the loop is closed, so no task waits


def _set_result(done: asyncio.Future[Result], result: Result) -> None:
    if not done.done():
        done.set_result(result)


def _set_error(done: asyncio.Future[Result], error: Exception) -> None:
    if not done.done():
        done.set_exception(error)


def _make_transport(hub: Hub) -> Transport:
    if hub.settings.scheme == "memory":
        from ._memory import MemoryTransport

        return MemoryTransport(hub)
    from ._redis import RedisTransport

    return RedisTransport(hub)


_hubs: t.Final[weakref.WeakSet[Hub]] = weakref.WeakSet()


def stop_all() -> None:
    """End the listeners of all applications of this process."""
    for hub in list(_hubs):
        hub.stop()


def _forget_all() -> None:
    for hub in list(_hubs):
        hub.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
