"""The request object of views.

It is a subclass of Werkzeug's request with Flask's additions. Attributes that Werkzeug computes for
*every* request are computed at the first access, with the same results.
"""

# Attributes that Werkzeug's class assigns are properties and lazy attributes here.
# pyright: reportIncompatibleVariableOverride=false, reportIncompatibleMethodOverride=false, reportAssignmentType=false

from __future__ import annotations

import typing as t
from io import BytesIO

from werkzeug.datastructures import (
    FileStorage,
    ImmutableMultiDict,
    MultiDict,
)
from werkzeug.exceptions import BadRequest, HTTPException
from werkzeug.wrappers import Request as RequestBase
from werkzeug.wsgi import LimitedStream

from .._core.baseline import note_definition
from .._core.current import get_request_context, get_set_app_context
from .._core.hook_scopes import blueprint_names
from .._core.json_functions import JsonModule
from .._core.lazy import lazy
from ..debughelpers import attach_enctype_error_multidict
from .body import StrictlyLimitedStream, read_body
from .cookies import parse_cookies
from .environ_request import EnvironRequest, get_max_file_memory_size, limit
from .forms import FORM_STEPS, forget_long_boundary, load_form, make_file, read_fields
from .query import NEEDS_LIBRARY, parse_query

if t.TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment
    from werkzeug.routing import Rule

_new_object = object.__new__

_NO_JSON_YET = RequestBase._cached_json


