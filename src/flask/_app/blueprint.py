"""The base class of blueprints: it records set-up, and repeats it on an application.

A blueprint records the calls of its set-up methods. Its registration repeats the calls on the
application, with the prefixes for endpoints and paths. ``blueprints`` adds files, commands and
WebSockets. Quart has another subclass.
"""

from __future__ import annotations

import os
import typing as t
from collections.abc import Callable
from functools import update_wrapper

from .. import typing as ft
from ..typing import AnyApp
from .blueprint_setup import BlueprintSetupState, DeferredSetupFunction, Options, dotted
from .scaffold import (
    HOOK_REGISTERS,
    Scaffold,
    T_after_request,
    T_before_request,
    T_error_handler,
    T_teardown,
    T_template_context_processor,
    T_url_defaults,
    T_url_value_preprocessor,
    _sentinel,
)
from .setup_checks import Function, check_blueprint, check_route, setupmethod
from .templates import T_template_filter, T_template_global, T_template_test, decorate_by_name

if t.TYPE_CHECKING:
    import click
    from werkzeug.wrappers import Response

    from .error_handlers import ErrorHandlers


class _App(t.Protocol):
    blueprints: dict[str, Blueprint]
    cli: click.Group
    error_handler_spec: ErrorHandlers
    view_functions: dict[str, ft.RouteCallable]


