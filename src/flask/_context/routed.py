"""The request of a context, and the rule that its URL matches.

The request object is created at the first access. Routing does not need it.
"""

# A lazy attribute of the application context is a property here.
# pyright: reportIncompatibleVariableOverride=false

from __future__ import annotations

import typing as t
from collections.abc import Sequence

from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.routing import MapAdapter

from .._core.hook_scopes import blueprint_names
from .._core.lazy import lazy
from .._http.fast_paths import FastPaths
from .._http.request import Request, make_request
from .._routing.table import NEEDS_MAP, NO_RULE
from .app import AppContext

if t.TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_LONGEST_SHOWN = 255  # characters of a host in an error


def ask_as_sent(request: t.Any, question: t.Callable[[t.Any], t.Any]) -> t.Any:
    """Call a function with a request whose environment is the original one.

    The application may have changed the environment since.
    """
    sent = getattr(request, "_original_environ", None)
    if sent is None or type(request).__init__ is not Request.__init__:
        return question(request)  # a class that overrides it may have changed it on purpose
    changed, request._environ = request._environ, sent
    try:
        return question(request)
    finally:
        request._environ = changed
        sent["werkzeug.request"] = None


HTTP = ("http", "https")


class RoutedContext(AppContext):
    """An application context with a request and the result of its routing."""

    _request: t.Any
    """The request; ``None`` before the first access. Until then the next three attributes have the
    result of routing."""
    _url_rule: t.Any
    """The rule that the URL matched; ``None`` if none did."""
    _view_args: t.Any
    """The values in the URL, if a rule matched."""
    _routing_exception: HTTPException | None
    """What routing raised."""
    _answered_by: t.Any = None
    """The hook or the error handler that answered the request instead of its view."""
    _fast_paths: FastPaths
    """The fast paths of the application when the context was pushed."""
    _uses_default_host: bool
    """Whether the host changes neither which rule matches nor which URL is built."""
    _environ: WSGIEnvironment
    """The WSGI environment of the request."""
    _known: WSGIEnvironment
    """What every request needs of it: the method, the cookies, the root. Under WSGI, all of it."""

    @property
    def request(self) -> t.Any:
        """The request, created at the first access.

        PERF: a view that does not access it needs none: 0.3 us less.
        """
        request = self._request
        if request is not None:
            return request
        request_class = self.app._fast_paths.request_class
        if request_class is None:  # an attribute of the application was set in the meantime
            request = self.app.request_class(self._environ)
        else:
            request = make_request(request_class, self._known)
        self._request = request
        if self._pushed == ():  # the request is over
            request._adds_itself = False
        rule = self._url_rule
        if rule is not None:
            request.url_rule = rule
            request.view_args = self._view_args or {}
        elif self._routing_exception is not None:
            request.routing_exception = self._routing_exception
        return request

    @request.setter
    def request(self, value: object) -> None:
        self._request = value

    @request.deleter
    def request(self) -> None:
        del self._request

    def _read_query(self) -> MultiDict[str, str]:
        """Return the parameters of the query, as ``request.args``."""
        query: MultiDict[str, str] = self.request.args
        return query

    def _peek_body(self, content_type: bytes) -> bytes | None:
        """Return the whole body without creating the request, which can read it again.

        ``None`` if the request has to read it.

        :param content_type: the expected ``Content-Type`` header.
        """
        return None

    @property
    def _endpoint(self) -> str | None:
        """The endpoint of the rule that the URL matched."""
        request = self._request
        rule = self._url_rule
        endpoint: str | None
        if request is not None:
            endpoint = request.endpoint
        else:
            endpoint = None if rule is None else rule.endpoint
        return endpoint

    @property
    def _blueprints(self) -> Sequence[str]:
        """Dotted names of the endpoint's blueprints, the nearest first."""
        request = self._request
        if request is not None:
            names: Sequence[str] = request.blueprints
            return names
        rule = self._url_rule
        return () if rule is None else blueprint_names(rule.endpoint)

    @property
    def url_adapter(self) -> MapAdapter | None:
        """Matches this request's URL and builds others.

        ``None`` if its host is malformed.
        """
        self._uses_default_host = False  # the caller may change it
        return self._adapter

    @url_adapter.setter
    def url_adapter(self, value: MapAdapter | None) -> None:
        self._uses_default_host = False
        self._adapter = value

    @url_adapter.deleter
    def url_adapter(self) -> None:
        self._uses_default_host = False
        del self._adapter

    @lazy
    def _adapter(self) -> MapAdapter | None:
        try:
            adapter: MapAdapter | None = ask_as_sent(self.request, self.app.create_url_adapter)
        except HTTPException as error:
            self._keep_routing_error(error)
            return None
        return adapter

    def match_request(self) -> None:
        """Find the rule for the request.

        An error is kept, and raised where the view would run.
        """
        app = self.app
        environ = self._environ
        request = self._request
        path = environ.get("PATH_INFO")
        if (
            environ.get("HTTP_HOST") in self._fast_paths.accepted_hosts
            and environ["wsgi.url_scheme"] in HTTP  # a WebSocket has rules of its own
            and "HTTP_UPGRADE" not in environ
            and app.config["TRUSTED_HOSTS"] is None
            and (request is None or request.trusted_hosts is None)
        ):
            self._uses_default_host = True
            method = environ["REQUEST_METHOD"]
            if method == "OPTIONS":
                request = self.request  # dispatching looks at it
            table = app.url_map.table
            by_method = table.exact.get(path)
            if by_method is None:  # PERF: `Table.match` inlined
                answer = table.search(path, method, True)
            elif (leaf := by_method.get(method)) is None:
                answer = NEEDS_MAP
            elif request is None and leaf.without_arguments is not None:
                self._url_rule, self._view_args = leaf.without_arguments
                return
            else:
                answer = leaf.rule, leaf.defaults.copy()
            if answer is NEEDS_MAP and not app.url_map.is_table_filled:
                app.url_map.fill_table()  # an empty table leaves everything to the map
                answer = app.url_map.table.match(path, method)
            request = self._request  # a custom converter may have created it
            if answer is NO_RULE:
                self._routing_exception = NotFound()
                if request is not None:
                    request.routing_exception = self._routing_exception
                return
            if answer is not NEEDS_MAP:
                self._url_rule, self._view_args = answer
                if request is not None:
                    request.url_rule = self._url_rule
                    request.view_args = self._view_args or {}
                return
        self._match_by_adapter()

    def _match_by_adapter(self) -> None:
        """Find the rule in the map itself, for the requests that its table does not answer."""
        adapter = self._adapter
        if adapter is None:
            return
        environ = self._environ
        if self._fast_paths.routing and environ.get("wsgi.url_scheme") in HTTP:
            self._fast_paths.accept_host(environ.get("HTTP_HOST"))
        request = self.request
        try:
            request.url_rule, request.view_args = adapter.match(return_rule=True)
        except HTTPException as error:
            self._keep_routing_error(error)

    def _keep_routing_error(self, error: HTTPException) -> None:
        if not isinstance(error, HTTPException):  # what a test has put on the request
            return
        # Avoid a reference cycle: tracebacks refer to frames, and frames refer to the request.
        error.__context__ = None
        self._routing_exception = error.with_traceback(None)
        if self._request is not None:
            self._request.routing_exception = error

    def _find_adapter(self) -> MapAdapter:
        """Return the URL adapter of this request.

        :raises RuntimeError: there is none, because the host was refused.
        """
        adapter: MapAdapter | None = self._adapter  # as itself, it would no longer be trusted
        if adapter is not None:
            return adapter
        error = self._routing_exception
        if error is None:
            raise RuntimeError(
                "Unable to build URLs for this request: 'create_url_adapter' returned None for it."
            )
        host = self._environ.get("HTTP_HOST", "")[:_LONGEST_SHOWN]
        hint = "" if self.app.config["TRUSTED_HOSTS"] is None else " See 'TRUSTED_HOSTS'."
        raise RuntimeError(
            f"Unable to build URLs for this request, because its host {host!r} was refused."
            f"{hint} What answers such a request, as an error page does, must not build URLs."
        ) from error

    def _full_endpoint(self, endpoint: str) -> str:
        """Return an endpoint's full name; a leading dot stands for this blueprint."""
        if endpoint[:1] != ".":
            return endpoint
        blueprint = self.request.blueprint
        return endpoint[1:] if blueprint is None else f"{blueprint}{endpoint}"

    def _build_path(self, endpoint: str, values: dict[str, t.Any]) -> str | None:
        """Return the path of an endpoint on this host.

        :param endpoint: with a leading dot, of the current blueprint.
        :param values: the rule's dynamic parts.
        :returns: ``None`` where the URL adapter must be asked, or has to refuse.
        """
        if (
            not self._uses_default_host
            or not self._fast_paths.urls
            or self._known.get("SCRIPT_NAME")
            or self.app.url_default_functions
        ):
            return None
        url_map = self.app.url_map
        builder = url_map.builders.get(endpoint)
        if builder is None:
            endpoint = self._full_endpoint(endpoint)
            builder = url_map.builders.get(endpoint) or url_map.find_builder(endpoint)
        path: str | None = None if builder is None else builder.build(values)
        return path