class Request(EnvironRequest):
    """The implementation of `flask.Request`."""

    json_module: t.Any = JsonModule()
    """Parses JSON: ``app.json`` if an application is current."""
    _cached_json: tuple[object, object] = _NO_JSON_YET
    _json_module: object = None

    url_rule: Rule | None = None
    """The rule that the URL matched; ``None`` if none did."""
    view_args: dict[str, t.Any] | None = None
    """The values in the URL, by argument name; ``None`` if no rule matched."""
    routing_exception: HTTPException | None = None
    """The error of routing; it is raised when the view would be called."""

    _has_default_form: t.ClassVar[bool] = True
    """Whether the class overrides nothing that decides how a form is parsed."""

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        cls._detect_overrides()
        note_definition(cls)

    @classmethod
    def _detect_overrides(cls) -> None:
        """Compute what the class overrides: at its definition, and with the fast paths."""
        super()._detect_overrides()
        cls._has_default_form = all(
            getattr(cls, name) is getattr(Request, name) for name in FORM_STEPS
        )

    # Limits: an attribute of the request, else the application's configuration -------------------

    max_content_length: int | None = limit(
        "max_content_length", "Largest body that is read, in bytes; a larger one is a 413."
    )
    max_form_memory_size: int | None = limit(
        "max_form_memory_size", "Largest text field of a multipart form, in bytes."
    )
    max_form_parts: int | None = limit(  # type: ignore[assignment]  # Werkzeug: never None
        "max_form_parts", "Largest number of parts of a multipart form."
    )

    max_file_memory_size = property(get_max_file_memory_size)

    # The result of routing -----------------------------------------------------------------------

    @property
    def endpoint(self) -> str | None:
        """The endpoint that the URL matched; ``None`` if routing failed."""
        rule = self.url_rule
        return None if rule is None else rule.endpoint

    @property
    def blueprint(self) -> str | None:
        """Dotted name of the blueprint that the view belongs to.

        ``None`` for the application.
        """
        names = self.blueprints
        return names[0] if names else None

    @property
    def blueprints(self) -> list[str]:
        """Dotted names of the view's blueprints, the nearest first."""
        rule = self.url_rule
        return [] if rule is None else list(blueprint_names(rule.endpoint))

    # Query and body ------------------------------------------------------------------------------

    @lazy
    def args(self) -> MultiDict[str, str]:
        """The parameters of the query string: the part of the URL after the question mark."""
        if self._query is None and self.parameter_storage_class is ImmutableMultiDict:
            parameters = parse_query(
                (self._original_environ or self._environ).get("QUERY_STRING", "")
            )
            if parameters is not NEEDS_LIBRARY:
                return parameters
        return super().args

    @lazy
    def cookies(self) -> ImmutableMultiDict[str, str]:
        """The cookies that the client sent."""
        if self.dict_storage_class is ImmutableMultiDict:
            cookies = parse_cookies(self._environ.get("HTTP_COOKIE", ""))
            if cookies is not NEEDS_LIBRARY:
                return cookies
        return super().cookies

    if not t.TYPE_CHECKING:  # to type checkers the method is Werkzeug's, with its overloads

        def get_data(self, cache=True, as_text=False, parse_form_data=False):
            """Read the whole body.

            :param cache: keep it, so you can read it again and parse it as a form.
            :param as_text: decode it as UTF-8.
            :param parse_form_data: parse a form first. The result is empty then if it is a form.
            :raises werkzeug.exceptions.RequestEntityTooLarge: it is larger than the limit (413).
            :raises werkzeug.exceptions.ClientDisconnected: it ends before its length (400).
            """
            if not self._is_body_taken and not parse_form_data and not self.shallow:
                body = read_body(self._environ, self.max_content_length)
                if body is not NEEDS_LIBRARY:
                    self._is_body_taken = self._is_body_read = True
                    if cache:
                        self._cached_data = body
                    return body.decode(errors="replace") if as_text else body
            return super().get_data(cache, as_text, parse_form_data)

        def get_json(self, force=False, silent=False, cache=True):
            """Parse the body as JSON.

            :param force: ignore the content type.
            :param silent: return ``None`` instead of raising an error.
            :param cache: keep the object for the next call.
            :raises werkzeug.exceptions.UnsupportedMediaType: the content type is not JSON's (415).
            :raises werkzeug.exceptions.BadRequest: the body is not valid JSON (400).
            """
            if self._cached_json is _NO_JSON_YET and self.is_json and not silent and cache:
                # PERF: the usual call; 0.4 us less than Werkzeug's method, which handles all calls.
                context = get_set_app_context(None) or get_request_context(None)
                module = self._json_module
                if module is None:
                    module = self.json_module if context is None else context.app.json
                try:
                    value = module.loads(self.get_data())
                except ValueError as error:
                    value = self.on_json_loading_failed(error)
                    self._cached_json = (value, Ellipsis)
                else:
                    self._cached_json = (value, value)
                return value
            return super().get_json(force, silent, cache)

    @lazy
    def stream(self) -> t.IO[bytes]:
        """The body as a stream, which can be read once.

        :raises werkzeug.exceptions.RequestEntityTooLarge: it is larger than the limit (413).
        """
        if self._is_body_read:
            return BytesIO()
        self._is_body_taken = True
        stream = super().stream
        environ = self.environ
        if "asgi.scope" not in environ or "wsgi.input_terminated" not in environ:
            return stream  # COMPAT: under WSGI a body may be cut off at the limit without an error
        limit = self.max_content_length
        if limit is not None and isinstance(stream, LimitedStream):
            return t.cast("t.IO[bytes]", StrictlyLimitedStream(environ["wsgi.input"], limit))
        return stream

    @property
    def is_json(self) -> bool:
        """Whether the content type is JSON's.

        These are ``application/json`` and ``application/*+json``.
        """
        if self._environ.get("CONTENT_TYPE") == "application/json":  # PERF: 2 us less
            return True
        return super().is_json

    @lazy
    def form(self) -> ImmutableMultiDict[str, str]:
        """The fields of a form in the body."""
        # PERF: an urlencoded form has no files, so `files` is not created: 1.5 us less.
        if self._has_default_form:
            form = read_fields(self)  # pyright: ignore[reportArgumentType]
            if form is not NEEDS_LIBRARY:
                return form
        self._load_form_data()
        kept = self.__dict__
        if "form" not in kept:
            return self.form  # a subclass stores it elsewhere
        return kept["form"]  # type: ignore[no-any-return]

    @lazy
    def files(self) -> ImmutableMultiDict[str, FileStorage]:
        """The files of a form in the body."""
        self._load_form_data()
        kept = self.__dict__
        if "files" not in kept:
            return self.files  # a subclass stores it elsewhere
        return kept["files"]  # type: ignore[no-any-return]

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> t.IO[bytes]:
        most = self.max_file_memory_size
        if total_content_length is not None and most and total_content_length <= most:
            return make_file(most)
        return super()._get_file_stream(
            total_content_length, content_type, filename, content_length
        )

    def close(self) -> None:
        """Close the uploaded files, if there are any."""
        if self._is_form_parsed:
            super().close()

    def _load_form_data(self) -> None:
        # Stored in __dict__, as in Werkzeug: a subclass may override the attributes by properties.
        kept = self.__dict__
        if "form" in kept and "files" in kept:
            return
        given = kept.pop("form", None)  # parsed without files, or assigned
        try:
            if given is not None and self._has_fields_only:
                kept["files"] = ImmutableMultiDict()
            elif (
                self.shallow or not self._has_default_form or not load_form(self)  # pyright: ignore[reportArgumentType]
            ):
                super()._load_form_data()
                forget_long_boundary(self._environ.get("CONTENT_TYPE", ""))
        finally:
            if given is not None:
                kept["form"] = given
        self._is_form_parsed = True
        context = get_set_app_context(None) or get_request_context(None)
        explains = context is not None and context.app.debug
        if explains and not kept["files"] and self.mimetype != "multipart/form-data":
            attach_enctype_error_multidict(self)

    def on_json_loading_failed(self, e: ValueError | None) -> t.Any:
        """Raise the error for a body that is not JSON.

        A subclass may return a value instead.

        :param e: the error of the parser; ``None`` if the content type is not JSON's.
        :raises UnsupportedMediaType: the content type is not JSON's (415).
        :raises BadRequest: the body is not valid JSON (400); in debug mode with the parser's text.
        """
        try:
            return super().on_json_loading_failed(e)
        except BadRequest as error:
            context = get_set_app_context(None) or get_request_context(None)
            if context is not None and context.app.debug:
                raise
            raise BadRequest() from error


def make_request(kind: type[Request], environ: WSGIEnvironment) -> Request:
    """Create a request as the class's initializer does.

    PERF: 0.15 us less than a call of the class.

    :param kind: a class with the initializer of `Request`.
    :param environ: the WSGI environment.
    """
    request = _new_object(kind)
    request._environ = environ
    request._original_environ = None
    request._is_form_parsed = request._is_body_taken = request._is_body_read = False
    request._has_fields_only = False
    request._adds_itself = True
    return request
