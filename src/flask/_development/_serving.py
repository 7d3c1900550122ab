"""Starts the development server: Werkzeug's for WSGI, uvicorn for ASGI, both with the reloader.

``flask run`` and ``app.run()`` call `run_wsgi` or `run_asgi`. The first process becomes the
supervisor. A process that the supervisor starts serves the application.
"""

from __future__ import annotations

import importlib
import os
import sys
import threading
import time
import typing as t
from collections.abc import Callable, Iterable
from functools import partial

import werkzeug.serving

from .._core.user_code import find_library
from . import RELOADERS
from ._link import Restarter, find_restarter
from ._load_error import LoadErrorApp, find_syntax_error
from ._pages import Pages
from ._project import list_module_files, list_roots, list_traceback_files
from ._supervisor import Supervisor, list_command

if t.TYPE_CHECKING:
    from types import TracebackType

    from ._browser_wsgi import Requests

_PRELOADED: t.Final = (
    "encodings.idna",
    "flask._development._browser_wsgi",
    "flask._templating.environment",
    "itsdangerous",
    "multiprocessing.sharedctypes",
    "werkzeug._reloader",
    "flask._debug.wsgi",
)
"""Modules that most applications and the server need. They are imported before a process waits."""
_PRELOADED_FOR_ASGI: t.Final = (
    "greenlet",
    "uvloop",
    "uvicorn.lifespan.on",
    "uvicorn.loops.auto",
    "uvicorn.protocols.http.auto",
    "uvicorn.protocols.websockets.auto",
    "flask._development._asgi_server",
    "flask._development._browser_asgi",
    "flask.asgi._http",
    "flask.asgi._lifespan",
    "flask.asgi._server",
    "flask.asgi._websocket_server",
)
"""What is imported in addition for ASGI."""
_FINISH_TIMEOUT: t.Final = 0.3
"""Seconds that requests have to end before a restart, over WSGI."""
_REPORT_INTERVAL: t.Final = 1.0
"""Seconds between two looks for modules that were imported in the meantime."""


def wait_until_called(asgi: bool) -> None:
    """Wait before the application is loaded, in a process that was started in advance.

    :param asgi: whether the application is served over ASGI.
    """
    restarter = find_restarter()
    if restarter is None:
        return
    for name in (*_PRELOADED, *(_PRELOADED_FOR_ASGI if asgi else ())):
        try:
            importlib.import_module(name)
        except ImportError:
            pass  # the server reports it
    restarter.wait_until_called(list_module_files())


def run_wsgi(host: str, port: int, app: t.Any, served: t.Any, **options: t.Any) -> None:
    """Serve an application with Werkzeug's server.

    :param host: address to listen on.
    :param port: port to listen on.
    :param app: the application; or a `LoadErrorApp`.
    :param served: the application inside the debugger, or the same as ``app``.
    :param options: of ``werkzeug.serving.run_simple``. If ``reloader_type`` is none of
        `RELOADERS`, Werkzeug's reloader is used.
    """
    if options.get("use_reloader") and _add_reloaders(app):
        restarter = find_restarter()
        is_parallel = options.get("threaded") and options.get("processes", 1) == 1
        if restarter is not None and is_parallel:
            from ._browser_wsgi import Requests, create_request_handler

            Reloader.requests = Requests()
            options["request_handler"] = create_request_handler(
                Reloader.requests,
                Reloader.pages if reloads_pages(app) else None,
                options.get("request_handler"),
            )
        Reloader.address = (host, port, options.get("ssl_context"))
    werkzeug.serving.run_simple(host, port, served, **options)


def reloads_pages(app: t.Any) -> bool:
    """Return whether the application is in debug mode, and its setting allows it.

    :param app: the application; or a `LoadErrorApp`.
    """
    config = getattr(app, "config", {})
    return bool(getattr(app, "debug", False) and config.get("BROWSER_AUTO_RELOAD", True))


def _add_reloaders(app: t.Any) -> bool:
    """Replace Werkzeug's reloaders by this package's; return whether it is possible."""
    if find_restarter() is None and werkzeug.serving.is_running_from_reloader():
        return False  # Werkzeug's reloader has started this process
    try:
        reloader = importlib.import_module("werkzeug._reloader")
        loops: dict[str, t.Any] = getattr(reloader, "reloader_loops")  # noqa: B009 # private
    except (ImportError, AttributeError):
        return False
    Reloader.app = app
    loops.update({kind: partial(Reloader, kind=kind) for kind in RELOADERS})
    return True


