"""Refuses requests that another site makes with the user's cookies (cross-site request forgery).

There are no tokens. Browsers say where a request comes from: in ``Sec-Fetch-Site`` (Fetch
Metadata), and older ones in ``Origin``. The decisions are those of ``CrossOriginProtection`` in
Go's ``net/http``.
"""

from __future__ import annotations

import typing as t
from collections.abc import Container
from urllib.parse import urlsplit

from werkzeug.datastructures import Headers

SAFE_METHODS: t.Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing (RFC 9110 section 9.2.1)."""


def find_forgery(method: str, headers: Headers, host: str, trusted: Container[str]) -> str | None:
    """Return why a request must be refused, or ``None``.

    A request with neither ``Sec-Fetch-Site`` nor ``Origin`` passes: it is not from a browser.

    :param method: the HTTP method.
    :param headers: the request's headers.
    :param host: the host of the request, with its port unless it is the usual one.
    :param trusted: origins whose requests pass, such as ``https://app.example``.
    """
    if method in SAFE_METHODS:
        return None
    origin = headers.get("Origin", "")
    site = headers.get("Sec-Fetch-Site", "")
    if site:
        if site in {"same-origin", "none"} or origin in trusted:
            return None
        return f"The browser says that the request is {site!r} (Sec-Fetch-Site)."
    if not origin or origin in trusted or host_of(origin) == host:
        return None
    return f"The request comes from the origin {origin!r}, and the host is {host!r}."


def host_of(origin: str) -> str:
    """Return the host of an origin, with its port unless it is the usual one of the scheme.

    :param origin: such as ``https://app.example:8443``; ``null`` and malformed ones have no host.
    """
    try:
        parts = urlsplit(origin)
        port = parts.port
    except ValueError:
        return ""
    if not parts.hostname:
        return ""
    name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    return name if port in {None, usual} else f"{name}:{port}"
