"""Connections to Redis, its keys, and how its answers are read."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Iterable

from .._core.gevent_support import has_patched_threads
from ._messages import Entry, parse_identifier
from ._settings import Settings, Unavailable

try:
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry
except ModuleNotFoundError as error:
    if error.name != "redis":
        raise
    raise ModuleNotFoundError(
        "CHANNELS_URL names a Redis server, which needs redis-py. Install it with:"
        " pip install 'redis>=5'",
        name="redis",
    ) from None

DATA: t.Final = "d"
"""The field of a message's text. An entry without it only marks the begin of a channel."""
CONNECTIONS: t.Final = 8
"""Maximum number of connections of a process that send."""
PROCESS_LIFETIME: t.Final = 30
"""Seconds after which a process that has ended without notice is no longer counted."""

Reply: t.TypeAlias = t.Any
"""An answer of Redis. `Any`: its shape depends on the command, and the server may be faulty."""


class Pipeline(t.Protocol):
    """Several commands that are sent at once."""

    def execute_command(self, *arguments: str | int) -> object:
        """Add a command."""
        ...

    def execute(self, raise_on_error: bool = True) -> list[Reply]:
        """Send the commands; return an answer for each."""
        ...


class Pool(t.Protocol):
    """The connections of a client."""

    connection_kwargs: dict[str, t.Any]

    def disconnect(self) -> None:
        """Close all connections, also while a thread waits for an answer."""
        ...


class Client(t.Protocol):
    """What this package uses of redis-py's client."""

    connection_pool: Pool

    def execute_command(self, *arguments: str | int) -> Reply:
        """Send a command, and return the answer."""
        ...

    def pipeline(self, transaction: bool) -> Pipeline:
        """Return an empty pipeline.

        :param transaction: whether other clients' commands cannot run in between.
        """
        ...


FAILURES: t.Final = (redis.RedisError, OSError, ValueError, TypeError, LookupError, AttributeError)
"""What redis-py raises if Redis does not answer, or answers what is not its protocol."""


class Keys:
    """The keys of one application in Redis.

    :param prefix: the first part of each key.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self.processes = f"{prefix}:processes"
        """A set: the processes that have listeners."""

    def messages(self, channel: str) -> str:
        """Return the key of a channel's stream."""
        return f"{self._prefix}:messages:{channel}"

    def process(self, token: str) -> str:
        """Return the key of a process: a hash of its channels, and their numbers of listeners."""
        return f"{self._prefix}:process:{token}"

    def wake(self, token: str) -> str:
        """Return the key of a stream that only wakes the reading connection of a process."""
        return f"{self._prefix}:wake:{token}"


def connect(settings: Settings, name: str, connections: int, timeout: float) -> Client:
    """Return a client; it connects when it is used, and tries nothing twice.

    :param settings: the settings.
    :param name: the connections have it in ``CLIENT LIST``.
    :param connections: maximum number of connections. Further callers wait for one.
    :param timeout: seconds that an answer may take.
    """
    pool = redis.BlockingConnectionPool.from_url(
        settings.url,
        max_connections=connections,
        timeout=settings.timeout,
        client_name=name,
        socket_timeout=timeout,
        socket_connect_timeout=settings.timeout,
        socket_keepalive=True,
        retry=Retry(NoBackoff(), 0),
        protocol=2,
    )
    pool.connection_kwargs.update(decode_responses=False, protocol=2)  # whatever the URL says
    return t.cast("Client", redis.Redis(connection_pool=pool))


def find_gevent_hub() -> object:
    """Return what runs the greenlets of this thread, if gevent has replaced threads by them."""
    if not has_patched_threads():
        return None
    import gevent

    hub: object = gevent.get_hub()
    return hub


def describe_server(client: Client) -> str:
    """Return where a server is, without the password."""
    arguments = client.connection_pool.connection_kwargs
    if "path" in arguments:
        return str(arguments["path"])
    return f"{arguments.get('host', 'localhost')}:{arguments.get('port', 6379)}"


def explain(error: Exception, client: Client, timeout: float) -> Unavailable:
    """Return the error of this package for one of redis-py.

    :param error: what redis-py has raised.
    :param client: the client.
    :param timeout: seconds that Redis had to answer.
    """
    place = describe_server(client)
    if isinstance(error, redis.TimeoutError | TimeoutError):
        what = f"has not answered within {timeout:g} seconds (CHANNELS_TIMEOUT)"
    elif isinstance(error, redis.ConnectionError | OSError):
        what = f"cannot be reached: {error}"
    elif isinstance(error, redis.ResponseError):
        what = f"has refused a command: {error}"
    else:
        what = f"has sent an answer that is not the expected one: {error!r}"
    return Unavailable(f"Redis at {place} {what}.")


def read_identifier(reply: Reply) -> str:
    """Return the identifier of an entry.

    :raises ValueError: it is not one.
    """
    text = reply.decode() if isinstance(reply, bytes) else str(reply)
    if parse_identifier(text) is None:
        raise ValueError(f"{text[:80]!r} is not the identifier of an entry")
    return text


def read_entries(reply: Reply) -> tuple[list[Entry], Entry | None]:
    """Return the messages of a reply, and the place after the last entry.

    :param reply: pairs of identifier and fields.
    :returns: the messages without marks and without what is not JSON; ``None`` if the reply is
        empty.
    :raises ValueError: the reply has another shape.
    """
    entries: list[Entry] = []
    end: Entry | None = None
    for raw_identifier, fields in reply:
        identifier = read_identifier(raw_identifier)
        order = t.cast("tuple[int, int]", parse_identifier(identifier))
        text = _read_text(fields)
        end = Entry(identifier, order, text)
        if text is not None:
            entries.append(end)
    return entries, end


def _read_text(fields: Reply) -> str | None:
    """Return the text of an entry; ``None`` if it has none, or another program has written it."""
    if not isinstance(fields, dict):
        pairs: Iterable[Reply] = fields or ()
        flat = list(pairs)
        fields = dict(zip(flat[::2], flat[1::2], strict=False))
    data = fields.get(DATA.encode())
    if not isinstance(data, bytes):
        return None
    try:
        text = data.decode()
        json.loads(text)
    except ValueError:
        return None
    return text
