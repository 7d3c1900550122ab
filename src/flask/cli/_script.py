"""What the commands of one command line share: which application it is, and its context.

This file never parses arguments; the options in ``_options`` fill a `ScriptInfo` before a command
asks it for the application.
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
"""Files in the current directory that may hold the application if none was named."""

Function = t.TypeVar("Function", bound=Callable[..., t.Any])


class ScriptInfo:
    """Knows which application the command line is for, and loads it.

    The object (``ctx.obj``) of the click contexts below a `FlaskGroup`. A test may make one and
    pass it as ``obj`` to run a command with its own application.
    """

    app_import_path: str | None
    """What ``--app`` or ``FLASK_APP`` said; ``None``: nothing, the usual files are tried."""

    create_app: Callable[..., App] | None
    """Called without arguments to make the application, instead of importing one."""

    data: dict[t.Any, t.Any]
    """A place for commands to hand things on to each other; never read here."""

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

    # The result is AnyApp, not App: callers use it as the Flask that it is.
    def load_app(self) -> AnyApp:
        """Return the application; made or imported at the first call.

        :raises NoAppException: there is none, or it cannot be imported.
        """
        if self._loaded_app is None:
            app = self._find_app()
            if app is None:
                raise NoAppException(_NO_APP)
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
"""Give the command function the `ScriptInfo` as its first argument."""


def with_appcontext(f: Function) -> Function:
    """Run a command function inside the application's context.

    Commands of an `AppGroup`, such as ``app.cli``, have it already. If an application context is
    current, the function runs in that one. The context is popped when the command ends. An
    ``async def`` function runs to its end.
    """

    @functools.wraps(f)
    @click.pass_context
    def in_context(ctx: click.Context, /, *args: t.Any, **kwargs: t.Any) -> t.Any:
        if not has_app_context():
            enter_context_of(ctx.ensure_object(ScriptInfo).load_app(), ctx)
        return _wait_for_command(ctx.invoke(f, *args, **kwargs))

    return t.cast("Function", in_context)


def run_to_the_end(function: Function) -> Function:
    """Return a command's function, or a synchronous one that runs an ``async def`` one to its end.

    :param function: may be wrapped by click's decorators.
    """
    if not is_async_callable(inspect.unwrap(function)):
        return function

    @functools.wraps(function)
    def waiting(*args: t.Any, **kwargs: t.Any) -> t.Any:
        return _wait_for_command(function(*args, **kwargs))

    return t.cast("Function", waiting)


def _wait_for_command(result: t.Any) -> t.Any:
    """Return the result of a command; Ctrl-C cancels what it awaits."""
    return wait_long(result) if is_awaitable(result) else result


class _HasContext(t.Protocol):
    def app_context(self) -> AbstractContextManager[object]: ...


def enter_context_of(app: _HasContext, ctx: click.Context) -> None:
    """Make an application current until ``ctx`` ends.

    Nothing to do if it is already.
    """
    if not has_app_context() or current_app._get_current_object() is not app:
        ctx.with_resource(app.app_context())
