"""The application object: what a developer does with an app by hand.

Run it, build URLs, serve its files, test it. ``_app/base`` has set-up, ``_app/lifecycle`` serving.
"""

from __future__ import annotations

import os
import typing as t
import weakref
from contextlib import closing
from datetime import timedelta
from urllib.parse import quote as _url_quote

import werkzeug.serving
from werkzeug.routing import BuildError, MapAdapter, Rule
from werkzeug.wsgi import get_host

from ._app.base import _make_timedelta
from ._app.serving import ExcInfo
from ._core.awaitables import wait_if_awaitable
from ._core.current import _cv_app, _cv_request, g, request, session
from ._core.environment import get_debug_flag, get_load_dotenv
from ._core.fast_paths import built_in
from ._core.hook_scopes import scopes_inward
from ._core.lazy import lazy
from ._core.reexports import module_getattr
from .asgi import AsgiApp
from .ctx import RequestContext
from .helpers import get_flashed_messages, send_from_directory
from .wrappers import Request, Response

if t.TYPE_CHECKING:
    from ._templating.environment import Environment
    from ._testing.async_client import AsyncFlaskClient
    from .cli import AppGroup
    from .testing import FlaskClient, FlaskCliRunner

__all__ = ["Flask", "Rule", "_make_timedelta"]

if not t.TYPE_CHECKING:  # to type checkers the module has what it defines
    __getattr__ = module_getattr(__name__)


_ANCHOR_SAFE = "%!#$&'()*+,/:;=?@"


