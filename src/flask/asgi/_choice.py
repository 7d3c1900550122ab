"""Which driver runs a request: on the loop, or in a worker thread.

The routing table is asked before the lifecycle runs; that has no side effects. A wrong guess is
still right, only slower: an async view in a thread is awaited on the loop, and a plain view is
never run on the loop unless somebody says that it does not block.
"""

from __future__ import annotations

import inspect
import typing as t

from .._plan import UNDECIDED
from .._routing.table import ROUTE
from ..typing import AnyApp

if t.TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


def may_block(app: AnyApp, environ: WSGIEnvironment) -> bool:
    """Tell whether a request may hold up its thread, so that it must not run on the loop."""
    decided = app._decisions
    if decided is UNDECIDED:
        decided = app.decide()
    if not (decided.plain_sync and decided.routes_by_path):
        return True  # somebody has a way of waiting or of routing of their own
    url_map = app.url_map
    if not url_map.is_table_filled:
        url_map.fill_table()
    method = environ["REQUEST_METHOD"]
    path = environ["PATH_INFO"]
    table = url_map.table
    by_method = table.exact.get(path)
    if by_method is not None:
        leaf = by_method.get(method)
        rule = None if leaf is None else leaf.rule
    else:
        answer = table.find(path, method)
        environ[ROUTE] = (path, table, answer)
        rule = answer[0]
    if rule is None:
        return True  # 404, 405, redirects, hosts: hooks and handlers may block
    endpoint = rule.endpoint
    view = app.view_functions.get(endpoint)
    blocking: bool | None = getattr(rule, "blocking", None)
    if blocking is None:
        if view is not None and decided.awaited_views.get(endpoint) is view:
            return False
        blocking = blocks(view, method)
    return blocking


def blocks(view: t.Any, method: str = "GET") -> bool:
    """Tell whether a view may hold up the thread that it runs in.

    :param view: a function that is routed.
    :param method: of a class-based view, the HTTP method that is asked.
    """
    blocking: bool | None = getattr(view, "blocking", None)
    if blocking is not None:
        return blocking
    kind = getattr(view, "view_class", None)
    if kind is not None:
        view = getattr(kind, method.lower(), None) or kind.dispatch_request
    return not inspect.iscoroutinefunction(inspect.unwrap(view) if callable(view) else view)
