"""Sessions: data of a client that is kept from request to request.

By default a signed cookie has the data: the client can read it, but not change it. The setting
``SESSION_STORE``, or an interface that you set as ``app.session_interface``, stores it elsewhere.
"""

from __future__ import annotations

import hashlib
import typing as t
from collections.abc import Mapping
from datetime import UTC, datetime

from werkzeug.datastructures import MultiDict

from ._core.cookie_session import NullSession, SecureCookieSession
from ._core.owned_sessions import OwnedSession, end_sessions, sessions_of
from ._core.reexports import module_getattr
from ._core.session_types import (
    SessionConflict,
    SessionMixin,
    SessionStore,
    SessionStoreError,
    SessionStoreUnavailable,
)
from ._http.cookies import parse_cookies
from ._http.query import NEEDS_LIBRARY
from ._http.response import vary_by_cookie
from ._http.signing import Signer, base64_forms, get_signer, needs_no_tags
from .json.provider import JSONProvider
from .json.tag import TaggedJSONSerializer
from .typing import AnyApp
from .wrappers import Request, Response

if t.TYPE_CHECKING:
    from itsdangerous import URLSafeTimedSerializer

__all__ = [
    "NullSession",
    "OwnedSession",
    "SecureCookieSession",
    "SecureCookieSessionInterface",
    "SessionConflict",
    "SessionInterface",
    "SessionMixin",
    "SessionStore",
    "SessionStoreError",
    "SessionStoreUnavailable",
    "end_sessions",
    "session_json_serializer",
    "sessions_of",
]

if not t.TYPE_CHECKING:  # to type checkers the module has what it defines
    __getattr__ = module_getattr(__name__)


NEEDS_REQUEST: t.Final = object()
"""`open_session` has to be called."""


