"""The compared app in all its configurations; imported unchanged on both sides.

``FACTORIES`` maps the name of a configuration to the function that builds it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from features import (
    building,
    classes,
    clients,
    contexts,
    custom,
    echo,
    errors,
    files,
    hooks,
    hosts,
    provide_json,
    respond,
    routing,
    sessions,
    signals,
    streams,
    templates,
    tuned,
)
from protocol import FILE_TIME

from flask import Flask, g, request

SITE = Path(__file__).parent / "site"
SECRET = "a secret that everybody may know"


def new(name: str, **options: Any) -> Flask:
    """An app on the site's folder, with a secret key."""
    options.setdefault("template_folder", "site/templates")
    options.setdefault("static_folder", "site/static")
    app = Flask(name, root_path=str(SITE.parent), **options)
    app.secret_key = SECRET
    return app


def with_everything(app: Flask) -> Flask:
    """Every feature that does not touch the requests of the others."""
    signals.install(app)
    routing.install(app)
    echo.install(app)
    respond.install(app)
    sessions.install(app)
    provide_json.install(app)
    templates.install(app)
    streams.install(app)
    files.install(app)
    classes.install(app)
    building.install(app)
    contexts.install(app)
    clients.install(app)
    errors.install(app, ())
    note_teardown(app)
    return app


def note_teardown(app: Flask) -> None:
    """Teardown functions that tell what they still can see."""
    from features.record import error, note

    @app.teardown_request
    def teardown(failure: BaseException | None) -> None:
        told = error(failure) if failure is not None else None
        note(f"teardown_request {request.path!r} {told}")

    @app.teardown_appcontext
    def teardown_context(failure: BaseException | None) -> None:
        told = error(failure) if failure is not None else None
        note(f"teardown_appcontext {sorted(g)} {told}")


def main() -> Flask:
    """All features, as an app in production would run."""
    return with_everything(new("main_app"))


def debug() -> Flask:
    """All features with debug on."""
    app = new("debug_app")
    app.debug = True
    return with_everything(app)


def testing() -> Flask:
    """All features with TESTING: exceptions reach the server."""
    app = new("testing_app")
    app.testing = True
    return with_everything(app)


def settings() -> Flask:
    """All features with nearly every setting away from its default."""
    app = new("settings_app", static_url_path="/assets")
    app.config.update(
        SERVER_NAME="example.org:8443",
        APPLICATION_ROOT="/root",
        PREFERRED_URL_SCHEME="https",
        SECRET_KEY_FALLBACKS=["an old key"],
        PERMANENT_SESSION_LIFETIME=3600,
        SESSION_COOKIE_NAME="biscuit",
        SESSION_COOKIE_DOMAIN="example.org",
        SESSION_COOKIE_PATH="/biscuits",
        SESSION_COOKIE_HTTPONLY=False,
        SESSION_COOKIE_SECURE=True,
        SESSION_COOKIE_SAMESITE="Strict",
        SESSION_COOKIE_PARTITIONED=True,
        SESSION_REFRESH_EACH_REQUEST=False,
        MAX_COOKIE_SIZE=200,
        SEND_FILE_MAX_AGE_DEFAULT=timedelta(minutes=10),
        USE_X_SENDFILE=True,
        TEMPLATES_AUTO_RELOAD=True,
        EXPLAIN_TEMPLATE_LOADING=True,
        PROPAGATE_EXCEPTIONS=False,
        TESTING=True,
    )
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.json.compact = False  # type: ignore[attr-defined]
    app.json.mimetype = "application/vnd.own+json"  # type: ignore[attr-defined]
    app.jinja_options = {"trim_blocks": True, "autoescape": False}
    return with_everything(app)


def no_secret() -> Flask:
    """All features without a secret key, bad requests and HTTP errors trapped."""
    app = with_everything(new("no_secret_app"))
    app.secret_key = None
    app.config.update(TRAP_HTTP_EXCEPTIONS=True, TRAP_BAD_REQUEST_ERRORS=True)
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 30
    return app


def limits() -> Flask:
    """Small limits for everything that has one."""
    app = with_everything(new("limits_app"))
    app.config.update(MAX_CONTENT_LENGTH=1000, MAX_FORM_MEMORY_SIZE=200, MAX_FORM_PARTS=3)
    return app


def loose() -> Flask:
    """A lenient map, no automatic OPTIONS, no static files."""
    app = new("loose_app", static_folder=None)
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    app.url_map.sort_parameters = True
    app.url_map.redirect_defaults = False
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    return with_everything(app)


