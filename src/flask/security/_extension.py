"""The extension: what it sets, and where it takes part in a request."""

from __future__ import annotations

import logging
import time
import typing as t
from collections.abc import Callable, Iterable, Mapping

from werkzeug.exceptions import Forbidden, HTTPException, SecurityError

from .._app.lifespan import PREPARATIONS
from .._core.current import get_request_context
from .._core.hook_scopes import scopes_inward
from ..wrappers import Request, Response
from ._cors import Cors, check_origins
from ._cross_origin import find_forgery
from ._headers import API_HEADERS, TRANSPORT_POLICY, WEB_HEADERS, add_headers, csp_nonce, find_nonce
from ._proxies import AsgiProxies, TrustedProxies, WsgiProxies

if t.TYPE_CHECKING:
    from ..app import Flask

Profile: t.TypeAlias = t.Literal["web", "api"]
View = t.TypeVar("View", bound=Callable[..., t.Any])
Values: t.TypeAlias = Mapping[str, str | None]
"""Headers by name; ``None`` leaves one out."""

_EXEMPT = "__security_exempt__"
_OWN_HEADERS = "__security_headers__"
_LOG_INTERVAL = 60.0  # seconds between two lines about wrong hosts
_logger = logging.getLogger("flask.security")


class Security:
    """Secure defaults for an application.

    :param app: the application; or call `init_app` later.
    :param profile: ``"web"`` for pages, ``"api"`` for clients that are programs and pages of other
        origins.
    :param origins: origins whose pages may read answers (CORS) and send requests, for example
        ``["https://app.example"]``; ``["*"]`` allows all, without cookies. By default none.
    :param trusted_origins: origins whose requests with cookies are accepted, beside ``origins``.
    :param headers: headers that replace those of the profile; ``None`` as a value leaves one out.
        In ``Content-Security-Policy``, ``{nonce}`` is the place of the nonce.
    :param transport_security: the ``Strict-Transport-Security`` header of answers over HTTPS.
    :param session_cookie: set ``SESSION_COOKIE_SECURE``, ``SESSION_COOKIE_HTTPONLY`` and
        ``SESSION_COOKIE_SAMESITE``, unless the configuration has other values than the defaults.
    :param cross_origin_protection: refuse requests of other sites that carry cookies.
    :param allow_headers: request headers that pages of ``origins`` may set; by default any.
    :param expose_headers: response headers that they may read.
    :param preflight_max_age: seconds for which browsers remember the answer to a preflight.
    :raises ValueError: the profile or an origin is not valid.
    """

    def __init__(
        self,
        app: Flask | None = None,
        profile: Profile = "web",
        *,
        origins: Iterable[str] = (),
        trusted_origins: Iterable[str] = (),
        headers: Values | None = None,
        transport_security: str | None = TRANSPORT_POLICY,
        session_cookie: bool = True,
        cross_origin_protection: bool = True,
        allow_headers: Iterable[str] = (),
        expose_headers: Iterable[str] = (),
        preflight_max_age: int = 600,
    ) -> None:
        if profile not in {"web", "api"}:
            raise ValueError(f"profile={profile!r}: the profiles are 'web' and 'api'.")
        self.profile: Profile = profile
        """The profile."""
        checked = check_origins(origins)
        self.trusted_origins: frozenset[str] = check_origins(trusted_origins) | (checked - {"*"})
        """Origins whose requests with cookies are accepted."""
        self.headers_of_profile: Values = {
            **(WEB_HEADERS if profile == "web" else API_HEADERS),
            **(headers or {}),
        }
        """The headers that answers get unless a view sets them."""
        self.transport_security = transport_security
        """The ``Strict-Transport-Security`` header of answers over HTTPS."""
        self.cors: Cors | None = None
        """Which origins may read answers; ``None``: only the application's own."""
        if checked:
            self.cors = Cors(
                checked,
                credentials="*" not in checked,
                allow_headers=tuple(allow_headers),
                expose_headers=tuple(expose_headers),
                max_age=preflight_max_age,
            )
        self._sets_session_cookie = session_cookie
        self._protects = cross_origin_protection
        self._next_host_line = 0.0
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Take part in the requests of an application.

        Set ``TRUSTED_PROXIES`` and ``TRUSTED_PROXY_HEADER`` before.

        :param app: the application.
        :raises RuntimeError: the application has a `Security` object already.
        """
        if "flask.security" in app.extensions:
            raise RuntimeError("This application has a Security object already; one is enough.")
        app.extensions["flask.security"] = self
        app.jinja_env.globals.setdefault("csp_nonce", csp_nonce)
        app.after_request(self._finish)
        proxies = app.config.get("TRUSTED_PROXIES")
        if proxies is not None and proxies != 0:
            trusted = TrustedProxies(proxies, app.config.get("TRUSTED_PROXY_HEADER"))
            app.wsgi_app = WsgiProxies(app.wsgi_app, trusted)  # type: ignore[method-assign]
            app.asgi_app = AsgiProxies(app.asgi_app, trusted)  # type: ignore[method-assign]
            app.extensions["flask.security.proxies"] = trusted

    def prepare(self, app: Flask) -> None:
        """Finish the set-up before the first request.

        Only now it is known whether the application is in debug mode. The check of requests is put
        in front of all other hooks.

        :param app: the application.
        :raises RuntimeError: ``TRUSTED_PROXIES`` was set too late.
        """
        if app.config.get("TRUSTED_PROXIES") and "flask.security.proxies" not in app.extensions:
            raise RuntimeError(
                "TRUSTED_PROXIES was set after Security was created. Set it before"
                " Security(app) or security.init_app(app)."
            )
        if self._sets_session_cookie:
            _secure_session_cookie(app)
        guards = app.url_value_preprocessors[None]
        if self._guard not in guards:
            guards.insert(0, self._guard)

    # What views and blueprints loosen -------------------------------------------------------------

    def exempt(self, subject: t.Any) -> t.Any:
        """Accept requests of other sites with cookies for one view or one blueprint.

        For webhooks and other URLs that browsers of signed-in users call from elsewhere. It is a
        decorator of a view, or is called with a blueprint.

        :param subject: a view function, a view class or a blueprint.
        """
        setattr(subject, _EXEMPT, True)
        return subject

    def headers(
        self, values: Values | None = None, /, **named: str | None
    ) -> Callable[[t.Any], t.Any]:
        """Replace headers for one view or one blueprint.

        ``@security.headers({"Cross-Origin-Opener-Policy": None})``, or with underscores:
        ``security.headers(X_Content_Type_Options=None)(blueprint)``.

        :param values: headers by name; ``None`` as a value leaves one out.
        :param named: the same, with underscores instead of hyphens.
        """
        changes = {**(values or {}), **{k.replace("_", "-"): v for k, v in named.items()}}

        def apply(subject: t.Any) -> t.Any:
            setattr(subject, _OWN_HEADERS, {**getattr(subject, _OWN_HEADERS, {}), **changes})
            return subject

        return apply

    # A request ------------------------------------------------------------------------------------

    def _guard(self, endpoint: str | None, values: dict[str, t.Any] | None) -> None:
        """Check a request before any other hook runs.

        :raises werkzeug.exceptions.HTTPException: a preflight is answered, or a forged request is
            refused.
        """
        context = get_request_context()
        request: Request = context.request
        if isinstance(request.routing_exception, SecurityError):
            self._log_host(request)
            return
        origin = request.headers.get("Origin")
        if (
            self.cors is not None
            and origin is not None
            and request.method == "OPTIONS"
            and "Access-Control-Request-Method" in request.headers
        ):
            raise _Preflight(self._answer_preflight(self.cors, request, origin))
        if not self._protects or (self.profile == "api" and "Cookie" not in request.headers):
            return
        reason = find_forgery(request.method, request.headers, request.host, self.trusted_origins)
        if reason is None or any(hasattr(each, _EXEMPT) for each in _subjects(context)):
            return
        _logger.warning(
            "A forged request to %s %r was refused. %s", request.method, request.path, reason
        )
        advice = (
            f" {reason} To accept it, add the origin to trusted_origins of Security(), or exempt"
            " the view with @security.exempt. This text is shown in debug mode only."
        )
        raise Forbidden(
            "The request comes from another site." + (advice if context.app.debug else "")
        )

    def _answer_preflight(self, cors: Cors, request: Request, origin: str) -> Response:
        context = get_request_context()
        if not cors.allows(origin):
            _logger.warning(
                "A preflight from %r to %r was refused: add the origin to origins of Security().",
                *(origin, request.path),
            )
            hint = f" {origin!r} is not in origins of Security()." if context.app.debug else ""
            return Response(f"The origin may not use this URL.{hint}", 403, mimetype="text/plain")
        methods = set(context.url_adapter.allowed_methods()) if context.url_adapter else set()
        if not methods:
            return Response("", 404, mimetype="text/plain")
        response = Response(status=204)
        cors.answer_preflight(response.headers, request.headers, methods)
        if context.app.debug:
            for reason in cors.find_refusals(request.headers, methods):
                _logger.warning(
                    "A preflight from %r to %r was refused: %s", origin, request.path, reason
                )
        return response

    def _log_host(self, request: Request) -> None:
        now = time.monotonic()
        if now >= self._next_host_line:
            self._next_host_line = now + _LOG_INTERVAL
            host = request.headers.get("Host", "")[:255]
            _logger.warning(
                "A request with the host %r was refused: it is not in TRUSTED_HOSTS. The next line"
                " about this comes in a minute at the earliest.",
                host,
            )

    def _finish(self, response: Response) -> Response:
        """Add the headers to every answer, also of errors."""
        context = get_request_context()
        request: Request = context.request
        headers = response.headers
        values = self.headers_of_profile
        for subject in _subjects(context):
            own = getattr(subject, _OWN_HEADERS, None)
            if own:
                values = {**values, **own}
        add_headers(headers, values, find_nonce())
        if self.transport_security is not None and request.is_secure:
            headers.setdefault("Strict-Transport-Security", self.transport_security)
        if self.profile == "api" and (
            "Cookie" in request.headers or "Authorization" in request.headers
        ):
            headers.setdefault("Cache-Control", "no-store")
        if self.cors is not None:
            self.cors.add_headers(headers, request.headers.get("Origin"))
        return response


class _Preflight(HTTPException):
    """Carries the answer to a preflight past all hooks and error handlers."""

    code = None

    def __init__(self, response: Response) -> None:
        super().__init__(response=response)


def _subjects(context: t.Any) -> t.Iterator[t.Any]:
    """Yield what `Security.exempt` and `Security.headers` may have marked, the nearest last."""
    app = context.app
    endpoint = context._endpoint
    for scope in scopes_inward(endpoint):
        if scope is not None and scope in app.blueprints:
            yield app.blueprints[scope]
    view = app.view_functions.get(endpoint)
    if view is not None:
        yield getattr(view, "view_class", None)
        yield view


def _secure_session_cookie(app: Flask) -> None:
    """Set the attributes of the session cookie that the application has left at their defaults."""
    config = app.config
    if not config["SESSION_COOKIE_SECURE"] and not app.debug:
        config["SESSION_COOKIE_SECURE"] = True
    if config["SESSION_COOKIE_SAMESITE"] is None:
        config["SESSION_COOKIE_SAMESITE"] = "Lax"


def _prepare(app: t.Any) -> None:
    security = app.extensions.get("flask.security")
    if isinstance(security, Security):
        security.prepare(app)


PREPARATIONS.append(_prepare)