class Reloader:
    """A reloader, as Werkzeug's server uses one.

    :param extra_files: see ``Project``.
    :param exclude_patterns: likewise.
    :param interval: minimum seconds between two comparisons of times.
    :param kind: one of `RELOADERS`.
    """

    app: t.ClassVar[t.Any] = None
    """The application that is served."""
    pages: t.ClassVar[Pages] = Pages()
    """The open pages."""
    requests: t.ClassVar[Requests | None] = None
    """The requests that are answered, over WSGI."""
    address: t.ClassVar[tuple[str, int, t.Any]] = ("127.0.0.1", 0, None)
    """Host, port, and the certificate as for ``werkzeug.serving.run_simple``."""

    def __init__(
        self,
        extra_files: Iterable[str] | None = None,
        exclude_patterns: Iterable[str] | None = None,
        interval: float = 1,
        kind: str = "auto",
    ) -> None:
        self._extra_files = extra_files or ()
        self._exclude_patterns = exclude_patterns or ()
        self._interval = interval
        self._kind = kind

    def restart_with_reloader(self) -> int:
        """Supervise processes until one ends; return its exit code."""
        try:
            supervisor = Supervisor(
                list_command(),
                self._extra_files,
                self._exclude_patterns,
                self._interval,
                self._kind,
                serve_failure,
            )
        except RuntimeError as error:  # watchfiles is not installed
            print(f"Error: {error}", file=sys.stderr)
            return 2
        return supervisor.run()

    def __enter__(self) -> Reloader:
        """Begin; the server is started next."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End; the process ends too."""

    def run(self) -> t.NoReturn:
        """Wait until the application is restarted, in the main thread of its process."""
        restarter = find_restarter()
        assert restarter is not None
        start_reports(restarter, self.app)
        code = restarter.follow(self.pages.publish)
        self.pages.close()
        if self.requests is not None:
            self.requests.finish(_FINISH_TIMEOUT)
        sys.exit(code)


def serve_failure(paths: set[str]) -> Callable[[], None]:
    """Respond to requests with an error page; return a function that ends this.

    :param paths: Python files that have changed. If one has a syntax error, the page shows it.
    """
    from ._browser_wsgi import BrowserReload

    host, port, context = Reloader.address
    error = find_syntax_error(paths)
    app = BrowserReload(LoadErrorApp(error, is_shown=True), Pages())
    server = werkzeug.serving.make_server(
        host,
        port,
        app,
        threaded=True,
        ssl_context=context,
        fd=int(os.environ["WERKZEUG_SERVER_FD"]),
    )
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()

    def end() -> None:
        server.shutdown()
        thread.join()

    return end


# What the application uses -----------------------------------------------------------------------


def start_reports(restarter: Restarter, app: t.Any) -> None:
    """Report which files the application uses, now and whenever it has imported more modules.

    :param restarter: the supervisor.
    :param app: the application.
    """
    restarter.report(**_describe(app))
    threading.Thread(
        target=_report_modules, args=(restarter, app), name="flask-reports", daemon=True
    ).start()


def _report_modules(restarter: Restarter, app: t.Any) -> None:
    known = list_module_files()
    count = len(sys.modules)
    while True:
        time.sleep(_REPORT_INTERVAL)
        if len(sys.modules) != count:
            count = len(sys.modules)
            current = list_module_files()
            if not current <= known:
                known |= current
                restarter.report(**_describe(app))


def _describe(app: t.Any) -> dict[str, list[str]]:
    """Return the files and folders of an application, see ``Project.update``."""
    modules = list_module_files()
    templates: set[str] = set()
    static_files: set[str] = set()
    if isinstance(app, LoadErrorApp):
        if app.error is not None:
            modules |= list_traceback_files(app.error)
    elif reloads_pages(app):
        for owner in (app, *getattr(app, "blueprints", {}).values()):
            templates.update(_list_searched(getattr(owner, "jinja_loader", None)))
            folder = getattr(owner, "static_folder", None)
            static_files.update([str(folder)] if folder else [])
    return {
        "modules": sorted(modules),
        "roots": sorted(list_roots()),
        "templates": sorted(path for path in templates if find_library(path) is None),
        "static_files": sorted(path for path in static_files if find_library(path) is None),
    }


def _list_searched(loader: t.Any) -> set[str]:
    """Return the folders that a Jinja loader searches."""
    found = {str(path) for path in getattr(loader, "searchpath", ())}
    for inner in getattr(loader, "loaders", ()):  # a ChoiceLoader
        found |= _list_searched(inner)
    mapping = getattr(loader, "mapping", {})  # a PrefixLoader; a DictLoader has texts
    for inner in mapping.values() if isinstance(mapping, dict) else ():
        found |= set() if isinstance(inner, str) else _list_searched(inner)
    return found
