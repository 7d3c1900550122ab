"""The application object, and its methods that you call: run, send files, test.

The set-up methods are in ``_app/base``, the steps of a request in ``_app/lifecycle``.
"""

from __future__ import annotations

import os
import sys
import typing as t
import weakref
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from contextlib import AbstractAsyncContextManager, closing
from datetime import timedelta
from functools import partial

from werkzeug.routing import Map, MapAdapter, Rule

from . import typing as ft
from ._app import lifespan as lifespan_methods
from ._app import websocket_routes
from ._app.background import BackgroundTask
from ._app.base import _make_timedelta
from ._app.lifecycle import ExcInfo, Lifecycle
from ._app.scaffold import OpenFile
from ._core.awaitables import wait_if_awaitable
from ._core.current import _cv_request, g, request, session
from ._core.environment import get_debug_flag, get_load_dotenv
from ._core.lazy import lazy, lazy_default
from ._core.reexports import module_getattr
from .asgi import _websocket_lifecycle as websocket_lifecycle
from .asgi._wsgi_servers import serve_upgrade_request, warn_about_hypercorn
from .ctx import RequestContext
from .helpers import get_flashed_messages, send_from_directory
from .wrappers import Response

if t.TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from ._templating.environment import Environment
    from ._testing.async_client import AsyncFlaskClient
    from .asgi._request_body import Receive, Send
    from .asgi._scope import Scope
    from .asgi._server import AsgiServer
    from .asgi._websocket import Websocket
    from .cli import AppGroup
    from .testing import FlaskClient, FlaskCliRunner

__all__ = ["Flask", "Rule", "_make_timedelta"]

if not t.TYPE_CHECKING:  # type checkers see only the names that the module defines
    __getattr__ = module_getattr(__name__)


