"""The base class of applications: configuration, registers, templates, error handlers.

``serving`` and ``lifecycle`` add the steps of a request, ``flask.app`` the methods that you call.
"""

from __future__ import annotations

import logging
import os
import sys
import typing as t
from collections.abc import Callable, Iterable, Mapping, ValuesView
from datetime import timedelta

from werkzeug.exceptions import Aborter, BadRequest, BadRequestKeyError
from werkzeug.routing import Map as BaseMap
from werkzeug.routing import Rule
from werkzeug.utils import redirect as _wz_redirect
from werkzeug.wrappers import Response as BaseResponse

from .. import typing as ft
from .._core.baseline import note_definition
from .._core.environment import find_instance_path, get_debug_flag
from .._core.hook_registers import HookRegister
from .._core.lazy import lazy
from .._http.response import Response
from .._http.response_factories import make_redirect
from .._routing.map import Map
from ..config import DEFAULT_CONFIG, Config, ConfigAttribute
from ..json.provider import DefaultJSONProvider, JSONProvider
from ..logging import create_logger
from ..templating import _default_template_ctx_processor
from . import templates, url_building
from .error_handlers import find_error_handler
from .scaffold import Scaffold, T_teardown, _endpoint_from_view_func
from .setup_checks import (
    check_blueprint,
    check_endpoint,
    check_route,
    note_rule,
    setupmethod,
    to_method_names,
)

if t.TYPE_CHECKING:
    from .._templating.environment import DispatchingJinjaLoader, Environment
    from ..sessions import SessionInterface
    from ..wrappers import Request
    from ..wrappers import Response as PublicResponse
    from .background import BackgroundTask
    from .blueprint import Blueprint

T_shell_context_processor = t.TypeVar(
    "T_shell_context_processor", bound=ft.ShellContextProcessorCallable
)


def _make_timedelta(value: timedelta | int | None) -> timedelta | None:
    """Return a duration; a number means seconds."""
    return value if value is None or isinstance(value, timedelta) else timedelta(seconds=value)


def _require_absolute(instance_path: str) -> str:
    """Return an instance path. Raise ``ValueError`` for a relative one."""
    if os.path.isabs(instance_path):
        return instance_path
    raise ValueError(
        "If an instance path is provided it must be absolute. A relative path was given instead:"
        f" {instance_path!r}."
    )


