"""The development server of ``flask run`` and ``app.run()``: Werkzeug's, with our debugger."""

from __future__ import annotations

import typing as t

import werkzeug.serving

if t.TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


def run_development_server(host: str, port: int, app: WSGIApplication, **options: t.Any) -> None:
    """Run the development server until it is stopped.

    :param host: the address to listen on.
    :param port: the port.
    :param app: the application.
    :param options: those of ``werkzeug.serving.run_simple``. With ``use_debugger``, the debugger of
        this package shows unhandled errors, instead of Werkzeug's.
    """
    if options.get("use_debugger"):
        from .._debug.wsgi import add_debugger

        app = add_debugger(app, host, options.get("use_evalex", True))
        options["use_debugger"] = False
    werkzeug.serving.run_simple(host, port, app, **options)
