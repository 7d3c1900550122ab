"""Groups of commands with an application: `AppGroup`, and `FlaskGroup` of the ``flask`` command."""

from __future__ import annotations

import os
import traceback
import typing as t
from collections.abc import Callable

import click

from .._app.base import App
from ._commands import run_command
from ._locate import NoAppException
from ._options import app_option, debug_option, env_file_option, version_option
from ._routes import routes_command
from ._script import ScriptInfo, enter_context_of, run_to_the_end, with_appcontext
from ._serve import serve_command
from ._shell import shell_command

Callback = Callable[..., object]


class AppGroup(click.Group):
    """A group whose commands run in the application's context.

    ``app.cli`` is one. Functions may be ``async def``.
    """

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
    both over the application's. Plugins are entry points of the group ``flask.commands``.
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

        :param add_default_commands: add ``run``, ``serve``, ``shell`` and ``routes``.
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
            for command in (run_command, serve_command, shell_command, routes_command):
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
        if command is not None:
            return command
        try:
            app = ctx.ensure_object(ScriptInfo).load_app()
        except NoAppException as error:
            _print_error(error)
            return None
        enter_context_of(app, ctx)
        command = t.cast("click.Command | None", app.cli.get_command(ctx, name))
        return command or _optional_commands(app).get(name)

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
            _print_error(error)
        except Exception:
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


def _optional_commands(app: App) -> dict[str, click.Command]:
    """Return the commands of features that the application uses; its own take precedence."""
    if app.config.get("SESSION_STORE") is None:
        return {}
    from ._sessions import sessions_group

    return {sessions_group.name or "": sessions_group}


def _print_error(error: click.ClickException) -> None:
    click.secho(f"Error: {error.format_message()}\n", err=True, fg="red")