class Flask(AsgiApp):
    """An application: a WSGI and ASGI callable that is set up by decorators.

    :param import_name: the package or module of the application, usually ``__name__``: resources
        are found beside it, and the logger bears its name.
    :param static_url_path: URL prefix of the static files; the folder's name by default.
    :param static_folder: folder with static files, relative to the root path.
    :param static_host: host of the static route, with ``host_matching``.
    :param host_matching: let rules name the host they match.
    :param subdomain_matching: let rules name the part of the host before ``SERVER_NAME``.
    :param template_folder: folder with templates, relative to the root path.
    :param instance_path: absolute path of the folder for files that are not code. By default
        ``instance`` beside the package; below the prefix when the package is installed.
    :param instance_relative_config: let relative configuration files start from there.
    :param root_path: folder that relative ones start from; found from the import name by default.
    :raises ValueError: the instance path is relative.
    :raises AssertionError: ``host_matching`` without ``static_host``, or the other way round.
    """

    test_async_client_class: type[t.Any] | None = None
    """Makes ``test_async_client()``; ``None`` is a plain one."""

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
        super().__init__(
            import_name,
            root_path=root_path,
            instance_path=instance_path,
            instance_relative_config=instance_relative_config,
            template_folder=template_folder,
            static_folder=static_folder,
            static_url_path=static_url_path,
            static_host=static_host,
            subdomain_matching=subdomain_matching,
            host_matching=host_matching,
        )
        if self.has_static_folder:
            self._add_static_route(static_host, host_matching)
        # PERF: CPython 3.11 reads attributes quickly off a dict of its own, but not off one whose
        # keys are shared with other applications, as it is where __dict__ was looked into: 0.4 us.
        # Here and not later: what another thread sets meanwhile would be lost.
        self.__dict__ = dict(self.__dict__)

    @lazy
    def cli(self) -> AppGroup:
        """The application's commands, shown by ``flask``."""
        from .cli import AppGroup  # with click, 10 ms that no request needs

        return AppGroup(self.name)

    # Run it --------------------------------------------------------------------------------------

    def run(
        self,
        host: str | None = None,
        port: int | None = None,
        debug: bool | None = None,
        load_dotenv: bool = True,
        **options: t.Any,
    ) -> None:
        """Serve the application on this machine, for development.

        The server is not made for production. Does nothing when the ``flask`` command imports the
        module, because that command is about to serve it.

        :param host: address to listen on; of ``SERVER_NAME``, else ``127.0.0.1``.
        :param port: of ``SERVER_NAME``, else 5000.
        :param debug: turn debug mode on or off first.
        :param load_dotenv: read ``.env`` and ``.flaskenv`` first.
        :param options: as ``werkzeug.serving.run_simple`` takes them. Reloader and debugger follow
            debug mode, ``threaded`` is on by default.
        """
        from . import cli

        if os.environ.get("FLASK_RUN_FROM_CLI") == "true":
            cli.warn_run_ignored()
            return
        if get_load_dotenv(load_dotenv):
            cli.load_dotenv()
            if debug is None and "FLASK_DEBUG" in os.environ:
                debug = get_debug_flag()
        if debug is not None:
            self.debug = bool(debug)

        named_host, _, named_port = (self.config["SERVER_NAME"] or "").partition(":")
        address = host or named_host or "127.0.0.1"
        port = int(named_port or 5000) if port is None else int(port)
        by_debug_mode = {"use_reloader": self.debug, "use_debugger": self.debug}
        cli.show_server_banner(self.debug, self.name)
        try:
            werkzeug.serving.run_simple(
                address, port, self, **{"threaded": True, **by_debug_mode, **options}
            )
        finally:
            # Set-up may go on after a server that was run in an interactive session.
            self._got_first_request = False

    # Log records name this module, since filters and dashboards look for it.
    def log_exception(self, exc_info: ExcInfo | tuple[None, None, None]) -> None:
        """Log an unhandled error of a request at level ERROR.

        :param exc_info: as of ``sys.exc_info()``.
        """
        current = _cv_request.get().request
        self.logger.error(f"Exception on {current.path} [{current.method}]", exc_info=exc_info)

    def _log(self, level: str, message: str) -> None:
        getattr(self.logger, level)(message)

    def make_shell_context(self) -> dict[str, t.Any]:
        """Return the names of ``flask shell``: ``app``, ``g`` and others."""
        names: dict[str, t.Any] = {"app": self, "g": g}
        for processor in self.shell_context_processors:
            names.update(wait_if_awaitable(processor()))
        return names

    # Build URLs -----------------------------------------------------------------------------------

    # COMPAT: Werkzeug's warning about a foreign host names the module that binds; applications
    # filter it by "flask.app".
    @built_in
    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Make what matches and builds URLs.

        :param request: the request to bind to; ``None`` binds to ``SERVER_NAME``.
        :returns: ``None`` without a request and without ``SERVER_NAME``.
        :raises werkzeug.exceptions.SecurityError: the request's host is not one of
            ``TRUSTED_HOSTS``.
        """
        if request is None:
            if self.config["SERVER_NAME"] is None:
                return None
            return self.url_map.bind(
                self.config["SERVER_NAME"],
                url_scheme=self.config["PREFERRED_URL_SCHEME"],
                script_name=self.config["APPLICATION_ROOT"],
            )
        trusted = self.config["TRUSTED_HOSTS"]
        if trusted is not None:
            request.trusted_hosts = trusted
        # Raises for a host that is not trusted; binding alone would not look.
        get_host(request.environ, request.trusted_hosts)
        if self.url_map.host_matching:
            return self.url_map.bind_to_environ(request.environ)
        if self.subdomain_matching:
            return self.url_map.bind_to_environ(
                request.environ, server_name=self.config["SERVER_NAME"]
            )
        # Naming the subdomain keeps SERVER_NAME from restricting which hosts are served.
        return self.url_map.bind_to_environ(
            request.environ,
            server_name=self.config["SERVER_NAME"],
            subdomain=self.url_map.default_subdomain or "",
        )

    @built_in
    def url_for(
        self,
        /,
        endpoint: str,
        *,
        _anchor: str | None = None,
        _method: str | None = None,
        _scheme: str | None = None,
        _external: bool | None = None,
        **values: t.Any,
    ) -> str:
        """Build the URL of an endpoint.

        :param endpoint: name of the view; with a leading dot, of the current blueprint.
        :param _anchor: becomes ``#anchor``.
        :param _method: of several rules of the endpoint, one that takes this HTTP method.
        :param _scheme: the scheme of an external URL; makes the URL external.
        :param _external: with scheme and host. By default inside a request: no; outside: yes,
            which needs ``SERVER_NAME``.
        :param values: the rule's dynamic parts; others go to the query string.
        :raises werkzeug.routing.BuildError: no rule fits; the ``url_build_error_handlers`` have
            been asked.
        :raises RuntimeError: no request is active, and ``SERVER_NAME`` is not set.
        :raises ValueError: ``_scheme`` is given for a URL that is not external.
        """
        context = _cv_request.get(None)
        if context is not None and not _external and _anchor is _method is _scheme is None:
            # PERF: the usual call, for a path on this host: 1 us instead of 5 us.
            path: str | None = context._build_path(endpoint, values)
            if path is not None:
                return path
        adapter, endpoint = self._find_adapter(endpoint)
        if _external is None:
            _external = context is None or _scheme is not None
        elif _scheme is not None and not _external:
            raise ValueError("When specifying '_scheme', '_external' must be True.")

        self.inject_url_defaults(endpoint, values)
        try:
            url: str = adapter.build(
                endpoint, values, method=_method, url_scheme=_scheme, force_external=_external
            )
        except BuildError as error:
            values.update(_anchor=_anchor, _method=_method, _scheme=_scheme, _external=_external)
            return self.handle_url_build_error(error, endpoint, values)
        return f"{url}#{_url_quote(_anchor, safe=_ANCHOR_SAFE)}" if _anchor is not None else url

    def _find_adapter(self, endpoint: str) -> tuple[MapAdapter, str]:
        """Return what builds URLs here, and the full endpoint."""
        context = _cv_request.get(None)
        adapter: MapAdapter | None
        if context is None:
            around = _cv_app.get(None)
            adapter = self.create_url_adapter(None) if around is None else around.url_adapter
        else:
            adapter = context._find_adapter()
            endpoint = context._full_endpoint(endpoint)
        if adapter is None:
            raise RuntimeError(
                "Unable to build URLs outside an active request without 'SERVER_NAME' configured."
                " Also configure 'APPLICATION_ROOT' and 'PREFERRED_URL_SCHEME' as needed."
            )
        return adapter, endpoint

    # Serve its files -----------------------------------------------------------------------------

    def _add_static_route(self, static_host: str | None, host_matching: bool) -> None:
        assert bool(static_host) == host_matching, "Invalid static_host/host_matching combination"
        # Weakly: an application that nobody holds any more is freed at once, not by the collector.
        myself = weakref.ref(self)
        # COMPAT: a lambda, since applications exempt it by name: pgAdmin says "flask.app.<lambda>"
        # to Flask-WTF's protection. Whoever asks it for a file holds the application.
        self.add_url_rule(
            f"{self.static_url_path}/<path:filename>",
            "static",
            lambda **kwargs: t.cast(Flask, myself()).send_static_file(**kwargs),
            host=static_host,
        )

    def get_send_file_max_age(self, filename: str | None) -> int | None:
        """Return for how many seconds caches may keep a file.

        For subclasses to decide by name.

        ``SEND_FILE_MAX_AGE_DEFAULT``; ``None`` lets them ask each time.

        :param filename: of the file that is sent; ``None`` if it has none.
        """
        value = self.config["SEND_FILE_MAX_AGE_DEFAULT"]
        return int(value.total_seconds()) if isinstance(value, timedelta) else value

    def send_static_file(self, filename: str) -> Response:
        """Answer with a static file; the view of the static route.

        :param filename: relative to the static folder.
        :raises RuntimeError: there is no static folder.
        :raises werkzeug.exceptions.NotFound: there is no such file.
        """
        folder = self.static_folder
        if folder is None:
            raise RuntimeError("'static_folder' must be set to serve static_files.")
        max_age = self.get_send_file_max_age(filename)
        return send_from_directory(folder, filename, max_age=max_age)

    def open_resource(
        self, resource: str, mode: str = "rb", encoding: str | None = None
    ) -> t.IO[t.Any]:
        """Open a file that belongs to the application's code, for reading.

        :param resource: relative to the root path.
        :param mode: ``"rb"``, ``"r"`` or ``"rt"``.
        :param encoding: of a text file.
        :raises ValueError: another mode.
        """
        return self._open_to_read(resource, mode, encoding)

    def open_instance_resource(
        self, resource: str, mode: str = "rb", encoding: str | None = "utf-8"
    ) -> t.IO[t.Any]:
        """Open a file in the instance folder, in any mode.

        :param resource: relative to the instance path.
        :param mode: as of ``open``.
        :param encoding: of a text file.
        """
        path = os.path.join(self.instance_path, resource)
        return open(path, mode, encoding=None if "b" in mode else encoding)

    # Templates -----------------------------------------------------------------------------------

    def create_jinja_environment(self) -> Environment:
        """Make `jinja_env`: options, autoescape, and names for every template."""
        options = dict(self.jinja_options)
        options.setdefault("autoescape", self.select_jinja_autoescape)
        if "auto_reload" not in options:
            auto_reload = self.config["TEMPLATES_AUTO_RELOAD"]
            options["auto_reload"] = self.debug if auto_reload is None else auto_reload
        environment = self.jinja_environment(self, **options)
        environment.globals.update(
            config=self.config,
            url_for=self.url_for,
            get_flashed_messages=get_flashed_messages,
            # Templates that are imported see only globals: there the proxies serve.
            g=g,
            request=request,
            session=session,
        )
        environment.policies["json.dumps_function"] = self.json.dumps
        return environment

    def update_template_context(self, context: dict[str, t.Any]) -> None:
        """Add the names of the context processors to those given to a template.

        Given names win; a blueprint's processors win over the application's.

        :param context: the names given; changed in place.
        """
        endpoint = getattr(_cv_request.get(None), "_endpoint", None)
        given = context.copy()
        for scope in scopes_inward(endpoint):
            for processor in self.template_context_processors.get(scope, ()):
                context.update(wait_if_awaitable(self.ensure_sync(processor)()))
        context.update(given)

    # Test it -------------------------------------------------------------------------------------

    def test_client(self, use_cookies: bool = True, **kwargs: t.Any) -> FlaskClient:
        """Make a client that asks the application without a server.

        :param use_cookies: keep cookies from request to request.
        :param kwargs: for `test_client_class`.
        """
        from .testing import FlaskClient

        kind = self.test_client_class or FlaskClient
        client: FlaskClient = kind(self, self.response_class, use_cookies=use_cookies, **kwargs)
        return client

    def test_async_client(self, use_cookies: bool = True, **kwargs: t.Any) -> AsyncFlaskClient:
        """Make a client for ``async`` tests; it asks by ASGI.

        :param use_cookies: keep cookies from request to request.
        :param kwargs: for `test_async_client_class`.
        """
        from ._testing.async_client import AsyncFlaskClient

        kind = self.test_async_client_class or AsyncFlaskClient
        client: AsyncFlaskClient = kind(
            self, self.response_class, use_cookies=use_cookies, **kwargs
        )
        return client

    def test_cli_runner(self, **kwargs: t.Any) -> FlaskCliRunner:
        """Make a runner for the application's commands.

        :param kwargs: for `test_cli_runner_class`.
        """
        from .testing import FlaskCliRunner

        kind = self.test_cli_runner_class or FlaskCliRunner
        runner: FlaskCliRunner = kind(self, **kwargs)
        return runner

    def test_request_context(self, *args: t.Any, **kwargs: t.Any) -> RequestContext:
        """Make the context of a request that nobody sent.

        Use it as ``with app.test_request_context():``.

        :param args: as ``flask.testing.EnvironBuilder`` takes them, with ``kwargs``.
        """
        from .testing import EnvironBuilder

        with closing(EnvironBuilder(self, *args, **kwargs)) as builder:
            context = self.request_context(builder.get_environ())
        context._is_answered = False
        return context
