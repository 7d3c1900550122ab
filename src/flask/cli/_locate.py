"""Find the application that the command line was told to use.

What a user may write, and how it is read::

    hello             module; the application or factory in it is found by its usual name
    hello:name        module, and the name of the application or factory in it
    hello:make("x")   module, and a call of a factory whose arguments are literals
    path/to/hello.py  the same three with a file's path instead of a module's name

This file imports modules and calls factories, and changes ``sys.path`` so that it can. It never
reads an environment variable and never prints.
"""

from __future__ import annotations

import ast
import inspect
import os
import re
import sys
import traceback
import typing as t
from collections.abc import Callable, Sequence
from types import FunctionType, ModuleType, TracebackType

import click

from .._app.base import App
from .._core.awaitables import wait_if_awaitable

APP_NAMES = ("app", "application")
"""Where an application is looked for in a module, in this order, before all its other names."""

FACTORY_NAMES = ("create_app", "make_app")
"""Where a factory is looked for in a module that has no application, in this order."""


class NoAppException(click.UsageError):
    """No application was found, or the one that was found cannot be used.

    A usage error: the command line shows its message without a traceback and exits with status 2.
    """


def find_best_app(module: ModuleType) -> App:
    """Find the application in a module by the usual names.

    Looked for in this order: `APP_NAMES`; the module's only application under any name; what
    `FACTORY_NAMES` return when they are called without arguments.

    :raises NoAppException: there is none, there are several, or a factory needs arguments.
    """
    for name in APP_NAMES:
        app = getattr(module, name, None)
        if isinstance(app, App):
            return app

    apps = [value for value in vars(module).values() if isinstance(value, App)]
    if len(apps) == 1:
        return apps[0]
    if apps:
        raise NoAppException(
            f"Detected multiple Flask applications in module {module.__name__!r}."
            f" Use '{module.__name__}:name' to specify the correct one."
        )

    for name in FACTORY_NAMES:
        factory = getattr(module, name, None)
        if not inspect.isfunction(factory):
            continue
        app = _call_factory(
            factory,
            f"Detected factory {name!r} in module {module.__name__!r}, but could not call it"
            f" without arguments. Use '{module.__name__}:{name}(args)' to specify arguments.",
        )
        if isinstance(app, App):
            return app

    raise NoAppException(
        f"Failed to find Flask application or factory in module {module.__name__!r}."
        f" Use '{module.__name__}:name' to specify one."
    )


def find_app_by_string(module: ModuleType, app_name: str) -> App:
    """Find the application that ``app_name`` names in a module.

    :param app_name: a name, or the call of a factory; its arguments must be literals, because this
        text comes from an environment variable or a file and must not be able to run code.
    :raises NoAppException: the text cannot be read, nothing has that name, the factory does not
        take those arguments, or what was found is no application.
    """
    name, args, kwargs = _read_reference(app_name)
    try:
        found = getattr(module, name)
    except AttributeError as error:
        raise NoAppException(
            f"Failed to find attribute {name!r} in {module.__name__!r}."
        ) from error

    if inspect.isfunction(found):
        found = _call_factory(
            found,
            f"The factory {app_name!r} in module {module.__name__!r} could not be called with the"
            " specified arguments.",
            args,
            kwargs,
        )
    if isinstance(found, App):
        return found
    raise NoAppException(
        f"A valid Flask application was not obtained from '{module.__name__}:{app_name}'."
    )


