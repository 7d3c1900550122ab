"""Chooses the executor of a request: a greenlet on the loop, or a worker thread.

The view is looked up in the routing table before the lifecycle runs, without side effects. A wrong
choice gives the same response, only slower: an async view in a thread is awaited on the loop.
A synchronous view runs on the loop only with ``blocking=False``. A synchronous wrapper around an
async view is synchronous, because it may start its own event loop.
"""

from __future__ import annotations

import inspect
import typing as t
from contextvars import Context

from .._core.awaitables import is_async_callable
from .._core.current import _cv_request
from ..typing import AnyApp
from ..views import MethodView

if t.TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


def may_block(app: AnyApp, environ: WSGIEnvironment) -> bool:
    """Return whether a request may block its thread, so that it must not run on the loop."""
    fast = app._fast_paths
    if not (fast.sync and fast.routing):
        if fast.is_computed:
            return True  # a subclass overrides how functions are awaited or how routing works
        app._compute_fast_paths()
        return may_block(app, environ)
    method = environ["REQUEST_METHOD"]
    rule, _ = app.url_map.table.match(environ["PATH_INFO"], method, False)
    if rule is None:
        if app.url_map.is_table_filled:
            return True  # 404, 405, redirects, hosts: hooks and error handlers may block
        app.url_map.fill_table()
        return may_block(app, environ)
    return rule_may_block(app, rule, method)


def rule_may_block(app: AnyApp, rule: t.Any, method: str) -> bool:
    """Return whether the view of a rule may block its thread.

    The application must not override how views are looked up and made synchronous.

    :param app: the application.
    :param rule: the rule that matched.
    :param method: the HTTP method of the request.
    """
    view = app.view_functions.get(rule.endpoint)
    blocking: bool | None = getattr(rule, "blocking", None)
    return blocks(view, method) if blocking is None else blocking


def blocks(view: object, method: str = "GET") -> bool:
    """Return whether a view may block the thread that it runs in.

    :param view: a view function, a WebSocket handler, or a background task.
    :param method: the HTTP method of the request, for a class-based view.
    """
    blocking: bool | None = getattr(view, "blocking", None)
    if blocking is not None:
        return blocking
    kind: type | None = getattr(view, "view_class", None)
    if kind is not None and getattr(view, "undecorated", None) is view:  # no decorator wraps it
        view = _find_method(kind, method)
    return not is_async_callable(view)


def _find_method(kind: type, method: str) -> object:
    """Return the function of a class-based view that handles an HTTP method."""
    dispatch = getattr(kind, "dispatch_request", None)
    if dispatch is not MethodView.dispatch_request:
        return dispatch
    found = getattr(kind, method.lower(), None)
    return getattr(kind, "get", None) if found is None and method == "HEAD" else found


def may_cancel(context: Context) -> bool:
    """Return whether a disconnect cancels the request that is current in a context.

    A synchronous view is never cancelled. For an async view the option of the rule applies, or else
    ``CANCEL_ON_DISCONNECT``. Called only when a client disconnects.

    :param context: the `contextvars` context in which the request runs.
    """
    current = context.get(_cv_request)
    if current is None:  # another application, or the end of the request
        return False
    request = current._request
    rule = current._url_rule if request is None else request.url_rule
    if rule is None:
        return False
    method: str = current._known["REQUEST_METHOD"]
    view = current.app.view_functions.get(rule.endpoint)
    kind = getattr(view, "view_class", None)
    # A synchronous decorator that waits for an async view waits for what the view awaits.
    view = view if kind is None else _find_method(kind, method)
    if not is_async_callable(inspect.unwrap(view) if callable(view) else view):
        return False
    wanted: bool | None = getattr(rule, "cancel_on_disconnect", None)
    return bool(current.app.config["CANCEL_ON_DISCONNECT"] if wanted is None else wanted)
