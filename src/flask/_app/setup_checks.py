"""Checks of set-up: the decorator of set-up methods, and the arguments of routes.

The texts of the errors are in ``setup_errors``, which is imported when an error is created.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterable
from functools import update_wrapper
from types import FunctionType

from ..config import DEFAULT_CONFIG

Function = t.TypeVar("Function", bound=Callable[..., object])

_RULE = '"/..."'
_ARGUMENTS: dict[str, str] = {
    **dict.fromkeys(("route", "get", "post", "put", "patch", "delete", "websocket"), _RULE),
    **dict.fromkeys(("errorhandler", "app_errorhandler"), "404"),
    "endpoint": '"..."',
}
"""Decorators that need an argument, and an example of one."""

_FUNCTIONS_ONLY = frozenset(
    {
        *("before_request", "after_request", "teardown_request", "context_processor"),
        *("before_app_request", "after_app_request", "teardown_app_request"),
        *("app_context_processor", "url_value_preprocessor", "app_url_value_preprocessor"),
        *("url_defaults", "app_url_defaults", "shell_context_processor", "teardown_appcontext"),
        *("before_serving", "after_serving", "while_serving"),
        *("before_websocket", "after_websocket", "teardown_websocket"),
        *("before_app_websocket", "after_app_websocket", "teardown_app_websocket"),
    }
)
"""Decorators that take only the function."""


class _SetUp(t.Protocol):
    def _check_setup_finished(self, f_name: str) -> None: ...


def setupmethod(method: Function) -> Function:
    """Raise an error if a method is called after setup.

    See ``_check_setup_finished``. Also raise an error for a decorator that needs an argument and is
    used without parentheses, and for a hook that is not a function.
    """
    name = method.__name__
    example = _ARGUMENTS.get(name)
    needs_function = name in _FUNCTIONS_ONLY

    def checked(self: _SetUp, *args: object, **kwargs: object) -> object:
        try:
            self._check_setup_finished(name)
        except AssertionError as error:
            from .setup_errors import note_for_late_setup

            error.add_note(note_for_late_setup(name, args))
            raise
        if not kwargs:
            if example is not None and len(args) < 2:
                _need_argument(self, name, example, args)
            elif needs_function and not (args and callable(args[0])):
                _need_function(self, name, args)
        return method(self, *args, **kwargs)

    return t.cast("Function", update_wrapper(checked, method))


def _need_argument(owner: object, name: str, example: str, args: tuple[object, ...]) -> None:
    """Raise ``TypeError`` for a decorator that got the decorated function, or no argument."""
    if args and not isinstance(args[0], type | FunctionType):
        return
    from .setup_errors import explain_missing_argument, explain_missing_parentheses

    short = _short_name(owner)
    text: str | None
    if args:
        text = explain_missing_parentheses(short, name, example, args[0])
    else:
        text = explain_missing_argument(short, name, example)
    if text is not None:
        raise TypeError(text)


def _need_function(owner: object, name: str, args: tuple[object, ...]) -> t.NoReturn:
    """Raise ``TypeError`` for a hook without a function."""
    from .setup_errors import explain_no_function, explain_parentheses

    short = _short_name(owner)
    raise TypeError(
        explain_no_function(short, name, args[0]) if args else explain_parentheses(short, name)
    )


def _short_name(owner: object) -> str:
    """Return the name of a blueprint or an application in examples."""
    return "bp" if hasattr(owner, "deferred_functions") else "app"


def check_route(rule: object, endpoint: object, view: object) -> None:
    """Raise an error if an endpoint or a view is missing or of a wrong kind.

    :param rule: the path.
    :param endpoint: the endpoint, or ``None``.
    :param view: the view, or ``None``.
    """
    # COMPAT: official Flask registers a class, too. The request explains it.
    if callable(endpoint) or (not callable(view) and not (view is None and endpoint is not None)):
        from . import setup_errors

        setup_errors.check_route(rule, endpoint, view)


def check_blueprint(blueprint: object) -> None:
    """Raise ``TypeError`` if ``register_blueprint`` got something else, such as a module.

    :param blueprint: the argument.
    """
    if not hasattr(blueprint, "register") or isinstance(blueprint, type):
        from .setup_errors import explain_no_blueprint

        raise TypeError(explain_no_blueprint(blueprint))


def check_endpoint(endpoint: str, known: object, view: object) -> None:
    """Raise ``AssertionError`` if an endpoint has another view already.

    :param endpoint: the endpoint.
    :param known: its view, or ``None``.
    :param view: the new view.
    """
    if known is not None and known != view:
        from .setup_errors import explain_second_view

        raise AssertionError(explain_second_view(endpoint, known, view))


def log_ignored_keys(app: t.Any) -> None:
    """In debug mode, log settings that have the name of a built-in one, but not in upper case.

    :param app: an application that is about to serve.
    """
    config = app.config
    if config.get("DEBUG"):
        for key in config:
            if isinstance(key, str) and not key.isupper() and key.upper() in DEFAULT_CONFIG:
                app._log(
                    "warning",
                    f"The setting {key!r} has no effect, because the keys of the configuration are"
                    f" in upper case. Write app.config[{key.upper()!r}].",
                )


def to_method_names(given: Iterable[str]) -> set[str]:
    """Return HTTP methods in upper case. Raise ``TypeError`` for a string."""
    if isinstance(given, str):
        raise TypeError(
            "Allowed methods must be a list of strings, for example:"
            ' @app.route(..., methods=["POST"])'
        )
    return {method.upper() for method in given}


def note_rule(
    error: LookupError | ValueError, rule: str, view: object, converters: Iterable[str]
) -> None:
    """Add a note to the error for a path that is not valid.

    The parameters are those of ``setup_errors.note_for_rule``.
    """
    from .setup_errors import note_for_rule

    error.add_note(note_for_rule(error, rule, view, converters))
