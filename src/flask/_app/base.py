"""Setting up an application: configuration, registers, templates, error handlers.

``serving`` and ``lifecycle`` add what a request needs, ``flask.app`` what a developer calls.
"""

from __future__ import annotations

import logging
import os
import sys
import typing as t
from collections.abc import Callable, Iterable, ValuesView
from datetime import timedelta

from werkzeug.exceptions import Aborter, BadRequest, BadRequestKeyError
from werkzeug.routing import BuildError, Rule
from werkzeug.routing import Map as BaseMap
from werkzeug.utils import redirect as _wz_redirect
from werkzeug.wrappers import Response as BaseResponse

from .. import typing as ft
from .._core.baseline import note_definition
from .._core.environment import find_instance_path, get_debug_flag
from .._core.hook_scopes import scopes_of_defaults
from .._core.lazy import lazy
from .._http.response import Response
from .._http.response_factories import make_redirect
from .._routing.map import Map
from ..config import DEFAULT_CONFIG, Config, ConfigAttribute
from ..json.provider import DefaultJSONProvider, JSONProvider
from ..logging import create_logger
from ..templating import _default_template_ctx_processor
from . import templates
from .error_handlers import find_error_handler
from .scaffold import Scaffold, T_teardown, _endpoint_from_view_func, setupmethod

if t.TYPE_CHECKING:
    from .._templating.environment import DispatchingJinjaLoader, Environment

T_shell_context_processor = t.TypeVar(
    "T_shell_context_processor", bound=ft.ShellContextProcessorCallable
)


def _make_timedelta(value: timedelta | int | None) -> timedelta | None:
    """Return a duration; a number means seconds."""
    return value if value is None or isinstance(value, timedelta) else timedelta(seconds=value)


def _absolute(instance_path: str) -> str:
    """Return an instance path; ``ValueError`` if it depends on the working directory."""
    if os.path.isabs(instance_path):
        return instance_path
    raise ValueError(
        "If an instance path is provided it must be absolute. A relative path was given instead:"
        f" {instance_path!r}."
    )


def _method_names(given: Iterable[str]) -> set[str]:
    """Return HTTP methods in upper case; ``TypeError`` if they are no list."""
    if isinstance(given, str):
        raise TypeError(
            "Allowed methods must be a list of strings, for example:"
            ' @app.route(..., methods=["POST"])'
        )
    return {method.upper() for method in given}