class SessionInterface:
    """Opens and saves the sessions of an application.

    Subclass it to store them elsewhere. `open_session` is called before routing for every request,
    `save_session` after all ``after_request`` functions.
    """

    null_session_class: type[SessionMixin] = NullSession
    """The class of the session that is used if `open_session` returns ``None``."""

    pickle_based: bool = False
    """Whether the interface uses pickle. Extensions read it."""

    opens_on_demand: bool = False
    """Whether `open_session` is called at the first access to the session, and `save_session` only
    if there was one or the client sent a cookie. Set it only if the two methods have no other
    effects."""

    def make_null_session(self, app: AnyApp) -> SessionMixin:
        """Return the session that is used if `open_session` returns ``None``."""
        return self.null_session_class()

    def is_null_session(self, obj: object) -> bool:
        """Return whether a session is a null session, which is not saved."""
        # PERF: the usual session first: `isinstance` asks the abstract base class of sessions.
        if type(obj) is SecureCookieSession and self.null_session_class is NullSession:
            return False
        return isinstance(obj, self.null_session_class)

    def _open_by_header(self, app: AnyApp, header: str) -> t.Any:
        """Return the session by the ``Cookie`` header of a request, or `NEEDS_REQUEST`."""
        return NEEDS_REQUEST

    def must_see(self, app: AnyApp, cookies: str) -> bool:
        """Return whether a session that was not accessed may need to be saved.

        It is called only if `opens_on_demand` is true.

        :param cookies: the request's ``Cookie`` header.
        """
        return True

    # The attributes of the cookie, from the configuration ----------------------------------------

    def get_cookie_name(self, app: AnyApp) -> str:
        """Return the cookie's name: ``SESSION_COOKIE_NAME``."""
        name: str = app.config["SESSION_COOKIE_NAME"]
        return name

    def get_cookie_domain(self, app: AnyApp) -> str | None:
        """Return the domain the cookie is sent to: ``SESSION_COOKIE_DOMAIN``.

        ``None`` means only the host that set it, without its subdomains.
        """
        domain: str | None = app.config["SESSION_COOKIE_DOMAIN"]
        return domain

    def get_cookie_path(self, app: AnyApp) -> str:
        """Return the path the cookie is sent to.

        ``SESSION_COOKIE_PATH``, else ``APPLICATION_ROOT``.
        """
        path: str = app.config["SESSION_COOKIE_PATH"] or app.config["APPLICATION_ROOT"]
        return path

    def get_cookie_httponly(self, app: AnyApp) -> bool:
        """Return ``SESSION_COOKIE_HTTPONLY``: scripts cannot read the cookie."""
        httponly: bool = app.config["SESSION_COOKIE_HTTPONLY"]
        return httponly

    def get_cookie_secure(self, app: AnyApp) -> bool:
        """Return whether the cookie needs HTTPS: ``SESSION_COOKIE_SECURE``."""
        secure: bool = app.config["SESSION_COOKIE_SECURE"]
        return secure

    def get_cookie_samesite(self, app: AnyApp) -> str | None:
        """Return ``"Strict"``, ``"Lax"`` or ``None``: ``SESSION_COOKIE_SAMESITE``."""
        samesite: str | None = app.config["SESSION_COOKIE_SAMESITE"]
        return samesite

    def get_cookie_partitioned(self, app: AnyApp) -> bool:
        """Return ``SESSION_COOKIE_PARTITIONED``: stored for each top-level site."""
        partitioned: bool = app.config["SESSION_COOKIE_PARTITIONED"]
        return partitioned

    def _get_cookie_attributes(self, app: AnyApp) -> dict[str, t.Any]:
        """Return the keyword arguments that ``set_cookie`` and ``delete_cookie`` share."""
        return {
            "path": self.get_cookie_path(app),
            "domain": self.get_cookie_domain(app),
            "secure": self.get_cookie_secure(app),
            "httponly": self.get_cookie_httponly(app),
            "samesite": self.get_cookie_samesite(app),
            "partitioned": self.get_cookie_partitioned(app),
        }

    def get_expiration_time(self, app: AnyApp, session: SessionMixin) -> datetime | None:
        """Return when the cookie expires; ``None``: when the browser is closed."""
        if not session.permanent:
            return None
        end: datetime = datetime.now(UTC) + app.permanent_session_lifetime
        return end

    def should_set_cookie(self, app: AnyApp, session: SessionMixin) -> bool:
        """Return whether the response sets the cookie.

        It does if the session was modified. For a permanent session it always does, unless
        ``SESSION_REFRESH_EACH_REQUEST`` is off, so that the cookie expires later.
        """
        return session.modified or (
            session.permanent and bool(app.config["SESSION_REFRESH_EACH_REQUEST"])
        )

    # A subclass implements these -----------------------------------------------------------------

    def open_session(self, app: AnyApp, request: Request) -> SessionMixin | None:
        """Return the session of a request; ``None`` if it cannot be opened.

        It is called before routing, so the request has no endpoint yet.
        """
        raise NotImplementedError(f"{type(self).__name__} must implement open_session().")

    def save_session(self, app: AnyApp, session: SessionMixin, response: Response) -> None:
        """Save the session at the end of a request."""
        raise NotImplementedError(f"{type(self).__name__} must implement save_session().")


class _Serializer(t.Protocol):
    def dumps(self, value: object, /) -> str: ...
    def loads(self, value: str, /) -> object: ...


session_json_serializer = TaggedJSONSerializer()
"""Writes the data of session cookies."""


def _lazy_sha1(string: bytes = b"") -> object:
    """Return ``hashlib.sha1(string)``, which FIPS builds of Python may lack."""
    return hashlib.sha1(string)


_PERMANENT = base64_forms(b'"_permanent"')
"""How the key of a permanent session may look in a cookie."""
_SALT = "cookie-session"
_SMALL_COOKIE = 1000  # bytes; browsers accept at least 4096 (RFC 6265 section 6.1)
_MOST_COOKIES = 20  # cookies of one name that are verified for one request


