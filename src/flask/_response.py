"""The response, as views meet it.

It is Werkzeug's class. The usual response, which nobody touches between the view and the server,
takes a shorter way to the same bytes.
"""

# What are plain attributes of Werkzeug's class are properties and lazy attributes here.
# pyright: reportIncompatibleVariableOverride=false, reportIncompatibleMethodOverride=false

from __future__ import annotations

import typing as t

from werkzeug.datastructures import Headers
from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.utils import get_content_type
from werkzeug.wrappers import Response as ResponseBase

from . import _json_functions
from ._current import get_app_context

if t.TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

# A status as WSGI wants it, for each code: "404 NOT FOUND".
_STATUS_LINES = {code: f"{code} {name.upper()}" for code, name in HTTP_STATUS_CODES.items()}

# Codes that have no body (RFC 9110 sections 15.2, 15.3.5 and 15.4.5).
_WITHOUT_BODY = frozenset({*range(100, 200), 204, 304})

_new_object = object.__new__

_CONTENT_TYPES: dict[str, tuple[str, str]] = {}
"""The header for a media type, made once for each."""


def _content_type_of(media_type: str) -> tuple[str, str]:
    """Make the header for a media type; text gets its charset."""
    header = ("Content-Type", get_content_type(media_type, "utf-8"))
    if len(_CONTENT_TYPES) < 1000:  # media types made from what clients send must not pile up
        _CONTENT_TYPES[media_type] = header
    return header