def _read_reference(text: str) -> tuple[str, list[t.Any], dict[str, t.Any]]:
    """Read ``name`` or ``name(literal, key=literal)`` into name, arguments, keyword arguments."""
    try:
        expression = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError):  # ValueError: a null byte, before CPython 3.11.4
        expression = None

    if isinstance(expression, ast.Name):
        return expression.id, [], {}
    if not isinstance(expression, ast.Call):
        raise NoAppException(f"Failed to parse {text!r} as an attribute name or function call.")
    if not isinstance(expression.func, ast.Name):
        raise NoAppException(f"Function reference must be a simple name: {text!r}.")

    args, kwargs = [], {}
    try:
        for argument in expression.args:
            args.append(ast.literal_eval(argument))
        for keyword in expression.keywords:
            if keyword.arg is None:
                raise ValueError("** cannot be told apart from a call")
            kwargs[keyword.arg] = ast.literal_eval(keyword.value)
    except (ValueError, TypeError):  # TypeError: an unhashable key or set member
        raise NoAppException(f"Failed to parse arguments as literal values: {text!r}.") from None
    return expression.func.id, args, kwargs


def _call_factory(
    factory: FunctionType,
    if_refused: str,
    args: Sequence[t.Any] = (),
    kwargs: dict[str, t.Any] | None = None,
) -> t.Any:
    """Call a factory; if it does not accept the arguments, raise an error with ``if_refused``.

    An ``async def`` factory runs to its end.

    A ``TypeError`` that the factory's own code raises is a fault in that code and passes through.
    """
    try:
        made = factory(*args, **(kwargs or {}))
    except TypeError as error:
        if _was_entered(factory, error.__traceback__):
            raise
        raise NoAppException(if_refused) from error
    return wait_if_awaitable(made)


def _was_entered(function: Callable[..., t.Any], trace: TracebackType | None) -> bool:
    """Tell whether a traceback passes through a function's body."""
    code = function.__code__ if isinstance(function, FunctionType) else None
    return any(frame.f_code is code for frame, _ in traceback.walk_tb(trace))


def split_import_path(text: str) -> tuple[str, str | None]:
    """Split ``module:name`` into its two parts.

    ``None`` if there is no ``:name``.

    The colon of a Windows drive (``C:\app.py``, ``C:/app.py``) is part of the path.
    """
    path, *name = re.split(r":(?![\\/])", text, maxsplit=1)
    return path, name[0] if name else None


def prepare_import(path: str) -> str:
    """Make a file or module importable and return the name to import it by.

    The directory above the top package of the target is put in front of ``sys.path``: its own
    directory for a plain module.

    :param path: a module's dotted name, taken to lie in the current directory, or a file's or
        package's path, with or without ``.py``.
    """
    target = os.path.realpath(path)
    stem, extension = os.path.splitext(target)
    if extension == ".py":
        target = stem
    if os.path.basename(target) == "__init__":
        target = os.path.dirname(target)

    directory, name = os.path.split(target)
    names = [name]
    while os.path.exists(os.path.join(directory, "__init__.py")):
        directory, name = os.path.split(directory)
        names.insert(0, name)

    if sys.path[0] != directory:
        sys.path.insert(0, directory)
    return ".".join(names)


def locate_app(
    module_name: str, app_name: str | None, raise_if_not_found: bool = True
) -> App | None:
    """Import a module and find the application in it.

    :param app_name: read by `find_app_by_string`; ``None`` leaves it to `find_best_app`.
    :param raise_if_not_found: with ``False``, ``None`` is returned if there is no such module. A
        module that exists and cannot be imported is an error in any case.
    :raises NoAppException: there is no such module, an import inside it failed (the message holds
        the traceback), or it holds no usable application.
    """
    try:
        if not module_name:
            raise ModuleNotFoundError
        __import__(module_name)
    except ImportError as error:
        inner = error.__traceback__.tb_next if error.__traceback__ else None
        # Python cuts its own frames out of the traceback of a failed import. If none is left
        # below this one, the module itself is missing; else some code ran and failed to import.
        if inner is not None or not isinstance(error, ModuleNotFoundError):
            report = "".join(traceback.format_exception(type(error), error, inner))
            raise NoAppException(
                f"While importing {module_name!r}, an ImportError was raised:\n\n{report}"
            ) from None
        if raise_if_not_found:
            raise NoAppException(f"Could not import {module_name!r}.") from None
        return None

    module = sys.modules[module_name]
    return find_best_app(module) if app_name is None else find_app_by_string(module, app_name)
