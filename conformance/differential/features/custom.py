"""Everything that an app may replace: classes, steps, session, middleware."""

from __future__ import annotations

import json
from typing import Any

from werkzeug.routing import Map, Rule

from flask import Flask, Request, Response, jsonify, request, session
from flask.ctx import _AppCtxGlobals
from flask.json.provider import JSONProvider
from flask.sessions import SessionInterface, SessionMixin

from .record import note, where


class OwnRequest(Request):
    """A request class with an attribute and a limit."""

    max_content_length = 500

    @property
    def shouted(self) -> str:
        """The path in capitals."""
        return self.path.upper()

    def on_json_loading_failed(self, e: ValueError | None) -> Any:
        """Bad JSON becomes a value."""
        return {"failed": type(e).__name__}


class OwnResponse(Response):
    """A response class with other defaults, which notes each step."""

    default_mimetype = "text/x-own"
    charset = "utf-8"

    def get_wsgi_headers(self, environ: Any) -> Any:
        """Note that the server's headers were asked for."""
        note("get_wsgi_headers")
        headers = super().get_wsgi_headers(environ)
        headers["X-Own"] = "yes"
        return headers

    def get_app_iter(self, environ: Any) -> Any:
        """Note that the body was asked for."""
        note("get_app_iter")
        return super().get_app_iter(environ)

    def __call__(self, environ: Any, start_response: Any) -> Any:
        """Note that the response was called."""
        note("response called")
        return super().__call__(environ, start_response)


class OwnSession(dict[str, Any], SessionMixin):
    """A session that is kept in plain JSON."""


class OwnSessions(SessionInterface):
    """Opens and saves on every request; never saves an empty one."""

    def open_session(self, app: Flask, request: Request) -> OwnSession | None:
        """From a cookie of plain JSON; a request can refuse one."""
        note(f"open_session for {request.path}, routed {request.url_rule is not None}")
        if request.headers.get("X-Session") == "none":
            return None
        try:
            return OwnSession(json.loads(request.cookies.get("plain", "{}")))
        except (ValueError, TypeError):
            return OwnSession(broken=True)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """As plain JSON."""
        note(f"save_session {dict(session)} null {self.is_null_session(session)}")
        if session:
            response.set_cookie("plain", json.dumps(dict(session)), samesite="Lax")


class OwnJson(JSONProvider):
    """A provider that marks what went through it."""

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        """With a marker."""
        return "own:" + json.dumps(obj, default=str)

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        """Without it."""
        text = s.decode() if isinstance(s, bytes) else s
        return json.loads(text.removeprefix("own:"))


class OwnGlobals(_AppCtxGlobals):
    """A g with something in it."""

    greeting = "from the class"


class OwnRule(Rule):
    """A rule class that remembers an option of its own."""

    def __init__(self, string: str, owner: str = "nobody", **options: Any) -> None:
        super().__init__(string, **options)
        self.owner = owner


class OwnMap(Map):
    """A map class of the app's own."""


class OwnFlask(Flask):
    """An app that replaces classes and overrides steps, each with a note."""

    request_class = OwnRequest
    response_class = OwnResponse
    session_interface = OwnSessions()
    json_provider_class = OwnJson
    app_ctx_globals_class = OwnGlobals
    url_rule_class = OwnRule
    url_map_class = OwnMap

    def preprocess_request(self) -> Any:
        """Note, then the usual."""
        note("preprocess_request")
        return super().preprocess_request()

    def full_dispatch_request(self) -> Any:
        """Note, then the usual."""
        note("full_dispatch_request")
        return super().full_dispatch_request()

    def make_response(self, rv: Any) -> Any:
        """A number becomes a status."""
        note(f"make_response {type(rv).__name__}")
        return super().make_response(("number", rv) if isinstance(rv, int) else rv)

    def process_response(self, response: Any) -> Any:
        """Note, then the usual."""
        note("process_response")
        return super().process_response(response)

    def finalize_request(self, rv: Any, from_error_handler: bool = False) -> Any:
        """Note, then the usual."""
        note(f"finalize_request {from_error_handler}")
        return super().finalize_request(rv, from_error_handler)

    def handle_user_exception(self, e: Exception) -> Any:
        """Note, then the usual."""
        note(f"handle_user_exception {type(e).__name__}")
        return super().handle_user_exception(e)

    def handle_http_exception(self, e: Any) -> Any:
        """Note, then the usual."""
        note(f"handle_http_exception {type(e).__name__}")
        return super().handle_http_exception(e)

    def handle_exception(self, e: Exception) -> Any:
        """Note, then the usual."""
        note(f"handle_exception {type(e).__name__}")
        return super().handle_exception(e)

    def log_exception(self, exc_info: Any) -> None:
        """Note instead of a log."""
        note(f"log_exception {exc_info[0].__name__}")

    def do_teardown_request(self, *args: Any, **kwargs: Any) -> None:
        """Note, then the usual."""
        note("do_teardown_request")
        super().do_teardown_request(*args, **kwargs)

    def do_teardown_appcontext(self, *args: Any, **kwargs: Any) -> None:
        """Note, then the usual."""
        note("do_teardown_appcontext")
        super().do_teardown_appcontext(*args, **kwargs)

    def inject_url_defaults(self, endpoint: str, values: dict[str, Any]) -> None:
        """Note, then the usual."""
        note(f"inject_url_defaults {endpoint}")
        super().inject_url_defaults(endpoint, values)

    def make_default_options_response(self) -> Any:
        """With a header of its own."""
        response = super().make_default_options_response()
        response.headers["X-Options"] = "own"
        return response

    def should_ignore_error(self, error: BaseException | None) -> bool:
        """Lookup errors are not worth a teardown's attention."""
        return isinstance(error, LookupError)


def install(app: Flask) -> None:
    """Routes below ``/custom``; steps replaced on the instance; middleware."""
    from flask import g, url_for

    app.add_url_rule("/custom/<name>", "custom", where, owner="me", methods=["GET", "POST"])
    app.add_url_rule("/custom/number/<int:n>", "number", lambda n: n)
    app.add_url_rule(
        "/custom/json", "own_json", lambda: {"got": request.get_json()}, methods=["POST"]
    )
    app.add_url_rule("/custom/jsonify", "own_jsonify", lambda: jsonify(a=1))

    @app.route("/custom/see")
    def see() -> Any:
        session["seen"] = session.get("seen", 0) + 1
        return {
            "shouted": request.shouted,  # type: ignore[attr-defined]
            "greeting": g.greeting,
            "owner": request.url_rule.owner,  # type: ignore[union-attr]
            "map": type(app.url_map).__name__,
            "types": [type(request._get_current_object()).__name__, type(app.json).__name__],  # type: ignore[attr-defined]
            "url": url_for("custom", name="x"),
        }

    dispatch = app.dispatch_request

    def dispatch_request() -> Any:
        note("dispatch_request of the instance")
        return dispatch()

    app.dispatch_request = dispatch_request  # type: ignore[method-assign]
    served = app.wsgi_app

    def middleware(environ: Any, start_response: Any) -> Any:
        note("middleware in")
        environ["SCRIPT_NAME"] = environ.get("HTTP_X_MOUNT", "")
        try:
            return served(environ, start_response)
        finally:
            note("middleware out")

    app.wsgi_app = middleware  # type: ignore[method-assign]
