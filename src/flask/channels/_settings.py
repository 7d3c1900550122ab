"""The settings of channels, and the checks of names and of what is published."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Mapping
from dataclasses import dataclass

DEFAULTS: t.Final[Mapping[str, str | float]] = {
    "CHANNELS_URL": "memory://",
    "CHANNELS_HISTORY": 1_000,
    "CHANNELS_HISTORY_LIFETIME": 86_400,
    "CHANNELS_QUEUE": 256,
    "CHANNELS_TIMEOUT": 2.0,
    "CHANNELS_MESSAGE_SIZE": 65_536,
    "CHANNELS_PREFIX": "flask:channels",
}
"""The settings, with their default values."""

LONGEST_NAME: t.Final = 200
"""Bytes of the longest name of a channel."""
_SCHEMES = ("memory", "redis", "rediss", "unix")


class Unavailable(ConnectionError):
    """Redis has not answered in time, or has answered with an error.

    The time is ``CHANNELS_TIMEOUT``.
    """


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one application; see `DEFAULTS`."""

    url: str
    """Where messages are kept."""
    history: int
    """Messages that a channel keeps."""
    lifetime: int
    """Seconds for which a channel without a new message keeps them."""
    queue: int
    """Messages that wait for one listener."""
    timeout: float
    """Seconds that Redis has to answer."""
    message_size: int
    """Bytes of the largest message, as JSON."""
    prefix: str
    """The first part of all keys in Redis."""

    @property
    def scheme(self) -> str:
        """The scheme of the URL."""
        return self.url.partition("://")[0]


def read_settings(config: Mapping[str, t.Any]) -> Settings:
    """Return the settings of an application.

    :param config: its configuration; what is missing has its default value.
    :raises ValueError: a setting has an impossible value.
    """
    given = {key: config.get(key, default) for key, default in DEFAULTS.items()}
    settings = Settings(
        url=_text("CHANNELS_URL", given),
        history=_count("CHANNELS_HISTORY", given),
        lifetime=_count("CHANNELS_HISTORY_LIFETIME", given),
        queue=_count("CHANNELS_QUEUE", given),
        timeout=_seconds("CHANNELS_TIMEOUT", given),
        message_size=_count("CHANNELS_MESSAGE_SIZE", given),
        prefix=_text("CHANNELS_PREFIX", given),
    )
    if "://" not in settings.url or settings.scheme not in _SCHEMES:
        # The URL may have a password, so it is not in the message.
        raise ValueError(
            f"CHANNELS_URL begins with {settings.scheme!r}. Possible are 'memory://',"
            " 'redis://HOST:PORT/0', 'rediss://...' and 'unix:///PATH'."
        )
    return settings


def _text(key: str, given: Mapping[str, object]) -> str:
    value = given[key]
    if not isinstance(value, str) or not value:
        raise ValueError(f"{key} is {value!r}; it has to be a text.")
    return value


def _count(key: str, given: Mapping[str, object]) -> int:
    value = given[key]
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{key} is {value!r}; it has to be a whole number from 1.")
    return value


def _seconds(key: str, given: Mapping[str, object]) -> float:
    value = given[key]
    if not isinstance(value, int | float) or isinstance(value, bool) or not value > 0:
        raise ValueError(f"{key} is {value!r}; it has to be a number of seconds above 0.")
    return float(value)


def check_name(channel: object) -> str:
    """Return the name of a channel.

    :param channel: the name, which may have a part from a client.
    :raises TypeError: it is not a text.
    :raises ValueError: it is empty, too long, or has a character that cannot be printed.
    """
    if not isinstance(channel, str):
        raise TypeError(f"The name of a channel is a text, not {type(channel).__name__}.")
    size = len(channel.encode("utf-8", "surrogatepass"))
    if not 0 < size <= LONGEST_NAME:
        raise ValueError(
            f"The name of a channel has 1 to {LONGEST_NAME} bytes in UTF-8; this one has {size}:"
            f" {channel[:40]!r}."
        )
    if not channel.isprintable():
        raise ValueError(
            f"The name of a channel has only characters that can be printed: {channel!r}."
        )
    return channel


class JSONProvider(t.Protocol):
    """What writes and reads JSON for an application."""

    def dumps(self, obj: t.Any, **kwargs: t.Any) -> str:
        """Return a value as JSON."""
        ...

    def loads(self, s: str | bytes, **kwargs: t.Any) -> t.Any:
        """Return the value of a JSON text."""
        ...


def encode_data(provider: JSONProvider, data: object, limit: int) -> str:
    """Return what is published, as JSON.

    :param provider: the application's ``json``.
    :param data: any value that it can write.
    :param limit: bytes of the largest text, in UTF-8.
    :raises TypeError: JSON has no such type.
    :raises ValueError: the text is too large, or has a number that JSON does not have.
    """
    text = provider.dumps(data)
    size = len(text) if text.isascii() else len(text.encode())
    if size > limit:
        raise ValueError(
            f"The message has {size} bytes as JSON, and CHANNELS_MESSAGE_SIZE allows {limit}."
            " Publish an identifier, and let the listeners fetch the rest."
        )
    if "NaN" in text or "Infinity" in text:  # they may also be part of a text
        json.loads(text, parse_constant=_refuse_number)
    return text


def _refuse_number(name: str) -> t.NoReturn:
    raise ValueError(f"The message contains the number {name}, which JSON does not have.")
