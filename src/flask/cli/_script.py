"""The application of a command line, and its context for commands.

The options in ``_options`` fill a `ScriptInfo` before a command loads the application from it.
"""

from __future__ import annotations

import functools
import inspect
import typing as t
from collections.abc import Callable
from contextlib import AbstractContextManager

import click

from .._app.base import App
from .._core.awaitables import is_async_callable, is_awaitable, wait_if_awaitable
from .._core.current import current_app, has_app_context
from .._core.environment import get_debug_flag, get_load_dotenv
from .._core.waiting import wait_long
from ..typing import AnyApp
from ._locate import NoAppException, locate_app, prepare_import, split_import_path

APP_FILES = ("wsgi.py", "app.py")
"""Files in the current directory that may contain the application, if the user names none."""

Function = t.TypeVar("Function", bound=Callable[..., object])


class ScriptInfo:
    """Loads the application of the command line.

    It is the object (``ctx.obj``) of the click contexts of a `FlaskGroup`. A test may create one
    and pass it as ``obj`` to run a command with another application.
    """

    app_import_path: str | None
    """The value of ``--app`` or ``FLASK_APP``; ``None``: the usual files are tried."""

    create_app: Callable[..., App] | None
    """Creates the application, called without arguments; ``None``: it is imported."""

    data: dict[t.Any, t.Any]
    """Data that commands share; this package does not use it."""

    set_debug_flag: bool
    """Set the loaded application's ``debug`` as ``--debug`` or ``FLASK_DEBUG`` says."""

    load_dotenv_defaults: bool
    """Read ``.env`` and ``.flaskenv``; ``FLASK_SKIP_DOTENV`` decides if it is set."""

    def __init__(
        self,
        app_import_path: str | None = None,
        create_app: Callable[..., App] | None = None,
        set_debug_flag: bool = True,
        load_dotenv_defaults: bool = True,
    ) -> None:
        self.app_import_path = app_import_path
        self.create_app = create_app
        self.data = {}
        self.set_debug_flag = set_debug_flag
        self.load_dotenv_defaults = get_load_dotenv(load_dotenv_defaults)
        self._loaded_app: App | None = None

    # The result is AnyApp, not App, because callers use it as a `Flask`.
    def load_app(self) -> AnyApp:
        """Return the application, which is created or imported at the first call.

        :raises NoAppException: there is none, or it cannot be imported.
        """
        if self._loaded_app is None:
            app = self._find_app()
            if app is None:
                from ._near_misses import explain_no_application, explain_result

                hint = explain_no_application()
                if self.create_app is not None:
                    hint = explain_result(self.create_app, None)
                raise NoAppException(f"{_NO_APP}{hint}")
            if self.set_debug_flag:
                app.debug = get_debug_flag()
            self._loaded_app = app
        return self._loaded_app

    def _find_app(self) -> App | None:
        if self.create_app is not None:
            made: App = wait_if_awaitable(self.create_app())
            return made
        if self.app_import_path:
            path, name = split_import_path(self.app_import_path)
            return locate_app(prepare_import(path), name)
        for file in APP_FILES:
            app = locate_app(prepare_import(file), None, raise_if_not_found=False)
            if app is not None:
                return app
        return None


_NO_APP = (
    "Could not locate a Flask application. Use the 'flask --app' option, 'FLASK_APP' environment"
    " variable, or a 'wsgi.py' or 'app.py' file in the current directory."
)

pass_script_info = click.make_pass_decorator(ScriptInfo, ensure=True)
"""Decorate a command's function to pass the `ScriptInfo` as its first argument."""


def with_appcontext(f: Function) -> Function:
    """Decorate a command's function to run in an application context.

    Commands of an `AppGroup`, such as ``app.cli``, already do. If an application context is
    current, the function runs in that one. The context is popped when the command ends. An ``async
    def`` function runs to its end.
    """

    @functools.wraps(f)
    @click.pass_context
    def in_context(ctx: click.Context, /, *args: object, **kwargs: object) -> object:
        if not has_app_context():
            enter_context_of(ctx.ensure_object(ScriptInfo).load_app(), ctx)
        return _wait_for_command(ctx.invoke(f, *args, **kwargs))

    return t.cast("Function", in_context)


def run_to_the_end(function: Function) -> Function:
    """Return a synchronous function for a command; an ``async def`` function runs to its end.

    :param function: the command's function, which click's decorators may have wrapped.
    """
    if not is_async_callable(inspect.unwrap(function)):
        return function

    @functools.wraps(function)
    def waiting(*args: object, **kwargs: object) -> object:
        return _wait_for_command(function(*args, **kwargs))

    return t.cast("Function", waiting)


def _wait_for_command(result: object) -> object:
    """Return the result of a command; wait for it if it is awaitable. Ctrl-C cancels it."""
    return wait_long(result) if is_awaitable(result) else result  # type: ignore[arg-type]


class _HasContext(t.Protocol):
    def app_context(self) -> AbstractContextManager[object]: ...


def enter_context_of(app: _HasContext, ctx: click.Context) -> None:
    """Make an application current until ``ctx`` ends, unless it is current already."""
    if not has_app_context() or current_app._get_current_object() is not app:
        ctx.with_resource(app.app_context())