class App(Scaffold):
    """An application that can be set up, but cannot serve requests yet.

    The parameters are documented at ``Flask``.
    """

    aborter_class: type[Aborter] = Aborter
    """The class of `aborter`, which ``abort`` calls."""
    app_ctx_globals_class: type[t.Any]
    """The class of ``g``."""
    config_class: type[Config] = Config
    """The class of `config`."""
    json_provider_class: type[JSONProvider] = DefaultJSONProvider
    """The class of `json`."""
    url_rule_class: type[Rule] = Rule
    """The class of the rules of `url_map`."""
    url_map_class: type[BaseMap] = Map
    """The class of `url_map`."""
    jinja_environment: type[Environment] = templates.jinja_environment
    """The class of `jinja_env`."""
    jinja_options: dict[str, t.Any] = {}
    """Options for `jinja_env`, read when it is created."""
    request_class: type[Request]
    """The class of the request."""
    response_class: type[PublicResponse]
    """The class of responses."""
    session_interface: SessionInterface
    """Opens and saves sessions."""
    default_config: Mapping[str, object] = DEFAULT_CONFIG
    """Every built-in configuration key with its default."""
    test_client_class: type[t.Any] | None = None
    """The class of ``test_client()``; ``None`` means ``flask.testing.FlaskClient``."""
    test_cli_runner_class: type[t.Any] | None = None
    """The class of ``test_cli_runner()``; ``None`` means ``flask.testing.FlaskCliRunner``."""

    testing = ConfigAttribute[bool]("TESTING")
    """Whether errors propagate to the test. Extensions read it too. ``TESTING``."""
    secret_key = ConfigAttribute[str | bytes | None]("SECRET_KEY")
    """The key for signing sessions. Extensions sign with it too. ``SECRET_KEY``."""
    permanent_session_lifetime = ConfigAttribute[timedelta](
        "PERMANENT_SESSION_LIFETIME",
        get_converter=_make_timedelta,  # type: ignore[arg-type]
    )
    """How long a permanent session is valid. ``PERMANENT_SESSION_LIFETIME``; a number: seconds."""

    config: Config
    """The settings."""
    aborter: Aborter
    """Raises the HTTP exception of a status."""
    if t.TYPE_CHECKING:  # users set attributes of the default provider, and assign any provider

        @property
        def json(self) -> DefaultJSONProvider: ...
        @json.setter
        def json(self, value: JSONProvider) -> None: ...

    else:
        json: JSONProvider
        """Reads and writes JSON."""
    url_map: BaseMap
    """The rules of all routes."""
    blueprints: dict[str, Blueprint]
    """The registered blueprints by name, in order of registration."""
    extensions: dict[str, t.Any]
    """The state of extensions, by the name of the extension."""
    teardown_appcontext_funcs: list[ft.TeardownCallable]
    """Called when the application context is popped, newest first."""
    shell_context_processors: list[ft.ShellContextProcessorCallable]
    """Each returns names for ``flask shell``."""
    url_build_error_handlers: list[Callable[[Exception, str, ft.URLValues], str]]
    """Called with error, endpoint and values if a URL cannot be built. Each may return a URL."""
    subdomain_matching: bool
    """Whether routing uses the part of the host before ``SERVER_NAME``."""
    instance_path: str
    """Folder with files of this installation, such as its configuration."""

    _got_first_request: bool
    _has_websockets: bool = False
    """Whether a route serves WebSockets."""

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        note_definition(cls)

    def __init__(
        self,
        import_name: str,
        static_url_path: str | None = None,
        static_folder: str | os.PathLike[str] | None = "static",
        static_host: str | None = None,
        host_matching: bool = False,
        subdomain_matching: bool = False,
        template_folder: str | os.PathLike[str] | None = "templates",
        instance_path: str | None = None,
        instance_relative_config: bool = False,
        root_path: str | None = None,
    ) -> None:
        super().__init__(import_name, static_folder, static_url_path, template_folder, root_path)
        self.instance_path = (
            self.auto_find_instance_path()
            if instance_path is None
            else _require_absolute(instance_path)
        )
        self.config = self.make_config(instance_relative_config)
        self.aborter = self.make_aborter()
        self.json = self.json_provider_class(self)
        self.url_map = self.url_map_class(host_matching=host_matching)
        self.subdomain_matching = subdomain_matching
        self.blueprints = {}
        self.extensions = {}
        self.teardown_appcontext_funcs = []
        self.shell_context_processors = []
        self.url_build_error_handlers = []
        self.template_context_processors[None].append(_default_template_ctx_processor)
        self._got_first_request = False

    def _make_register(self) -> HookRegister:
        return HookRegister(self)

    def _check_setup_finished(self, f_name: str) -> None:
        if self._got_first_request:
            raise AssertionError(
                f"The setup method '{f_name}' can no longer be called on the application. It has"
                " already handled its first request, any changes will not be applied"
                " consistently.\nMake sure all imports, decorators, functions, etc. needed to set"
                " up the application are done before running it."
            )

    # Name, logger, configuration -----------------------------------------------------------------

    @lazy
    def name(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The import name, or the file name if the application is defined in a script."""
        if self.import_name != "__main__":
            return self.import_name
        file = getattr(sys.modules["__main__"], "__file__", None)
        return "__main__" if file is None else os.path.splitext(os.path.basename(file))[0]

    @lazy
    def logger(self) -> logging.Logger:
        """The logger with the application's name; see ``flask.logging``."""
        return create_logger(self)  # pyright: ignore[reportArgumentType]

    @property
    def debug(self) -> bool:
        """Whether debug mode is on: ``DEBUG``.

        Never use it in production, because it shows source code and data to clients.
        """
        debug: bool = self.config["DEBUG"]
        return debug

    @debug.setter
    def debug(self, value: bool) -> None:
        config = self.config
        config["DEBUG"] = value
        follows_debug = config["TEMPLATES_AUTO_RELOAD"] is None
        if follows_debug:
            self.jinja_env.auto_reload = value

    def make_config(self, instance_relative: bool = False) -> Config:
        """Create `config`.

        :param instance_relative: file names are relative to the instance folder.
        """
        root_path = self.instance_path if instance_relative else self.root_path
        return self.config_class(root_path, {**self.default_config, "DEBUG": get_debug_flag()})

    def make_aborter(self) -> Aborter:
        """Create `aborter`."""
        return self.aborter_class()

    def auto_find_instance_path(self) -> str:
        """Return the default of `instance_path`; see ``Flask``."""
        return find_instance_path(self.import_name, self.name)

    def _start_on_loop(self, tasks: Iterable[BackgroundTask]) -> bool:
        """Start background tasks on the server's event loop.

        ``flask.Flask`` overrides it.

        :returns: whether there is such a loop.
        """
        return False

    # Registers -----------------------------------------------------------------------------------

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

        The methods are those in ``options``; by default the attribute ``methods`` of the view, and
        without it ``GET``.
        """
        check_route(rule, endpoint, view_func)
        if endpoint is None:
            endpoint = _endpoint_from_view_func(view_func)  # type: ignore[arg-type]
        given = options.pop("methods", None)
        if given is None:
            given = getattr(view_func, "methods", None) or ("GET",)
        methods = to_method_names(given)
        methods.update(getattr(view_func, "required_methods", ()))

        if provide_automatic_options is None:
            provide_automatic_options = getattr(view_func, "provide_automatic_options", None)
        if provide_automatic_options is None:
            provide_automatic_options = (
                "OPTIONS" not in methods and self.config["PROVIDE_AUTOMATIC_OPTIONS"]
            )
            if provide_automatic_options:
                methods.add("OPTIONS")

        blocking: bool | None = options.pop("blocking", None)
        cancel: bool | None = options.pop("cancel_on_disconnect", None)
        is_websocket: bool = options.pop("is_websocket", False)
        try:
            url_rule = self.url_rule_class(rule, methods=methods, endpoint=endpoint, **options)
            url_rule.blocking = blocking  # type: ignore[attr-defined]
            url_rule.cancel_on_disconnect = cancel  # type: ignore[attr-defined]
            url_rule.is_websocket = is_websocket  # type: ignore[attr-defined]
            url_rule.provide_automatic_options = provide_automatic_options  # type: ignore[attr-defined]
            self.url_map.add(url_rule)
        except (LookupError, ValueError) as error:  # the path is not valid
            note_rule(error, rule, view_func, self.url_map.converters)
            raise
        if is_websocket:
            self._has_websockets = True
        if view_func is not None:
            check_endpoint(endpoint, self.view_functions.get(endpoint), view_func)
            self.view_functions[endpoint] = view_func

    @setupmethod
    def shell_context_processor(self, f: T_shell_context_processor) -> T_shell_context_processor:
        """Add the names that a function returns to ``flask shell``."""
        self.shell_context_processors.append(f)
        return f

    @setupmethod
    def teardown_appcontext(self, f: T_teardown) -> T_teardown:
        """Call a function when the application context is popped.

        It gets the unhandled error, or ``None``.
        """
        self.teardown_appcontext_funcs.append(f)
        return f

    @setupmethod
    def register_blueprint(self, blueprint: Blueprint, **options: object) -> None:
        """Add a blueprint's routes, hooks, templates, static files and commands.

        :param blueprint: the blueprint.
        :param options: ``url_prefix``, ``subdomain``, ``url_defaults``, ``name`` and others. They
            override those of the blueprint.
        :raises ValueError: another blueprint has the name.
        """
        check_blueprint(blueprint)
        blueprint.register(self, options)

    def iter_blueprints(self) -> ValuesView[Blueprint]:
        """Return the blueprints in order of registration."""
        return self.blueprints.values()

    # Errors --------------------------------------------------------------------------------------

    _find_error_handler = find_error_handler

    def trap_http_exception(self, e: Exception) -> bool:
        """Return whether an HTTP exception is handled like other exceptions.

        Its traceback is logged or shown then. ``TRAP_HTTP_EXCEPTIONS`` and
        ``TRAP_BAD_REQUEST_ERRORS`` decide. If the latter is not set, debug mode traps the error of
        a missing form key.
        """
        if self.config["TRAP_HTTP_EXCEPTIONS"]:
            return True
        trap = self.config["TRAP_BAD_REQUEST_ERRORS"]
        if trap is None and isinstance(e, BadRequestKeyError) and self.debug:
            return True
        return bool(trap) and isinstance(e, BadRequest)

    def should_ignore_error(self, error: BaseException | None) -> bool:
        """Return whether teardown functions get ``None`` instead of an error.

        Subclasses may override it.

        :param error: an unhandled error.
        """
        return False

    # Templates -----------------------------------------------------------------------------------

    @lazy
    def jinja_env(self) -> Environment:
        """The Jinja environment, created at the first access.

        Set ``jinja_options`` and the settings for templates before.
        """
        return self.create_jinja_environment()

    def create_jinja_environment(self) -> Environment:
        """Create `jinja_env`, with its options and the configuration."""
        options = dict(self.jinja_options)
        options.setdefault("autoescape", self.select_jinja_autoescape)
        if "auto_reload" not in options:
            auto_reload = self.config["TEMPLATES_AUTO_RELOAD"]
            options["auto_reload"] = self.debug if auto_reload is None else auto_reload
        environment = self.jinja_environment(self, **options)
        environment.globals["config"] = self.config
        environment.policies["json.dumps_function"] = self.json.dumps
        return environment

    def create_global_jinja_loader(self) -> DispatchingJinjaLoader:
        """Create the loader for templates of the application and its blueprints."""
        from .._templating.environment import DispatchingJinjaLoader

        return DispatchingJinjaLoader(self)

    select_jinja_autoescape = templates.select_jinja_autoescape
    template_filter = templates.template_filter
    add_template_filter = templates.add_template_filter
    template_test = templates.template_test
    add_template_test = templates.add_template_test
    template_global = templates.template_global
    add_template_global = templates.add_template_global

    # URLs ----------------------------------------------------------------------------------------

    def redirect(self, location: str, code: int = 302) -> BaseResponse:
        """Return a response that redirects the client to another URL.

        ``flask.redirect`` calls it.
        """
        kind = self.response_class
        if issubclass(kind, Response) and kind._is_unmodified:
            response: BaseResponse = make_redirect(kind, location, code)
            return response
        return _wz_redirect(location, code=code, Response=kind)

    inject_url_defaults = url_building.inject_url_defaults
    handle_url_build_error = url_building.handle_url_build_error