class Blueprint(Scaffold):
    """A part of an application that can be set up and registered.

    The parameters are documented at ``flask.Blueprint``.
    """

    cli: t.Any
    """The commands of the blueprint: a group of click, which subclasses create."""
    url_prefix: str | None
    """The prefix of every path."""
    subdomain: str | None
    """The subdomain of every rule."""
    url_values_defaults: ft.URLValues
    """The default values of every rule."""
    cli_group: str | None
    """The name of the group of its commands."""
    deferred_functions: list[DeferredSetupFunction]
    """The recorded functions, in order."""

    _hook_registers: tuple[str, ...] = HOOK_REGISTERS
    _got_registered_once = False

    def __init__(
        self,
        name: str,
        import_name: str,
        static_folder: str | os.PathLike[str] | None = None,
        static_url_path: str | None = None,
        template_folder: str | os.PathLike[str] | None = None,
        url_prefix: str | None = None,
        subdomain: str | None = None,
        url_defaults: ft.URLValues | None = None,
        root_path: str | None = None,
        cli_group: str | None = _sentinel,  # type: ignore[assignment]
    ) -> None:
        if not name:
            raise ValueError("'name' may not be empty.")
        _reject_dot("'name'", name)
        super().__init__(import_name, static_folder, static_url_path, template_folder, root_path)
        self.name = name
        self.deferred_functions = []
        self._blueprints: list[tuple[Blueprint, Options]] = []  # nested blueprints
        self.url_values_defaults = {} if url_defaults is None else url_defaults
        self.url_prefix, self.subdomain = url_prefix, subdomain
        self.cli_group = cli_group

    def _check_setup_finished(self, f_name: str) -> None:
        if self._got_registered_once:
            raise AssertionError(
                f"The setup method '{f_name}' can no longer be called on the blueprint"
                f" '{self.name}'. It has already been registered at least once, any changes will"
                " not be applied consistently.\nMake sure all imports, decorators, functions, etc."
                " needed to set up the blueprint are done before registering it."
            )

    # Recording -----------------------------------------------------------------------------------

    @setupmethod
    def record(self, func: DeferredSetupFunction) -> None:
        """Call a function with the `BlueprintSetupState` at every registration."""
        self.deferred_functions.append(func)

    @setupmethod
    def record_once(self, func: DeferredSetupFunction) -> None:
        """Call a function with the setup state at the first registration only."""
        self.record(_only_first(func))

    def make_setup_state(
        self, app: AnyApp, options: Options, first_registration: bool = False
    ) -> BlueprintSetupState:
        """Create the argument of the recorded functions."""
        return BlueprintSetupState(self, app, options, first_registration)

    # Registering ---------------------------------------------------------------------------------

    def register(self, app: AnyApp, options: Options) -> None:
        """Repeat the recorded set-up on an application.

        ``register_blueprint`` calls it.

        :raises ValueError: another blueprint has the name.
        """
        name = self._get_free_name(app, options)
        registered = app.blueprints.values()
        state = self.make_setup_state(app, options, all(other is not self for other in registered))
        app.blueprints[name] = self
        self._got_registered_once = True

        if self.has_static_folder:
            files = f"{self.static_url_path}/<path:filename>"
            state.add_url_rule(files, "static", self.send_static_file)
        self._merge_blueprint_funcs(app, name)
        for deferred in self.deferred_functions:
            deferred(state)
        self._register_commands(app, options.get("cli_group", self.cli_group), name)
        for blueprint, nested in self._blueprints:
            blueprint.register(app, self._get_nested_options(state, blueprint, nested, name))

    def _get_free_name(self, app: _App, options: Options) -> str:
        """Return the full name of a new registration.

        :raises ValueError: another registration has the name.
        """
        last: str = options.get("name", self.name)
        name = dotted(options.get("name_prefix", ""), last)
        if name in app.blueprints:
            known = app.blueprints[name]
            owner = "this" if known is self else "a different"
            already = f" '{name}'" if name != last else ""
            hint = f" register_blueprint() was called twice for {self!r}."
            if known is not self:
                hint = f" It is that of the module {known.import_name!r}; this one is of"
                hint += f" {self.import_name!r}."
            raise ValueError(
                f"The name '{last}' is already registered for {owner} blueprint{already}. Use"
                f" 'name=' to provide a unique name.{hint}"
            )
        return name

    def _merge_blueprint_funcs(self, app: _App, name: str) -> None:
        """Add the blueprint's hooks to the application's registers, under its full name."""

        def full_name(key: str | None) -> str:
            return name if key is None else f"{name}.{key}"

        for key, by_code in self.error_handler_spec.items():
            for code, handlers in by_code.items():
                app.error_handler_spec[full_name(key)][code].update(handlers)
        for endpoint, view in self.view_functions.items():
            app.view_functions[endpoint] = view
        for register in self._hook_registers:
            for key, functions in getattr(self, register).items():
                getattr(app, register)[full_name(key)].extend(functions)

    def _has_commands(self) -> bool:
        return hasattr(self, "cli") and bool(self.cli.commands)

    def _register_commands(self, app: _App, group: str | None, name: str) -> None:
        if not self._has_commands():
            return
        if group is None:
            app.cli.commands.update(self.cli.commands)
            return
        self.cli.name = name if group is _sentinel else group
        app.cli.add_command(self.cli)

    @staticmethod
    def _get_nested_options(
        state: BlueprintSetupState, blueprint: Blueprint, options: Options, name: str
    ) -> Options:
        """Return the options of a nested registration, with joined prefixes and subdomains."""
        options = options.copy()
        subdomain = options.get("subdomain")
        if subdomain is None:
            subdomain = blueprint.subdomain
        if state.subdomain is not None:
            options["subdomain"] = (
                state.subdomain if subdomain is None else f"{subdomain}.{state.subdomain}"
            )
        elif subdomain is not None:
            options["subdomain"] = subdomain

        prefix = options.get("url_prefix")
        if prefix is None:
            prefix = blueprint.url_prefix
        if state.url_prefix is not None:
            options["url_prefix"] = (
                state.url_prefix
                if prefix is None
                else f"{state.url_prefix.rstrip('/')}/{prefix.lstrip('/')}"
            )
        elif prefix is not None:
            options["url_prefix"] = prefix
        options["name_prefix"] = name
        return options

    def send_static_file(self, filename: str) -> Response:
        """Return a static file. Subclasses define it."""
        raise NotImplementedError

    # Set-up --------------------------------------------------------------------------------------

    @setupmethod
    def register_blueprint(self, blueprint: Blueprint, **options: object) -> None:
        """Register a nested blueprint, below the name and the prefix of this one.

        :raises ValueError: the blueprint is this one.
        """
        check_blueprint(blueprint)
        if self is blueprint:
            raise ValueError("Cannot register a blueprint on itself")
        self._blueprints.append((blueprint, options))

    @setupmethod
    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: ft.RouteCallable | None = None,
        provide_automatic_options: bool | None = None,
        **options: ft.RouteOption,
    ) -> None:
        """Route requests to a view; see ``Scaffold.add_url_rule``.

        :raises ValueError: the endpoint, or the view's name, contains a dot.
        """
        check_route(rule, endpoint, view_func)
        if endpoint:
            _reject_dot("'endpoint'", endpoint)
        if view_func is not None and hasattr(view_func, "__name__"):
            _reject_dot("'view_func' name", view_func.__name__)
        options["provide_automatic_options"] = provide_automatic_options
        self.record(lambda state: state.add_url_rule(rule, endpoint, view_func, **options))

    def _add_app_hook(self, register: str, function: Function) -> Function:
        """Add a function to a register of the application, under the key ``None``."""
        self.record_once(lambda state: getattr(state.app, register)[None].append(function))
        return function

    @setupmethod
    def before_app_request(self, f: T_before_request) -> T_before_request:
        """Like ``before_request``, for every request of the application."""
        return self._add_app_hook("before_request_funcs", f)

    @setupmethod
    def after_app_request(self, f: T_after_request) -> T_after_request:
        """Like ``after_request``, for every request of the application."""
        return self._add_app_hook("after_request_funcs", f)

    @setupmethod
    def teardown_app_request(self, f: T_teardown) -> T_teardown:
        """Like ``teardown_request``, for every request of the application."""
        return self._add_app_hook("teardown_request_funcs", f)

    @setupmethod
    def app_context_processor(
        self, f: T_template_context_processor
    ) -> T_template_context_processor:
        """Like ``context_processor``, for every template of the application."""
        return self._add_app_hook("template_context_processors", f)

    @setupmethod
    def app_url_value_preprocessor(self, f: T_url_value_preprocessor) -> T_url_value_preprocessor:
        """Like ``url_value_preprocessor``, for every request of the application."""
        return self._add_app_hook("url_value_preprocessors", f)

    @setupmethod
    def app_url_defaults(self, f: T_url_defaults) -> T_url_defaults:
        """Like ``url_defaults``, for every URL of the application."""
        return self._add_app_hook("url_default_functions", f)

    @setupmethod
    def app_errorhandler(
        self, code: type[Exception] | int
    ) -> Callable[[T_error_handler], T_error_handler]:
        """Like ``errorhandler``, for every error of the application."""

        def register(f: T_error_handler) -> T_error_handler:
            self.record_once(lambda state: state.app.errorhandler(code)(f))
            return f

        return register

    @t.overload
    def app_template_filter(self, name: T_template_filter) -> T_template_filter: ...
    @t.overload
    def app_template_filter(
        self, name: str | None = None
    ) -> Callable[[T_template_filter], T_template_filter]: ...
    @setupmethod
    def app_template_filter(self, name: object = None) -> object:
        """Like ``template_filter``, at the registration."""
        return decorate_by_name(self.add_app_template_filter, name)

    @setupmethod
    def add_app_template_filter(
        self, f: ft.TemplateFilterCallable, name: str | None = None
    ) -> None:
        """Like ``add_template_filter``, at the registration."""
        self.record_once(lambda state: state.app.add_template_filter(f, name))

    @t.overload
    def app_template_test(self, name: T_template_test) -> T_template_test: ...
    @t.overload
    def app_template_test(
        self, name: str | None = None
    ) -> Callable[[T_template_test], T_template_test]: ...
    @setupmethod
    def app_template_test(self, name: object = None) -> object:
        """Like ``template_test``, at the registration."""
        return decorate_by_name(self.add_app_template_test, name)

    @setupmethod
    def add_app_template_test(self, f: ft.TemplateTestCallable, name: str | None = None) -> None:
        """Like ``add_template_test``, at the registration."""
        self.record_once(lambda state: state.app.add_template_test(f, name))

    @t.overload
    def app_template_global(self, name: T_template_global) -> T_template_global: ...
    @t.overload
    def app_template_global(
        self, name: str | None = None
    ) -> Callable[[T_template_global], T_template_global]: ...
    @setupmethod
    def app_template_global(self, name: object = None) -> object:
        """Like ``template_global``, at the registration."""
        return decorate_by_name(self.add_app_template_global, name)

    @setupmethod
    def add_app_template_global(
        self, f: ft.TemplateGlobalCallable, name: str | None = None
    ) -> None:
        """Like ``add_template_global``, at the registration."""
        self.record_once(lambda state: state.app.add_template_global(f, name))


def _only_first(function: DeferredSetupFunction) -> DeferredSetupFunction:
    """Return a function that does nothing at later registrations."""

    def once(state: BlueprintSetupState) -> None:
        if state.first_registration:
            function(state)

    return update_wrapper(once, function)


def _reject_dot(what: str, name: str) -> None:
    """Raise ``ValueError`` for a name with a dot, because dots separate blueprint and endpoint."""
    if "." in name:
        raise ValueError(f"{what} may not contain a dot '.' character. It is {name!r}.")
