"""The command ``run``, which serves the application for development."""

from __future__ import annotations

import os
import typing as t

import click
import werkzeug.serving

from .._core.environment import get_debug_flag
from .._development import RELOADERS
from ._banner import show_server_banner
from ._development_server import run_development_server
from ._options import debug_option
from ._script import ScriptInfo, pass_script_info
from ._types import CertParamType, SeparatedPathType, join_certificate_and_key

if t.TYPE_CHECKING:
    from ssl import SSLContext

    from _typeshed.wsgi import WSGIApplication


@click.command(
    "run",
    short_help="Serve the app for development.",
    params=[debug_option],
    context_settings={"show_default": True},
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
@click.option(
    "--open", is_flag=True, help="Open the browser when the server is ready. Not after a restart."
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
    open: bool,
) -> None:
    """Serve the application with a development server.

    Do not use it in production: it is neither secure, nor stable, nor fast enough.

    With '--debug' the server restarts when code changes, and shows a debugger for an error.
    """
    application = _load(info, asgi, debugger)
    debug = get_debug_flag()
    show_server_banner(debug, info.app_import_path)
    if open and not werkzeug.serving.is_running_from_reloader():
        from ._browser import choose_port, open_when_ready

        port = choose_port(host, port)
        open_when_ready(host, port, is_secure=cert is not None)
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
    run_development_server(host, port, application, **options)


def _load(info: ScriptInfo, asgi: bool, debugger: bool | None) -> WSGIApplication:
    """Load the application; if that fails after a change, return one that shows the error."""
    if not werkzeug.serving.is_running_from_reloader():
        application: WSGIApplication = info.load_app()
        return application
    from .._development._load_error import LoadErrorApp, format_load_error
    from .._development._serving import wait_until_called

    wait_until_called(asgi)
    try:
        application = info.load_app()
    except Exception as error:
        # The developer is editing the code. The next change restarts the server.
        click.echo(f"{format_load_error(error)}\n * Waiting for the next change.", err=True)
        is_shown = get_debug_flag() if debugger is None else debugger
        if is_shown:  # COMPAT: official Flask prints this line here, too
            click.echo(" * Debugger is active!", err=True)
        return LoadErrorApp(error, is_shown)
    return application


def _run_asgi(host: str, port: int, application: WSGIApplication, **options: t.Any) -> None:
    from .._development._asgi_server import WITHOUT_UVICORN, run_asgi

    try:
        run_asgi(host, port, application, **options)
    except ImportError as error:
        if error.name != "uvicorn":
            raise
        raise click.UsageError(WITHOUT_UVICORN) from None
