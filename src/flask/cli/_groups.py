"""Groups of commands with an application: `AppGroup`, and `FlaskGroup` of the ``flask`` command."""

from __future__ import annotations

import os
import traceback
import typing as t
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import click

from .._app.base import App
from ._commands import run_command
from ._config import config_command
from ._doctor import doctor_command
from ._findings import Check
from ._locate import NoAppException
from ._new import new_command
from ._options import app_option, debug_option, env_file_option, version_option
from ._routes import routes_command
from ._script import ScriptInfo, enter_context_of, run_to_the_end, with_appcontext
from ._serve import serve_command
from ._shell import shell_command

Callback = Callable[..., object]
Checking = t.TypeVar("Checking", bound=Check)


_RECORDING: t.Final = (config_command, doctor_command)
"""Commands that show where settings come from."""
_YIELDING: t.Final = (*_RECORDING, new_command, serve_command)
"""Commands that Flask 3.1.3 does not have. An application's own command takes precedence."""
_HAS_FAILED: t.Final = "flask.cli.has_failed"
"""A key of ``ctx.meta``: the application could not be loaded."""
_NO_SUCH_COMMAND: t.Final = (
    click.UsageError,
    getattr(click.exceptions, "NoSuchCommand", click.UsageError),  # from click 8.4
)


class AppGroup(click.Group):
    """A group whose commands run in the application's context.

    ``app.cli`` is one. Functions may be ``async def``.
    """

    checks: list[Check]
    """Checks of ``flask doctor``, in order of registration."""

    def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().__init__(*args, **kwargs)
        self.checks = []

    def check(self, function: Checking) -> Checking:
        """Add a check to ``flask doctor``.

        :param function: called with the application, in its context. It returns findings, or
            yields them.
        :returns: the function, so that this is a decorator too.
        """
        self.checks.append(function)
        return function

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """Add a command; an ``async def`` function runs to its end.

        :param cmd: the command, or a group with commands.
        :param name: the name of the command; by default its own name.
        """
        _run_to_the_end(cmd)
        super().add_command(cmd, name)

    @t.overload
    def command(self, __func: Callback) -> click.Command: ...

    @t.overload
    def command(self, *args: object, **kwargs: object) -> Callable[[Callback], click.Command]: ...

    def command(
        self, *args: object, **kwargs: object
    ) -> Callable[[Callback], click.Command] | click.Command:
        """Create a command from a function, as `click.Group.command` does.

        :param with_appcontext: pass ``False`` for a command that needs no application.
        """
        in_context = kwargs.pop("with_appcontext", True)
        bare, args = _take_function(args)

        def register(function: Callback) -> click.Command:
            if in_context:
                function = with_appcontext(function)
            made: click.Command = super(AppGroup, self).command(*args, **kwargs)(function)
            return made

        return register if bare is None else register(bare)

    @t.overload
    def group(self, __func: Callback) -> click.Group: ...

    @t.overload
    def group(self, *args: object, **kwargs: object) -> Callable[[Callback], click.Group]: ...

    def group(
        self, *args: object, **kwargs: object
    ) -> Callable[[Callback], click.Group] | click.Group:
        """Create an `AppGroup` from the decorated function, as click does."""
        kwargs.setdefault("cls", AppGroup)
        bare, args = _take_function(args)
        register: Callable[[Callback], click.Group] = super().group(*args, **kwargs)
        return register if bare is None else register(bare)


def _run_to_the_end(command: click.Command) -> None:
    callback = getattr(command, "callback", None)
    if callback is not None:
        command.callback = run_to_the_end(callback)
    for inner in getattr(command, "commands", {}).values():
        _run_to_the_end(inner)


def _take_function(args: tuple[object, ...]) -> tuple[Callback | None, tuple[object, ...]]:
    """Return the function of ``@group.command`` without parentheses, and the other arguments."""
    if args and callable(args[0]):
        return args[0], args[1:]
    return None, args


