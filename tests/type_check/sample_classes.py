"""Classes that users derive from those of the package; checked, never run."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from werkzeug.wrappers import Response as BaseResponse

from flask import Config, Flask, Request, Response
from flask.config import ConfigAttribute
from flask.ctx import RequestContext, _AppCtxGlobals
from flask.json.provider import DefaultJSONProvider, JSONProvider
from flask.json.tag import JSONTag
from flask.sessions import SecureCookieSessionInterface, SessionInterface, SessionMixin
from flask.testing import FlaskClient
from flask.typing import ResponseReturnValue
from flask.views import MethodView, View


class OwnRequest(Request):
    @property
    def shout(self) -> str:
        return self.path.upper()


class OwnResponse(Response):
    default_mimetype = "text/plain"


class OwnGlobals(_AppCtxGlobals):
    user: str


class WithArguments(View):
    def dispatch_request(self, number: int, name: str = "") -> ResponseReturnValue:
        return f"{name} {number}"


class MethodsWithArguments(MethodView):
    def get(self, number: int) -> ResponseReturnValue:
        return str(number)

    def dispatch_request(self, **kwargs: Any) -> ResponseReturnValue:
        return super().dispatch_request(**kwargs)


class BareProvider(JSONProvider):
    def dumps(self, obj: Any, **kwargs: Any) -> str:
        return str(obj)

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        return s


class OwnProvider(DefaultJSONProvider):
    def dumps(self, obj: Any, **kwargs: Any) -> str:
        return super().dumps(obj, **kwargs)


class OwnFlask(Flask):
    request_class = OwnRequest
    response_class = OwnResponse
    app_ctx_globals_class = OwnGlobals
    json_provider_class = OwnProvider
    place = ConfigAttribute[str]("PLACE")

    def make_response(self, rv: ResponseReturnValue) -> Response:
        return super().make_response(rv)

    def handle_exception(self, e: Exception) -> Response:
        return super().handle_exception(e)

    def full_dispatch_request(self) -> Response:
        return super().full_dispatch_request()

    def get_send_file_max_age(self, filename: str | None) -> int | None:
        return 1

    def request_context(self, environ: dict[str, Any]) -> RequestContext:
        return super().request_context(environ)

    def make_config(self, instance_relative: bool = False) -> Config:
        return super().make_config(instance_relative)


class Sessions(SessionInterface):
    def open_session(self, app: Flask, request: Request) -> SessionMixin | None:
        return None

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None: ...


class CookieSessions(SecureCookieSessionInterface):
    salt = "own"

    def get_cookie_name(self, app: Flask) -> str:
        return "own"


class Item(MethodView):
    init_every_request = False
    decorators = []

    def __init__(self, name: str) -> None:
        self.name = name

    def get(self, n: int) -> ResponseReturnValue:
        return {"n": n}

    async def post(self, n: int) -> tuple[str, int]:
        return self.name, 201


class Page(View):
    methods = ["GET", "POST"]

    def dispatch_request(self) -> ResponseReturnValue:
        return "x"


class Tag(JSONTag):
    key = " x"

    def check(self, value: Any) -> bool:
        return False

    def to_json(self, value: Any) -> Any:
        return value

    def to_python(self, value: Any) -> Any:
        return value


class Client(FlaskClient):
    def login(self, name: str) -> BaseResponse:
        return self.post("/login", data={"name": name})


app = OwnFlask(__name__)
app.session_interface = Sessions()
app.session_interface = CookieSessions()
app.test_client_class = Client
app.permanent_session_lifetime = timedelta(days=1)
app.place = "here"
app.add_url_rule("/items/<int:n>", view_func=Item.as_view("item", "name"))
app.add_url_rule("/page", view_func=Page.as_view("page"))
app.before_request_funcs.setdefault(None, []).append(lambda: None)
app.extensions["own"] = object()


def wsgi(environ: dict[str, Any], start_response: Any) -> Any:
    return app.wsgi_app(environ, start_response)


def set_up_json(app: Flask) -> None:
    app.json.sort_keys = False
    app.json.ensure_ascii = False
    app.json.compact = True
    app.json = OwnProvider(app)
    app.json = BareProvider(app)
    app.json_provider_class = BareProvider
