"""The methods of an application that build URLs.

They are functions here, and `App` and its subclasses bind them as methods.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import quote

from werkzeug.routing import BuildError, MapAdapter

from .. import typing as ft
from .._core.current import _cv_request, get_app_context
from .._core.hook_scopes import scopes_of_defaults

_ANCHOR_SAFE = "%!#$&'()*+,/:;=?@"


class _Defaults(t.Protocol):
    @property
    def view_functions(self) -> Mapping[str, ft.RouteCallable]: ...
    @property
    def url_default_functions(
        self,
    ) -> Mapping[ft.AppOrBlueprintKey, Iterable[ft.URLDefaultCallable]]: ...


class _Handlers(t.Protocol):
    @property
    def url_build_error_handlers(
        self,
    ) -> Iterable[Callable[[Exception, str, ft.URLValues], str | None]]: ...


class _App(t.Protocol):
    def create_url_adapter(self, request: None) -> MapAdapter | None: ...
    def inject_url_defaults(self, endpoint: str, values: ft.URLValues) -> None: ...
    def handle_url_build_error(
        self, error: BuildError, endpoint: str, values: ft.URLValues
    ) -> str: ...


def url_for(
    self: _App,
    /,
    endpoint: str,
    *,
    _anchor: str | None = None,
    _method: str | None = None,
    _scheme: str | None = None,
    _external: bool | None = None,
    **values: object,
) -> str:
    """Build the URL of an endpoint.

    :param endpoint: the name of the view. A leading dot means the current blueprint.
    :param _anchor: is added as ``#anchor``.
    :param _method: if the endpoint has several rules, use one that allows this HTTP method.
    :param _scheme: the scheme of an external URL; makes the URL external.
    :param _external: include scheme and host. The default is ``False`` in a request. Outside a
        request it is ``True``, and ``SERVER_NAME`` must be set.
    :param values: the rule's variable parts. Other values are added to the query string.
    :raises werkzeug.routing.BuildError: no rule matches, and none of the
        ``url_build_error_handlers`` returned a URL.
    :raises RuntimeError: no request is active, and ``SERVER_NAME`` is not set.
    :raises ValueError: ``_scheme`` is given for a URL that is not external.
    """
    context = _cv_request.get(None)
    if context is not None and not _external and _anchor is _method is _scheme is None:
        # PERF: the usual call, for a path on this host: 1 us instead of 5 us.
        path: str | None = context._build_path(endpoint, values)
        if path is not None:
            return path
    adapter, endpoint = _find_adapter(self, endpoint)
    if _external is None:
        _external = context is None or _scheme is not None
    elif _scheme is not None and not _external:
        raise ValueError("When specifying '_scheme', '_external' must be True.")

    self.inject_url_defaults(endpoint, values)
    try:
        url: str = adapter.build(
            endpoint, values, method=_method, url_scheme=_scheme, force_external=_external
        )
    except BuildError as error:
        values.update(_anchor=_anchor, _method=_method, _scheme=_scheme, _external=_external)
        return self.handle_url_build_error(error, endpoint, values)
    return f"{url}#{quote(_anchor, safe=_ANCHOR_SAFE)}" if _anchor is not None else url


def _find_adapter(app: _App, endpoint: str) -> tuple[MapAdapter, str]:
    """Return the adapter that builds URLs in the current context, and the full endpoint."""
    context = _cv_request.get(None)
    adapter: MapAdapter | None
    if context is None:
        app_context = get_app_context(None)
        adapter = app.create_url_adapter(None) if app_context is None else app_context.url_adapter
    else:
        adapter = context._find_adapter()
        endpoint = context._full_endpoint(endpoint)
    if adapter is None:
        raise RuntimeError(
            "Unable to build URLs outside an active request without 'SERVER_NAME' configured."
            " Also configure 'APPLICATION_ROOT' and 'PREFERRED_URL_SCHEME' as needed."
        )
    return adapter, endpoint


def inject_url_defaults(self: _Defaults, endpoint: str, values: ft.URLValues) -> None:
    """Call the ``url_defaults`` functions, which may add values to a URL.

    :param endpoint: the endpoint of the URL.
    :param values: the values, changed in place.
    """
    if not self.url_default_functions:
        return
    for scope in scopes_of_defaults(endpoint, self.view_functions, self.url_default_functions):
        for function in self.url_default_functions.get(scope, ()):
            function(endpoint, values)


def handle_url_build_error(
    self: _Handlers, error: BuildError, endpoint: str, values: ft.URLValues
) -> str:
    """Return a URL from the ``url_build_error_handlers``.

    The first handler that returns one decides.

    :param error: the error of `url_for`.
    :param endpoint: the endpoint of the URL.
    :param values: the values of the URL.
    :raises werkzeug.routing.BuildError: no handler returns a URL. The last error is raised.
    """
    for handler in self.url_build_error_handlers:
        try:
            url = handler(error, endpoint, values)
        except BuildError as newer:
            error = newer
        else:
            if url is not None:
                return url
    raise error