class FlaskGroup(AppGroup):
    """The ``flask`` command: its own commands, plugins', the app's.

    A project can create one to have a command that always uses its application::

        @click.group(cls=FlaskGroup, create_app=create_app)
        def cli():
            "Manage my project."

    If there are several commands of one name, a plugin's takes precedence over a built-in one, and
    both over the application's. Commands that Flask 3.1.3 does not have, such as ``new``, are an
    exception: the application's take precedence over them. Plugins are entry points of the group
    ``flask.commands``.
    """

    create_app: Callable[..., App] | None
    """Creates the application, called without arguments; ``None``: it is imported."""

    load_dotenv: bool
    """Read ``.env`` and ``.flaskenv``."""

    set_debug_flag: bool
    """Set the application's ``debug`` as ``--debug`` or ``FLASK_DEBUG`` says."""

    def __init__(
        self,
        add_default_commands: bool = True,
        create_app: Callable[..., App] | None = None,
        add_version_option: bool = True,
        load_dotenv: bool = True,
        set_debug_flag: bool = True,
        **extra: t.Any,
    ) -> None:
        """Create the group.

        :param add_default_commands: add the built-in commands, such as ``run``.
        :param add_version_option: add ``--version``.
        :param extra: arguments of `click.Group`. Its ``params`` are shown before the built-in ones.
            Options are read from ``FLASK_...`` variables unless ``context_settings`` contains
            another ``auto_envvar_prefix``.
        """
        params = [*(extra.pop("params", None) or ()), env_file_option, app_option, debug_option]
        if add_version_option:
            params.append(version_option)
        settings = {"auto_envvar_prefix": "FLASK", **(extra.pop("context_settings", None) or {})}
        super().__init__(params=params, context_settings=settings, **extra)

        self.create_app = create_app
        self.load_dotenv = load_dotenv
        self.set_debug_flag = set_debug_flag
        self._loaded_plugin_commands = False
        if add_default_commands:
            for command in (run_command, shell_command, routes_command, *_YIELDING):
                self.add_command(command)

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: t.Any,
    ) -> click.Context:
        """Create the context for a command line; its object is a `ScriptInfo`.

        It sets ``FLASK_RUN_FROM_CLI``, so ``app.run()`` in an imported module does nothing.
        """
        os.environ["FLASK_RUN_FROM_CLI"] = "true"
        if "obj" not in extra and "obj" not in self.context_settings:
            extra["obj"] = self._make_script_info()
        return super().make_context(info_name, args, parent=parent, **extra)

    def _make_script_info(self) -> ScriptInfo:
        return ScriptInfo(
            create_app=self.create_app,
            load_dotenv_defaults=self.load_dotenv,
            set_debug_flag=self.set_debug_flag,
        )

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the group's options; the command and its arguments are left.

        Help lists the application's commands, so the options that name the application are handled
        before it.
        """
        try:
            options, _, _ = self.make_parser(ctx).parse_args(args=list(args))
            help_option = self.get_help_option(ctx)
            if (self.no_args_is_help and not args) or (help_option and help_option.name in options):
                env_file_option.handle_parse_result(ctx, options, [])
                app_option.handle_parse_result(ctx, options, [])
            return super().parse_args(ctx, args)
        except BaseException:
            # click does not enter this context now, so it would not leave the application context
            # that listing the commands may have entered.
            ctx.close()
            raise

    # COMPAT: Flask's name of the argument is "name", click's is "cmd_name".
    def get_command(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, ctx: click.Context, name: str
    ) -> click.Command | None:
        """Find a built-in command, a plugin's, or the application's.

        ``None`` if there is no such command.

        For a command of the application the application context is entered here, so callbacks of
        parameters can use it. If there is no application, an error is printed on stderr.
        """
        self._load_plugin_commands()
        command = super().get_command(ctx, name)
        if command is not None and (command not in _YIELDING or ctx.meta.get(_HAS_FAILED)):
            return command
        try:
            with _record_sources() if command in _RECORDING else nullcontext():
                app = ctx.ensure_object(ScriptInfo).load_app()
        except Exception as error:
            ctx.meta[_HAS_FAILED] = True
            if command is not None:
                return command  # it reports the error itself, or needs no application
            if not isinstance(error, NoAppException):
                raise
            _print_error(error)
            return None
        own = app.cli.get_command(ctx, name) or _optional_commands(app).get(name)
        if own is not None or command is None:
            enter_context_of(app, ctx)
        return own or command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command of a command line.

        :raises click.UsageError: there is none. The text suggests commands with similar names, also
            of the application.
        """
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            if type(error) not in _NO_SUCH_COMMAND:
                raise
            names = set(self.commands)
            if not ctx.meta.get(_HAS_FAILED):
                app = ctx.ensure_object(ScriptInfo).load_app()
                names.update(app.cli.list_commands(ctx), _optional_commands(app))
            from difflib import get_close_matches

            close = get_close_matches(args[0], sorted(names))
            if not close:
                raise
            choices = "' or '".join(close)
            raise click.UsageError(
                f"No such command {args[0]!r}. Did you mean '{choices}'?", ctx
            ) from None

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the names of all commands, sorted.

        If the application cannot be loaded, the error is printed on stderr and the other commands
        are listed, so help works without an application.
        """
        self._load_plugin_commands()
        names = set(super().list_commands(ctx))
        try:
            app = ctx.ensure_object(ScriptInfo).load_app()
            names.update(app.cli.list_commands(ctx), _optional_commands(app))
        except NoAppException as error:
            ctx.meta[_HAS_FAILED] = True
            _print_error(error)
        except Exception:
            ctx.meta[_HAS_FAILED] = True
            click.secho(f"{traceback.format_exc()}\n", err=True, fg="red")
        return sorted(names)

    def _load_plugin_commands(self) -> None:
        """Add the commands of installed plugins, once, when a command line is parsed."""
        if self._loaded_plugin_commands:
            return
        import importlib.metadata  # 4 ms that no request needs

        for entry_point in importlib.metadata.entry_points(group="flask.commands"):
            self.add_command(entry_point.load(), entry_point.name)
        self._loaded_plugin_commands = True


def _record_sources() -> AbstractContextManager[None]:
    from ._setting_sources import record_sources  # other commands do not need it

    return record_sources()


def _optional_commands(app: App) -> dict[str, click.Command]:
    """Return the commands of features that the application uses; its own take precedence."""
    if app.config.get("SESSION_STORE") is None:
        return {}
    from ._sessions import sessions_group

    return {sessions_group.name or "": sessions_group}


def _print_error(error: click.ClickException) -> None:
    click.secho(f"Error: {error.format_message()}\n", err=True, fg="red")
