"""The part of a request that is read from its WSGI environment.

Werkzeug's initializer computes ten attributes for each request. Here each one is computed at the
first access, with the same result.
"""

# Attributes that Werkzeug's class assigns are properties and lazy attributes here.
# pyright: reportIncompatibleVariableOverride=false, reportIncompatibleMethodOverride=false, reportAssignmentType=false

from __future__ import annotations

import typing as t
from inspect import getattr_static
from threading import RLock

from werkzeug.datastructures import Headers
from werkzeug.utils import cached_property
from werkzeug.wrappers import Request as RequestBase

from .._core.current import get_request_context, get_set_app_context
from .._core.lazy import lazy, note_overrides
from .headers import RequestHeaders

if t.TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_DELETED = object()

REST: t.Final = "flask.rest"
"""Key of an environment that has only the most common entries: a function that returns all."""

_lock = RLock()  # one for all environments; a finalizer may run while it is held


def complete_environ(environ: WSGIEnvironment) -> WSGIEnvironment:
    """Add the entries that an environment does not have yet.

    The object stays the same, because the context and the request both have it. So its first
    headers are the common ones; the order of headers has no meaning (RFC 9110 section 5.3).

    :param environ: the environment of a request; nothing is added to one of a WSGI server.
    :returns: the same object.
    """
    if REST in environ:
        with _lock:  # the loop and a thread that the view has started may both be here
            if REST in environ:
                environ.update(environ[REST]())
                del environ[REST]
    return environ


class _Host(cached_property[str]):
    """The host. It can be deleted: official Flask reads it before the application's code runs."""

    def __delete__(self, instance: object) -> None:
        instance.__dict__.pop("host", None)


class EnvironRequest(RequestBase):
    """A request that computes its attributes from its environment at the first access."""

    shallow: bool = False
    _environ: WSGIEnvironment
    """The environment. Under ASGI it may lack entries; see `complete_environ`."""
    _original_environ: WSGIEnvironment | None
    """A copy of the original environment; ``None`` until the application can change it."""
    _query: object = None
    """The query string, if it was set or deleted."""
    _is_form_parsed: bool
    """Whether there may be uploaded files, which have to be closed."""
    _is_body_taken: bool
    """Whether the body was read whole, or its `stream` was created."""
    _is_body_read: bool
    """Whether the body was read whole, without `stream`."""
    _has_fields_only: bool
    """Whether `form` was parsed, and there are no files."""
    _adds_itself: bool
    """Whether the environment contains the request while the request is current."""
    _limits: dict[str, int | None] | None = None
    """The limits that are set on the request, by the name of the setting."""
    _assigned: t.ClassVar[tuple[str, ...]] = ()
    """Attributes that Werkzeug's initializer assigns and a subclass overrides; assigned here."""

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        note_overrides(cls)

    @classmethod
    def _detect_overrides(cls) -> None:
        """Compute `_assigned`."""
        cls._assigned = tuple(
            name for name, own in _ASSIGNED.items() if getattr_static(cls, name) is not own
        )

    def __init__(
        self, environ: WSGIEnvironment, populate_request: bool = True, shallow: bool = False
    ) -> None:
        # PERF: 0.16 us; Werkzeug's initializer takes 1.31 us.
        self._environ = environ
        self._original_environ = None
        self._is_form_parsed = self._is_body_taken = self._is_body_read = False
        self._has_fields_only = False
        if shallow:
            self.shallow = True
        self._adds_itself = populate_request and not shallow
        if self._adds_itself:
            environ["werkzeug.request"] = self
        if self._assigned:
            self._assign(environ, shallow)

    def _assign(self, environ: WSGIEnvironment, shallow: bool) -> None:
        """Assign the attributes that a subclass overrides, as Werkzeug's initializer does."""
        values: dict[str, object] = {"environ": environ, "shallow": shallow}
        for name in self._assigned:
            if getattr(getattr_static(self, name), "fset", name) is not None:  # not read-only
                value = values[name] if name in values else _ASSIGNED[name].__get__(self)
                setattr(self, name, value)

    @property
    def environ(self) -> WSGIEnvironment:
        """The WSGI environment (PEP 3333), with the request in it.

        You may change it. Method, URL and addresses of the request stay the same.

        PERF: the request is added at the first access: 0.25 us less if there is none.
        """
        environ = self._environ
        if self._original_environ is None:  # without the request, to avoid a reference cycle
            complete_environ(environ)
            self._original_environ = {**environ, "werkzeug.request": None}
        if self._adds_itself and environ.get("werkzeug.request") is not self:
            environ["werkzeug.request"] = self
        return environ

    @environ.setter
    def environ(self, value: WSGIEnvironment) -> None:
        if self._original_environ is None:
            self._original_environ = {
                **complete_environ(self._environ),
                "werkzeug.request": None,
            }
        self._environ = value
        self._adds_itself = False

    @environ.deleter
    def environ(self) -> None:
        del self._environ

    # Attributes that Werkzeug's initializer sets -------------------------------------------------

    @lazy
    def method(self) -> str:
        """The HTTP method in upper case, such as ``GET``."""
        method: str = (self._original_environ or self._environ).get("REQUEST_METHOD", "GET")
        return method.upper()

    @lazy
    def scheme(self) -> str:
        """The URL's scheme, such as ``https``."""
        scheme: str = (self._original_environ or self._environ).get("wsgi.url_scheme", "http")
        return scheme

    @lazy
    def server(self) -> tuple[str, int | None] | None:
        """The server's host and port; ``(path, None)`` for a Unix socket."""
        environ = self._original_environ or complete_environ(self._environ)
        name: str | None = environ.get("SERVER_NAME")
        return None if name is None else (name, _parse_port(environ.get("SERVER_PORT")))

    @lazy
    def root_path(self) -> str:
        """The prefix under which the application is mounted, without a trailing slash."""
        prefix: str = (self._original_environ or self._environ).get("SCRIPT_NAME") or ""
        return prefix.encode("latin-1").decode(errors="replace").rstrip("/")

    @lazy
    def path(self) -> str:
        """The path after `root_path`, decoded."""
        path: str = (self._original_environ or self._environ).get("PATH_INFO") or ""
        return "/" + path.encode("latin-1").decode(errors="replace").lstrip("/")

    @property
    def query_string(self) -> bytes:
        """The query string as sent: the part of the URL after the question mark."""
        own = self._query
        if own is None:
            query: str = (self._original_environ or self._environ).get("QUERY_STRING", "")
            return query.encode("latin1")
        if own is _DELETED:
            raise AttributeError("The query string of this request was deleted.")
        return own  # type: ignore[return-value]

    @query_string.setter
    def query_string(self, value: bytes) -> None:
        self._query = value

    @query_string.deleter
    def query_string(self) -> None:
        self._query = _DELETED

    @lazy
    def headers(self) -> Headers:
        """The headers; their names are case-insensitive."""
        return RequestHeaders(complete_environ(self._environ))

    @lazy
    def remote_addr(self) -> str | None:
        """The address of the client, as the server saw it."""
        environ = self._original_environ or complete_environ(self._environ)
        return environ.get("REMOTE_ADDR")

    host = _Host(RequestBase.host.fget)  # type: ignore[attr-defined]


