"""The one connection of a process that reads from Redis, and its thread.

It waits in ``XREAD BLOCK`` for all channels that have listeners. A new channel is added by an entry
in a stream of the process, because nothing else can wake a connection that waits. After a lost
connection the thread connects again, and continues after the last entry that it has read.
"""

from __future__ import annotations

import random
import threading
import time
import typing as t
from collections.abc import Callable
from functools import partial

from ._messages import Entry, Order, Page
from ._redis_client import (
    FAILURES,
    PROCESS_LIFETIME,
    Client,
    Keys,
    connect,
    describe_server,
    read_entries,
    read_identifier,
)
from ._settings import Settings
from ._transport import Listeners

HEARTBEAT: t.Final = 10.0
"""Seconds after which a process reports that it is alive; also the longest wait in Redis."""
_FIRST_PAUSE: t.Final = 0.1
_LONGEST_PAUSE: t.Final = 5.0
_SHORT: t.Final = 0.1
_BATCH: t.Final = 100
"""Entries of a channel that are read at once."""


class _Ended(Exception):
    """The thread has nothing to read any more."""


class Source(t.Protocol):
    """The channels that are read; see ``_redis.RedisTransport``."""

    hub: Listeners
    settings: Settings
    keys: Keys
    token: str
    lock: threading.Lock
    counts_lock: threading.Lock
    is_counted: bool
    places: dict[str, Entry]
    read_channels: set[str]

    @property
    def client(self) -> Client:
        """The connections that send."""
        ...

    def read_page(self, client: Client, channel: str, after: Entry, limit: int) -> Page:
        """Read a page over a client's connection."""
        ...

    def advance(self, channel: str, end: Entry, after: Order, stop: threading.Event) -> bool:
        """Note how far a channel is read; return whether it is still read from there."""
        ...


class Reader:
    """Starts and ends the thread that reads: from the first channel until no channel is left.

    :param transport: the channels that are read, and what is done with their messages.
    """

    def __init__(self, transport: Source) -> None:
        self._transport = transport
        self._lock = threading.Lock()
        self._thread: _ReadingThread | None = None

    @property
    def is_lost(self) -> bool:
        """Whether the connection is lost, and the thread tries to connect."""
        thread = self._thread
        return thread is not None and thread.is_lost

    def start(self, channel: str) -> None:
        """Start the thread, unless it is running, or the channel has no listener any more."""
        with self._lock:
            if self._thread is None and self._transport.hub.count(channel):
                thread = _ReadingThread(self._transport, self._end_if_unused)
                thread.start()
                self._thread = thread  # not if the system could not start it

    def wake(self) -> None:
        """Let the connection read the new channels too."""
        key = self._transport.keys.wake(self._transport.token)
        pipe = self._transport.client.pipeline(transaction=False)
        pipe.execute_command("XADD", key, "MAXLEN", 1, "*", "wake", "")
        pipe.execute_command("EXPIRE", key, PROCESS_LIFETIME)
        pipe.execute()

    def send_counts(self) -> None:
        """Let the thread send the numbers of listeners; those in Redis may be wrong."""
        thread = self._thread
        if thread is not None:
            thread.must_send_counts = True

    def stop(self) -> Callable[[], bool]:
        """Let the thread end; from now on it delivers nothing.

        :returns: waits for its end, and returns whether its connection was lost.
        """
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is None:
            return lambda: False
        with self._transport.lock:  # in which the thread checks it
            thread.stop.set()
        return partial(self._wait, thread)

    def _wait(self, thread: _ReadingThread) -> bool:
        thread.disconnect()  # ends the wait in Redis
        thread.join(_SHORT)
        if thread.is_alive() and not thread.is_lost:
            try:  # it has connected again, before it has seen that it has to stop
                self.wake()
            except FAILURES:
                pass
            thread.join(self._transport.settings.timeout)
        return thread.is_lost

    def _end_if_unused(self, thread: _ReadingThread) -> None:
        """End the thread if there is no listener. `start` waits for the lock, and starts another.

        :raises _Ended: there is none.
        """
        with self._lock:
            if not self._transport.hub.counts() and thread is self._thread:
                self._thread = None
                raise _Ended


