"""Where the whole body of a response is from: how it becomes headers and an iterable.

A response that is created from a text stores its body as bytes, until the first access to the body
as an iterable. The kind of the body says what the response becomes then.
"""

from __future__ import annotations

import typing as t

from .headers import drop_entity_headers

Pairs: t.TypeAlias = list[tuple[str, str]]


class BodyKind:
    """A text or bytes that the application passed to the response."""

    __slots__ = ()

    is_readable: t.ClassVar[bool] = True
    """Whether ``get_data()`` returns the body; if not, Werkzeug reads the iterable."""
    may_be_empty: t.ClassVar[bool] = True
    """Whether an empty body is the whole body; if not, the iterable is sent."""

    def make_headers(self, body: bytes, content_type: tuple[str, str] | None) -> Pairs:
        """Return the headers that depend on the body, as a new list."""
        assert content_type is not None
        return [content_type, ("Content-Length", str(len(body)))]

    def make_headers_of_304(self, body: bytes, content_type: tuple[str, str] | None) -> Pairs:
        """Return these headers for a response with the status 304, which has no content."""
        return drop_entity_headers(self.make_headers(body, content_type))

    def make_iterable(self, body: bytes) -> t.Iterable[bytes]:
        """Return the body as an iterable: a list, so Werkzeug knows its length."""
        return [body]


class ForcedBody(BodyKind):
    """The body of a WSGI application, which `Response.force_type` called.

    As in Werkzeug, its iterable is not a list, so its length is not known.
    """

    __slots__ = ()

    is_readable = False

    def make_iterable(self, body: bytes) -> t.Iterable[bytes]:
        """Return an iterator over the body."""
        return iter([body] if body else ())


GIVEN: t.Final = BodyKind()
FORCED: t.Final = ForcedBody()
