"""The command ``serve``, which serves the application with Granian, a production server."""

from __future__ import annotations

import multiprocessing
import os
import typing as t
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import click

from .._core.awaitables import is_async_view
from .._core.environment import get_debug_flag
from ._address import check_address, check_socket
from ._script import ScriptInfo, pass_script_info
from ._serve_process import Worker, find_proxies

if t.TYPE_CHECKING:
    from werkzeug.routing import Map

    from ._supervisor import ResilientServer


class _App(t.Protocol):
    url_map: Map
    view_functions: dict[str, t.Callable[..., object]]


_WITHOUT_GRANIAN = (
    "'flask serve' needs Granian, which is not installed. Install it with:\n\n"
    "    pip install 'granian>=2'"
)
_FILE = click.Path(exists=True, dir_okay=False, resolve_path=True, path_type=Path)


_THREADS: t.Final = 16
"""The default for WSGI: enough threads for views that wait for a database."""
_CLIENT_TIMEOUT: t.Final = 60
"""The default for WSGI in seconds, which is common in proxies."""


def _count_cores() -> int:
    """Return the number of processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _read_root_path(ctx: click.Context, param: click.Parameter, value: str | None) -> str:
    """Check the path; it is returned without a slash at the end."""
    path = (value or "").rstrip("/")
    if path and (not path.startswith("/") or path.startswith("//")):
        raise click.BadParameter("It must begin with one slash, such as '/shop'.", ctx, param)
    return path


def _read_proxies(
    ctx: click.Context, param: click.Parameter, value: str | None
) -> list[str] | int | None:
    """Return networks, or the number of proxies."""
    if value is None or value.strip() == "none":
        return None if value is None else []
    if value.strip().isdecimal():
        return int(value)
    return [part.strip() for part in value.split(",") if part.strip()]


@click.command(
    "serve",
    short_help="Serve the app in production.",
    context_settings={"show_default": True},
)
@click.option("--host", "-h", default="127.0.0.1", help="Address to listen on.")
@click.option(
    "--port", "-p", type=click.IntRange(0, 65_535), default=8000, help="Port to listen on."
)
@click.option("--uds", type=click.Path(path_type=Path), help="Listen on this Unix socket instead.")
@click.option(
    "--interface",
    type=click.Choice(["auto", "wsgi", "asgi"]),
    default="auto",
    help="How the app is called. 'auto' is ASGI if it has async views or WebSockets, else WSGI.",
)
@click.option(
    "--workers",
    type=click.IntRange(1),
    show_default="one for each core",
    help="Number of processes.",
)
@click.option(
    "--threads",
    type=click.IntRange(1),
    show_default=str(_THREADS),
    help="Requests that a process answers at a time, on WSGI.",
)
@click.option(
    "--client-timeout",
    type=click.IntRange(1),
    show_default=str(_CLIENT_TIMEOUT),
    help="On WSGI: seconds that a client has to send a body, and one more for each KiB; also to"
    " receive a chunk of a streamed response.",
)
@click.option("--cert", type=_FILE, help="Serve over HTTPS: the certificate file.")
@click.option("--key", type=_FILE, help="The private key that belongs to the certificate.")
@click.option(
    "--http",
    type=click.Choice(["auto", "1", "2"]),
    default="auto",
    help="Version of HTTP. 'auto' accepts both.",
)
@click.option(
    "--graceful-timeout",
    type=click.IntRange(1),
    default=30,
    help="Seconds in which a process that stops may end its requests; then it is killed.",
)
@click.option(
    "--root-path",
    callback=_read_root_path,
    metavar="PATH",
    help="The path below which the app is served, such as /shop. A proxy may remove it or not.",
)
@click.option(
    "--forwarded-allow",
    callback=_read_proxies,
    metavar="NETWORKS",
    show_default="TRUSTED_PROXIES of the app",
    help="Proxies whose headers about the client are believed: networks, separated by commas, or"
    " the number of proxies. 'none' believes no proxy.",
)
@click.option(
    "--log-level",
    type=click.Choice(["critical", "error", "warning", "info", "debug"]),
    default="info",
    help="The least severe messages of the server that are shown.",
)
@click.option(
    "--access-log/--no-access-log",
    default=False,
    help="Log each request to standard output and give it an identifier, or not.",
)
@click.option(
    "--access-log-format",
    type=click.Choice(["plain", "json"]),
    default="plain",
    help="What a line of the access log looks like.",
)
@click.option("--health", metavar="PATH", help="Answer this path before the app, such as /healthz.")
@pass_script_info
def serve_command(
    info: ScriptInfo, /, interface: str, health: str | None, **options: t.Any
) -> None:
    """Serve the application with Granian, a production server.

    SIGTERM stops it when the requests under way are answered, or their time is over. SIGHUP
    replaces the processes one by one by new ones, which import the application again.
    """
    try:
        import granian.server  # noqa: F401 # it needs more than the other modules of Granian
        from granian.errors import ConfigurationError
    except ImportError:
        raise click.UsageError(_WITHOUT_GRANIAN) from None

    app = info.load_app()
    if app.debug or get_debug_flag():
        raise click.UsageError("Debug mode is on, and must not be in production.")
    if interface == "auto":
        interface = "asgi" if _wants_asgi(app) else "wsgi"
    _check(interface, app, health, options)
    try:
        find_proxies(app, options["forwarded_allow"])
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    address = options["host"]
    if options["uds"] is not None:
        check_socket(options["uds"])
    else:
        address = check_address(address, options["port"])

    # New processes import everything again, so a reload uses the current code.
    multiprocessing.set_start_method("spawn", force=True)
    worker = _create_worker(info, interface, health, options)
    try:
        server = _create_server(info.app_import_path or "app", address, interface, options)
        server.serve(target_loader=worker, wrap_loader=False)
    except ConfigurationError as error:
        raise click.UsageError(f"Granian refuses the setting {error}.") from None


def _create_worker(
    info: ScriptInfo, interface: str, health: str | None, options: Mapping[str, t.Any]
) -> Worker:
    return Worker(
        partial(ScriptInfo, info.app_import_path, info.create_app, info.set_debug_flag),
        interface,
        threads=options["threads"] or _THREADS,
        client_timeout=options["client_timeout"] or _CLIENT_TIMEOUT,
        graceful_timeout=options["graceful_timeout"],
        health=health,
        log_format=options["access_log_format"] if options["access_log"] else None,
        forwarded_allow=options["forwarded_allow"],
    )


def _create_server(
    target: str, address: str, interface: str, options: Mapping[str, t.Any]
) -> ResilientServer:
    from granian.constants import HTTPModes, Interfaces
    from granian.log import LogLevels

    from ._supervisor import ResilientServer

    return ResilientServer(
        target,
        address=address,
        port=options["port"],
        uds=options["uds"],
        interface=Interfaces.ASGI,  # for WSGI too; see asgi/_threaded_wsgi
        workers=options["workers"] or _count_cores(),
        http=HTTPModes(options["http"]),
        websockets=interface == "asgi",
        log_level=LogLevels(options["log_level"]),
        url_path_prefix=options["root_path"] or None,
        ssl_cert=options["cert"],
        ssl_key=options["key"],
        respawn_failed_workers=True,
        # Otherwise one client with a stalled upload or an endless stream would prevent the stop.
        workers_kill_timeout=options["graceful_timeout"],
    )


def _check(interface: str, app: object, health: str | None, options: Mapping[str, object]) -> None:
    """Raise an error for options that do not fit the interface."""
    if interface == "asgi" and not hasattr(app, "asgi_app"):
        raise click.UsageError("This application has no 'asgi_app' to be served over ASGI.")
    for name in ("threads", "client_timeout"):
        if interface == "asgi" and options[name] is not None:
            option = name.replace("_", "-")
            raise click.UsageError(f"'--{option}' is for WSGI, but this app is served over ASGI.")
    if (options["cert"] is None) != (options["key"] is None):
        raise click.UsageError("'--cert' and '--key' go together.")
    if health is not None and not health.startswith("/"):
        raise click.UsageError("'--health' takes a path that begins with a slash.")


def _wants_asgi(app: _App) -> bool:
    """Return whether an application has WebSockets or asynchronous views."""
    return hasattr(app, "asgi_app") and (
        any(rule.websocket for rule in app.url_map.iter_rules())
        or any(map(is_async_view, app.view_functions.values()))
    )
