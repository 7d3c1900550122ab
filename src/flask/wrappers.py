"""The request and the response, as views meet them.

Both are Werkzeug's classes; what is added is Flask's, and what Werkzeug does eagerly for *every*
request and response is done here when somebody asks for it, with the same results.
"""

from __future__ import annotations

import typing as t
from io import BytesIO

from werkzeug._internal import _wsgi_decoding_dance
from werkzeug.datastructures import EnvironHeaders, Headers, ImmutableMultiDict, MultiDict
from werkzeug.exceptions import BadRequest, HTTPException
from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.utils import get_content_type
from werkzeug.wrappers import Request as RequestBase
from werkzeug.wrappers import Response as ResponseBase
from werkzeug.wsgi import _get_server

from . import json
from ._current import _cv_app
from ._lazy import lazy
from ._plan import blueprint_names
from ._reading import NOT_PLAIN, parse_query, read_body
from .debughelpers import attach_enctype_error_multidict

if t.TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment
    from werkzeug.routing import Rule

__all__ = ["Request", "RequestBase", "Response", "ResponseBase"]


def _config_of_current_app() -> t.Mapping[str, t.Any] | None:
    context = _cv_app.get(None)
    return None if context is None else context.app.config


class Request(RequestBase):
    """An HTTP request, with what routing found out about it.

    Everything is worked out from the WSGI environment at first use.

    :param environ: the WSGI environment (PEP 3333).
    :param populate_request: enter this object as ``environ["werkzeug.request"]``.
    :param shallow: refuse to read the body.
    """

    json_module: t.Any = json

    url_rule: Rule | None = None
    """The rule that the URL matched; ``None`` if none did."""
    view_args: dict[str, t.Any] | None = None
    """The values in the URL, by argument name; ``None`` if no rule matched."""
    routing_exception: HTTPException | None = None
    """What routing raised; it is raised again where the view would be called."""

    shallow: bool = False
    _is_form_parsed: bool
    _max_content_length: int | None = None
    _max_form_memory_size: int | None = None
    _max_form_parts: int | None = None

    def __init__(
        self, environ: WSGIEnvironment, populate_request: bool = True, shallow: bool = False
    ) -> None:
        # PERF: 0.16 us; Werkzeug's own initialiser, which works out the eight attributes below
        # for every request, takes 1.31 us.
        self.environ = environ
        self.url_rule = None
        self.routing_exception = None
        self._is_form_parsed = False
        if shallow:
            self.shallow = True
        elif populate_request:
            environ["werkzeug.request"] = self

    # What Werkzeug's initialiser sets --------------------------------------------------------

    @lazy
    def method(self) -> str:
        """The HTTP method, in upper case."""
        method: str = self.environ.get("REQUEST_METHOD", "GET")
        return method.upper()

    @lazy
    def scheme(self) -> str:
        """The URL's scheme, such as ``https``."""
        scheme: str = self.environ.get("wsgi.url_scheme", "http")
        return scheme

    @lazy
    def server(self) -> tuple[str, int | None] | None:
        """The server's host and port; ``(path, None)`` for a Unix socket."""
        return _get_server(self.environ)

    @lazy
    def root_path(self) -> str:
        """The prefix under which the application is mounted, without a slash at its end."""
        return _wsgi_decoding_dance(self.environ.get("SCRIPT_NAME") or "").rstrip("/")

    @lazy
    def path(self) -> str:
        """The path behind `root_path`, decoded."""
        return "/" + _wsgi_decoding_dance(self.environ.get("PATH_INFO") or "").lstrip("/")

    @lazy
    def query_string(self) -> bytes:
        """What stands behind the question mark, as sent."""
        query: str = self.environ.get("QUERY_STRING", "")
        return query.encode("latin1")

    @lazy
    def headers(self) -> Headers:
        """The headers as sent; names in any case."""
        return EnvironHeaders(self.environ)

    @lazy
    def remote_addr(self) -> str | None:
        """The address of the client, as the server saw it."""
        return self.environ.get("REMOTE_ADDR")

    # Limits: an attribute of the request, else the application's configuration -----------------

    @property
    def max_content_length(self) -> int | None:
        """Largest body that is read, in bytes; ``None`` is no limit.

        ``MAX_CONTENT_LENGTH`` of the configuration, unless set on the request itself. A larger
        body is a 413 when it is read.
        """
        if self._max_content_length is not None:
            return self._max_content_length
        context = _cv_app.get(None)
        if context is None:
            return super().max_content_length
        return t.cast("int | None", context.app.config["MAX_CONTENT_LENGTH"])

    @max_content_length.setter
    def max_content_length(self, value: int | None) -> None:
        self._max_content_length = value

    @property
    def max_form_memory_size(self) -> int | None:
        """Largest text field of a multipart form, in bytes; ``MAX_FORM_MEMORY_SIZE``."""
        if self._max_form_memory_size is not None:
            return self._max_form_memory_size
        config = _config_of_current_app()
        return super().max_form_memory_size if config is None else config["MAX_FORM_MEMORY_SIZE"]

    @max_form_memory_size.setter
    def max_form_memory_size(self, value: int | None) -> None:
        self._max_form_memory_size = value

    @property  # type: ignore[override]
    def max_form_parts(self) -> int | None:
        """Largest number of parts of a multipart form; ``MAX_FORM_PARTS``."""
        if self._max_form_parts is not None:
            return self._max_form_parts
        config = _config_of_current_app()
        return super().max_form_parts if config is None else config["MAX_FORM_PARTS"]

    @max_form_parts.setter
    def max_form_parts(self, value: int | None) -> None:
        self._max_form_parts = value

    # What routing found --------------------------------------------------------------------------

    @property
    def endpoint(self) -> str | None:
        """The endpoint that the URL matched; ``None`` if routing failed."""
        rule = self.url_rule
        return None if rule is None else t.cast("str", rule.endpoint)

    @property
    def blueprint(self) -> str | None:
        """Dotted name of the blueprint that the view belongs to; ``None`` for the application."""
        names = self.blueprints
        return names[0] if names else None

    @property
    def blueprints(self) -> list[str]:
        """Dotted names of the view's blueprint and those around it, the nearest first."""
        rule = self.url_rule
        return [] if rule is None else list(blueprint_names(rule.endpoint))

    # Query and body ----------------------------------------------------------------------------

    @lazy
    def args(self) -> MultiDict[str, str]:
        """The parameters in the URL, behind the question mark."""
        if self.parameter_storage_class is ImmutableMultiDict:
            parameters = parse_query(self.environ.get("QUERY_STRING", ""))
            if parameters is not NOT_PLAIN:
                return t.cast("MultiDict[str, str]", parameters)
        return t.cast("MultiDict[str, str]", super().args)

    @t.overload  # type: ignore[override]
    def get_data(
        self, cache: bool = True, as_text: t.Literal[False] = False, parse_form_data: bool = False
    ) -> bytes: ...

    @t.overload
    def get_data(
        self, cache: bool = True, as_text: t.Literal[True] = ..., parse_form_data: bool = False
    ) -> str: ...

    def get_data(
        self, cache: bool = True, as_text: bool = False, parse_form_data: bool = False
    ) -> bytes | str:
        """Read the whole body.

        :param cache: keep it, so that it can be read again, and parsed as a form.
        :param as_text: decode it as UTF-8.
        :param parse_form_data: parse a form first; then only what is no form is returned.
        :raises werkzeug.exceptions.RequestEntityTooLarge: it is larger than the limit (413).
        :raises werkzeug.exceptions.ClientDisconnected: it ends before its length (400).
        """
        own = vars(self)
        if "_cached_data" not in own and "stream" not in own and not self.shallow:
            if parse_form_data:
                self._load_form_data()
            elif (body := read_body(self.environ, self.max_content_length)) is not NOT_PLAIN:
                own["stream"] = BytesIO()  # as after any reading: nothing is left
                if cache:
                    self._cached_data = body
                return body.decode(errors="replace") if as_text else body
        return super().get_data(cache, as_text, parse_form_data)

    @property
    def is_json(self) -> bool:
        """Whether the content type is JSON's: ``application/json`` or ``application/*+json``."""
        if self.environ.get("CONTENT_TYPE") == "application/json":  # PERF: 2 us earlier
            return True
        return super().is_json

    def close(self) -> None:
        """Close the uploaded files, if there are any."""
        if self._is_form_parsed:
            super().close()

    def _load_form_data(self) -> None:
        super()._load_form_data()
        self._is_form_parsed = True
        context = _cv_app.get(None)
        if (
            context is not None
            and context.app.debug
            and self.mimetype != "multipart/form-data"
            and not self.files
        ):
            attach_enctype_error_multidict(self)

    def on_json_loading_failed(self, e: ValueError | None) -> t.Any:
        """Raise what a body that is no JSON is answered with.

        :param e: what the parser said; ``None`` if the content type is not JSON's.
        :raises UnsupportedMediaType: the content type is not JSON's (415).
        :raises BadRequest: the body is no JSON (400); the parser's words are told in debug mode.
        """
        try:
            return super().on_json_loading_failed(e)
        except BadRequest as error:
            context = _cv_app.get(None)
            if context is not None and context.app.debug:
                raise
            raise BadRequest() from error


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

    default_mimetype: str | None = "text/html"
    json_module: t.Any = json
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
            self._untouched = response.encode() if type(response) is str else response
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
    def response(self) -> t.Iterable[str] | t.Iterable[bytes]:
        """The body as an iterable; a list or tuple is known as a whole, all else is streamed."""
        self._touch()
        return self._touched_response

    @response.setter
    def response(self, value: t.Iterable[str] | t.Iterable[bytes]) -> None:
        self._touch()
        self._touched_response = value

    @property
    def _on_close(self) -> list[t.Callable[[], t.Any]]:
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
        """Size from which a cookie makes Werkzeug warn, in bytes; ``MAX_COOKIE_SIZE``."""
        config = _config_of_current_app()
        if config is None:
            return super().max_cookie_size
        size: int = config["MAX_COOKIE_SIZE"]
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
