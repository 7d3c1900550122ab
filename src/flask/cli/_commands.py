"""The built-in commands ``run``, ``shell`` and ``routes``."""

from __future__ import annotations

import os
import sys
import typing as t
from collections.abc import Iterable

import click
import werkzeug.serving

from .._app.base import App
from .._core.current import current_app
from .._core.environment import get_debug_flag
from .._development._load_error import LoadErrorApp, format_load_error
from .._development._serving import RELOADERS, run_wsgi, wait_until_called
from ._banner import show_server_banner
from ._options import debug_option
from ._script import ScriptInfo, pass_script_info, with_appcontext
from ._types import CertParamType, SeparatedPathType, join_certificate_and_key

if t.TYPE_CHECKING:
    from ssl import SSLContext

    from _typeshed.wsgi import WSGIApplication


_SHOW_DEFAULTS: t.Final = {"show_default": True}
"""The settings of click for all commands of this package."""


@click.command(
    "run",
    short_help="Serve the app for development.",
    params=[debug_option],
    context_settings=_SHOW_DEFAULTS,
)
@click.option("--host", "-h", default="127.0.0.1", help="Address to listen on.")
@click.option("--port", "-p", default=5000, help="Port to listen on.")
@click.option(
    "--cert",
    type=CertParamType(),
    is_eager=True,
    help="Serve over HTTPS: a certificate file, 'adhoc', or an importable SSLContext.",
)
@click.option(
    "--key",
    type=click.Path(exists=True, dir_okay=False, resolve_path=True),
    callback=join_certificate_and_key,
    expose_value=False,
    help="The private key that belongs to the certificate file.",
)
@click.option(
    "--reload/--no-reload",
    default=None,
    show_default="as debug mode",
    help="Restart when code changes, or not.",
)
@click.option(
    "--debugger/--no-debugger",
    default=None,
    show_default="as debug mode",
    help="Show the debugger for an error, or not.",
)
@click.option(
    "--with-threads/--without-threads",
    default=True,
    help="Answer requests at the same time, or one after the other.",
)
@click.option(
    "--extra-files",
    type=SeparatedPathType(),
    help=f"More files that cause a restart when they change, separated by {os.pathsep!r}.",
)
@click.option(
    "--exclude-patterns",
    type=SeparatedPathType(),
    help=f"Files that cause no restart, as fnmatch patterns separated by {os.pathsep!r}.",
)
@click.option(
    "--reload-type",
    type=click.Choice(RELOADERS),
    default="auto",
    help="How changes are noticed: by the system's notifications, or by comparing times. 'auto' is"
    " watchfiles if it is installed.",
)
@click.option(
    "--asgi/--wsgi",
    default=False,
    help="Serve over ASGI with uvicorn, which must be installed, or over WSGI.",
)
@pass_script_info
def run_command(
    info: ScriptInfo,
    host: str,
    port: int,
    reload: bool | None,
    reload_type: str,
    asgi: bool,
    debugger: bool | None,
    with_threads: bool,
    cert: tuple[str, str] | SSLContext | t.Literal["adhoc"] | None,
    extra_files: list[str] | None,
    exclude_patterns: list[str] | None,
) -> None:
    """Serve the application with a development server.

    Do not use it in production: it is neither secure, nor stable, nor fast enough.

    With '--debug' the server restarts when code changes, and shows a debugger for an error.
    """
    wait_until_called(asgi)
    application: WSGIApplication
    try:
        application = info.load_app()
    except Exception as error:
        if not werkzeug.serving.is_running_from_reloader():
            raise
        # The developer is editing the code. The next change restarts the server.
        click.echo(f"{format_load_error(error)}\n * Waiting for the next change.", err=True)
        application = LoadErrorApp(error, get_debug_flag() if debugger is None else debugger)

    debug = get_debug_flag()
    show_server_banner(debug, info.app_import_path)
    options: dict[str, t.Any] = {
        "ssl_context": cert,
        "use_reloader": debug if reload is None else reload,
        "extra_files": extra_files,
        "exclude_patterns": exclude_patterns,
    }
    if asgi:
        _run_asgi(host, port, application, reloader_type=reload_type, **options)
        return
    if reload_type != "auto":
        options["reloader_type"] = reload_type
    options |= {"threaded": with_threads, "use_debugger": debug if debugger is None else debugger}
    run_wsgi(host, port, application, **options)