class Flask(Lifecycle):
    """An application: a callable for WSGI and ASGI servers.

    You set it up with decorators.

    :param import_name: the package or module of the application, usually ``__name__``. It
        determines the root path, and the name of the logger.
    :param static_url_path: URL prefix of the static files; by default the name of the folder.
    :param static_folder: folder with static files, relative to the root path.
    :param static_host: host of the static route, with ``host_matching``.
    :param host_matching: rules match the host too: option ``host`` of `route`.
    :param subdomain_matching: rules match the part of the host before ``SERVER_NAME`` too: option
        ``subdomain`` of `route`.
    :param template_folder: folder with templates, relative to the root path.
    :param instance_path: absolute path of the folder for files that are not code. By default
        ``instance`` next to the package, or a folder below the prefix of an installed package.
    :param instance_relative_config: configuration files are relative to the instance path.
    :param root_path: base of relative folders; by default the folder of the module or package.
    :raises ValueError: the instance path is relative.
    :raises AssertionError: only one of ``host_matching`` and ``static_host`` is given.
    """

    test_async_client_class: type[AsyncFlaskClient] | None = None
    """The class of ``test_async_client()``; ``None`` means ``AsyncFlaskClient``."""

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

    @lazy
    def cli(self) -> AppGroup:
        """The application's commands for the ``flask`` command."""
        from .cli import AppGroup  # imports click: 10 ms that no request needs

        return AppGroup(self.name)

    # Serve requests ------------------------------------------------------------------------------

    @t.overload
    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]: ...
    @t.overload
    def __call__(
        self, environ: Scope, start_response: Receive, send: Send
    ) -> Coroutine[object, object, None]: ...
    @t.overload
    def __call__(self, environ: Scope) -> Callable[[Receive, Send], Awaitable[None]]: ...
    def __call__(self, environ: t.Any, start_response: t.Any = None, send: t.Any = None) -> t.Any:
        """Serve a request, over WSGI by `wsgi_app` or over ASGI by `asgi_app`.

        :param environ: the WSGI environment, or the ASGI scope.
        :param start_response: gets status and headers. Under ASGI it is ``receive``.
        :param send: only under ASGI. Servers that support ASGI 2 pass only the scope. They get a
            function with the two other parameters.
        """
        if send is not None:
            return self.asgi_app(environ, start_response, send)
        if start_response is None:
            return partial(self.asgi_app, environ)
        if "HTTP_UPGRADE" in environ and self._has_websockets:
            body = serve_upgrade_request(self, environ, start_response)
            if body is not None:
                return body
        return self.wsgi_app(environ, start_response)

    def asgi_app(
        self, scope: Scope, receive: Receive, send: Send
    ) -> Coroutine[object, object, None]:
        """Serve one connection (ASGI 3).

        To add ASGI middleware, wrap this method and not the application:
        ``app.asgi_app = Middleware(app.asgi_app)``. WSGI middleware that wraps `wsgi_app` applies
        to ASGI requests too.

        :param scope: the server's description of the connection.
        :param receive: returns the next message from the server.
        :param send: sends a message to the server.
        :raises ValueError: the scope is malformed, or its protocol is unknown.
        """
        try:
            server = self._asgi_server
        except AttributeError:  # the first connection
            server = self._asgi
        if scope.get("type") == "http":
            serve = server.serve_http
            return serve(self, scope, receive, send)
        return server.serve(self, scope, receive, send)

    @property
    def _asgi(self) -> AsgiServer:
        """What serves over ASGI, created at the first access."""
        try:
            return self._asgi_server
        except AttributeError:
            from .asgi._server import AsgiServer  # imports asyncio, which WSGI does not need

        self._asgi_server: AsgiServer = AsgiServer(self.debug)
        return self._asgi_server

    def _start_serving(self) -> None:
        super()._start_serving()
        warn_about_hypercorn(self)

    # Startup, shutdown, and work after the response ----------------------------------------------

    before_serving_funcs = property(lifespan_methods.get_before_serving_funcs)
    after_serving_funcs = property(lifespan_methods.get_after_serving_funcs)
    while_serving_gens = property(lifespan_methods.get_while_serving_gens)
    before_serving = lifespan_methods.before_serving
    after_serving = lifespan_methods.after_serving
    while_serving = lifespan_methods.while_serving
    add_background_task = lifespan_methods.add_background_task

    def _start_on_loop(self, tasks: Iterable[BackgroundTask]) -> bool:
        return "asyncio" in sys.modules and self._asgi.start_tasks(self, tasks)

    def lifespan(self, outer: object = None) -> AbstractAsyncContextManager[None]:
        """Run startup and shutdown, if this application is mounted in another one.

        Servers send lifespan messages only to the outer application. Pass this method to it, as in
        ``Starlette(lifespan=app.lifespan)``, or use ``async with app.lifespan():`` in its lifespan.

        :param outer: the outer application. It is not used.
        :returns: an asynchronous context manager: startup at its beginning, shutdown at its end.
        """
        from .asgi._lifespan import lifespan

        return lifespan(self)

    # WebSockets: decorators, and the steps of a connection ---------------------------------------

    websocket_class: type[Websocket] = lazy_default(  # type: ignore[assignment]
        websocket_lifecycle.import_websocket_class
    )
    """The class of ``websocket``."""
    before_websocket_funcs = websocket_routes.before_websocket_funcs
    after_websocket_funcs = websocket_routes.after_websocket_funcs
    teardown_websocket_funcs = websocket_routes.teardown_websocket_funcs
    websocket = websocket_routes.websocket
    add_websocket = websocket_routes.add_websocket
    before_websocket = websocket_routes.before_websocket
    after_websocket = websocket_routes.after_websocket
    teardown_websocket = websocket_routes.teardown_websocket

    full_dispatch_websocket = websocket_lifecycle.full_dispatch_websocket
    check_websocket_origin = websocket_lifecycle.check_websocket_origin
    preprocess_websocket = websocket_lifecycle.preprocess_websocket
    dispatch_websocket = websocket_lifecycle.dispatch_websocket
    postprocess_websocket = websocket_lifecycle.postprocess_websocket
    handle_websocket_exception = websocket_lifecycle.handle_websocket_exception
    do_teardown_websocket = websocket_lifecycle.do_teardown_websocket

    # Development ---------------------------------------------------------------------------------

    def run(
        self,
        host: str | None = None,
        port: int | None = None,
        debug: bool | None = None,
        load_dotenv: bool = True,
        **options: t.Any,
    ) -> None:
        """Run the development server.

        Do not use it in production. The method does nothing if the ``flask`` command imports the
        module, because the command starts a server itself.

        :param host: address to listen on; by default that of ``SERVER_NAME``, or ``127.0.0.1``.
        :param port: by default that of ``SERVER_NAME``, or 5000.
        :param debug: set debug mode.
        :param load_dotenv: read ``.env`` and ``.flaskenv`` first.
        :param options: options of ``werkzeug.serving.run_simple``. By default debug mode enables
            reloader and debugger, and ``threaded`` is enabled.
        """
        from . import cli
        from .cli._development_server import run_development_server

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
            run_development_server(
                address, port, self, **{"threaded": True, **by_debug_mode, **options}
            )
        finally:
            # In an interactive session you can continue set-up when the server has ended.
            self._got_first_request = False

    # COMPAT: log records have the name of this module. Filters and dashboards match on it.
    def log_exception(self, exc_info: ExcInfo | tuple[None, None, None]) -> None:
        """Log an unhandled error of a request at level ERROR.

        :param exc_info: the result of ``sys.exc_info()``.
        """
        current = _cv_request.get().request
        self.logger.error(f"Exception on {current.path} [{current.method}]", exc_info=exc_info)

    def _log(self, level: str, message: str) -> None:
        getattr(self.logger, level)(message)

    def make_shell_context(self) -> ft.Names:
        """Return the names of ``flask shell``: ``app``, ``g`` and others."""
        names: ft.Names = {"app": self, "g": g}
        for processor in self.shell_context_processors:
            names.update(wait_if_awaitable(processor()))
        return names

    # Build URLs -----------------------------------------------------------------------------------

    @staticmethod
    def _bind_url_map(url_map: Map, environ: WSGIEnvironment, **options: str | None) -> MapAdapter:
        # COMPAT: Werkzeug's warning about another host has the module of this call. Applications
        # filter the warning by "flask.app".
        return url_map.bind_to_environ(environ, **options)

    # Files ---------------------------------------------------------------------------------------

    def _add_static_route(self, static_host: str | None, host_matching: bool) -> None:
        assert bool(static_host) == host_matching, "Invalid static_host/host_matching combination"
        app = weakref.ref(self)  # avoid a reference cycle
        # COMPAT: a lambda, because applications use its name: pgAdmin passes "flask.app.<lambda>"
        # to Flask-WTF. The application exists as long as it serves requests.
        self.add_url_rule(
            f"{self.static_url_path}/<path:filename>",
            "static",
            lambda **kwargs: app().send_static_file(**kwargs),  # type: ignore[union-attr]
            host=static_host,
        )

    def get_send_file_max_age(self, filename: str | None) -> int | None:
        """Return for how many seconds caches may keep a file.

        Subclasses may override it, for example to decide by the file name.

        :param filename: the name of the file; ``None`` if it has none.
        :returns: ``SEND_FILE_MAX_AGE_DEFAULT``. ``None`` means that caches must revalidate.
        """
        value = self.config["SEND_FILE_MAX_AGE_DEFAULT"]
        return int(value.total_seconds()) if isinstance(value, timedelta) else value

    def send_static_file(self, filename: str) -> Response:
        """Return a static file, as the view of the static route.

        :param filename: relative to the static folder.
        :raises RuntimeError: there is no static folder.
        :raises werkzeug.exceptions.NotFound: the file does not exist.
        """
        folder = self.static_folder
        if folder is None:
            raise RuntimeError("'static_folder' must be set to serve static_files.")
        max_age = self.get_send_file_max_age(filename)
        return send_from_directory(folder, filename, max_age=max_age)

    def open_resource(
        self, resource: str, mode: str = "rb", encoding: str | None = None
    ) -> OpenFile:
        """Open a file in the root path of the application for reading.

        :param resource: relative to the root path.
        :param mode: ``"rb"``, ``"r"`` or ``"rt"``.
        :param encoding: the encoding of a text file.
        :raises ValueError: the mode is another one.
        """
        return self._open_to_read(resource, mode, encoding)

    def open_instance_resource(
        self, resource: str, mode: str = "rb", encoding: str | None = "utf-8"
    ) -> OpenFile:
        """Open a file in the instance folder, in any mode.

        :param resource: relative to the instance path.
        :param mode: a mode of ``open``.
        :param encoding: the encoding of a text file.
        """
        path = os.path.join(self.instance_path, resource)
        return open(path, mode, encoding=None if "b" in mode else encoding)

    # Templates -----------------------------------------------------------------------------------

    def create_jinja_environment(self) -> Environment:
        """Create `jinja_env`, with its options and the globals of all templates."""
        environment = super().create_jinja_environment()
        environment.globals.update(
            url_for=self.url_for,
            get_flashed_messages=get_flashed_messages,
            # Imported templates have only globals, so the proxies are globals too.
            g=g,
            request=request,
            session=session,
        )
        return environment

    # Tests ---------------------------------------------------------------------------------------

    def test_client(self, use_cookies: bool = True, **kwargs: t.Any) -> FlaskClient:
        """Create a client that sends requests to the application without a server.

        :param use_cookies: store cookies, and send them with later requests.
        :param kwargs: passed to `test_client_class`.
        """
        from .testing import FlaskClient

        kind: Callable[..., FlaskClient] = self.test_client_class or FlaskClient
        return kind(self, self.response_class, use_cookies=use_cookies, **kwargs)

    def test_async_client(self, use_cookies: bool = True, **kwargs: object) -> AsyncFlaskClient:
        """Create a client for ``async`` tests. It sends requests over ASGI.

        :param use_cookies: store cookies, and send them with later requests.
        :param kwargs: passed to `test_async_client_class`.
        """
        from ._testing.async_client import AsyncFlaskClient

        kind: Callable[..., AsyncFlaskClient] = self.test_async_client_class or AsyncFlaskClient
        return kind(self, self.response_class, use_cookies=use_cookies, **kwargs)

    def test_cli_runner(self, **kwargs: object) -> FlaskCliRunner:
        """Create a runner for the application's commands.

        :param kwargs: passed to `test_cli_runner_class`.
        """
        from .testing import FlaskCliRunner

        kind: Callable[..., FlaskCliRunner] = self.test_cli_runner_class or FlaskCliRunner
        return kind(self, **kwargs)

    def test_request_context(self, *args: t.Any, **kwargs: t.Any) -> RequestContext:
        """Create the context of a request that was not sent.

        Use it as ``with app.test_request_context():``.

        :param args: passed to ``flask.testing.EnvironBuilder``, with ``kwargs``.
        """
        from .testing import EnvironBuilder

        with closing(EnvironBuilder(self, *args, **kwargs)) as builder:
            context = self.request_context(builder.get_environ())
        context._is_answered = False
        return context
