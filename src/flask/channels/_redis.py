"""Channels in Redis Streams, for all processes on all machines.

Each channel is a stream. A place in it is valid as long as its entry exists. Redis removes the
oldest entries first, so if an entry exists, all later ones do too. If it does not exist, the
history was shortened, has expired, or Redis has lost its data.
"""

from __future__ import annotations

import secrets
import threading
import typing as t
from collections.abc import Sequence

from ._messages import Entry, Order, Page
from ._publication import Publication
from ._redis_client import (
    CONNECTIONS,
    DATA,
    FAILURES,
    PROCESS_LIFETIME,
    Client,
    Keys,
    connect,
    explain,
    find_gevent_hub,
    read_entries,
    read_identifier,
)
from ._redis_reader import Reader
from ._settings import Unavailable
from ._transport import Listeners
from ._worker import Worker


class RedisTransport:
    """Keeps messages in Redis. One connection of this process reads for all its listeners.

    :param hub: the listeners of this process.
    """

    may_block = True

    def __init__(self, hub: Listeners) -> None:
        self.hub = hub
        self.settings = hub.settings
        self.keys = Keys(hub.settings.prefix)
        self.worker = Worker(hub, self)
        """Sends what code on event loops publishes."""
        self._begin()

    def _begin(self) -> None:
        self.token = secrets.token_hex(8)
        """Identifies this process."""
        self._clients: dict[object, Client] = {}
        self.lock = threading.Lock()
        self.counts_lock = threading.Lock()
        """Held from the moment when listeners are counted until Redis has the numbers."""
        self.is_counted = False
        """Whether Redis may have numbers of this process."""
        self.places: dict[str, Entry] = {}
        """For each channel that is read: the place of the last entry that was read."""
        self.read_channels: set[str] = set()
        """The channels that the reading connection knows of; none if there is no connection."""
        self.reader = Reader(self)

    @property
    def client(self) -> Client:
        """The connections that send.

        Under gevent each operating system thread has its own, because a socket of gevent belongs to
        the thread that has opened it.
        """
        owner = find_gevent_hub()
        client = self._clients.get(owner)
        if client is None:
            timeout = self.settings.timeout
            client = connect(self.settings, "flask-channels-send", CONNECTIONS, timeout)
            client = self._clients.setdefault(owner, client)
        return client

    def forget(self) -> None:
        """Begin again, in a forked process."""
        self.worker.forget()
        self._begin()

    # Publishing ----------------------------------------------------------------------------------

    def publish(self, messages: Sequence[tuple[str, str]]) -> list[str | Exception]:
        """Store messages with one round trip to Redis; return the identifier or error of each."""
        pipe = self.client.pipeline(transaction=False)
        for channel, text in messages:
            pipe.execute_command(*self._add(channel), DATA, text)
        channels = {channel for channel, _ in messages}
        for channel in channels:
            pipe.execute_command("EXPIRE", self.keys.messages(channel), self.settings.lifetime)
        try:
            replies = pipe.execute(raise_on_error=False)
            if len(replies) != len(messages) + len(channels):
                raise ValueError(f"{len(replies)} replies")
        except FAILURES as error:
            return [explain(error, self.client, self.settings.timeout)] * len(messages)
        return [self._read_outcome(reply) for reply in replies[: len(messages)]]

    def publish_soon(self, publication: Publication) -> None:
        """Let the worker store a message.

        :raises Unavailable: too many messages wait.
        """
        self.worker.publish(publication)

    def send(self, messages: list[tuple[str, str]]) -> list[str | Exception]:
        """Store the messages of the worker."""
        return self.publish(messages)

    def _add(self, channel: str) -> list[str | int]:
        key = self.keys.messages(channel)
        return ["XADD", key, "MAXLEN", "~", self.settings.history, "*"]

    def _read_outcome(self, reply: object) -> str | Exception:
        try:
            if isinstance(reply, Exception):
                raise reply
            return read_identifier(reply)
        except FAILURES as error:
            return explain(error, self.client, self.settings.timeout)

    # Reading -------------------------------------------------------------------------------------

    def open(self, channel: str) -> Entry:
        """Let the reading connection read a channel too; return the place where it begins.

        :raises Unavailable: Redis does not answer.
        """
        with self.lock:
            if channel in self.read_channels and channel in self.places:
                return self.places[channel]
        self.reader.start(channel)
        if self.reader.is_lost:  # it tries to connect; 1,000 listeners need not do the same
            raise Unavailable("Redis does not answer.")
        try:
            end = self.find_end(self.client, channel)
            with self.lock:
                is_read = self.hub.count(channel) > 0  # the listener may have ended meanwhile
                if is_read:
                    end = self.places.setdefault(channel, end)
            if is_read:
                self.reader.wake()
        except FAILURES as error:
            raise self._explain(error) from error
        return end

    def find_end(self, client: Client, channel: str) -> Entry:
        """Return the place of the last entry. A channel without entries gets one, as a mark.

        :param client: whose connection is used.
        :param channel: the name of the channel.
        """
        key = self.keys.messages(channel)
        _, end = read_entries(client.execute_command("XREVRANGE", key, "+", "-", "COUNT", 1))
        if end is None:
            pipe = client.pipeline(transaction=False)
            pipe.execute_command(*self._add(channel), "begin", "")
            pipe.execute_command("EXPIRE", key, self.settings.lifetime)
            identifier = read_identifier(pipe.execute()[0])
            _, end = read_entries([(identifier, {})])
        return t.cast("Entry", end)

    def read(self, channel: str, after: Entry, limit: int) -> Page:
        """Return a page of the history; it is gone if the entry at its begin is.

        :raises Unavailable: Redis does not answer.
        """
        if self.reader.is_lost:
            raise Unavailable("Redis does not answer.")
        try:
            return self.read_page(self.client, channel, after, limit)
        except FAILURES as error:
            raise self._explain(error) from error

    def read_page(self, client: Client, channel: str, after: Entry, limit: int) -> Page:
        """Read a page in one transaction, so that nothing is removed in between.

        :param client: whose connection is used.
        :param channel: the name of the channel.
        :param after: the place after which the page begins.
        :param limit: maximum number of messages.
        """
        key = self.keys.messages(channel)
        pipe = client.pipeline(transaction=True)
        pipe.execute_command("XRANGE", key, after.identifier, after.identifier)
        pipe.execute_command("XRANGE", key, f"({after.identifier}", "+", "COUNT", limit)
        there, following = pipe.execute()
        if not there:
            return Page((), self.find_end(client, channel), is_last=True, is_gone=True)
        entries, end = read_entries(following)
        return Page(entries, end or after, is_last=len(following) < limit)

    def advance(self, channel: str, end: Entry, after: Order, stop: threading.Event) -> bool:
        """Note how far a channel is read.

        :param channel: the name of the channel.
        :param end: the place of the last entry.
        :param after: the order of the place from which it was read.
        :param stop: is set if the thread that has read has to end.
        :returns: whether it was noted; not if the channel is no longer read from there.
        """
        with self.lock:
            place = self.places.get(channel)
            if stop.is_set() or place is None or place.order != after:
                return False
            self.places[channel] = end
            return True

    # Listeners -----------------------------------------------------------------------------------

    def changed(self, channel: str, count: int) -> None:
        """Send the number of listeners soon. Without listeners, the channel is not read."""
        if not count:
            with self.lock:
                self.places.pop(channel, None)
                self.read_channels.discard(channel)
        self.worker.send_count(channel)

    def send_counts(self, channels: set[str]) -> None:
        """Note in Redis how many listeners this process has. If that fails, the reader does it.

        They are counted now, and not when they changed: the process may have ended since, and then
        nothing of it is noted any more.
        """
        if self.reader.is_lost:
            return
        with self.counts_lock:
            key = self.keys.process(self.token)
            counts = {channel: self.hub.count(channel) for channel in channels}
            pipe = self.client.pipeline(transaction=True)
            for channel, count in counts.items():
                if count:
                    pipe.execute_command("HSET", key, channel, count)
                else:
                    pipe.execute_command("HDEL", key, channel)
            if any(counts.values()):
                self.is_counted = True
                pipe.execute_command("SADD", self.keys.processes, self.token)
                pipe.execute_command("EXPIRE", key, PROCESS_LIFETIME)
            try:
                pipe.execute()
            except FAILURES:
                self.reader.send_counts()

    def count_elsewhere(self, channel: str) -> int:
        """Return the number of listeners in other processes that are alive.

        :raises Unavailable: Redis does not answer.
        """
        try:
            tokens = [
                token.decode()
                for token in self.client.execute_command("SMEMBERS", self.keys.processes)
            ]
            others = [token for token in tokens if token != self.token]
            pipe = self.client.pipeline(transaction=False)
            for token in others:
                pipe.execute_command("EXISTS", self.keys.process(token))
                pipe.execute_command("HGET", self.keys.process(token), channel)
            replies = pipe.execute() if others else []
            ended = [
                token for token, exists in zip(others, replies[::2], strict=True) if not exists
            ]
            if ended:
                self.client.execute_command("SREM", self.keys.processes, *ended)
            return sum(int(count) for count in replies[1::2] if count)
        except FAILURES as error:
            raise self._explain(error) from error

    def end(self) -> None:
        """Close all connections, and let this process no longer be counted.

        What code on event loops has published is sent first.
        """
        wait_for_reader = self.reader.stop()
        with self.lock:
            self.places.clear()
            self.read_channels.clear()
        if not wait_for_reader():
            self._remove_counts()
        self.worker.wait(self.settings.timeout)
        self.client.connection_pool.disconnect()

    def _remove_counts(self) -> None:
        """Let this process no longer be counted, also by what is being sent at this moment."""
        is_locked = self.counts_lock.acquire(timeout=self.settings.timeout)
        try:
            if not self.is_counted:
                return
            self.is_counted = False
            pipe = self.client.pipeline(transaction=False)
            pipe.execute_command("DEL", self.keys.process(self.token))
            pipe.execute_command("DEL", self.keys.wake(self.token))
            pipe.execute_command("SREM", self.keys.processes, self.token)
            pipe.execute()
        except FAILURES:
            pass  # the keys expire
        finally:
            if is_locked:
                self.counts_lock.release()

    def _explain(self, error: Exception) -> Unavailable:
        return explain(error, self.client, self.settings.timeout)
