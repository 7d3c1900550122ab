"""The response object of views.

It is a subclass of Werkzeug's response. A response whose body is known as a whole, which is the
usual case, is sent on a fast path.
"""

# Attributes that Werkzeug's class assigns are properties and lazy attributes here.
# pyright: reportIncompatibleVariableOverride=false, reportIncompatibleMethodOverride=false, reportAssignmentType=false

from __future__ import annotations

import typing as t
from collections.abc import AsyncIterable, Iterable, Mapping
from datetime import datetime, timedelta
from inspect import getattr_static
from types import GeneratorType

from werkzeug.datastructures import Headers
from werkzeug.wrappers import Response as ResponseBase

from .._core import json_functions
from .._core.baseline import note_definition
from .._core.current import get_request_context, get_set_app_context
from .body_kind import GIVEN, BodyKind
from .cookies import dump_cookie
from .headers import (
    STATUS_LINES,
    content_type_of,
    drop_entity_headers,
    make_headers,
    make_wsgi_headers,
)
from .response_state import WERKZEUG_NAMES, SendingMethod, checked_status, get_state, set_state
from .streaming import StreamedBody, iterate_sync

if t.TYPE_CHECKING:
    from http import HTTPStatus

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Body: t.TypeAlias = (
    str | bytes | Iterable[str] | Iterable[bytes] | AsyncIterable[str] | AsyncIterable[bytes]
)

WITHOUT_BODY = frozenset({*range(100, 200), 204, 304})  # RFC 9110, 15.2, 15.3.5 and 15.4.5
_FAST_BODIES = (str, bytes, GeneratorType)


