"""An application with parts that are not ours answers like one that was left as it is.

Each part has what is documented of it and nothing else: no base class of this package, no private
attribute. By both protocols.
"""

from __future__ import annotations

import io
import json
import typing as t

import pytest
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request as WerkzeugRequest
from werkzeug.wrappers import Response as WerkzeugResponse

import flask
from flask import Flask
from flask.json.provider import DefaultJSONProvider, JSONProvider


class OtherRequest(WerkzeugRequest):
    url_rule: t.Any = None
    view_args: t.Any = None
    routing_exception: t.Any = None
    blueprints: t.Sequence[str] = ()
    blueprint = None

    @property
    def endpoint(self) -> t.Any:
        return self.url_rule and self.url_rule.endpoint


class OtherResponse(WerkzeugResponse):
    default_mimetype = "text/html"


class OtherSession(dict[str, t.Any]):
    accessed = modified = new = permanent = False


class OtherSessions:
    """Keeps every session in a cookie, as it is."""

    pickle_based = False

    def open_session(self, app: t.Any, request: t.Any) -> OtherSession:
        return OtherSession(json.loads(request.cookies.get("session", "{}")))

    def save_session(self, app: t.Any, session: t.Any, response: t.Any) -> None:
        response.set_cookie("session", json.dumps(session))

    def is_null_session(self, session: t.Any) -> bool:
        return False


class OtherProvider:
    def __init__(self, app: t.Any) -> None:
        self.app = app

    def dumps(self, obj: t.Any, **kwargs: t.Any) -> str:
        return json.dumps(obj, sort_keys=True, separators=(",", ":"))

    def loads(self, s: str | bytes, **kwargs: t.Any) -> t.Any:
        return json.loads(s)

    def response(self, *args: t.Any, **kwargs: t.Any) -> t.Any:
        text = self.dumps(args[0] if args else kwargs)
        return self.app.response_class(f"{text}\n", mimetype="application/json")


class OwnProvider(JSONProvider):
    def dumps(self, obj: t.Any, **kwargs: t.Any) -> str:
        return json.dumps(obj, sort_keys=True, separators=(",", ":"))

    def loads(self, s: str | bytes, **kwargs: t.Any) -> t.Any:
        return json.loads(s, **kwargs)

    def response(self, *args: t.Any, **kwargs: t.Any) -> t.Any:
        text = self.dumps(self._prepare_response_obj(args, kwargs))
        return self._app.response_class(f"{text}\n", mimetype="application/json")


class SetsOnlyTheApplication(DefaultJSONProvider):
    def __init__(self, app: t.Any) -> None:
        self._app = app


class OtherConfig(dict[str, t.Any]):
    def __init__(self, root_path: str, defaults: t.Any) -> None:
        super().__init__(defaults)


class OtherRule(Rule):
    __slots__ = ("more",)


class OtherGlobals:
    def get(self, name: str, default: t.Any = None) -> t.Any:
        return self.__dict__.get(name, default)


PARTS: dict[str, dict[str, t.Any]] = {
    "none": {},
    "request_class": {"request_class": OtherRequest},
    "response_class": {"response_class": OtherResponse},
    "session_interface": {"session_interface": OtherSessions()},
    "json_provider_class": {"json_provider_class": OtherProvider},
    "json_provider_class, own": {"json_provider_class": OwnProvider},
    "json_provider_class, _app": {"json_provider_class": SetsOnlyTheApplication},
    "config_class": {"config_class": OtherConfig},
    "url_map_class": {"url_map_class": Map},
    "url_rule_class": {"url_rule_class": OtherRule},
    "app_ctx_globals_class": {"app_ctx_globals_class": OtherGlobals},
    "all": {
        "request_class": OtherRequest,
        "response_class": OtherResponse,
        "session_interface": OtherSessions(),
        "json_provider_class": OtherProvider,
        "config_class": OtherConfig,
        "url_map_class": Map,
        "url_rule_class": OtherRule,
        "app_ctx_globals_class": OtherGlobals,
    },
}


def make_app(parts: dict[str, t.Any]) -> Flask:
    app: Flask = type("Application", (Flask,), parts)("application", static_folder=None)
    app.secret_key = "secret"

    @app.before_request
    def remember() -> None:
        flask.g.path = flask.request.path

    @app.get("/query/<int:number>")
    def query(number: int) -> t.Any:
        return {"number": number, "q": flask.request.args.get("q"), "g": flask.g.get("path")}

    @app.get("/count")
    def count() -> str:
        flask.session["count"] = flask.session.get("count", 0) + 1
        return str(flask.session["count"])

    @app.post("/form")
    def form() -> t.Any:
        files = {name: file.read().decode() for name, file in flask.request.files.items()}
        return {"fields": flask.request.form.to_dict(), "files": files}, 201, {"X-Made": "yes"}

    @app.get("/template")
    def template() -> str:
        text = "{{ '<'|tojson }} {{ request.path }} {{ g.path }} {{ session|length }}"
        return flask.render_template_string(text)

    @app.get("/stream")
    def stream() -> t.Any:
        return flask.Response(flask.stream_with_context(iter([flask.g.path, "-end"])))

    app.get("/error", endpoint="error")(lambda: flask.abort(403))
    app.get("/redirect", endpoint="redirect")(lambda: flask.redirect("/count"))
    return app


REQUESTS: list[tuple[str, dict[str, t.Any]]] = [
    ("/query/3?q=x", {}),
    ("/query/x", {}),
    ("/count", {}),
    ("/count", {}),
    ("/template", {}),
    ("/stream", {}),
    ("/error", {}),
    ("/redirect", {}),
    ("/count", {"method": "PUT"}),
    ("/count", {"method": "HEAD"}),
]


def answers_of(app: Flask, asgi: bool) -> list[tuple[int, bytes, str | None]]:
    client = app.test_client(asgi=asgi)
    form = {"a": "1", "file": (io.BytesIO(b"content"), "file.txt")}
    found = []
    for path, options in [*REQUESTS, ("/form", {"method": "POST", "data": form})]:
        response = client.open(path, **options)
        found.append((response.status_code, response.data, response.headers.get("X-Made")))
    return found


@pytest.mark.parametrize("asgi", [False, True], ids=["wsgi", "asgi"])
@pytest.mark.parametrize("name", PARTS)
def test_the_answers_are_the_same(name: str, asgi: bool) -> None:
    expected = answers_of(make_app({}), asgi)
    assert [status for status, _, _ in expected] == [
        *(200, 404, 200, 200, 200, 200, 403, 302, 405, 200, 201)
    ]
    assert answers_of(make_app(PARTS[name]), asgi) == expected
