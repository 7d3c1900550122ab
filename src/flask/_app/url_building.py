"""Building URLs: ``url_for``, which ``flask.Flask`` binds as a method."""

from __future__ import annotations

import typing as t
from urllib.parse import quote

from werkzeug.routing import BuildError, MapAdapter

from .._core.current import _cv_app, _cv_request

_ANCHOR_SAFE = "%!#$&'()*+,/:;=?@"


class _App(t.Protocol):
    def create_url_adapter(self, request: t.Any) -> MapAdapter | None: ...
    def inject_url_defaults(self, endpoint: str, values: dict[str, t.Any]) -> None: ...
    def handle_url_build_error(
        self, error: BuildError, endpoint: str, values: dict[str, t.Any]
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
    **values: t.Any,
) -> str:
    """Build the URL of an endpoint.

    :param endpoint: name of the view; with a leading dot, of the current blueprint.
    :param _anchor: becomes ``#anchor``.
    :param _method: of several rules of the endpoint, one that takes this HTTP method.
    :param _scheme: the scheme of an external URL; makes the URL external.
    :param _external: with scheme and host. By default inside a request: no; outside: yes,
        which needs ``SERVER_NAME``.
    :param values: the rule's dynamic parts; others go to the query string.
    :raises werkzeug.routing.BuildError: no rule fits; the ``url_build_error_handlers`` have
        been asked.
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
    """Return what builds URLs here, and the full endpoint."""
    context = _cv_request.get(None)
    adapter: MapAdapter | None
    if context is None:
        around = _cv_app.get(None)
        adapter = app.create_url_adapter(None) if around is None else around.url_adapter
    else:
        adapter = context._find_adapter()
        endpoint = context._full_endpoint(endpoint)
    if adapter is None:
        raise RuntimeError(
            "Unable to build URLs outside an active request without 'SERVER_NAME' configured."
            " Also configure 'APPLICATION_ROOT' and 'PREFERRED_URL_SCHEME' as needed."
        )
    return adapter, endpoint