class App(Scaffold):
    """An application that can be set up, but cannot serve requests yet.

    The parameters are documented at ``Flask``.
    """

    aborter_class: type[Aborter] = Aborter
    """Makes `aborter`, which ``abort`` calls."""
    app_ctx_globals_class: type[t.Any]
    """Makes ``g``."""
    config_class: type[Config] = Config
    """Makes `config`."""
    json_provider_class: type[JSONProvider] = DefaultJSONProvider
    """Makes `json`."""
    url_rule_class: type[Rule] = Rule
    """Makes the rules of `url_map`."""
    url_map_class: type[BaseMap] = Map
    """Makes `url_map`."""
    jinja_environment: type[Environment] = templates.jinja_environment
    """Makes `jinja_env`."""
    jinja_options: dict[str, t.Any] = {}
    """Options for `jinja_env`, read when it is created."""
    request_class: type[t.Any]
    """Makes the request."""
    response_class: type[t.Any]
    """Makes responses."""
    session_interface: t.Any
    """Opens and saves sessions."""
    default_config: t.Mapping[str, t.Any] = DEFAULT_CONFIG
    """Every built-in configuration key with its default."""
    test_client_class: type[t.Any] | None = None
    """Makes ``test_client()``; ``None`` is ``flask.testing.FlaskClient``."""
    test_cli_runner_class: type[t.Any] | None = None
    """Makes ``test_cli_runner()``; ``None`` is ``flask.testing.FlaskCliRunner``."""

    testing = ConfigAttribute[bool]("TESTING")
    """Let exceptions through to the test, and let extensions know. ``TESTING``."""
    secret_key = ConfigAttribute[str | bytes | None]("SECRET_KEY")
    """Signs sessions and whatever else needs signing. ``SECRET_KEY``."""
    permanent_session_lifetime = ConfigAttribute[timedelta](
        "PERMANENT_SESSION_LIFETIME",
        get_converter=_make_timedelta,  # type: ignore[arg-type]
    )
    """How long a permanent session lives; a number is seconds. ``PERMANENT_SESSION_LIFETIME``."""

    config: Config
    """The settings."""
    aborter: Aborter
    """Raises the HTTP exception of a status."""
    if t.TYPE_CHECKING:  # its settings can be set, and any provider can be assigned

        @property
        def json(self) -> DefaultJSONProvider: ...
        @json.setter
        def json(self, value: JSONProvider) -> None: ...

    else:
        json: JSONProvider
        """Reads and writes JSON."""
    url_map: BaseMap
    """All rules."""
    blueprints: dict[str, t.Any]
    """The registered blueprints by name, in order of registration."""
    extensions: dict[str, t.Any]
    """Where extensions keep their state, each under its own name."""
    teardown_appcontext_funcs: list[ft.TeardownCallable]
    """Called when the application context goes, newest first."""
    shell_context_processors: list[ft.ShellContextProcessorCallable]
    """Each returns names for ``flask shell``."""
    url_build_error_handlers: list[Callable[[Exception, str, dict[str, t.Any]], str]]
    """Asked for a URL where building failed; called with error, endpoint and values."""
    subdomain_matching: bool
    """Whether the host's part before ``SERVER_NAME`` takes part in routing."""
    instance_path: str
    """Folder for files that are not part of the code."""

    _got_first_request: bool
    _has_websockets: bool = False
    """Whether a route serves WebSockets."""

    def __init_subclass__(cls, **kwargs: t.Any) -> None:
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
            self.auto_find_instance_path() if instance_path is None else _absolute(instance_path)
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

    def _check_setup_finished(self, f_name: str) -> None:
        if self._got_first_request:
            raise AssertionError(
                f"The setup method '{f_name}' can no longer be called on the application. It has"
                " already handled its first request, any changes will not be applied"
                " consistently.\nMake sure all imports, decorators, functions, etc. needed to set"
                " up the application are done before running it."
            )

    # Facts ---------------------------------------------------------------------------------------

    @lazy
    def name(self) -> str:
        """The import name; for a script that is run, the name of its file."""
        if self.import_name != "__main__":
            return self.import_name
        file = getattr(sys.modules["__main__"], "__file__", None)
        return "__main__" if file is None else os.path.splitext(os.path.basename(file))[0]

    @lazy
    def logger(self) -> logging.Logger:
        """The logger of the application's name; see ``flask.logging``."""
        return create_logger(self)  # pyright: ignore[reportArgumentType]

    @property
    def debug(self) -> bool:
        """Whether debug mode is on: ``DEBUG``.

        Never in production: it shows internals.
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
        """Make `config`.

        :param instance_relative: let relative file names start from the instance folder.
        """
        root_path = self.instance_path if instance_relative else self.root_path
        return self.config_class(root_path, {**self.default_config, "DEBUG": get_debug_flag()})

    def make_aborter(self) -> Aborter:
        """Make `aborter`."""
        return self.aborter_class()

    def auto_find_instance_path(self) -> str:
        """Return the default of `instance_path`; see ``Flask``."""
        return find_instance_path(self.import_name, self.name)

    # Registers -----------------------------------------------------------------------------------

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

        Methods are those in ``options``, else those that the view names, else ``GET``.
        """
        if endpoint is None:
            endpoint = _endpoint_from_view_func(view_func)  # type: ignore[arg-type]
        methods: t.Any = options.pop("methods", None)
        if methods is None:
            methods = getattr(view_func, "methods", None) or ("GET",)
        taken = _method_names(methods)
        taken.update(getattr(view_func, "required_methods", ()))

        if provide_automatic_options is None:
            provide_automatic_options = getattr(view_func, "provide_automatic_options", None)
        if provide_automatic_options is None:
            provide_automatic_options = (
                "OPTIONS" not in taken and self.config["PROVIDE_AUTOMATIC_OPTIONS"]
            )
            if provide_automatic_options:
                taken.add("OPTIONS")

        blocking: bool | None = options.pop("blocking", None)
        cancel: bool | None = options.pop("cancel_on_disconnect", None)
        is_websocket: bool = options.pop("is_websocket", False)
        made = self.url_rule_class(rule, methods=taken, endpoint=endpoint, **options)
        made.blocking = blocking  # type: ignore[attr-defined]
        made.cancel_on_disconnect = cancel  # type: ignore[attr-defined]
        made.is_websocket = is_websocket  # type: ignore[attr-defined]
        if is_websocket:
            self._has_websockets = True
        made.provide_automatic_options = provide_automatic_options  # type: ignore[attr-defined]
        self.url_map.add(made)
        if view_func is not None:
            known = self.view_functions.get(endpoint)
            if known is not None and known != view_func:
                raise AssertionError(
                    "View function mapping is overwriting an existing endpoint function:"
                    f" {endpoint}"
                )
            self.view_functions[endpoint] = view_func

    @setupmethod
    def shell_context_processor(self, f: T_shell_context_processor) -> T_shell_context_processor:
        """Add the names that a function returns to ``flask shell``."""
        self.shell_context_processors.append(f)
        return f

    @setupmethod
    def teardown_appcontext(self, f: T_teardown) -> T_teardown:
        """Call a function when the application context goes.

        It gets the unhandled error, or ``None``.
        """
        self.teardown_appcontext_funcs.append(f)
        return f

    @setupmethod
    def register_blueprint(self, blueprint: t.Any, **options: t.Any) -> None:
        """Take a blueprint's routes, hooks, templates, static files and commands.

        :param blueprint: the blueprint.
        :param options: ``url_prefix``, ``subdomain``, ``url_defaults``, ``name`` and others take
            the place of what the blueprint was made with.
        :raises ValueError: the name is taken.
        """
        blueprint.register(self, options)

    def iter_blueprints(self) -> ValuesView[t.Any]:
        """Return the blueprints in order of registration."""
        return self.blueprints.values()

    # Errors --------------------------------------------------------------------------------------

    def _find_error_handler(
        self, e: Exception, blueprints: Iterable[str]
    ) -> ft.ErrorHandlerCallable | None:
        """Return the handler for an exception.

        :param e: the exception.
        :param blueprints: the names of the blueprints that take part, the innermost first.
        """
        return find_error_handler(self.error_handler_spec, e, blueprints)

    def trap_http_exception(self, e: Exception) -> bool:
        """Tell whether an HTTP exception is treated like any other.

        That shows where it came from.

        ``TRAP_HTTP_EXCEPTIONS`` and ``TRAP_BAD_REQUEST_ERRORS``; in debug mode a missing form
        key is trapped unless the latter is set.
        """
        if self.config["TRAP_HTTP_EXCEPTIONS"]:
            return True
        trap = self.config["TRAP_BAD_REQUEST_ERRORS"]
        if trap is None and isinstance(e, BadRequestKeyError) and self.debug:
            return True
        return bool(trap) and isinstance(e, BadRequest)

    def should_ignore_error(self, error: BaseException | None) -> bool:
        """Tell whether teardown callbacks shall not be told of an error.

        For subclasses.
        """
        return False

    # Templates -----------------------------------------------------------------------------------

    @lazy
    def jinja_env(self) -> Environment:
        """The Jinja environment, created at the first access.

        Settings for it must be made before.
        """
        return self.create_jinja_environment()

    def create_jinja_environment(self) -> Environment:
        """Create `jinja_env`, with its options and the names that every template knows."""
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
        """Create the loader of the application's and the blueprints' templates."""
        from .._templating.environment import DispatchingJinjaLoader

        return DispatchingJinjaLoader(self)

    def select_jinja_autoescape(self, filename: str | None) -> bool:
        """Return whether a template is autoescaped: HTML, XML, SVG, and templates without a name.

        :param filename: the template's name; ``None`` for a template from a string.
        """
        return filename is None or filename.endswith(templates.AUTOESCAPED)

    template_filter = templates.template_filter
    add_template_filter = templates.add_template_filter
    template_test = templates.template_test
    add_template_test = templates.add_template_test
    template_global = templates.template_global
    add_template_global = templates.add_template_global

    # URLs ----------------------------------------------------------------------------------------

    def redirect(self, location: str, code: int = 302) -> BaseResponse:
        """Return a response that sends the client to another URL.

        Called by ``redirect``.
        """
        kind = self.response_class
        if issubclass(kind, Response) and kind._is_unmodified:
            response: BaseResponse = make_redirect(kind, location, code)
            return response
        return _wz_redirect(location, code=code, Response=kind)

    def inject_url_defaults(self, endpoint: str, values: dict[str, t.Any]) -> None:
        """Let the ``url_defaults`` functions add to the values of a URL."""
        if not self.url_default_functions:
            return
        for scope in scopes_of_defaults(endpoint, self.view_functions, self.url_default_functions):
            for function in self.url_default_functions.get(scope, ()):
                function(endpoint, values)

    def handle_url_build_error(
        self, error: BuildError, endpoint: str, values: dict[str, t.Any]
    ) -> str:
        """Ask the ``url_build_error_handlers`` for a URL.

        :raises werkzeug.routing.BuildError: none of them knows; the last error is raised.
        """
        for handler in self.url_build_error_handlers:
            try:
                url = handler(error, endpoint, values)
            except BuildError as newer:
                error = newer
            else:
                if url is not None:
                    return url
        raise error
