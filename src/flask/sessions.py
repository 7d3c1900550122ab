"""Sessions: a dict that follows a client from request to request.

The built-in interface keeps the data in a signed cookie: the client can read it, but not change
it. Another interface may keep it elsewhere; an application uses the one in ``session_interface``.
"""

from __future__ import annotations

import hashlib
import typing as t
from collections.abc import Mapping, MutableMapping
from datetime import UTC, datetime

from werkzeug.datastructures import CallbackDict, MultiDict

from ._core.reexports import module_getattr
from ._http.response import vary_by_cookie
from ._http.signing import Signer, base64_forms, get_signer, needs_no_tags
from .json.provider import JSONProvider
from .json.tag import TaggedJSONSerializer
from .typing import AnyApp
from .wrappers import Request, Response

if t.TYPE_CHECKING:
    from itsdangerous import URLSafeTimedSerializer

if not t.TYPE_CHECKING:  # to type checkers the module has what it defines
    __getattr__ = module_getattr(__name__)


class SessionMixin(MutableMapping[str, t.Any]):
    """What the rest of the framework asks of a session beside being a dict."""

    new: bool = False
    """Whether the session has just begun, if the interface knows."""

    modified: bool = True
    """Whether the data may have changed. ``True`` is always safe."""

    accessed: bool = False
    """Whether the session was looked at in this request: then the answer varies by cookie."""

    @property
    def permanent(self) -> bool:
        """Whether the session outlives the browser.

        It lives for ``PERMANENT_SESSION_LIFETIME``.
        """
        permanent: bool = self.get("_permanent", False)
        return permanent

    @permanent.setter
    def permanent(self, value: bool) -> None:
        self["_permanent"] = bool(value)


class SecureCookieSession(  # pyright: ignore[reportIncompatibleMethodOverride]
    CallbackDict[str, t.Any], SessionMixin
):
    """A session in a signed cookie.

    Setting and deleting keys marks it as modified. A change *inside* a value, such as appending to
    a list, is not seen: set ``session.modified = True`` then.

    :param initial: the data to begin with.
    """

    modified: bool = False

    _was_verified_fast: bool = False
    """Whether the cookie was verified on the fast path, so the next one may be signed on it."""

    def __init__(
        self, initial: Mapping[str, t.Any] | t.Iterable[tuple[str, t.Any]] | None = None
    ) -> None:
        # PERF: what CallbackDict's initialiser does; 0.2 us less.
        if initial is not None:
            dict.__init__(self, initial)
        self.on_update = _mark_modified

    def __setitem__(self, key: str, value: t.Any) -> None:
        # PERF: the usual case; 0.2 us less than through Werkzeug's wrapper.
        if self.on_update is _mark_modified:
            dict.__setitem__(self, key, value)
            self.modified = True
        else:
            super().__setitem__(key, value)


def _mark_modified(session: t.Any) -> None:
    session.modified = True


class NullSession(SecureCookieSession):
    """The session without a secret key: empty, and not to be written."""

    def _fail(self, *args: t.Any, **kwargs: t.Any) -> t.NoReturn:
        """Refuse to be written.

        :raises RuntimeError: always; its text says what to set.
        """
        raise RuntimeError(
            "The session is unavailable because no secret key was set. Set the secret_key on the"
            " application to something unique and secret."
        )

    __setitem__ = __delitem__ = clear = pop = popitem = update = setdefault = _fail


