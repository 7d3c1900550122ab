"""What the driver and a worker say to each other: requests and observations.

A request is kept as the raw parts of a WSGI environ, so that malformed input
can be sent. One line of JSON each way; bytes travel as latin-1 text.

This file imports nothing but the standard library: it is read by both workers.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields, replace
from typing import Any

CLOCK = 1_700_000_000
"""The time, in seconds, that a worker's frozen clock shows by default."""

FILE_TIME = 1_600_000_000
"""The modification time, in seconds, that every file of the site is given."""

AUTOMATIC = "automatic"
"""As a request's length: the length of the body, or no header without one."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request as a server would hand it on.

    ``path`` is what a server puts into PATH_INFO: already percent-decoded, one
    character for each byte. ``None`` leaves PATH_INFO out.
    """

    method: str = "GET"
    path: str | None = "/"
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    """One character for each byte."""
    length: str | None = AUTOMATIC
    """CONTENT_LENGTH: automatic, this text as it stands, or None for none."""
    environ: tuple[tuple[str, str | None], ...] = ()
    """Environ entries set last; None removes the entry."""
    take: int | None = None
    """Close the answer after this many chunks; None reads to the end."""
    clock: int = CLOCK

    def to_json(self) -> dict[str, Any]:
        """The request as plain data."""
        return {item.name: getattr(self, item.name) for item in fields(self)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Request:
        """The request that :meth:`to_json` was asked for."""
        return cls(
            **{
                **data,
                "headers": tuple((name, value) for name, value in data["headers"]),
                "environ": tuple((name, value) for name, value in data["environ"]),
            }
        )

    def header(self, name: str) -> str | None:
        """The first header of that name, in any case; None when absent."""
        for key, value in self.headers:
            if key.lower() == name.lower():
                return value
        return None

    def with_header(self, name: str, value: str) -> Request:
        """A copy with that header added at the end."""
        return replace(self, headers=(*self.headers, (name, value)))


@dataclass(frozen=True, slots=True)
class Observation:
    """Everything that could be seen of one answer from outside."""

    status: str | None
    headers: list[list[str]]
    body: str
    events: list[str]
    """What the app's hooks and signal receivers noted, in order."""
    warnings: list[str]
    logs: list[str]
    errors: str
    """What was written to ``wsgi.errors``, frames of tracebacks left out."""
    raised: list[str]
    """What reached the server: stage, exception class, text."""
    protocol: list[str]
    """Breaches of WSGI, and contexts that were left behind."""
    read: int
    """How many bytes of the request body were taken from the stream."""
    status_code: int = field(init=False)

    def __post_init__(self) -> None:
        code = (self.status or "0").split(" ", 1)[0]
        object.__setattr__(self, "status_code", int(code) if code.isdigit() else 0)

    def header(self, name: str) -> list[str]:
        """All values of that header, in order."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def to_json(self) -> dict[str, Any]:
        """The observation as plain data."""
        return {item.name: getattr(self, item.name) for item in fields(self) if item.init}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Observation:
        """The observation that :meth:`to_json` was asked for."""
        return cls(**data)


def line(message: dict[str, Any]) -> bytes:
    """A message as the one line that is sent for it."""
    return json.dumps(message, ensure_ascii=True).encode("ascii") + b"\n"