def handled() -> Flask:
    """Error handlers on every level, one for 500 among them."""
    app = new("handled_app")
    signals.install(app)
    errors.install(app, ("app", "outer", "inner", "500", "blueprint for app"))
    classes.install(app)
    echo.install(app)
    respond.install(app)
    note_teardown(app)
    return app


def handled_all() -> Flask:
    """A handler for Exception on the app, others on the blueprints."""
    app = new("handled_all_app")
    signals.install(app)
    errors.install(app, ("inner", "Exception"))
    routing.install(app)
    note_teardown(app)
    return app


def handled_badly() -> Flask:
    """A handler for 500 that raises, with HTTP exceptions trapped."""
    app = new("handled_badly_app")
    app.config["TRAP_HTTP_EXCEPTIONS"] = True
    errors.install(app, ("app", "outer", "500 raises"))
    note_teardown(app)
    return app


def hooked() -> Flask:
    """Hooks on every level."""
    app = new("hooked_app")
    signals.install(app)
    hooks.install(app)
    sessions.install(app)
    return app


def hooked_async() -> Flask:
    """Async hooks on every level, async receivers, errors of hooks handled."""
    app = new("hooked_async_app")
    app.config["HANDLE_HOOK_ERRORS"] = True
    signals.install(app, asynchronous=True)
    hooks.install(app, asynchronous=True)
    return app


def customized() -> Flask:
    """Everything replaced that may be."""
    app = custom.OwnFlask("customized_app", root_path=str(SITE.parent), static_folder="site/static")
    app.secret_key = SECRET
    custom.install(app)
    errors.install(app, ())
    note_teardown(app)
    return app


def tuned_classes() -> Flask:
    """Most features, with classes that are changed in one part each."""
    app = tuned.TunedFlask(
        "tuned_app",
        root_path=str(SITE.parent),
        template_folder="site/templates",
        static_folder="site/static",
    )
    app.secret_key = SECRET
    return with_everything(app)


def trusted() -> Flask:
    """Two trusted hosts, one of them with its subdomains."""
    app = new("trusted_app")
    app.config["TRUSTED_HOSTS"] = ["example.org", ".trusted.example"]
    hooks.install(app)
    echo.install(app)
    return app


def subdomains() -> Flask:
    """Subdomain matching below a server name."""
    app = new("subdomains_app", subdomain_matching=True)
    app.config["SERVER_NAME"] = "example.org"
    hosts.install_subdomains(app)
    return app


def subdomains_unnamed() -> Flask:
    """Subdomain matching without a server name."""
    app = new("subdomains_unnamed_app", subdomain_matching=True)
    hosts.install_subdomains(app)
    return app


def host_matching() -> Flask:
    """Host matching, with the static files on a host of their own."""
    app = new("host_matching_app", host_matching=True, static_host="static.example")
    hosts.install_hosts(app)
    return app


FACTORIES: dict[str, Callable[[], Flask]] = {
    factory.__name__: factory
    for factory in (
        main, debug, testing, settings, no_secret, limits, loose, handled, handled_all,
        handled_badly, hooked, hooked_async, customized, tuned_classes, trusted, subdomains,
        subdomains_unnamed, host_matching,
    )
}  # fmt: skip


def set_file_times() -> None:
    """Give every file of the site one fixed time: it is in its ETag."""
    for path in SITE.rglob("*"):
        os.utime(path, (FILE_TIME, FILE_TIME))


set_file_times()

VOCABULARY: dict[str, list[str]] = {
    "kind": list(respond.KINDS),
    "response_steps": list(respond.CHANGES),
    "body_steps": list(echo.STEPS),
    "attribute": list(echo.ATTRIBUTES),
    "session_steps": list(sessions.STEPS),
    "session_values": list(sessions.VALUES),
    "failure": list(errors.RAISERS),
    "way": list(provide_json.WAYS),
    "json_value": list(provide_json.VALUES),
    "source": list(templates.SOURCES),
    "template": sorted(
        str(path.relative_to(SITE / "templates"))
        for path in (SITE / "templates").rglob("*")
        if path.is_file()
    ),
    "filename": sorted(
        str(path.relative_to(SITE / "static"))
        for path in (SITE / "static").rglob("*")
        if path.is_file()
    ),
    "file_way": list(files.WAYS),
    "what": list(contexts.OUTSIDE),
    "g_steps": list(contexts.G_STEPS),
    "client_steps": list(clients.STEPS),
}
"""What the arguments of those names may be; ``*_steps`` are programs of them."""
