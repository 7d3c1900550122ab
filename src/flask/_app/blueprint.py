"""The base of blueprints: what they record, and how they are registered.

A blueprint records the calls of its setup methods. Registering it repeats them on the application,
with the blueprint's name before every endpoint and its prefix before every path. ``blueprints``
adds files, commands and WebSockets. Quart's blueprint adds its own.
"""

from __future__ import annotations

import os
import typing as t
from collections.abc import Callable
from functools import update_wrapper

from .. import typing as ft
from ..typing import AnyApp
from .blueprint_setup import BlueprintSetupState, DeferredSetupFunction, dotted
from .scaffold import (
    HOOK_REGISTERS,
    Function,
    Scaffold,
    T_after_request,
    T_before_request,
    T_error_handler,
    T_teardown,
    T_template_context_processor,
    T_url_defaults,
    T_url_value_preprocessor,
    _sentinel,
    setupmethod,
)


class Blueprint(Scaffold):
    """A part of an application that can be set up and registered.

    The parameters are documented at ``flask.Blueprint``.
    """

    cli: t.Any
    """Its commands."""
    url_prefix: str | None
    """Comes before every path."""
    subdomain: str | None
    """Subdomain of every rule."""
    url_values_defaults: dict[str, t.Any]
    """Defaults of every rule."""
    cli_group: t.Any
    """Name of the group of its commands."""
    deferred_functions: list[DeferredSetupFunction]
    """What registering the blueprint does, in order."""

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
        url_defaults: dict[str, t.Any] | None = None,
        root_path: str | None = None,
        cli_group: str | None = _sentinel,  # type: ignore[assignment]
    ) -> None:
        if not name:
            raise ValueError("'name' may not be empty.")
        _refuse_dot("'name'", name)
        super().__init__(import_name, static_folder, static_url_path, template_folder, root_path)
        self.name = name
        # What registering does, and which blueprints are registered inside this one.
        self.deferred_functions = []
        self._blueprints: list[tuple[Blueprint, dict[str, t.Any]]] = []
        # Defaults for rules and commands that set no value of their own.
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
        self, app: AnyApp, options: dict[str, t.Any], first_registration: bool = False
    ) -> BlueprintSetupState:
        """Make the object that recorded functions are called with."""
        return BlueprintSetupState(self, app, options, first_registration)

    # Registering ---------------------------------------------------------------------------------

    def register(self, app: AnyApp, options: dict[str, t.Any]) -> None:
        """Repeat the recorded setup on an application.

        ``register_blueprint`` calls it.

        :raises ValueError: the name is taken.
        """
        name = self._find_name(app, options)
        known = app.blueprints.values()
        state = self.make_setup_state(app, options, all(other is not self for other in known))
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
            blueprint.register(app, self._options_inside(state, blueprint, nested, name))

    def _find_name(self, app: AnyApp, options: dict[str, t.Any]) -> str:
        """Return the full name of a new registration; ``ValueError`` if it is taken."""
        last: str = options.get("name", self.name)
        name = dotted(options.get("name_prefix", ""), last)
        if name in app.blueprints:
            whose = "this" if app.blueprints[name] is self else "a different"
            already = f" '{self.name}'" if name == self.name else ""
            raise ValueError(
                f"The name '{last}' is already registered for {whose} blueprint{already}. Use"
                " 'name=' to provide a unique name."
            )
        return name

    def _merge_blueprint_funcs(self, app: AnyApp, name: str) -> None:
        """Add the blueprint's hooks to the application's registers, under its full name."""

        def full(key: str | None) -> str:
            return name if key is None else f"{name}.{key}"

        for key, by_code in self.error_handler_spec.items():
            for code, handlers in by_code.items():
                app.error_handler_spec[full(key)][code].update(handlers)
        for endpoint, view in self.view_functions.items():
            app.view_functions[endpoint] = view
        for register in self._hook_registers:
            for key, functions in getattr(self, register).items():
                getattr(app, register)[full(key)].extend(functions)

    def _has_commands(self) -> bool:
        return hasattr(self, "cli") and bool(self.cli.commands)

    def _register_commands(self, app: AnyApp, group: t.Any, name: str) -> None:
        if not self._has_commands():
            return
        if group is None:
            app.cli.commands.update(self.cli.commands)
            return
        self.cli.name = name if group is _sentinel else group
        app.cli.add_command(self.cli)

    @staticmethod
    def _options_inside(
        state: BlueprintSetupState, blueprint: Blueprint, options: dict[str, t.Any], name: str
    ) -> dict[str, t.Any]:
        """Return the options of a nested registration: prefixes and subdomains are joined."""
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

    def send_static_file(self, filename: str) -> t.Any:
        """Return a static file; defined by subclasses."""
        raise NotImplementedError

    # Set-up --------------------------------------------------------------------------------------

    @setupmethod
    def register_blueprint(self, blueprint: Blueprint, **options: t.Any) -> None:
        """Register a blueprint inside this one, under its name and prefix.

        :raises ValueError: the blueprint is this one.
        """
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
        **options: t.Any,
    ) -> None:
        """Route requests to a view; see ``Scaffold.add_url_rule``.

        :raises ValueError: the endpoint, or the view's name, contains a dot.
        """
        if endpoint:
            _refuse_dot("'endpoint'", endpoint)
        if view_func is not None and hasattr(view_func, "__name__"):
            _refuse_dot("'view_func' name", view_func.__name__)
        options["provide_automatic_options"] = provide_automatic_options
        self.record(lambda state: state.add_url_rule(rule, endpoint, view_func, **options))

    def _in_app(self, register: str, function: Function) -> Function:
        """Add a function to a register of the application itself."""
        self.record_once(lambda state: getattr(state.app, register)[None].append(function))
        return function

    @setupmethod
    def before_app_request(self, f: T_before_request) -> T_before_request:
        """Like ``before_request``, for every request of the application."""
        return self._in_app("before_request_funcs", f)

    @setupmethod
    def after_app_request(self, f: T_after_request) -> T_after_request:
        """Like ``after_request``, for every request of the application."""
        return self._in_app("after_request_funcs", f)

    @setupmethod
    def teardown_app_request(self, f: T_teardown) -> T_teardown:
        """Like ``teardown_request``, for every request of the application."""
        return self._in_app("teardown_request_funcs", f)

    @setupmethod
    def app_context_processor(
        self, f: T_template_context_processor
    ) -> T_template_context_processor:
        """Like ``context_processor``, for every template of the application."""
        return self._in_app("template_context_processors", f)

    @setupmethod
    def app_url_value_preprocessor(self, f: T_url_value_preprocessor) -> T_url_value_preprocessor:
        """Like ``url_value_preprocessor``, for every request of the application."""
        return self._in_app("url_value_preprocessors", f)

    @setupmethod
    def app_url_defaults(self, f: T_url_defaults) -> T_url_defaults:
        """Like ``url_defaults``, for every URL of the application."""
        return self._in_app("url_default_functions", f)

    @setupmethod
    def app_errorhandler(
        self, code: type[Exception] | int
    ) -> Callable[[T_error_handler], T_error_handler]:
        """Like ``errorhandler``, for every error of the application."""

        def register(f: T_error_handler) -> T_error_handler:
            self.record_once(lambda state: state.app.errorhandler(code)(f))
            return f

        return register

    def _for_templates(self, kind: str, name: t.Any) -> t.Any:
        """Make the decorator of one kind; with a name, with nothing, or bare."""
        add = getattr(self, f"add_app_template_{kind}")
        if callable(name):
            add(name)
            return name

        def register(f: Function) -> Function:
            add(f, name=name)
            return f

        return register

    @setupmethod
    def app_template_filter(self, name: t.Any = None) -> t.Any:
        """Make the decorated function a filter for templates.

        See ``Flask.template_filter``.
        """
        return self._for_templates("filter", name)

    @setupmethod
    def add_app_template_filter(
        self, f: ft.TemplateFilterCallable, name: str | None = None
    ) -> None:
        """Like ``add_template_filter``, at the registration."""
        self.record_once(lambda state: state.app.add_template_filter(f, name))

    @setupmethod
    def app_template_test(self, name: t.Any = None) -> t.Any:
        """Make the decorated function a test for templates.

        See ``Flask.template_test``.
        """
        return self._for_templates("test", name)

    @setupmethod
    def add_app_template_test(self, f: ft.TemplateTestCallable, name: str | None = None) -> None:
        """Like ``add_template_test``, at the registration."""
        self.record_once(lambda state: state.app.add_template_test(f, name))

    @setupmethod
    def app_template_global(self, name: t.Any = None) -> t.Any:
        """Make the decorated function known in templates.

        See ``Flask.template_global``.
        """
        return self._for_templates("global", name)

    @setupmethod
    def add_app_template_global(
        self, f: ft.TemplateGlobalCallable, name: str | None = None
    ) -> None:
        """Like ``add_template_global``, at the registration."""
        self.record_once(lambda state: state.app.add_template_global(f, name))


def _only_first(function: DeferredSetupFunction) -> DeferredSetupFunction:
    """Make a function that does nothing at later registrations."""

    def once(state: BlueprintSetupState) -> None:
        if state.first_registration:
            function(state)

    return update_wrapper(once, function)


def _refuse_dot(what: str, name: str) -> None:
    """Raise ``ValueError`` for a name with a dot. Dots separate blueprint and endpoint."""
    if "." in name:
        raise ValueError(f"{what} may not contain a dot '.' character. It is {name!r}.")
