"""JSON as the current application reads and writes it.

These functions have the interface of the standard library's ``json`` module and follow
``current_app.json``; outside an application context they are the library's own, with the same
additional types.
"""

from __future__ import annotations

import json as _json
import typing as t

from werkzeug.wrappers import Response

from .._current import NO_APP_MESSAGE, _cv_app
from .provider import JSONProvider, _default

__all__ = ["dump", "dumps", "jsonify", "load", "loads"]


def _provider() -> JSONProvider | None:
    context = _cv_app.get(None)
    return None if context is None else t.cast("JSONProvider", context.app.json)


def dumps(obj: t.Any, **kwargs: t.Any) -> str:
    """Return the JSON text of an object, as ``json.dumps``.

    :param kwargs: passed on to the current application's provider, or to ``json.dumps``.
    """
    provider = _provider()
    if provider is not None:
        return provider.dumps(obj, **kwargs)
    return _json.dumps(obj, **{"default": _default, **kwargs})


def dump(obj: t.Any, fp: t.IO[str], **kwargs: t.Any) -> None:
    """Write the JSON text of an object to an open text file, as ``json.dump``."""
    provider = _provider()
    if provider is not None:
        provider.dump(obj, fp, **kwargs)
    else:
        _json.dump(obj, fp, **{"default": _default, **kwargs})


def loads(s: str | bytes, **kwargs: t.Any) -> t.Any:
    """Return the object that a JSON text stands for, as ``json.loads``.

    :raises ValueError: the text is no JSON.
    """
    provider = _provider()
    return _json.loads(s, **kwargs) if provider is None else provider.loads(s, **kwargs)


def load(fp: t.IO[t.AnyStr], **kwargs: t.Any) -> t.Any:
    """Return the object that the JSON text in an open file stands for, as ``json.load``."""
    provider = _provider()
    return _json.load(fp, **kwargs) if provider is None else provider.load(fp, **kwargs)


def jsonify(*args: t.Any, **kwargs: t.Any) -> Response:
    """Return a JSON response made from the arguments.

    ``jsonify(name="Ann")`` and ``jsonify({"name": "Ann"})`` are the same; several positional
    arguments make a list. A view may as well return a dict or a list itself.

    :raises RuntimeError: no application context is active.
    :raises TypeError: positional and keyword arguments are mixed.
    """
    provider = _provider()
    if provider is None:
        raise RuntimeError(NO_APP_MESSAGE)
    return provider.response(*args, **kwargs)