class SessionInterface:
    """How an application opens and saves sessions.

    Subclass it to keep them elsewhere.

    `open_session` is called before routing for every request, `save_session` after all
    ``after_request`` functions.
    """

    null_session_class: type[t.Any] = NullSession
    """The session that takes the place of one that could not be opened."""

    pickle_based: bool = False
    """Whether the interface pickles; told for extensions that look at it."""

    opens_on_demand: bool = False
    """Whether `open_session` may wait until somebody asks for the session, and `save_session` be
    left out if nobody did and the client sent no cookie. Only for interfaces whose methods do
    nothing else that could be seen."""

    def make_null_session(self, app: AnyApp) -> t.Any:
        """Return the session to use where `open_session` returned ``None``."""
        return self.null_session_class()

    def is_null_session(self, obj: object) -> bool:
        """Tell whether a session is such a stand-in, and so is not saved."""
        return isinstance(obj, self.null_session_class)

    def must_see(self, app: AnyApp, cookies: str) -> bool:
        """Tell whether a session that nobody asked for may need to be saved.

        Only asked where `opens_on_demand`.

        :param cookies: the request's ``Cookie`` header.
        """
        return True

    # What the cookie looks like, by the configuration --------------------------------------------

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
        """Return ``SESSION_COOKIE_PARTITIONED``: kept per top-level site."""
        partitioned: bool = app.config["SESSION_COOKIE_PARTITIONED"]
        return partitioned

    def get_expiration_time(self, app: AnyApp, session: SessionMixin) -> datetime | None:
        """Return when the cookie ends; ``None``: when the browser is closed."""
        if not session.permanent:
            return None
        end: datetime = datetime.now(UTC) + app.permanent_session_lifetime
        return end

    def should_set_cookie(self, app: AnyApp, session: SessionMixin) -> bool:
        """Tell whether the answer shall set the cookie.

        If the session changed, and for a permanent one, unless
        ``SESSION_REFRESH_EACH_REQUEST`` is off, always: its end moves on.
        """
        return session.modified or (
            session.permanent and bool(app.config["SESSION_REFRESH_EACH_REQUEST"])
        )

    # To be written by a subclass -----------------------------------------------------------------

    def open_session(self, app: AnyApp, request: Request) -> SessionMixin | None:
        """Return the session of a request; ``None`` if it cannot be opened.

        Called before routing: the request's endpoint is not known yet.
        """
        raise NotImplementedError(f"{type(self).__name__} must write open_session().")

    def save_session(self, app: AnyApp, session: SessionMixin, response: Response) -> None:
        """Save the session at the end of a request: set a cookie."""
        raise NotImplementedError(f"{type(self).__name__} must write save_session().")


session_json_serializer = TaggedJSONSerializer()
"""Writes the data of session cookies."""


def _lazy_sha1(string: bytes = b"") -> t.Any:
    """Return ``hashlib.sha1(string)``.

    Looked up late, because FIPS builds of Python may lack it.
    """
    return hashlib.sha1(string)


_PERMANENT = base64_forms(b'"_permanent"')
"""How the key of a permanent session may look in a cookie."""

_SALT = "cookie-session"

_MOST_COOKIES = 20  # of one name; what a client may let us verify for one request


