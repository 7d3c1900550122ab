"""The application object, with what a developer calls: run, build URLs, send files, test.

``_app/base`` has set-up, ``_app/lifecycle`` the steps of a request.
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

import werkzeug.serving
from werkzeug.routing import Map, MapAdapter, Rule

from ._app import lifespan as lifespan_methods
from ._app import websocket_routes
from ._app.background import BackgroundTask
from ._app.base import _make_timedelta
from ._app.lifecycle import ExcInfo, Lifecycle
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

if not t.TYPE_CHECKING:  # to type checkers the module has what it defines
    __getattr__ = module_getattr(__name__)


class Flask(Lifecycle):
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
        self._lifespan.background.start_on_loop = _start_on_loop
        if self.has_static_folder:
            self._add_static_route(static_host, host_matching)

    @lazy
    def cli(self) -> AppGroup:
        """The application's commands, shown by ``flask``."""
        from .cli import AppGroup  # with click, 10 ms that no request needs

        return AppGroup(self.name)

    # Serve it ------------------------------------------------------------------------------------

    @t.overload
    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]: ...
    @t.overload
    def __call__(
        self, environ: Scope, start_response: Receive, send: Send
    ) -> Coroutine[t.Any, t.Any, None]: ...
    @t.overload
    def __call__(self, environ: Scope) -> Callable[[Receive, Send], Awaitable[None]]: ...
    def __call__(self, environ: t.Any, start_response: t.Any = None, send: t.Any = None) -> t.Any:
        """Respond to a server, over WSGI or ASGI, through `wsgi_app` or `asgi_app`.

        :param environ: the WSGI environment, or the ASGI scope.
        :param start_response: takes status and headers; under ASGI, ``receive``.
        :param send: only given under ASGI. A scope alone is ASGI's older form, by which servers
            find out that the object speaks ASGI: the returned function takes the other two.
        """
        if send is not None:
            return self.asgi_app(environ, start_response, send)
        if start_response is None:
            return partial(self.asgi_app, environ)
        if self._has_websockets and "HTTP_UPGRADE" in environ:
            answer = serve_upgrade_request(self, environ, start_response)
            if answer is not None:
                return answer
        return self.wsgi_app(environ, start_response)

    def asgi_app(self, scope: Scope, receive: Receive, send: Send) -> Coroutine[t.Any, t.Any, None]:
        """Serve one connection (ASGI 3).

        To put ASGI middleware around the application, wrap this and not the application:
        ``app.asgi_app = Middleware(app.asgi_app)``. Requests go through `wsgi_app` as well, and so
        through the WSGI middleware around that.

        :param scope: what the server says about the connection.
        :param receive: returns the server's next message.
        :param send: takes a message for the server.
        :raises ValueError: the scope is malformed, or of an unknown protocol.
        """
        return self._asgi.serve(self, scope, receive, send)

    @lazy
    def _asgi(self) -> AsgiServer:
        from .asgi._server import AsgiServer  # with asyncio, which WSGI does not need

        return AsgiServer()

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

    def lifespan(self, outer: object = None) -> AbstractAsyncContextManager[None]:
        """Run startup and shutdown with an outer application that this one is mounted in.

        Servers send lifespan messages only to the outer application. Pass this method to it, as in
        ``Starlette(lifespan=app.lifespan)``, or use ``async with app.lifespan():`` in its lifespan.

        :param outer: the outer application, which calls this method; not used.
        :returns: an asynchronous context manager: startup at its beginning, shutdown at its end.
        """
        from .asgi._lifespan import lifespan

        return lifespan(self)

    # WebSockets: how they are registered, and the steps of each ----------------------------------

    websocket_class: type[Websocket] = t.cast(
        "t.Any", lazy_default(websocket_lifecycle.import_websocket_class)
    )
    """Makes ``websocket``."""
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

    @staticmethod
    def _bind_url_map(url_map: Map, environ: WSGIEnvironment, **options: t.Any) -> MapAdapter:
        # COMPAT: Werkzeug's warning about a foreign host names the module of this call, and
        # applications filter the warning by "flask.app".
        return url_map.bind_to_environ(environ, **options)

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
        """Create `jinja_env`, with its options and the names that every template knows."""
        environment = super().create_jinja_environment()
        environment.globals.update(
            url_for=self.url_for,
            get_flashed_messages=get_flashed_messages,
            # Imported templates see only globals, so these are the proxies.
            g=g,
            request=request,
            session=session,
        )
        return environment

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


def _start_on_loop(app: Flask, tasks: Iterable[BackgroundTask]) -> bool:
    """Start background tasks on the server's loop; return ``False`` if there is none."""
    return "asyncio" in sys.modules and app._asgi.start_tasks(app, tasks)
