"""Computes which fast paths an application allows; see ``_http.fast_paths``."""

from __future__ import annotations

import typing as t

from .._core.baseline import Baseline, ClassGuard
from .._http.fast_paths import FastPaths
from .._http.headers import content_type_of
from .._http.request import Request as RequestImplementation
from .._http.response import Response as ResponseImplementation
from .._routing.map import Map

STEPS: t.Final = (
    "do_teardown_appcontext",
    "do_teardown_request",
    "finalize_request",
    "preprocess_request",
    "process_response",
)
"""The steps of a request that do nothing if there are no hooks."""

ERROR_STEPS: t.Final = (
    *("_describe", "_find_error_handler", "dispatch_request", "handle_http_exception"),
    *("handle_user_exception", "make_response", "raise_routing_exception", "trap_http_exception"),
)
"""The steps from an error of routing to its response."""

METHODS: t.Final = (
    *STEPS,
    *ERROR_STEPS,
    *("app_context", "async_to_sync", "create_url_adapter", "debug", "ensure_sync"),
    *("inject_url_defaults", "request_context", "url_for", "wsgi_app"),
)
"""The methods of an application, and a property, that a fast path leaves out."""

ATTRIBUTES: t.Final = frozenset(
    {
        *METHODS,
        *("request_class", "response_class", "session_interface", "subdomain_matching", "url_map"),
        *("after_request_funcs", "before_request_funcs", "teardown_request_funcs"),
        "url_value_preprocessors",
    }
)
"""The attributes of an application on which fast paths depend."""

_CREATING = ("__init__", "__new__", "blueprints", "close", "endpoint", "routing_exception")
_REQUEST = Baseline(RequestImplementation, *_CREATING, "trusted_hosts", "url_rule")
_READING: t.Final = (
    *("args", "content_type", "cookies", "dict_storage_class", "environ", "get_data", "headers"),
    *("max_content_length", "method", "mimetype", "parameter_storage_class", "query_string"),
    "stream",
)
_INPUTS = Baseline(RequestImplementation, *_READING)


def compute_fast_paths(app: t.Any, base: type, methods: Baseline) -> FastPaths:
    """Examine an application and its classes.

    :param app: the application.
    :param base: the class that defines `METHODS`.
    :param methods: these methods, unmodified.
    """
    request_class = _subclass_or_none(app.request_class, RequestImplementation)
    response_class = _subclass_or_none(app.response_class, ResponseImplementation)
    # Before the examination: a change that comes in the meantime is noticed by the next request.
    guard = ClassGuard(
        (type(app), base),
        (request_class or RequestImplementation, RequestImplementation),
        (response_class or ResponseImplementation, ResponseImplementation),
    )
    if response_class is not None and not response_class._detect_overrides():
        response_class = None
    is_request_unmodified = request_class is not None and _is_unmodified(request_class)
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
        debug=methods.unchanged(app, "debug"),
        dispatch=methods.unchanged(app, "dispatch_request"),
        steps=(
            methods.unchanged(app, *STEPS)
            and request_class is not None
            and _REQUEST.unchanged(request_class, "close", "endpoint", "url_rule")
        ),
        errors=response_class is not None and methods.unchanged(app, *ERROR_STEPS),
        sync=sync,
        urls=methods.unchanged(app, "inject_url_defaults", "url_for"),
        scopes=(
            methods.unchanged(app, "request_context", "wsgi_app")
            and (routing and sync and sessions and is_request_unmodified)
        ),
        inputs=is_request_unmodified and _INPUTS.unchanged(request_class),
        sessions=sessions,
        request_class=request_class if is_request_unmodified else None,
        response_class=response_class,
        text_type=content_type_of(getattr(response_class, "default_mimetype", None) or ""),
        **_compare_by_number(guard),
    )


def _is_unmodified(request_class: type[RequestImplementation]) -> bool:
    """Return whether a request may be created at the first access."""
    request_class._detect_overrides()
    return not request_class._assigned and _REQUEST.unchanged(request_class)


def _compare_by_number(guard: ClassGuard) -> dict[str, t.Any]:
    """Return the guard, and what a request compares if there is one class of each kind."""
    if not guard.is_simple or len(guard.members) != 3:
        return {"guard": guard}
    app_members, request_members, response_members = guard.members
    return {
        "guard": guard,
        "app_members": app_members,
        "request_members": request_members,
        "response_members": response_members,
        "size": guard.size,
    }


def _subclass_or_none(kind: t.Any, base: type) -> t.Any:
    """Return a class if it is one of ours; a test may assign a mock."""
    return kind if isinstance(kind, type) and issubclass(kind, base) else None
