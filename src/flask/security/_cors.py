"""Cross-origin resource sharing: which pages of other origins may read answers (Fetch standard)."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from werkzeug.datastructures import Headers

_ORIGIN: t.Final = re.compile(r"https?://[^/\s?#@]+").fullmatch
_SAFELISTED = ("GET", "HEAD", "POST")  # methods that need no permission
_MOST_HEADERS = 64  # names of a preflight that are read
VARY_OF_PREFLIGHT: t.Final = (
    "Origin",
    "Access-Control-Request-Method",
    "Access-Control-Request-Headers",
)
"""What the answer to a preflight depends on."""


@dataclass(frozen=True, slots=True)
class Cors:
    """Which origins may do what.

    :param origins: the origins, such as ``https://app.example``; ``*`` means all.
    :param credentials: requests may carry cookies.
    :param allow_headers: request headers that pages may set; none means any.
    :param expose_headers: response headers that pages may read.
    :param max_age: seconds for which a browser may remember the answer to a preflight.
    """

    origins: frozenset[str]
    credentials: bool = True
    allow_headers: tuple[str, ...] = ()
    expose_headers: tuple[str, ...] = ()
    max_age: int = 600

    def allows(self, origin: str | None) -> bool:
        """Return whether pages of an origin may read answers."""
        return origin is not None and (origin in self.origins or "*" in self.origins)

    def add_headers(self, headers: Headers, origin: str | None) -> None:
        """Add the headers of an answer, also of an error.

        ``Vary`` is set for every answer, so that no cache gives one origin the answer of another.

        :param headers: the headers of the answer.
        :param origin: the ``Origin`` header of the request.
        """
        is_for_all = "*" in self.origins and not self.credentials
        if not is_for_all:
            add_vary(headers, ("Origin",))
        if not self.allows(origin):
            return
        headers.setdefault(
            "Access-Control-Allow-Origin", "*" if is_for_all else t.cast("str", origin)
        )
        if self.credentials:
            headers.setdefault("Access-Control-Allow-Credentials", "true")
        if self.expose_headers:
            headers.setdefault("Access-Control-Expose-Headers", ", ".join(self.expose_headers))

    def answer_preflight(
        self, headers: Headers, requested: Headers, methods: Iterable[str]
    ) -> None:
        """Add the headers of the answer to a preflight.

        :param headers: the headers of the answer.
        :param requested: the headers of the preflight, whose origin is allowed.
        :param methods: the methods of the URL.
        """
        headers["Access-Control-Allow-Methods"] = ", ".join(sorted(methods))
        named = [name for name in _read_names(requested) if self._allows_header(name)]
        if named:
            headers["Access-Control-Allow-Headers"] = ", ".join(named)
        headers["Access-Control-Max-Age"] = str(self.max_age)
        add_vary(headers, VARY_OF_PREFLIGHT)

    def _allows_header(self, name: str) -> bool:
        return not self.allow_headers or name in {allowed.lower() for allowed in self.allow_headers}

    def find_refusals(self, requested: Headers, methods: Iterable[str]) -> list[str]:
        """Return why a browser refuses the request, although its origin is allowed.

        :param requested: the headers of the preflight.
        :param methods: the methods of the URL.
        """
        reasons = [
            f"the header {name!r} is not in allow_headers of Security()."
            for name in _read_names(requested)
            if not self._allows_header(name)
        ]
        method = requested.get("Access-Control-Request-Method", "")
        if method not in methods and method not in _SAFELISTED:
            known = ", ".join(sorted(methods))
            reasons.append(f"the route has no method {method!r}. Its methods are {known}.")
        return reasons


def _read_names(requested: Headers) -> list[str]:
    """Return the names of the headers that a preflight asks for, in lower case."""
    names = requested.get("Access-Control-Request-Headers", "").split(",", _MOST_HEADERS)
    return [name.strip().lower() for name in names[:_MOST_HEADERS] if name.strip()]


def check_origins(origins: Iterable[str]) -> frozenset[str]:
    """Return origins as a set.

    :raises TypeError: a single string is given.
    :raises ValueError: one of them is not an origin.
    """
    if isinstance(origins, str):
        raise TypeError(f"origins={origins!r}: give a list, such as origins=[{origins!r}].")
    checked = frozenset(origins)
    for origin in checked:
        if origin != "*" and not _ORIGIN(origin):
            raise ValueError(
                f"{origin!r} is not an origin. An origin is scheme, host and port without a path,"
                " such as 'https://app.example' or 'http://localhost:5173'."
            )
    return checked


def add_vary(headers: Headers, names: Sequence[str]) -> None:
    """Add names to ``Vary``, each once.

    :param headers: the headers of an answer.
    :param names: names of request headers.
    """
    present = [part.strip() for value in headers.getlist("Vary") for part in value.split(",")]
    lowered = {part.lower() for part in present}
    if "*" in lowered:
        return
    added = [name for name in names if name.lower() not in lowered]
    if added:
        headers["Vary"] = ", ".join([*filter(None, present), *added])
