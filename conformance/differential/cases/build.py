"""How a case is written: a sentence, a configuration, one request or more."""

from __future__ import annotations

import json as standard_json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes, urlencode

from protocol import AUTOMATIC, CLOCK, Request

BOUNDARY = "the-boundary"


@dataclass(frozen=True, slots=True)
class Case:
    """A sequence of requests to one configuration, with a jar between them."""

    name: str
    config: str
    requests: tuple[Request, ...]


def ask(
    line: str,
    headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
    *,
    body: str | bytes = "",
    json: Any = None,
    form: Any = None,
    parts: Iterable[str] | None = None,
    length: str | None = AUTOMATIC,
    environ: Mapping[str, str | None] | None = None,
    take: int | None = None,
    clock: int = 0,
) -> Request:
    """A request from ``GET /path?query``; the path is percent-decoded as a
    server does it, ``clock`` counts seconds from the frozen present.

    ``json``, ``form`` and ``parts`` (see :func:`part`) make the body and name
    its type; a Content-Type among ``headers`` wins.
    """
    method, _, target = line.partition(" ")
    path, _, query = target.partition("?")
    pairs = list(headers.items() if isinstance(headers, Mapping) else headers)
    kind = None
    if json is not None:
        body, kind = standard_json.dumps(json), "application/json"
    elif form is not None:
        body, kind = urlencode(form, doseq=True), "application/x-www-form-urlencoded"
    elif parts is not None:
        body = "".join(parts) + f"--{BOUNDARY}--\r\n"
        kind = f"multipart/form-data; boundary={BOUNDARY}"
    if kind is not None and not any(name.lower() == "content-type" for name, _ in pairs):
        pairs.append(("Content-Type", kind))
    data = body if isinstance(body, bytes) else body.encode()
    return Request(
        method=method,
        path=unquote_to_bytes(path).decode("latin-1"),
        query=query.encode().decode("latin-1"),
        headers=tuple(pairs),
        body=data.decode("latin-1"),
        length=length,
        environ=tuple((environ or {}).items()),
        take=take,
        clock=CLOCK + clock,
    )


def part(name: str, value: str, filename: str | None = None, *more: str) -> str:
    """One part of a multipart body; ``more`` are further header lines."""
    file = f'; filename="{filename}"' if filename is not None else ""
    lines = [f"--{BOUNDARY}", f'Content-Disposition: form-data; name="{name}"{file}', *more]
    return "\r\n".join([*lines, "", value, ""])


def case(name: str, *requests: str | Request, config: str = "main") -> Case:
    """A case; a request that needs nothing but its line is a text."""
    return Case(name, config, tuple(ask(r) if isinstance(r, str) else r for r in requests))


def each(name: str, lines: str, config: str = "main") -> list[Case]:
    """A case for each line, named by the line as well."""
    rows = [row.strip() for row in lines.strip().splitlines()]
    return [case(f"{name}: {row}", row, config=config) for row in rows]
