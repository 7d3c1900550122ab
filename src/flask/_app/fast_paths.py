"""Computes which fast paths an application allows; see ``_core.fast_paths``."""

from __future__ import annotations

import typing as t

from .._core.baseline import Baseline, ClassGuard
from .._core.fast_paths import FastPaths
from .._http.headers import content_type_of
from .._http.response import Response as BaseResponse
from .._routing.map import Map
from ..wrappers import Request, Response

STEPS: t.Final = (
    "do_teardown_appcontext",
    "do_teardown_request",
    "finalize_request",
    "preprocess_request",
    "process_response",
)
"""The steps of a request that do nothing if there are no hooks."""

METHODS: t.Final = (
    *STEPS,
    *("app_context", "async_to_sync", "create_url_adapter", "dispatch_request", "ensure_sync"),
    *("inject_url_defaults", "request_context", "url_for", "wsgi_app"),
)
"""The methods of an application that a fast path leaves out."""

ATTRIBUTES: t.Final = frozenset(
    {
        *METHODS,
        *("request_class", "response_class", "session_interface", "subdomain_matching", "url_map"),
    }
)
"""The attributes of an application on which fast paths depend."""

_CREATING = ("__init__", "__new__", "blueprints", "close", "endpoint", "routing_exception")
_REQUEST = Baseline(Request, *_CREATING, "trusted_hosts", "url_rule")


def compute_fast_paths(app: t.Any, base: type, methods: Baseline) -> FastPaths:
    """Examine an application and its classes.

    :param app: the application.
    :param base: the class that defines `METHODS`.
    :param methods: these methods, unmodified.
    """
    request_class = app.request_class if _is_class(app.request_class, Request) else None
    response_class = app.response_class if _is_class(app.response_class, Response) else None
    is_request_unmodified = (
        request_class is not None
        and not request_class._assigned
        and _REQUEST.unchanged(request_class)
    )
    # First: a change that comes in the meantime is noticed by the next request.
    guard = ClassGuard((type(app), base), (response_class or BaseResponse, BaseResponse))
    if response_class is not None and not response_class._detect_overrides():
        response_class = None
    media_type = "" if response_class is None else response_class.default_mimetype
    routing = (
        methods.unchanged(app, "create_url_adapter")
        and not app.subdomain_matching
        and isinstance(app.url_map, Map)
    )
    sync = methods.unchanged(app, "ensure_sync", "async_to_sync")
    sessions: bool = getattr(app.session_interface, "opens_on_demand", False)
    return FastPaths(
        is_computed=True,
        routing=routing,
        contexts=methods.unchanged(app, "app_context"),
        dispatch=methods.unchanged(app, "dispatch_request"),
        steps=(
            methods.unchanged(app, *STEPS)
            and request_class is not None
            and _REQUEST.unchanged(request_class, "close")
        ),
        sync=sync,
        urls=methods.unchanged(app, "inject_url_defaults", "url_for"),
        scopes=(
            methods.unchanged(app, "request_context", "wsgi_app")
            and routing
            and sync
            and sessions
            and is_request_unmodified
        ),
        sessions=sessions,
        request_class=request_class if is_request_unmodified else None,
        response_class=response_class,
        text_type=content_type_of(media_type or ""),
        guard=guard,
        **_compare_by_number(guard),
    )


def _compare_by_number(guard: ClassGuard) -> dict[str, t.Any]:
    """Return what a request compares, for the usual case: one class of each kind."""
    if not guard.is_simple or len(guard.members) > 2:
        return {}
    app_members, response_members = (*guard.members, {})[:2]
    return {
        "app_members": app_members,
        "response_members": response_members,
        "size": guard.size,
    }


def _is_class(kind: object, base: type) -> bool:
    return isinstance(kind, type) and issubclass(kind, base)  # a test may assign a mock