def _parse_port(text: str | None) -> int | None:
    """Return a port as a number; ``None`` if the server listens on a Unix socket."""
    if text is None:
        return None
    try:
        return int(text)
    except ValueError:
        return None


_ASSIGNED: t.Final = {
    name: getattr_static(EnvironRequest, name)
    for name in (
        *("method", "scheme", "server", "root_path", "path", "query_string", "headers"),
        *("remote_addr", "environ", "shallow"),
    )
}
"""The attributes that Werkzeug's initializer assigns."""


DEFAULT_FILE_MEMORY_SIZE: t.Final = 2 * 1024 * 1024


def limit(name: str, doc: str) -> t.Any:
    """Return a property for a limit: the value that is set on the request, else the configuration.

    ``None`` means no limit.

    :param name: the name of the attribute, and in upper case that of the setting.
    :param doc: the docstring.
    """
    key = name.upper()
    default: int | None = getattr(RequestBase, name)

    def get_limit(request: EnvironRequest) -> int | None:
        limits = request._limits
        if limits is not None and key in limits:
            return limits[key]
        context = get_set_app_context(None) or get_request_context(None)
        return default if context is None else context.app.config[key]

    def set_limit(request: EnvironRequest, value: int | None) -> None:
        request._limits = {**(request._limits or {}), key: value}

    return property(get_limit, set_limit, doc=doc)


def get_max_file_memory_size(request: object) -> int | None:
    """Largest form whose files are kept in memory, in bytes.

    ``MAX_FILE_MEMORY_SIZE``.
    """
    context = get_set_app_context(None) or get_request_context(None)
    if context is None:
        return DEFAULT_FILE_MEMORY_SIZE
    # COMPAT: an application may replace the configuration by one that has only Flask's keys.
    size: int | None = context.app.config.get("MAX_FILE_MEMORY_SIZE", DEFAULT_FILE_MEMORY_SIZE)
    return size