class Response(ResponseBase):
    """An HTTP response; HTML by default.

    A response that nobody touches between the view and the server, the usual case, is only a body,
    a media type and a status, and goes out as such. Whoever asks for its ``headers``, its body or
    its callbacks gets Werkzeug's, and from then on everything goes Werkzeug's way.

    :param response: the body: ``str``, ``bytes``, or an iterable of either.
    :param status: a code, or a line such as ``"404 Gone Fishing"``; 200 by default.
    :param headers: a mapping, pairs, or ``Headers``.
    :param mimetype: media type; text gets a charset.
    :param content_type: taken as it is, instead of ``mimetype``.
    :param direct_passthrough: hand the body to the server unchecked.
    """

    __module__ = "flask.wrappers"  # where it is promised, and pickled

    default_mimetype: str | None = "text/html"
    json_module: t.Any = _json_functions
    autocorrect_location_header = False

    direct_passthrough: bool = False

    _untouched: bytes | None = None
    """The body, while nobody has touched the response."""
    _touched_headers: Headers
    _touched_response: t.Iterable[str] | t.Iterable[bytes]
    _touched_on_close: list[t.Callable[[], t.Any]]
    _media_type: str
    """Media type of an untouched response."""
    is_plain: t.ClassVar[bool] = True
    """Whether no subclass changed how a response is made or sent."""

    def __init_subclass__(cls, **kwargs: t.Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.is_plain = (
            all(getattr(cls, name) is getattr(Response, name) for name in _SENDING)
            and cls.__new__ is object.__new__
            and bool(cls.default_mimetype)
            and cls.automatically_set_content_length
            and cls.default_status == 200
        )

    def __init__(
        self,
        response: t.Any = None,
        status: t.Any = None,
        headers: t.Any = None,
        mimetype: str | None = None,
        content_type: str | None = None,
        direct_passthrough: bool = False,
    ) -> None:
        media_type = self.default_mimetype if mimetype is None else mimetype
        if (
            headers is None
            and content_type is None
            and media_type
            and (type(response) is str or type(response) is bytes)
            and (status is None or type(status) is int)
            and not direct_passthrough
            and self.is_plain
        ):
            body: t.Any = response
            self._untouched = body.encode() if type(response) is str else body
            self._media_type = media_type
            self._status_code = 200 if status is None else status
            self._status = _STATUS_LINES.get(self._status_code) or f"{status} UNKNOWN"
        else:
            super().__init__(response, status, headers, mimetype, content_type, direct_passthrough)

    def _make_head(self, body: bytes) -> list[tuple[str, str]]:
        """Make the headers of an untouched response."""
        media_type = self._media_type
        return [
            _CONTENT_TYPES.get(media_type) or _content_type_of(media_type),
            ("Content-Length", str(len(body))),
        ]

    def _touch(self) -> None:
        """Give an untouched response what Werkzeug's has from the start."""
        body = self._untouched
        if body is not None:
            self._untouched = None
            self._touched_headers = Headers(self._make_head(body))
            self._touched_response = [body]
            self._touched_on_close = []

    @property
    def headers(self) -> Headers:
        """The headers; names in any case, several values for a name are possible."""
        self._touch()
        return self._touched_headers

    @headers.setter
    def headers(self, value: Headers) -> None:
        self._touch()
        self._touched_headers = value

    @property
    def response(
        self,
    ) -> t.Iterable[str] | t.Iterable[bytes]:
        """The body as an iterable.

        A list or tuple is known as a whole, all else is streamed.
        """
        self._touch()
        return self._touched_response

    @response.setter
    def response(self, value: t.Iterable[str] | t.Iterable[bytes]) -> None:
        self._touch()
        self._touched_response = value

    @property
    def _on_close(
        self,
    ) -> list[t.Callable[[], t.Any]]:
        self._touch()
        return self._touched_on_close

    @_on_close.setter
    def _on_close(self, value: list[t.Callable[[], t.Any]]) -> None:
        self._touch()
        self._touched_on_close = value

    @classmethod
    def force_type(cls, response: t.Any, environ: WSGIEnvironment | None = None) -> Response:
        """Turn a Werkzeug response, or a WSGI application, into one of this class.

        :param response: a response is changed in place; an application is called.
        :param environ: what an application is called with.
        :raises TypeError: an application, but no environment.
        """
        forced = super().force_type(response, environ)
        # Werkzeug's class keeps these as plain attributes, here they are properties.
        for name in ("headers", "response", "_on_close"):
            if name in forced.__dict__:
                setattr(forced, name, forced.__dict__.pop(name))
        return t.cast("Response", forced)

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> t.Iterable[bytes]:
        """Send the response as a WSGI application does (PEP 3333)."""
        body = self._untouched
        if body is None or self._status_code in _WITHOUT_BODY:
            return super().__call__(environ, start_response)
        media_type = self._media_type
        start_response(
            self._status,
            # PERF: what _make_head makes, one call less.
            [
                _CONTENT_TYPES.get(media_type) or _content_type_of(media_type),
                ("Content-Length", str(len(body))),
            ],
        )
        return () if environ["REQUEST_METHOD"] == "HEAD" else (body,)

    @property
    def max_cookie_size(self) -> int:  # type: ignore[override]
        """Size from which a cookie makes Werkzeug warn, in bytes.

        ``MAX_COOKIE_SIZE``.
        """
        context = get_app_context(None)
        if context is None:
            return super().max_cookie_size
        size: int = context.app.config["MAX_COOKIE_SIZE"]
        return size


def make_plain_response(kind: type[Response], text: str, media_type: str) -> Response:
    """Make an untouched response with status 200.

    PERF: what the class's initialiser does for a text, without asking what else there may be: 0.3
    us instead of 0.5 us.

    :param kind: a class that `is_plain`.
    :param text: the body.
    :param media_type: without a charset.
    """
    response = _new_object(kind)
    response._untouched = text.encode()
    response._media_type = media_type
    response._status_code = 200
    response._status = "200 OK"
    return response


_SENDING = (
    "__call__",
    "__init__",
    "close",
    "get_app_iter",
    "get_wsgi_headers",
    "get_wsgi_response",
    "headers",
    "iter_encoded",
    "response",
    "set_data",
)
"""What decides how a response is made and sent; whoever overrides one goes Werkzeug's way."""