class _ReadingThread(threading.Thread):
    """One thread that reads, and its connection.

    The next one may begin before this one has ended. So they share nothing but the places, and a
    thread that was stopped does not change these.

    :param transport: the channels that are read.
    :param end_if_unused: raises `_Ended` if there is no listener.
    """

    def __init__(
        self, transport: Source, end_if_unused: Callable[[_ReadingThread], object]
    ) -> None:
        super().__init__(name="flask-channels", daemon=True)
        self._transport = transport
        self._end_if_unused = partial(end_if_unused, self)
        self.stop = threading.Event()
        self._client: Client | None = None
        self._lagging: set[str] = set()
        self._batch = min(_BATCH, transport.settings.history)
        self._next_heartbeat = 0.0
        self._wake_place = "0-0"
        self.is_lost = False
        """Whether the connection is lost."""
        self.must_send_counts = False
        """Whether the numbers of listeners in Redis may be wrong."""

    def run(self) -> None:
        """Read until there is nothing to read, or `stop` is set."""
        try:
            pause = _FIRST_PAUSE
            while not self.stop.is_set():
                if self._read_until_loss():
                    pause = _FIRST_PAUSE
                self._end_if_unused()
                self.stop.wait(pause * random.uniform(0.5, 1.0))
                pause = min(pause * 2, _LONGEST_PAUSE)
        except _Ended:
            pass
        finally:
            del self._end_if_unused  # avoid a reference cycle

    def disconnect(self) -> None:
        """Close the connection, also while the thread waits for an answer."""
        client = self._client
        if client is not None:
            client.connection_pool.disconnect()

    def _read_until_loss(self) -> bool:
        """Connect and read until the connection is lost; return whether there was one."""
        is_connected = False
        try:
            self._connect()
            is_connected = True
            while not self.stop.is_set():
                self._read()
        except _Ended:
            raise
        except Exception as error:  # whatever it is, a new connection is the remedy
            if not self.stop.is_set():
                self._note_loss(error)
        finally:
            self.disconnect()
        return is_connected

    def _connect(self) -> None:
        settings = self._transport.settings
        client = connect(settings, "flask-channels-read", 1, HEARTBEAT + settings.timeout)
        self._client = client
        if self.stop.is_set():  # who stops the thread may not have seen this client
            raise _Ended
        key = self._transport.keys.wake(self._transport.token)
        added = client.execute_command("XADD", key, "MAXLEN", 1, "*", "wake", "")
        self._wake_place = read_identifier(added)
        self.must_send_counts = True
        self._send_heartbeat(client)
        with self._transport.lock:
            places = dict(self._transport.places)
        for channel, place in places.items():
            page = self._transport.read_page(client, channel, place, self._batch)
            self._take_page(channel, place, page)
        if self.is_lost:
            self.is_lost = False
            self._transport.hub.log("warning", "Channels: Redis answers again.")
        self._transport.hub.wake_all()

    def _note_loss(self, error: Exception) -> None:
        """Log the loss of the connection, once until it is back."""
        if not self.is_lost:
            self.is_lost = True
            self._transport.hub.log(
                "warning",
                f"Channels: the connection to Redis at {describe_server(self._transport.client)} is"
                f" lost. Listeners wait until it is back. {type(error).__name__}: {error}",
            )

    def _read(self) -> None:
        """Read once from all channels; wait until one has an entry, or for the heartbeat."""
        transport = self._transport
        client = t.cast("Client", self._client)
        now = time.monotonic()
        if self.must_send_counts or now >= self._next_heartbeat:
            self._send_heartbeat(client)
        self._read_lagging(client)
        with transport.lock:
            if self.stop.is_set():
                raise _Ended
            places = dict(transport.places)
            transport.read_channels.update(places)
        for channel in self._lagging:
            places.pop(channel, None)
        channels = {transport.keys.messages(channel).encode(): channel for channel in places}
        names = [transport.keys.wake(transport.token), *map(transport.keys.messages, places)]
        after = [self._wake_place, *(place.identifier for place in places.values())]
        wait = 1 if self._lagging else max(1, int((self._next_heartbeat - now) * 1000))
        options: list[str | int] = ["COUNT", self._batch, "BLOCK", wait]
        reply = client.execute_command("XREAD", *options, "STREAMS", *names, *after)
        for key, raw in reply.items() if isinstance(reply, dict) else reply or ():
            channel_name = channels.get(key)
            if channel_name is None:
                self._wake_place = read_identifier(raw[-1][0])
            elif len(raw) >= self._batch:
                # Perhaps more was added than the history keeps, and the oldest is lost already.
                # A transaction will show it.
                self._lagging.add(channel_name)
            else:
                entries, end = read_entries(raw)
                self._take(channel_name, places[channel_name], entries, end)

    def _read_lagging(self, client: Client) -> None:
        """Read a page of each channel in which more has arrived than was read."""
        with self._transport.lock:
            places = dict(self._transport.places) if self._lagging else {}
        self._lagging &= places.keys()
        for channel in sorted(self._lagging):
            place = places[channel]
            page = self._transport.read_page(client, channel, place, self._batch)
            self._take_page(channel, place, page)

    def _take_page(self, channel: str, place: Entry, page: Page) -> None:
        if page.is_last:
            self._lagging.discard(channel)
        else:
            self._lagging.add(channel)
        entries = [page.end.as_resync()] if page.is_gone else list(page.entries)
        self._take(channel, place, entries, page.end)

    def _take(self, channel: str, place: Entry, entries: list[Entry], end: Entry | None) -> None:
        """Deliver entries, unless the channel was closed and opened again in the meantime."""
        if end is None:
            return
        if self._transport.advance(channel, end, place.order, self.stop) and entries:
            self._transport.hub.deliver(channel, entries)

    def _send_heartbeat(self, client: Client) -> None:
        """Report that this process is alive, and how many listeners it has if that is not sure."""
        with self._transport.counts_lock:
            counts = self._send_counts(client)
        self._next_heartbeat = time.monotonic() + HEARTBEAT
        if not counts:
            self._end_if_unused()

    def _send_counts(self, client: Client) -> dict[str, int]:
        transport = self._transport
        if self.stop.is_set():
            raise _Ended
        key = transport.keys.process(transport.token)
        pipe = client.pipeline(transaction=True)
        counts = transport.hub.counts()
        must_send, self.must_send_counts = self.must_send_counts, False
        if must_send:
            pipe.execute_command("DEL", key)
            for channel, count in counts.items():
                pipe.execute_command("HSET", key, channel, count)
        transport.is_counted = True
        pipe.execute_command("SADD", transport.keys.processes, transport.token)
        pipe.execute_command("EXPIRE", transport.keys.wake(transport.token), PROCESS_LIFETIME)
        pipe.execute_command("EXPIRE", key, PROCESS_LIFETIME)
        is_known = pipe.execute()[-1]
        if counts and not is_known:
            self.must_send_counts = True
        return counts