class SecureCookieSessionInterface(SessionInterface):
    """Sessions in signed cookies, the same as those of official Flask."""

    salt: str = _SALT
    """Mixed into the key, so signatures of the application for other purposes are not valid."""

    digest_method: t.Callable[..., object] = staticmethod(_lazy_sha1)
    """Hash function of the signature. HMAC with SHA-1 is secure, and existing cookies use it."""

    key_derivation: str = "hmac"
    """How itsdangerous derives the signing key from the secret key."""

    serializer: _Serializer = session_json_serializer
    """An object with ``dumps`` and ``loads`` for the data."""

    session_class: type[SecureCookieSession] = SecureCookieSession

    @property
    def opens_on_demand(self) -> bool:  # type: ignore[override]
        """Whether nothing overrides how a session is opened and saved."""
        return vars(self).keys().isdisjoint(_OPENING) and all(
            getattr(type(self), name) is built_in for name, built_in in _OPENING.items()
        )

    def get_signing_serializer(self, app: AnyApp) -> URLSafeTimedSerializer | None:
        """Return the serializer that signs and verifies the cookie.

        It is ``None`` without a secret key. ``SECRET_KEY`` signs and verifies, the keys in
        ``SECRET_KEY_FALLBACKS`` only verify.
        """
        if not app.secret_key:
            return None
        from itsdangerous import URLSafeTimedSerializer  # 2 ms at its first use

        # itsdangerous signs with the last key, and verifies from the last to the first.
        keys: list[str | bytes] = [*(app.config["SECRET_KEY_FALLBACKS"] or ()), app.secret_key]
        signer = {"digest_method": self.digest_method, "key_derivation": self.key_derivation}
        return URLSafeTimedSerializer(
            keys,  # type: ignore[arg-type]
            self.salt,
            self.serializer,
            signer_kwargs=signer,
        )

    def _fast_signer(self, app: AnyApp) -> Signer | None:
        """Return the fast signer for the secret key.

        ``None`` without a key, or if a subclass or this object overrides how cookies are signed.
        """
        secret_key = app.secret_key
        if (
            not secret_key
            # Checked each time: attributes of classes and objects may be set at any time.
            or self.salt != _SALT
            or self.key_derivation != "hmac"
            or self.digest_method is not _lazy_sha1
            or self.serializer is not session_json_serializer
            or self.__class__.get_signing_serializer is not _get_signing_serializer
            or "get_signing_serializer" in self.__dict__
            or not session_json_serializer.is_default
        ):
            return None
        return get_signer(secret_key, _SALT)

    def must_see(self, app: AnyApp, cookies: str) -> bool:
        """Return whether there may be a permanent session in a ``Cookie`` header.

        PERF: 0.3 us instead of 6 us to verify and parse a session that the view does not use.
        """
        if self.get_cookie_name(app) not in cookies:
            return False
        # Compressed payloads, which begin with a dot, and quoted cookies cannot be searched.
        return (
            "=." in cookies
            or "= " in cookies
            or '"' in cookies
            or any(text in cookies for text in _PERMANENT)
            or self._fast_signer(app) is None
        )

    def open_session(self, app: AnyApp, request: Request) -> SecureCookieSession | None:
        """Return the session in the request's cookie.

        If there are several cookies, the first one with a valid signature is used. Without one the
        session is empty.

        :returns: ``None`` without a secret key.
        """
        signer = self._fast_signer(app)
        signing = None
        if signer is None:
            signing = self.get_signing_serializer(app)
            if signing is None:
                return None
        return self._find_session(app, request.cookies, signer, signing)

    def _find_session(
        self,
        app: AnyApp,
        cookies: Mapping[str, str],
        signer: Signer | None,
        signing: URLSafeTimedSerializer | None,
    ) -> SecureCookieSession:
        """Return the session in one of the cookies, or an empty one.

        :param cookies: a `MultiDict`, or the dict of a request class of the application.
        :param signer: the fast signer, or ``None``.
        :param signing: the serializer, if there is no fast signer.
        """
        name = self.get_cookie_name(app)
        cookie = cookies.get(name) if cookies else None
        if cookie is None:
            return self.session_class()
        lifetime = int(app.permanent_session_lifetime.total_seconds())
        payload = None if signer is None else signer.verify(cookie, lifetime)
        # Each tag begins with a space: no quote before a space, no tags. Any JSON provider may read
        # it.
        if payload is not None and b'" ' not in payload and payload.isascii():
            try:
                data = app.json.loads(payload.decode())
            except Exception:  # any error of the application's provider, as in itsdangerous
                return self.session_class()
            session = self.session_class(data if isinstance(data, dict) else None)
            session._was_verified_fast = True
            return session
        signing = signing or self.get_signing_serializer(app)
        assert signing is not None  # there is a key
        from itsdangerous import BadData

        # Browsers send several of one name, for different paths and domains.
        values = cookies.getlist(name) if isinstance(cookies, MultiDict) else [cookie]
        for cookie in values[:_MOST_COOKIES]:
            try:
                data = signing.loads(cookie, max_age=lifetime)
            except BadData as error:
                # Avoid a reference cycle: a frame of the traceback holds the error.
                error.__traceback__ = None
                continue
            # The application may have signed another value than a dict.
            return self.session_class(data if isinstance(data, dict) else None)
        return self.session_class()

    def _open_by_header(self, app: AnyApp, header: str) -> t.Any:
        """Open the session by the ``Cookie`` header alone.

        PERF: the request object is not needed; 6,000 instructions less.

        :returns: `NEEDS_REQUEST` if `open_session` has to be called.
        """
        if (
            self.__class__.open_session is not _open_session
            or self.__class__.get_signing_serializer is not _get_signing_serializer
            or "open_session" in self.__dict__
            or "get_signing_serializer" in self.__dict__
        ):
            return NEEDS_REQUEST
        if not header:
            return self.session_class() if app.secret_key else None
        cookies = parse_cookies(header)
        signer = self._fast_signer(app)
        if cookies is NEEDS_LIBRARY or signer is None:
            return NEEDS_REQUEST
        return self._find_session(app, cookies, signer, None)

    def save_session(self, app: AnyApp, session: SessionMixin, response: Response) -> None:
        """Set the session's cookie, or delete that of an emptied one."""
        if session.accessed:
            vary_by_cookie(response)
        is_ended = not session and session.modified
        if not is_ended and not (session and self.should_set_cookie(app, session)):
            return

        name = self.get_cookie_name(app)
        attributes = self._get_cookie_attributes(app)
        if is_ended:
            response.delete_cookie(name, **attributes)
        else:
            text = self._sign(app, session)
            end = self.get_expiration_time(app, session)
            if len(text) > _SMALL_COOKIE:
                from ._http.session_overflow import check_size

                check_size(app.config, name, text, session, expires=end, **attributes)
            response.set_cookie(name, text, expires=end, **attributes)
        if not session.accessed:
            vary_by_cookie(response)

    def _sign(self, app: AnyApp, session: SessionMixin) -> str:
        """Return the value of the cookie for a session."""
        secret_key = app.secret_key
        # PERF: the conditions were checked when the session was opened; 0.2 us less.
        if secret_key and getattr(session, "_was_verified_fast", False):
            signer: Signer | None = get_signer(secret_key, _SALT)
        else:
            signer = self._fast_signer(app)
        if signer is not None and needs_no_tags(session):
            provider = app.json
            if isinstance(provider, JSONProvider):
                text = provider._compact(dict(session))
            else:
                text = provider.dumps(dict(session), separators=(",", ":"))
            return signer.sign(text.encode())
        signing = self.get_signing_serializer(app)
        assert signing is not None  # without a key the session is read-only
        signed: str = signing.dumps(dict(session))
        return signed


_get_signing_serializer = SecureCookieSessionInterface.get_signing_serializer
_open_session = SecureCookieSessionInterface.open_session

_OPENING = {
    name: getattr(SecureCookieSessionInterface, name)
    for name in (
        *("is_null_session", "make_null_session", "null_session_class", "open_session"),
        *("save_session", "session_class", "should_set_cookie"),
    )
}
"""The members that must not be overridden if a session is opened at the first access."""
