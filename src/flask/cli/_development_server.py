"""The development server of ``flask run`` and ``app.run()``: with our debugger and reloader."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


def run_development_server(host: str, port: int, app: WSGIApplication, **options: t.Any) -> None:
    """Run the development server until it is stopped.

    :param host: the address to listen on.
    :param port: the port.
    :param app: the application, or what is served while it cannot be loaded.
    :param options: those of ``werkzeug.serving.run_simple``. With ``use_debugger``, the debugger of
        this package shows unhandled errors, instead of Werkzeug's.
    """
    from .._development._load_error import LoadErrorApp
    from .._development._serving import run_wsgi

    served = app
    if options.get("use_debugger"):
        options["use_debugger"] = False
        if not isinstance(app, LoadErrorApp):
            from .._debug.wsgi import add_debugger

            served = add_debugger(app, host, options.get("use_evalex", True))
    run_wsgi(host, port, app, served, **options)
