"""Computes which fast paths an application allows; see ``_core.fast_paths``."""

from __future__ import annotations

import typing as t
from operator import attrgetter

from .._core.baseline import Baseline
from .._core.fast_paths import FastPaths
from .._http.headers import content_type_of
from .._http.response import SENDING
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
    *("app_context", "asgi_app", "async_to_sync", "create_url_adapter", "dispatch_request"),
    *("ensure_sync", "inject_url_defaults", "request_context", "url_for", "wsgi_app"),
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

_on_app = attrgetter(*METHODS, "request_class", "response_class", "session_interface")
_on_request = attrgetter(*_CREATING, "trusted_hosts", "url_rule")
_on_response = attrgetter(
    *SENDING,
    *("__new__", "automatically_set_content_length", "autocorrect_location_header"),
    *("default_mimetype", "default_status", "force_type"),
)


def compute_fast_paths(app: t.Any, methods: Baseline) -> FastPaths:
    """Examine an application and its classes.

    :param app: the application.
    :param methods: the unmodified `METHODS`.
    """
    classes = snapshot_classes(app)  # first: a change that comes meanwhile is found by comparing
    request_class = app.request_class if _is_class(app.request_class, Request) else None
    response_class = app.response_class if _is_class(app.response_class, Response) else None
    is_request_unmodified = (
        request_class is not None
        and not request_class._assigned
        and _REQUEST.unchanged(request_class)
    )
    if response_class is not None and not response_class._look_over():
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
        asgi=methods.unchanged(app, "asgi_app"),
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
        classes=classes,
    )


def snapshot_classes(app: t.Any) -> object:
    """Return the members of classes on which the fast paths depend, to compare them later."""
    request_class, response_class = app.request_class, app.response_class
    return (
        _on_app(type(app)),
        _on_request(request_class) if _is_class(request_class, Request) else None,
        _on_response(response_class) if _is_class(response_class, Response) else None,
    )


def _is_class(kind: object, base: type) -> bool:
    return isinstance(kind, type) and issubclass(kind, base)  # a test may assign a mock
