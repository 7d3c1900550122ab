"""What a client remembers between the requests of a sequence.

Cookies are sent back by themselves. A header may name what was remembered:
``<<session>>`` is the value of that cookie, ``<<etag>>`` and ``<<last-modified>>``
are headers of the last answer that had them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from protocol import Observation, Request

PLACE = re.compile(r"<<([\w-]+)>>")
NO_COOKIES = ("Cookie", "")
"""A header that keeps the jar's cookies away from one request."""


@dataclass(slots=True)
class Jar:
    """The cookies and validators of one sequence of requests."""

    cookies: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    def remember(self, seen: Observation) -> None:
        """Take the cookies and validators of an answer."""
        for cookie in seen.header("Set-Cookie"):
            pair, *attributes = cookie.split(";")
            name, _, value = pair.partition("=")
            if any(text.strip().lower() == "max-age=0" for text in attributes):
                self.cookies.pop(name.strip(), None)
            else:
                self.cookies[name.strip()] = value
        for name in ("ETag", "Last-Modified"):
            for value in seen.header(name):
                self.headers[name.lower()] = value

    def fill(self, request: Request) -> Request:
        """The request with what was remembered put in its place."""
        headers = tuple((name, PLACE.sub(self.lookup, text)) for name, text in request.headers)
        request = replace(request, headers=headers, query=PLACE.sub(self.lookup, request.query))
        given = request.header("Cookie")
        if given is None and self.cookies:
            text = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
            return request.with_header("Cookie", text)
        if given == "":
            kept = tuple(pair for pair in request.headers if pair != NO_COOKIES)
            return replace(request, headers=kept)
        return request

    def lookup(self, place: re.Match[str]) -> str:
        """The remembered value of that name; the name itself without one."""
        name = place[1]
        return self.cookies.get(name) or self.headers.get(name) or name
