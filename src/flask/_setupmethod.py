"""The decorator of setup methods of applications and blueprints, and its checks."""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from functools import update_wrapper
from types import FunctionType

Function = t.TypeVar("Function", bound=Callable[..., t.Any])

_RULE = '"/..."'
_ARGUMENTS: dict[str, str] = {
    **dict.fromkeys(("route", "get", "post", "put", "patch", "delete", "websocket"), _RULE),
    **dict.fromkeys(("errorhandler", "app_errorhandler"), "404"),
    "endpoint": '"..."',
}
"""Decorators that need an argument, and an example of one."""


class _SetUp(t.Protocol):
    def _check_setup_finished(self, f_name: str) -> None: ...


def setupmethod(method: Function) -> Function:
    """Raise an error if a method is called after setup.

    See ``_check_setup_finished``. Also raise an error for a decorator that needs an argument and is
    used without parentheses.
    """
    name = method.__name__
    example = _ARGUMENTS.get(name)

    def checked(self: _SetUp, *args: t.Any, **kwargs: t.Any) -> t.Any:
        self._check_setup_finished(name)
        if example is not None and len(args) == 1 and not kwargs:
            _need_parentheses(name, example, args[0])
        return method(self, *args, **kwargs)

    return t.cast("Function", update_wrapper(checked, method))


def _need_parentheses(name: str, example: str, given: t.Any) -> None:
    """Raise ``TypeError`` if a decorator got what it decorates instead of an argument."""
    if isinstance(given, type):
        if name.endswith("errorhandler"):
            return  # it takes classes, and says itself which
        where = f"{given.__module__}.{given.__qualname__}"
    elif isinstance(given, FunctionType):
        code = given.__code__
        where = f"{given.__qualname__}() in {code.co_filename}, line {code.co_firstlineno}"
    else:
        return
    raise TypeError(
        f"The decorator {name!r} needs an argument, but decorates {where}, without parentheses."
        f" Write it as in '@app.{name}({example})'."
    )
