"""JSON as the current application reads and writes it.

These functions have the interface of the standard library's ``json`` module and use
``current_app.json``. Outside an application context they use the standard library, with the same
additional types.
"""

from __future__ import annotations

import typing as t

from .._core.current import NO_APP_MESSAGE, get_request_context, get_set_app_context
from .._core.json_functions import dump, dumps, load, loads
from .._core.reexports import module_getattr
from .._http.json_responses import respond
from ..wrappers import Response

__all__ = ["dump", "dumps", "jsonify", "load", "loads"]

if not t.TYPE_CHECKING:  # to type checkers the module has what it defines
    __getattr__ = module_getattr(__name__)


def jsonify(*args: object, **kwargs: object) -> Response:
    """Return a JSON response with the arguments.

    ``jsonify(name="Ann")`` and ``jsonify({"name": "Ann"})`` are the same. Several positional
    arguments become a list. A view may also return a dict or a list itself.

    :raises RuntimeError: no application context is active.
    :raises TypeError: positional and keyword arguments are mixed.
    """
    context = get_set_app_context(None) or get_request_context(None)
    if context is None:
        raise RuntimeError(NO_APP_MESSAGE)
    app = context.app
    response = None
    if len(args) == 1 and not kwargs:
        response = respond(app, args[0])
    elif kwargs and not args:
        response = respond(app, kwargs)
    return response or app.json.response(*args, **kwargs)  # type: ignore[return-value]
