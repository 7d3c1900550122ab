"""Find the application that the user names on the command line.

The user may write::

    hello             a module; the application or factory has a usual name
    hello:name        a module, and the name of the application or factory
    hello:make("x")   a module, and a call of a factory with literals as arguments
    path/to/hello.py  the same three with a file's path instead of a module's name

This module imports modules, calls factories, and changes ``sys.path``. It reads no environment
variables and prints nothing.
"""

from __future__ import annotations

import ast
import inspect
import os
import re
import sys
import traceback
from collections.abc import Sequence
from types import FunctionType, ModuleType, TracebackType

import click

from .._app.base import App
from .._core.awaitables import wait_if_awaitable

APP_NAMES = ("app", "application")
"""The usual names of an application in a module, in the order in which they are tried."""

FACTORY_NAMES = ("create_app", "make_app")
"""The usual names of a factory in a module, in the order in which they are tried."""


class NoAppException(click.UsageError):
    """No application was found, or the one that was found cannot be used.

    It is a usage error: click prints its message without a traceback and exits with status 2.
    """


def find_best_app(module: ModuleType) -> App:
    """Find the application in a module by the usual names.

    The order is: `APP_NAMES`; the module's only application under any name; the results of
    `FACTORY_NAMES`, called without arguments.

    :raises NoAppException: there is none, there are several, or a factory needs arguments.
    """
    for name in APP_NAMES:
        app = getattr(module, name, None)
        if isinstance(app, App):
            return app

    apps = {name: value for name, value in vars(module).items() if isinstance(value, App)}
    if len(apps) == 1:
        return next(iter(apps.values()))
    if apps:
        raise NoAppException(
            f"Detected multiple Flask applications in module {module.__name__!r}."
            f" Use '{module.__name__}:name' to specify the correct one. They are:"
            f" {', '.join(map(repr, apps))}."
        )

    from . import _near_misses

    hint = ""
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
        hint = hint or _near_misses.explain_result(factory, app)

    raise NoAppException(
        f"Failed to find Flask application or factory in module {module.__name__!r}."
        f" Use '{module.__name__}:name' to specify one."
        f"{hint or _near_misses.explain_module(module)}"
    )


def find_app_by_string(module: ModuleType, app_name: str) -> App:
    """Find the application that ``app_name`` names in a module.

    :param app_name: a name, or the call of a factory. Its arguments must be literals, because the
        text may come from an environment variable and must not run other code.
    :raises NoAppException: the text is malformed, there is no such name, the factory does not
        accept
        the arguments, or the object is not an application.
    """
    name, args, kwargs = _read_reference(app_name)
    try:
        found = getattr(module, name)
    except AttributeError as error:
        from ._near_misses import explain_missing_name

        raise NoAppException(
            f"Failed to find attribute {name!r} in {module.__name__!r}."
            f"{explain_missing_name(module, name)}"
        ) from error

    factory = found
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
    from ._near_misses import explain_result

    raise NoAppException(
        f"A valid Flask application was not obtained from '{module.__name__}:{app_name}'."
        f"{explain_result(factory, found)}"
    )


def _read_reference(text: str) -> tuple[str, list[object], dict[str, object]]:
    """Parse ``name`` or ``name(literal, key=literal)``: name, arguments, keyword arguments."""
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
                raise ValueError("** is not a literal")
            kwargs[keyword.arg] = ast.literal_eval(keyword.value)
    except (ValueError, TypeError):  # TypeError: an unhashable key or set member
        raise NoAppException(f"Failed to parse arguments as literal values: {text!r}.") from None
    return expression.func.id, args, kwargs


def _call_factory(
    factory: FunctionType,
    if_refused: str,
    args: Sequence[object] = (),
    kwargs: dict[str, object] | None = None,
) -> object:
    """Call a factory; an ``async def`` factory runs to its end.

    If it does not accept the arguments, `NoAppException` is raised with the text ``if_refused``. A
    ``TypeError`` of the factory's own code is not caught.
    """
    try:
        made = factory(*args, **(kwargs or {}))
    except TypeError as error:
        if _was_entered(factory, error.__traceback__):
            raise
        raise NoAppException(f"{if_refused} It is {_describe_call(factory)}.") from error
    return wait_if_awaitable(made)


def _describe_call(factory: FunctionType) -> str:
    """Return the parameters of a factory, and where it is defined."""
    code = factory.__code__
    empty = inspect.Parameter.empty
    signature = inspect.signature(factory)
    parameters = [each.replace(annotation=empty) for each in signature.parameters.values()]
    signature = signature.replace(parameters=parameters, return_annotation=empty)
    return f"{factory.__name__}{signature} in {code.co_filename}, line {code.co_firstlineno}"


def _was_entered(function: object, trace: TracebackType | None) -> bool:
    """Return whether a traceback contains a frame of a function."""
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

    The directory that contains the module, or its top package, is inserted at the front of
    ``sys.path``.

    :param path: the dotted name of a module in the current directory, or the path of a file or
        package, with or without ``.py``.
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

    :param app_name: an argument for `find_app_by_string`; ``None``: `find_best_app` is used.
    :param raise_if_not_found: if it is false, ``None`` is returned if there is no such module. A
        module that exists and cannot be imported is always an error.
    :raises NoAppException: there is no such module, an import in it failed (the message contains
        the traceback), or it contains no application.
    """
    try:
        if not module_name:
            raise ModuleNotFoundError
        __import__(module_name)
    except ImportError as error:
        inner = error.__traceback__.tb_next if error.__traceback__ else None
        # Python removes its own frames from the traceback of a failed import. If no other frame is
        # left, the module itself is missing. Otherwise the module has failed to import another one.
        if inner is not None or not isinstance(error, ModuleNotFoundError):
            from ._near_misses import explain_failed_import

            report = "".join(traceback.format_exception(type(error), error, inner))
            raise NoAppException(
                f"While importing {module_name!r}, an ImportError was raised:\n\n{report}"
                f"{explain_failed_import(error)}"
            ) from None
        if raise_if_not_found:
            from ._near_misses import explain_missing_module

            raise NoAppException(
                f"Could not import {module_name!r}.{explain_missing_module(module_name)}"
            ) from None
        return None

    module = sys.modules[module_name]
    return find_best_app(module) if app_name is None else find_app_by_string(module, app_name)