class Response(ResponseBase):
    """The implementation of `flask.Response`.

    A response that is created from a text or bytes stores the bytes. Its ``Headers`` are created at
    the first access to `headers`, its iterable at the first access to `response`. Until then it is
    sent on a fast path.
    """

    default_mimetype: str | None = "text/html"
    json_module: t.Any = json_functions
    autocorrect_location_header = False
    direct_passthrough: bool = False

    # On the fast path: a whole body, and its headers until the first access to `headers`.
    _body: bytes | None
    """The whole body; ``None`` after the first access to the body as an iterable."""
    _content_type: tuple[str, str] | None
    """The header ``Content-Type``; ``None`` if `_kind` has it."""
    _more_headers: list[tuple[str, str]] | None
    """Headers that were added before the first access to `headers`."""
    _kind: BodyKind
    """Where `_body` is from."""

    # Afterwards: the attributes of Werkzeug's response.
    _headers: Headers | None
    """The headers, created at the first access."""
    _iterable: t.Iterable[str] | t.Iterable[bytes]
    """The body as an iterable, if `_body` is ``None``."""
    _callbacks: list[t.Callable[[], object]]
    """The functions of ``call_on_close``, if `_body` is ``None``."""

    _is_unmodified: t.ClassVar[bool] = True
    """Whether the class overrides nothing that decides how a response is created or sent."""

    if not t.TYPE_CHECKING:  # to type checkers the methods are Werkzeug's
        close = SendingMethod()
        get_app_iter = SendingMethod()
        get_wsgi_headers = SendingMethod()
        get_wsgi_response = SendingMethod()
        iter_encoded = SendingMethod()

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        cls._detect_overrides()
        note_definition(cls)

    @classmethod
    def _detect_overrides(cls) -> bool:
        """Compute `_is_unmodified`: when the class is created, and at the first request."""
        cls._is_unmodified = (
            all(getattr(cls, name) is built_in for name, built_in in SENDING.items())
            and getattr_static(cls, "force_type") is _FORCE_TYPE
            and cls.__new__ is object.__new__
            # A subclass may have properties here, which only its objects can answer.
            and isinstance(cls.default_mimetype or None, str)
            and cls.automatically_set_content_length is True
            and not cls.autocorrect_location_header
            and cls.default_status == 200
        )
        return cls._is_unmodified

    def __init__(
        self,
        response: Body | None = None,
        status: int | str | HTTPStatus | None = None,
        headers: Mapping[str, str | Iterable[str]] | Iterable[tuple[str, str]] | None = None,
        mimetype: str | None = None,
        content_type: str | None = None,
        direct_passthrough: bool = False,
    ) -> None:
        # PERF: not on the class; there, CPython 3.13 takes 330 instructions for each assignment.
        self._body = self._headers = self._more_headers = None
        self._kind = GIVEN
        media_type = self.default_mimetype if mimetype is None else mimetype
        if (
            headers is None
            and content_type is None
            and media_type
            and type(response) in _FAST_BODIES
            and (status is None or type(status) is int)
            and not direct_passthrough
            and self._is_unmodified
        ):
            if type(response) is GeneratorType:  # PERF: 5 % of a stream
                self._iterable, self._callbacks = response, []
                self._headers = make_headers([content_type_of(media_type)])
            else:
                self._body = response.encode() if type(response) is str else response  # type: ignore[assignment]
                self._content_type = content_type_of(media_type)
            self._status_code = 200 if status is None else status
            self._status = STATUS_LINES.get(self._status_code, "")
            if not self._status:
                self.status = self._status_code
        else:
            if isinstance(response, AsyncIterable):
                response = iterate_sync(response)  # type: ignore[assignment]
            arguments = (status, headers, mimetype, content_type, direct_passthrough)
            super().__init__(response, *arguments)  # type: ignore[arg-type]

    @property
    def headers(self) -> Headers:
        """The headers; names are case-insensitive and may have several values."""
        headers = self._headers
        if headers is None:
            body = self._body
            if body is None:
                raise AttributeError("The headers of this response were deleted.")
            pairs = self._kind.make_headers(body, self._content_type)
            if self._more_headers is not None:
                pairs += self._more_headers
            headers = self._headers = make_headers(pairs)
        return headers

    @headers.setter
    def headers(self, value: Headers) -> None:
        self._headers = value

    @headers.deleter
    def headers(self) -> None:
        self._materialize()  # afterwards `headers` raises AttributeError
        self._headers = None

    def _materialize(self) -> None:
        """Convert a whole body to an iterable with callbacks, as Werkzeug's responses have."""
        body = self._body
        if body is not None:
            _ = self.headers  # they contain the length of this body
            self._iterable = self._kind.make_iterable(body)
            self._callbacks = []
            self._body = None

    @property
    def response(self) -> t.Iterable[str] | t.Iterable[bytes]:
        """The body as an iterable.

        A list or tuple is a whole body. Any other iterable is streamed.
        """
        self._materialize()
        return self._iterable

    @response.setter
    def response(self, value: t.Iterable[str] | t.Iterable[bytes]) -> None:
        self._materialize()
        self._iterable = value

    @response.deleter
    def response(self) -> None:
        self._materialize()
        del self._iterable

    @property
    def _on_close(self) -> list[t.Callable[[], object]]:
        self._materialize()
        return self._callbacks

    @_on_close.setter
    def _on_close(self, value: list[t.Callable[[], object]]) -> None:
        self._materialize()
        self._callbacks = value

    @property
    def status_code(self) -> int:
        """The status as a number."""
        return self._status_code

    @status_code.setter
    def status_code(self, code: int) -> None:
        line = STATUS_LINES.get(code) if type(code) is int else None
        if line is None:
            self.status = code
        else:
            self._status_code = code
            self._status = line

    @classmethod
    def force_type(
        cls,
        response: ResponseBase | WSGIApplication,
        environ: WSGIEnvironment | None = None,
    ) -> Response:
        """Convert a Werkzeug response, or a WSGI application, to this class.

        :param response: a response is changed in place; an application is called.
        :param environ: the WSGI environment for the application.
        :raises TypeError: it is an application, but there is no environment.
        :raises ValueError: its status cannot be sent.
        """
        forced: Response = super().force_type(response, environ)  # type: ignore[arg-type, assignment]
        # Attributes of Werkzeug's class are properties here.
        own = vars(forced)
        if "_body" not in own:
            forced._body = forced._headers = forced._more_headers = None
            forced._kind = GIVEN
        set_state(forced, {name: own.pop(name) for name in WERKZEUG_NAMES & own.keys()})
        if STATUS_LINES.get(forced._status_code) != forced._status:
            forced.status = forced._status  # which checks it
        if not cls._is_unmodified:
            forced._materialize()  # the class may override how it is sent
        return forced

    __getstate__ = get_state
    __setstate__ = set_state

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> t.Iterable[bytes]:
        """Send the response as a WSGI application does (PEP 3333)."""
        if self._status_code in WITHOUT_BODY:
            return self._send_without_body(environ, start_response)
        body = self._body
        if body is None or not (body or self._kind.may_be_empty):
            return self._send_iterable(environ, start_response)
        if self._headers is None:
            content_type = self._content_type
            if content_type is None:
                pairs = self._kind.make_headers(body, None)
            else:
                # PERF: `make_headers` inlined.
                pairs = [content_type, ("Content-Length", str(len(body)))]
            if self._more_headers is not None:
                if self.autocorrect_location_header:
                    return super().__call__(environ, start_response)
                pairs += self._more_headers
        else:
            sized = self.automatically_set_content_length and self._kind.is_readable
            found = make_wsgi_headers(self._headers, body if sized else None)
            if found is None or self.autocorrect_location_header:
                return super().__call__(environ, start_response)
            pairs = found
        start_response(self._status, pairs)
        # Servers send a list at once; Granian reads other iterables item by item.
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    def _send_without_body(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> t.Iterable[bytes]:
        body = self._body
        if body is not None and self._status_code == 304:
            if self._headers is None and self._more_headers is None:
                pairs = self._kind.make_headers_of_304(body, self._content_type)
                start_response(self._status, pairs)
                return []
            found = make_wsgi_headers(self.headers, None)
            if found is not None and not self.autocorrect_location_header:
                start_response(self._status, drop_entity_headers(found))
                return []
        return super().__call__(environ, start_response)

    def _send_iterable(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> t.Iterable[bytes]:
        """Send a response whose body is an iterable."""
        if self._body is not None:
            self._materialize()
        pairs = None
        if (
            self._is_unmodified
            and not self.direct_passthrough
            and not self.autocorrect_location_header
            and not isinstance(self._iterable, (list, tuple))
            and environ["REQUEST_METHOD"] != "HEAD"
        ):
            pairs = make_wsgi_headers(self.headers, None)
        if pairs is None:
            return super().__call__(environ, start_response)
        start_response(self._status, pairs)
        return StreamedBody(self)

    def set_cookie(
        self,
        key: str,
        value: str = "",
        max_age: timedelta | int | None = None,
        expires: str | datetime | int | float | None = None,
        path: str | None = "/",
        domain: str | None = None,
        secure: bool = False,
        httponly: bool = False,
        samesite: str | None = None,
        partitioned: bool = False,
    ) -> None:
        """Set a cookie (RFC 6265).

        :param key: the cookie's name.
        :param value: its value; characters that a cookie cannot contain are escaped.
        :param max_age: its lifetime in seconds; ``None``: until the browser is closed.
        :param expires: the time of its end.
        :param path: the browser sends it only below this path.
        :param domain: the browser sends it to these hosts; ``None``: only to the one that set it.
        :param secure: the browser sends it only over HTTPS.
        :param httponly: scripts cannot read it.
        :param samesite: ``"Strict"``, ``"Lax"`` or ``"None"``.
        :param partitioned: the browser stores it for each top-level site; only over HTTPS.
        :raises ValueError: ``samesite`` has another value.
        """
        header = None
        if not domain:
            header = dump_cookie(
                key, value, max_age, expires, path, secure, httponly, samesite, partitioned
            )
        if header is None or len(header) > (self.max_cookie_size or len(header)):
            super().set_cookie(
                *(key, value, max_age, expires, path, domain),
                *(secure, httponly, samesite, partitioned),
            )
        else:
            add_header(self, "Set-Cookie", header)

    if not t.TYPE_CHECKING:  # to type checkers they are Werkzeug's, with its overloads
        status = checked_status

        def get_data(self, as_text=False):
            """Return the whole body; a streamed one is read to its end first.

            :param as_text: decode it as UTF-8.
            :raises RuntimeError: the response has ``direct_passthrough``.
            """
            body = self._body
            if body is None or not self._kind.is_readable or self.direct_passthrough:
                return super().get_data(as_text)
            return body.decode() if as_text else body

    @property
    def max_cookie_size(self) -> int:  # type: ignore[override]
        """Size in bytes from which Werkzeug warns about a cookie.

        It is the setting ``MAX_COOKIE_SIZE``. Browsers ignore larger cookies.
        """
        context = get_set_app_context(None) or get_request_context(None)
        if context is None:
            return super().max_cookie_size
        return context.app.config["MAX_COOKIE_SIZE"]  # type: ignore[no-any-return]


_VARY_COOKIE = ("Vary", "Cookie")


def add_header(response: Response, name: str, value: str) -> None:
    """Add a header to a response without creating its `Headers`.

    :param name: any but ``Content-Type`` and ``Content-Length``; ``Vary`` if there is none.
    :param value: without line breaks.
    """
    headers = response._headers
    if headers is None:
        if response._more_headers is None:
            response._more_headers = [(name, value)]
        else:
            response._more_headers.append((name, value))
    elif headers.__class__ is Headers:
        headers._list.append((name, value))
    else:
        headers.add(name, value)


def vary_by_cookie(response: ResponseBase) -> None:
    """Add ``Vary: Cookie`` to a response (RFC 9110 section 12.5.5).

    PERF: 0.2 us; ``response.vary.add`` takes 5 us.
    """
    if not isinstance(response, Response):
        response.vary.add("Cookie")
    elif response._headers is None:
        more = response._more_headers = response._more_headers or []
        if _VARY_COOKIE not in more:
            more.append(_VARY_COOKIE)
    elif type(response).vary is Response.vary and "Vary" not in response._headers:
        add_header(response, *_VARY_COOKIE)
    else:
        response.vary.add("Cookie")


SENDING = {
    name: getattr(Response, name)
    for name in (
        *("__call__", "__init__", "__setattr__", "close", "get_app_iter", "get_data"),
        *("get_wsgi_headers", "get_wsgi_response", "headers", "iter_encoded", "response"),
        *("set_data", "status", "status_code"),
    )
}
"""The methods that create and send a response. Werkzeug sends it if a subclass overrides one."""
_FORCE_TYPE = getattr_static(Response, "force_type")
