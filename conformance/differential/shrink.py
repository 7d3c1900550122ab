"""Make a difference small: drop and simplify until nothing more can go."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeVar

from protocol import AUTOMATIC, CLOCK, Request

ATTEMPTS = 400
"""Requests that one difference may cost to shrink."""

Item = TypeVar("Item")
Differs = Callable[[tuple[Request, ...]], bool]


def smaller(request: Request) -> Iterator[Request]:
    """Requests that are a little simpler than this one, boldest first."""
    yield replace(request, headers=())
    yield replace(request, query="")
    yield replace(request, body="", length=AUTOMATIC)
    yield replace(request, environ=())
    yield replace(request, take=None)
    yield replace(request, clock=CLOCK)
    yield replace(request, length=AUTOMATIC)
    yield replace(request, method="GET")
    for index in range(len(request.headers)):
        yield replace(request, headers=without(request.headers, index))
    for index in range(len(request.environ)):
        yield replace(request, environ=without(request.environ, index))
    for query in shorter(request.query, "&"):
        yield replace(request, query=query)
    for path in shorter(request.path or "", "/"):
        yield replace(request, path=path)
    for path in shorter(request.path or "", ","):
        yield replace(request, path=path)
    for index, (name, value) in enumerate(request.headers):
        for text in (*shorter(value, ","), *shorter(value, ";"), *halves(value)):
            headers = (*request.headers[:index], (name, text), *request.headers[index + 1 :])
            yield replace(request, headers=headers)
    for text in (
        *shorter(request.body, "\r\n"),
        *shorter(request.body, "&"),
        *halves(request.body),
    ):
        yield replace(request, body=text)
    for path in halves(request.path or ""):
        yield replace(request, path=path)
    for query in halves(request.query):
        yield replace(request, query=query)


def without(items: tuple[Item, ...], index: int) -> tuple[Item, ...]:
    """All items but one."""
    return items[:index] + items[index + 1 :]


def shorter(text: str, mark: str) -> Iterator[str]:
    """The text with one of its parts between the marks left out."""
    parts = text.split(mark)
    if len(parts) > 1:
        for index in range(len(parts)):
            yield mark.join(parts[:index] + parts[index + 1 :])


def halves(text: str) -> Iterator[str]:
    """The text with ever smaller stretches left out, down to a character."""
    size = len(text) // 2
    while size > (0 if len(text) <= 60 else 4):
        for start in range(0, len(text), size):
            yield text[:start] + text[start + size :]
        size //= 2


def shrink(requests: tuple[Request, ...], differs: Differs) -> tuple[Request, ...]:
    """The smallest requests found that still differ in the same way."""
    budget = ATTEMPTS
    if rootless(requests):
        return requests
    tried: set[tuple[Request, ...]] = {requests}

    def holds(candidate: tuple[Request, ...]) -> bool:
        nonlocal budget
        if candidate in tried or budget <= 0 or rootless(candidate):
            return False
        budget -= 1
        tried.add(candidate)
        return differs(candidate)

    if holds(requests[-1:]):
        requests = requests[-1:]
    progress = True
    while progress and budget > 0:
        progress = False
        for candidate in candidates(requests):
            if holds(candidate):
                requests, progress = candidate, True
                break
    return requests


def rootless(requests: tuple[Request, ...]) -> bool:
    """Is a path among these that no ordinary client would send?"""
    return any(not (request.path or "/").startswith("/") for request in requests)


def candidates(requests: tuple[Request, ...]) -> Iterator[tuple[Request, ...]]:
    """One request fewer, or one request simpler; the last one first."""
    for index in range(len(requests) - 1):
        yield without(requests, index)
    for index in reversed(range(len(requests))):
        for request in smaller(requests[index]):
            yield (*requests[:index], request, *requests[index + 1 :])