class SecureCookieSessionInterface(SessionInterface):
    """Sessions in signed cookies.

    Bytes and signatures are those of Flask's own cookies.
    """

    salt: str = _SALT
    """Mixed into the key, so that another signature of the application is no session."""

    digest_method: t.Callable[..., t.Any] = staticmethod(_lazy_sha1)
    """Hash function of the signature. HMAC with SHA-1 is sound; it is what cookies in use have."""

    key_derivation: str = "hmac"
    """How the signing key is made from the secret key; a method of itsdangerous."""

    serializer: t.Any = session_json_serializer
    """Has ``dumps`` and ``loads`` for the data."""

    session_class: type[SecureCookieSession] = SecureCookieSession

    @property
    def opens_on_demand(self) -> bool:  # type: ignore[override]
        """Whether nobody changed what a session is, or how it is opened and saved."""
        return vars(self).keys().isdisjoint(_OPENING) and all(
            getattr(type(self), name) is plain for name, plain in _OPENING.items()
        )

    def get_signing_serializer(self, app: AnyApp) -> URLSafeTimedSerializer | None:
        """Return what signs and verifies the cookie.

        ``None`` without a secret key.

        Keys in ``SECRET_KEY_FALLBACKS`` verify; only ``SECRET_KEY`` signs.
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
        """Return what signs and verifies quickly, made once for each key.

        ``None`` where somebody changed how that is done.
        """
        secret_key = app.secret_key
        if (
            not secret_key
            # Asked each time: attributes of classes and objects may be set at any time.
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
        """Tell whether there may be a permanent session in a ``Cookie`` header.

        PERF: 0.3 us instead of 6 us to verify and read a session that nobody looks at.
        """
        if self.get_cookie_name(app) not in cookies:
            return False
        # A compressed payload begins with a dot; a quoted cookie is hard to look into.
        return (
            "=." in cookies
            or "= " in cookies
            or '"' in cookies
            or any(text in cookies for text in _PERMANENT)
            or self._fast_signer(app) is None
        )

    def open_session(self, app: AnyApp, request: Request) -> SecureCookieSession | None:
        """Return the session in the request's cookie.

        If there are several cookies, the first genuine one counts. Without one the session is
        empty.

        :returns: ``None`` without a secret key.
        """
        signer = self._fast_signer(app)
        signing = None
        if signer is None:
            signing = self.get_signing_serializer(app)
            if signing is None:
                return None
        cookies = request.cookies
        name = self.get_cookie_name(app)
        cookie = cookies.get(name) if cookies else None
        if cookie is None:
            return self.session_class()
        lifetime = int(app.permanent_session_lifetime.total_seconds())
        payload = None if signer is None else signer.verify(cookie, lifetime)
        # Behind a tag's quote stands a space, whatever else the application's JSON writes.
        if payload is not None and b'" ' not in payload and payload.isascii():
            try:
                data = app.json.loads(payload.decode())
            except Exception:  # whatever the application's JSON raises, as with itsdangerous
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
                # itsdangerous keeps the error in a frame of its traceback: open that circle.
                error.__traceback__ = None
                continue
            # A value that the application signed, but not as a session, is no session.
            return self.session_class(data if isinstance(data, dict) else None)
        return self.session_class()

    def save_session(self, app: AnyApp, session: SessionMixin, response: Response) -> None:
        """Set the session's cookie, or delete that of an emptied one."""
        if session.accessed:
            vary_by_cookie(response)
        is_ended = not session and session.modified
        if not is_ended and not (session and self.should_set_cookie(app, session)):
            return

        name = self.get_cookie_name(app)
        # By name: the response's class may have methods that take only some of them.
        attributes: dict[str, t.Any] = {
            "path": self.get_cookie_path(app),
            "domain": self.get_cookie_domain(app),
            "secure": self.get_cookie_secure(app),
            "httponly": self.get_cookie_httponly(app),
            "samesite": self.get_cookie_samesite(app),
            "partitioned": self.get_cookie_partitioned(app),
        }
        if is_ended:
            response.delete_cookie(name, **attributes)
        else:
            text = self._sign(app, session)
            end = self.get_expiration_time(app, session)
            response.set_cookie(name, text, expires=end, **attributes)
        if not session.accessed:
            vary_by_cookie(response)

    def _sign(self, app: AnyApp, session: t.Any) -> str:
        """Return the text of a cookie that carries a session's data."""
        secret_key = app.secret_key
        # PERF: what was plain when the session was opened is not asked again; 0.2 us less.
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
        assert signing is not None  # a session that can be written has a key
        signed: str = signing.dumps(dict(session))
        return signed


_get_signing_serializer = SecureCookieSessionInterface.get_signing_serializer

_OPENING = {
    name: getattr(SecureCookieSessionInterface, name)
    for name in (
        *("is_null_session", "make_null_session", "null_session_class", "open_session"),
        *("save_session", "session_class", "should_set_cookie"),
    )
}
"""What decides whether a session may wait until somebody asks for it."""
