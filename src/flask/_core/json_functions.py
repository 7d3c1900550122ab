"""The functions of ``flask.json``: JSON as the current application reads and writes it.

They use ``current_app.json``. Outside an application context they use the standard library, with
the same additional types.
"""

from __future__ import annotations

import dataclasses
import json as _json
import sys
import typing as t
from datetime import date
from typing import IO, AnyStr
from uuid import UUID

from werkzeug.http import http_date

from .current import get_request_context, get_set_app_context

Json: t.TypeAlias = t.Any
"""A value that JSON can represent, or one that the provider converts.

It is `Any`: the reader of a text knows its structure, and a provider may accept other types."""


class _Provider(t.Protocol):
    def dumps(self, obj: Json, **kwargs: Json) -> str: ...
    def dump(self, obj: Json, fp: t.IO[str], **kwargs: Json) -> None: ...
    def loads(self, s: str | bytes, **kwargs: Json) -> Json: ...
    def load(self, fp: IO[AnyStr], **kwargs: Json) -> Json: ...


def _default(o: object) -> Json:
    """Convert an object that JSON does not support to one that it does.

    :raises TypeError: the type is not supported.
    """
    if isinstance(o, date):
        return http_date(o)
    from decimal import Decimal  # 1 ms, which most applications do not need

    if isinstance(o, Decimal | UUID):
        return str(o)
    if dataclasses.is_dataclass(o):
        return dataclasses.asdict(o)  # type: ignore[arg-type]
    html = getattr(o, "__html__", None)
    if html is not None:
        return str(html())
    raise TypeError(f"Object of type {type(o).__name__} is not JSON serializable")


def _provider() -> _Provider | None:
    context = get_set_app_context(None) or get_request_context(None)
    provider: _Provider | None = None if context is None else context.app.json
    return provider


def dumps(obj: Json, **kwargs: Json) -> str:
    """Return the JSON text of an object, as ``json.dumps`` does.

    :param kwargs: passed to the current application's provider, or to ``json.dumps``.
    """
    provider = _provider()
    if provider is not None:
        return provider.dumps(obj, **kwargs)
    return _json.dumps(obj, **{"default": _default, **kwargs})


def dump(obj: Json, fp: t.IO[str], **kwargs: Json) -> None:
    """Write the JSON text of an object to an open file, as ``json.dump`` does."""
    provider = _provider()
    if provider is not None:
        provider.dump(obj, fp, **kwargs)
    else:
        _json.dump(obj, fp, **{"default": _default, **kwargs})


def loads(s: str | bytes, **kwargs: Json) -> Json:
    """Parse a JSON text, as ``json.loads`` does.

    :raises ValueError: the text is not valid JSON.
    """
    provider = _provider()
    return _json.loads(s, **kwargs) if provider is None else provider.loads(s, **kwargs)


def load(fp: IO[AnyStr], **kwargs: Json) -> Json:
    """Parse the JSON text in an open file, as ``json.load`` does."""
    provider = _provider()
    return _json.load(fp, **kwargs) if provider is None else provider.load(fp, **kwargs)


_PUBLIC_MODULE: t.Final = "flask.json"


class _HasJsonModule(t.Protocol):
    _json_module: object


class JsonModule:
    """The JSON module of a request: its attribute ``json_module``.

    As in official Flask, it is ``app.json`` if an application is current, and ``flask.json`` if it
    is read on the class. A value that is set on the request takes precedence.
    """

    def __get__(self, instance: _HasJsonModule | None, owner: type | None = None) -> Json:
        if instance is not None:
            module = instance._json_module or _provider()
            if module is not None:
                return module
        return sys.modules.get(_PUBLIC_MODULE, sys.modules[__name__])

    def __set__(self, instance: _HasJsonModule, value: object) -> None:
        instance._json_module = value

    def __delete__(self, instance: _HasJsonModule) -> None:
        instance._json_module = None