def _run_asgi(host: str, port: int, application: WSGIApplication, **options: t.Any) -> None:
    from .._development._asgi_server import WITHOUT_UVICORN, run_asgi

    try:
        run_asgi(host, port, application, **options)
    except ImportError as error:
        if error.name != "uvicorn":
            raise
        raise click.UsageError(WITHOUT_UVICORN) from None


class _ShellApp(t.Protocol):
    import_name: str
    instance_path: str

    def make_shell_context(self) -> dict[str, object]: ...


@click.command(
    "shell", short_help="Open a Python shell with the app.", context_settings=_SHOW_DEFAULTS
)
@with_appcontext
def shell_command() -> None:
    """Open an interactive Python shell in the application's context.

    It starts with 'app', 'g' and the names of the application's shell context processors. The file
    that PYTHONSTARTUP names is run first, as in Python's own shell.
    """
    import code

    app: _ShellApp = current_app._get_current_object()
    namespace: dict[str, object] = {}
    startup = os.environ.get("PYTHONSTARTUP")
    if startup and os.path.isfile(startup):
        with open(startup, "rb") as file:  # bytes: compile() reads the encoding declaration
            exec(compile(file.read(), startup, "exec"), namespace)
    namespace.update(app.make_shell_context())

    _complete_names_of(namespace)
    code.interact(
        banner=f"Python {sys.version} on {sys.platform}\n"
        f"App: {app.import_name}\n"
        f"Instance: {app.instance_path}",
        local=namespace,
    )


def _complete_names_of(namespace: dict[str, object]) -> None:
    """Let the tab key complete names of the shell, if Python is configured for completion."""
    hook = getattr(sys, "__interactivehook__", None)
    if hook is None:
        return
    try:
        import readline
        from rlcompleter import Completer
    except ImportError:
        pass  # this Python has no line editing
    else:
        readline.set_completer(Completer(namespace).complete)
    # Called last, because the hook may install another completer.
    hook()


class _Route(t.NamedTuple):
    """A line of the table of routes, which can be sorted by each field."""

    endpoint: str
    methods: tuple[str, ...]
    domain: str
    rule: str


@click.command("routes", short_help="List the app's routes.", context_settings=_SHOW_DEFAULTS)
@click.option(
    "--sort",
    "-s",
    type=click.Choice((*_Route._fields, "match")),
    default="endpoint",
    help="What to sort by. 'match' is the order in which a request is compared with the routes.",
)
@click.option("--all-methods", is_flag=True, help="Show HEAD and OPTIONS too.")
@with_appcontext
def routes_command(sort: str, all_methods: bool) -> None:
    """List all routes with endpoint, methods and rule.

    A column for the host or subdomain is shown if some route has one.
    """
    app: App = current_app._get_current_object()
    routes = _list_routes(app, hidden=set() if all_methods else {"HEAD", "OPTIONS"})
    if not routes:
        click.echo("No routes were registered.")
        return
    if sort != "match":
        routes.sort(key=lambda route: getattr(route, sort))

    columns = {
        "Endpoint": [route.endpoint for route in routes],
        "Methods": [", ".join(route.methods) for route in routes],
    }
    if any(route.domain for route in routes):
        title = "Host" if app.url_map.host_matching else "Subdomain"
        columns[title] = [route.domain for route in routes]
    columns["Rule"] = [route.rule for route in routes]
    for line in _format_table(columns):
        click.echo(line)


def _list_routes(app: App, hidden: set[str]) -> list[_Route]:
    """List an application's routes in matching order, without the methods in ``hidden``."""
    host_matching = app.url_map.host_matching
    return [
        _Route(
            rule.endpoint,
            ("WebSocket",) if rule.websocket else tuple(sorted((rule.methods or set()) - hidden)),
            (rule.host if host_matching else rule.subdomain) or "",
            rule.rule,
        )
        for rule in app.url_map.iter_rules()
    ]


def _format_table(columns: dict[str, list[str]]) -> Iterable[str]:
    """Format columns with titles, each as wide as its widest cell."""
    widths = [max(map(len, [title, *cells])) for title, cells in columns.items()]
    rules = ["-" * width for width in widths]
    for row in (tuple(columns), rules, *zip(*columns.values(), strict=True)):
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
