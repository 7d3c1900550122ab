"""The texts of errors for mistakes in set-up: which function, where it is, and what to write.

This module is imported when such an error is created.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable
from types import FunctionType, ModuleType

from .._core.user_code import (
    describe,
    find_caller,
    find_code,
    find_wrapped,
    locate,
    suggest,
    unwrap,
)


def explain_missing_parentheses(owner: str, name: str, example: str, given: object) -> str | None:
    """Return the text for a decorator that got the function instead of its argument.

    ``None`` if the argument is not such a mistake.

    :param owner: ``"app"`` or ``"bp"``.
    :param name: the name of the decorator.
    :param example: an argument of the decorator, as source code.
    :param given: the argument.
    """
    if isinstance(given, type):
        if name.endswith("errorhandler"):
            return None  # it accepts exception classes, and explains other mistakes itself
        where = f"{given.__module__}.{given.__qualname__}"
    elif isinstance(given, FunctionType):
        where = f"{given.__qualname__}() in {locate(given.__code__)}"
    else:
        return None
    return (
        f"The decorator {name!r} needs an argument, but decorates {where}, without parentheses."
        f" Write it as in '@{owner}.{name}({example})'."
    )


def explain_missing_argument(owner: str, name: str, example: str) -> str:
    """Return the text for a decorator with empty parentheses that needs an argument.

    The parameters are those of `explain_missing_parentheses`.
    """
    return (
        f"The decorator {name!r} needs an argument, but is used with empty parentheses in"
        f" {find_caller()}. Write it as in '@{owner}.{name}({example})'."
    )


def explain_parentheses(owner: str, name: str) -> str:
    """Return the text for a decorator with parentheses that takes only the function.

    :param owner: ``"app"`` or ``"bp"``.
    :param name: the name of the decorator.
    """
    return (
        f"The decorator {name!r} takes no arguments, but is used with parentheses in"
        f" {find_caller()}. Remove them: write '@{owner}.{name}' in the line before the function."
    )


def explain_no_function(owner: str, name: str, given: object) -> str:
    """Return the text for a hook that is not a function.

    :param owner: ``"app"`` or ``"bp"``.
    :param name: the name of the decorator.
    :param given: what was passed instead.
    """
    hint = ""
    if given is None:
        hint = (
            " Pass the function itself, without calling it. If another decorator is below this one,"
            " it must return a function."
        )
    return (
        f"{name!r} needs a function, but got {_name_value(given)} in {find_caller()}. Write"
        f" '@{owner}.{name}' in the line before the function.{hint}"
    )


def note_for_late_setup(name: str, args: tuple[object, ...]) -> str:
    """Return the note for set-up after the first request: the function, or the line of the call.

    :param name: the name of the method.
    :param args: the arguments of the call.
    """
    given = args[0] if args else None
    what = f", for {describe(given)}" if find_code(given) is not None else ""
    return (
        f"'{name}' was called in {find_caller()}{what}. Call it where the module is imported or in"
        " the factory, not in a view and not after a request of a test client."
    )


def check_route(rule: object, endpoint: object, view: object) -> None:
    """Raise the error for arguments of ``add_url_rule``, or return if they are valid.

    :param rule: the path.
    :param endpoint: the endpoint, or ``None``.
    :param view: the view, or ``None``.
    :raises AssertionError: both are missing.
    :raises TypeError: one of them is of a wrong kind.
    """
    if endpoint is None and view is None:
        raise AssertionError(
            f"expected view func if endpoint is not provided. The route {rule!r} in"
            f" {find_caller()} has no view. Pass view_func=..., or write '@app.route(...)' above"
            " the function. A decorator between them must return a function, and not None."
        )
    if isinstance(endpoint, FunctionType | type) and view is None:
        kind = describe(endpoint)
        correct = _correct_view(endpoint)
        raise TypeError(
            f"add_url_rule({rule!r}, ...) in {find_caller()} got {kind} as its second argument,"
            f" which is the name of the endpoint. Write add_url_rule({rule!r},"
            f" view_func={correct})."
        )
    if view is not None and not callable(view):
        raise TypeError(
            f"The route {rule!r} in {find_caller()} has {_name_value(view)} as its view, which"
            " cannot be called. Pass the function itself, without parentheses, as in"
            " 'view_func=index'. If another decorator is below '@app.route(...)', it must return a"
            " function."
        )


def _correct_view(view: object) -> str:
    name = getattr(view, "__name__", "index")
    return f'{name}.as_view("{name.lower()}")' if hasattr(view, "as_view") else name


def explain_second_view(endpoint: str, known: object, view: object) -> str:
    """Return the text for an endpoint that gets a second view, with the places of both.

    :param endpoint: the endpoint.
    :param known: its view.
    :param view: the second view.
    """
    text = (
        f"View function mapping is overwriting an existing endpoint function: {endpoint}\nThe"
        f" endpoint {endpoint!r} belongs to {describe(known)}. "
    )
    code = find_code(unwrap(known))
    is_class = hasattr(known, "view_class") or hasattr(view, "view_class")
    if code is not None and code is find_code(unwrap(view)) and not is_class:
        wrapped = [describe(find_wrapped(each)) for each in (known, view) if find_wrapped(each)]
        between = f", once for {wrapped[0]}, once for {wrapped[1]}" if len(wrapped) == 2 else ""
        return (
            f"{text}A decorator returned this function twice{between}. Every view that it decorates"
            f" has the name {code.co_name!r}. Write '@functools.wraps(f)' above 'def"
            f" {code.co_name}' in the decorator, so that each view keeps its own name."
        )
    return (
        f"{text}The second view is {describe(view)}. Rename one of the two functions, or give the"
        f' second route another name: endpoint="{endpoint.rpartition(".")[2]}_2".'
    )


def explain_no_blueprint(given: t.Any) -> str:
    """Return the text for ``register_blueprint`` with something else than a blueprint.

    :param given: what was passed.
    """
    hint = " Pass the Blueprint object itself."
    if isinstance(given, ModuleType):
        names = [name for name, value in vars(given).items() if is_blueprint(value)]
        module = given.__name__.rpartition(".")[2]
        if names:
            hint = f" It contains a blueprint: write register_blueprint({module}.{names[0]})."
        else:
            hint = " It contains no blueprint; write in it, for example:"
            hint += f' bp = Blueprint("{module}", __name__)'
    return (
        f"register_blueprint() in {find_caller()} needs a blueprint, but got"
        f" {_name_value(given)}.{hint}"
    )


def note_for_rule(
    error: LookupError | ValueError, rule: str, view: object, converters: Iterable[str]
) -> str:
    """Return the note for a path that is not valid.

    :param error: Werkzeug's error.
    :param rule: the path.
    :param view: the view of the route, or ``None``.
    :param converters: the names of the converters.
    """
    what = f", for {describe(view)}," if view is not None else ""
    text = f"The path {rule!r} of the route{what} is not valid."
    if isinstance(error, LookupError):
        wrong = str(error).partition("'")[2].partition("'")[0]
        known = ", ".join(repr(name) for name in sorted(converters))
        return f"{text} The converters are {known}.{suggest(wrong, converters)}"
    if not rule.startswith("/"):
        return f"{text} Write '/{rule}'."
    return f"{text} Write variable parts as in '/user/<name>' or '/post/<int:post_id>'."


def is_blueprint(value: object) -> bool:
    """Return whether a value is a blueprint."""
    return not isinstance(value, type) and hasattr(value, "deferred_functions")


def _name_value(value: object) -> str:
    """Return a short text for a value that is not a function."""
    if isinstance(value, ModuleType):
        return f"the module {value.__name__!r}"
    if value is None:
        return "None"
    text = repr(value)
    kind = type(value).__name__
    return f"{text} ({kind})" if len(text) <= 60 else f"an object of the class {kind}"
