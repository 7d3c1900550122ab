"""What the debug page does not show: passwords, keys, and the secrets of the configuration."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote, quote_plus

from werkzeug.sansio.utils import host_is_trusted

from .._core.secret_names import find_url_passwords, is_secret_name, is_secret_setting

MASK = "••••••"
"""What is shown instead of a secret."""

_SHORTEST = 6  # characters of a secret that is replaced inside other texts
_MOST_SECRETS = 200


class Secrets:
    """The secrets of an application, which are replaced in every text that is shown.

    :param settings: the configuration of the application.
    :param more: further secrets, such as those of the request.
    """

    def __init__(self, settings: Mapping[str, object], more: Iterable[str] = ()) -> None:
        found: set[str] = set()
        for text in more:
            found |= _spellings(text)
        for name, value in list(settings.items()):
            if is_secret_name(name) or is_secret_setting(name):
                for text in _texts(value):
                    found |= _spellings(text)
            elif type(value) is str:
                found.update(find_url_passwords(value))
        long = sorted((text for text in found if len(text) >= _SHORTEST), key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, long[:_MOST_SECRETS]))) if long else None

    def hide(self, text: str) -> str:
        """Return a text without the secrets."""
        return text if self._pattern is None else self._pattern.sub(MASK, text)


def _spellings(text: str) -> set[str]:
    """Return a secret as it is, as repr() writes it, and as it is in a URL."""
    data = text.encode("utf-8", "surrogatepass")
    return {text, repr(text)[1:-1], repr(data)[2:-1], quote(data), quote_plus(data)}


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield str(value)
    elif isinstance(value, bytes):
        yield value.decode("utf-8", "replace")
    elif isinstance(value, list | tuple):
        for item in value[:20]:
            if isinstance(item, str | bytes):
                yield from _texts(item)


def is_own_host(host: str | None, settings: Mapping[str, object], more: Iterable[str] = ()) -> bool:
    """Return whether a page for this ``Host`` header may show variables and the request.

    A foreign web site can give its own domain the address of your machine (DNS rebinding) and read
    the page then. It cannot do that with an address, or with ``localhost``.

    :param host: the header.
    :param settings: of these, ``SERVER_NAME`` and ``TRUSTED_HOSTS`` are accepted too.
    :param more: further hosts that are accepted.
    """
    if not host:
        return False
    trusted = [".localhost", *more]
    if isinstance(settings.get("SERVER_NAME"), str):
        trusted.append(str(settings["SERVER_NAME"]).partition(":")[0])
    named = settings.get("TRUSTED_HOSTS")
    trusted += [str(name) for name in named] if isinstance(named, list | tuple) else []
    name = host[1:].partition("]")[0] if host[0] == "[" else host.partition(":")[0]
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return host_is_trusted(host, trusted)
    return True
