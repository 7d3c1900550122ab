"""The session interface of an application with ``SESSION_STORE``: opens sessions, sets cookies."""

from __future__ import annotations

import time
import typing as t
from functools import partial

from werkzeug.datastructures import MultiDict

from .._core.current import get_request_context
from .._http.response import vary_by_cookie
from ..sessions import (
    OwnedSession,
    SecureCookieSessionInterface,
    SessionConflict,
    SessionInterface,
    SessionMixin,
    SessionStore,
    SessionStoreError,
)
from ..typing import AnyApp
from ..wrappers import Request, Response
from . import documents, owners
from .calls import Result, call_store
from .documents import Document
from .identifiers import (
    all_keys,
    hash_identifier,
    identifier_of_cookie,
    is_signed_identifier,
    sign,
    verify,
)
from .logins import connect_login_signals
from .outages import (
    CONSEQUENCES,
    CircuitBreaker,
    LimitedLog,
    make_unavailable,
    replace_response,
)
from .saving import Cookie, Saving
from .session import StoredSession, from_trees, to_trees

_MOST_COOKIES = 20  # of one name, that are verified for one request
_MOST_READ = 4  # sessions that are looked up for one request
_MOST_KNOWN = 10_000  # sessions whose last extension a process knows
_FRACTION = 100  # a session's end is postponed when a hundredth of its lifetime has passed

_ERRORS = (SessionStoreError, OSError)


class StoredSessionInterface(SessionInterface):
    """Sessions in a store; the signed cookie has the identifier.

    :param store: the store.
    :param errors: ``SESSION_STORE_ERRORS``.
    :param conflict: ``SESSION_CONFLICT``.
    """

    opens_on_demand = True
    session_class: type[StoredSession] = StoredSession
    """The class of the sessions."""

    def __init__(self, store: SessionStore, errors: str = "503", conflict: str = "merge") -> None:
        self.store = store
        self.errors = errors
        self.conflict = conflict
        self.store_name: str = getattr(store, "name", type(store).__name__)
        self._cookies = SecureCookieSessionInterface()
        self._breaker = CircuitBreaker()
        self._outages = LimitedLog("error")
        self._unreadable = LimitedLog("error")
        self._dropped = LimitedLog("warning")
        self._extended: dict[str, float] = {}

    def must_see(self, app: AnyApp, cookies: str) -> bool:
        """Return whether there may be a session cookie from before the switch to a store.

        It is taken over by the first request, even if the view does not use the session. If the
        store cannot answer then, a later request takes it over.
        """
        name = self.get_cookie_name(app)
        if name not in cookies:
            return False
        for pair in cookies.split(";"):
            key, _, value = pair.partition("=")
            if key.strip() == name and not is_signed_identifier(value.strip()):
                context = get_request_context(None)
                if context is not None:
                    context._session_is_optional = True
                return True
        return False

    # Open ----------------------------------------------------------------------------------------

    def open_session(self, app: AnyApp, request: Request) -> StoredSession | None:
        """Return the session that the cookie identifies; an empty one if there is none.

        An identifier that is not in the store is never used: the session gets another one.

        :returns: ``None`` without a secret key.
        :raises SessionStoreUnavailable: the store cannot answer.
        """
        secret_key = app.secret_key
        if not secret_key:
            return None
        connect_login_signals()
        name = self.get_cookie_name(app)
        cookies = request.cookies
        values = [cookies[name]] if name in cookies else []
        if isinstance(cookies, MultiDict):
            values = cookies.getlist(name)[:_MOST_COOKIES]
        session: StoredSession | None = None
        try:
            session = self._open_stored(app, values)
            if session is None:
                session = self._take_over(app, values)
        except _ERRORS as error:
            self._log_outage(app, error)
            context = get_request_context(None)
            if self.errors == "503" and (context is None or not context._session_is_optional):
                raise make_unavailable() from None
            session = self.session_class()
            session._is_lost = True
        if session is None:
            session = self.session_class()
        session._has_cookie = bool(values)
        return session

    def _open_stored(self, app: AnyApp, values: list[str]) -> StoredSession | None:
        """Return the first session of the cookies that is in the store."""
        keys = all_keys(app.secret_key, app.config["SECRET_KEY_FALLBACKS"])
        verified = [found for found in (verify(value, keys) for value in values) if found]
        for identifier, is_newest_key in verified[:_MOST_READ]:
            session = self._read(app, identifier)
            if session is not None:
                session._needs_cookie = not is_newest_key
                return session
        return None

    def _read(self, app: AnyApp, identifier: bytes) -> StoredSession | None:
        id = hash_identifier(identifier)
        found = self._call(app, partial(documents.read, self.store, id))
        if found is None:
            return None
        session = self._make_session(found)
        if session is None:
            self._unreadable.log(
                app,
                f"A session in {self.store_name} is not readable, and the client gets a new one."
                f" Its identifier there is {id}.",
            )
            return None
        session._identifier, session._version = identifier, found.version
        return session

    def _make_session(self, found: Document) -> StoredSession | None:
        if found.data is None:
            return None
        try:
            return self.session_class(from_trees(found.data), found.data)
        except Exception:  # the value of a tag is malformed; its code may raise any error
            return None

    def _take_over(self, app: AnyApp, values: list[str]) -> StoredSession | None:
        """Return the session of a cookie from before the switch to a store."""
        values = [value for value in values if not is_signed_identifier(value)]
        if not values:
            return None
        from itsdangerous import BadData

        signing = self._cookies.get_signing_serializer(app)
        assert signing is not None  # there is a key
        lifetime = int(app.permanent_session_lifetime.total_seconds())
        for value in values:
            try:
                data = signing.loads(value, max_age=lifetime)
            except BadData as error:
                # Avoid a reference cycle: a frame of the traceback holds the error.
                error.__traceback__ = None
                continue
            if isinstance(data, dict) and data:
                break
        else:
            return None
        identifier = identifier_of_cookie(value, app.secret_key)
        session = self._read(app, identifier)  # another request may have taken it over
        if session is None:
            session = self.session_class(data, to_trees(data))
            session._identifier = identifier
            session._is_taken_over = True
        session._needs_cookie = True
        return session

    # Save ----------------------------------------------------------------------------------------

    def save_session(self, app: AnyApp, session: SessionMixin, response: Response) -> None:
        """Store what was changed, and set or delete the cookie if need be.

        If the store cannot answer, or with ``SESSION_CONFLICT = "raise"``, the response may be
        replaced by an error.
        """
        if session.accessed:
            vary_by_cookie(response)
        if not isinstance(session, StoredSession):
            raise TypeError(
                "The session of this request was replaced by an object of another class:"
                f" {type(session).__name__}. SESSION_STORE stores only sessions that it has opened."
            )
        if session._is_lost:
            return
        changes = session._find_changes()
        is_due = self._is_due(app, session)
        saving = Saving(
            *(self.store, session, changes),
            *(self._lifetime(app, session), 2 * self._longest_lifetime(app)),
            *(self.conflict == "raise", is_due),
        )
        must_store = bool(changes or session._must_regenerate or session._ended)
        try:
            cookie = self._call(app, saving.run)
        except _ERRORS as error:
            self._log_outage(app, error)
            if must_store and self.errors == "503":
                replace_response(app, response, make_unavailable())
            return
        except SessionConflict as error:
            replace_response(app, response, error)
            return
        if cookie is None:
            self._dropped.log(
                app,
                "Another request ended a session, or gave it another identifier. The changes of a"
                " request that ran at the same time were dropped.",
            )
            return
        if session._identifier is not None:
            self._note_extension(session._identifier, is_due or bool(changes))
        if cookie is Cookie.KEEP and session._version and self._must_set(app, session, is_due):
            cookie = Cookie.SET
        self._send_cookie(app, session, response, cookie)

    def _must_set(self, app: AnyApp, session: StoredSession, is_due: bool) -> bool:
        """Return whether the client's cookie has to be replaced, with the same identifier."""
        if session._needs_cookie or session.permanent is not session._was_permanent:
            return True
        if not session.permanent:
            return False
        return session.modified or (is_due and bool(app.config["SESSION_REFRESH_EACH_REQUEST"]))

    def _send_cookie(
        self, app: AnyApp, session: StoredSession, response: Response, cookie: Cookie
    ) -> None:
        if cookie is Cookie.KEEP or (cookie is Cookie.DELETE and not session._has_cookie):
            return
        name = self.get_cookie_name(app)
        attributes = self._get_cookie_attributes(app)
        if cookie is Cookie.DELETE:
            response.delete_cookie(name, **attributes)
        else:
            assert session._identifier is not None
            text = sign(session._identifier, app.secret_key)
            end = self.get_expiration_time(app, session)
            response.set_cookie(name, text, expires=end, **attributes)
            # If the session is saved a second time, as after an error in a hook, it is for another
            # response.
            session._needs_cookie = True
        if not session.accessed:
            vary_by_cookie(response)

    # Lifetimes -----------------------------------------------------------------------------------

    def _lifetime(self, app: AnyApp, session: SessionMixin) -> int:
        """Return the seconds after which a session expires if it is not used."""
        if session.permanent:
            return _seconds(app.permanent_session_lifetime)
        return _seconds(app.config["SESSION_STORE_LIFETIME"])

    def _longest_lifetime(self, app: AnyApp) -> int:
        permanent = _seconds(app.permanent_session_lifetime)
        return max(permanent, _seconds(app.config["SESSION_STORE_LIFETIME"]))

    def _is_due(self, app: AnyApp, session: StoredSession) -> bool:
        """Return whether the end of a session has to be postponed.

        Not at each request: that would be a write for each read.
        """
        if session._identifier is None:
            return False
        if session.permanent and not app.config["SESSION_REFRESH_EACH_REQUEST"]:
            return False
        last = self._extended.get(hash_identifier(session._identifier))
        interval = self._lifetime(app, session) / _FRACTION
        return last is None or time.monotonic() - last >= interval

    def _note_extension(self, identifier: bytes, is_extended: bool) -> None:
        if is_extended:
            if len(self._extended) >= _MOST_KNOWN:
                self._extended.clear()
            self._extended[hash_identifier(identifier)] = time.monotonic()

    # A user's sessions ---------------------------------------------------------------------------

    def sessions_of(self, app: AnyApp, owner: object) -> list[OwnedSession]:
        """Return a user's sessions; see ``flask.sessions.sessions_of``."""
        current = self._current_id()
        found = self._call_or_fail(app, partial(self._read_all, owner))
        return [
            OwnedSession(id, dict(session), id == current)
            for id, session in found
            if str(session.owner) == str(owner)
        ]

    def _read_all(self, owner: object) -> list[tuple[str, StoredSession]]:
        sessions = []
        for id in owners.list_sessions(self.store, owner):
            found = documents.read(self.store, id)
            session = None if found is None else self._make_session(found)
            if session is not None:
                sessions.append((id, session))
        return sessions

    def end_sessions(self, app: AnyApp, owner: object, keep_current: bool = False) -> int:
        """End a user's sessions; see ``flask.sessions.end_sessions``."""
        current = self._current_id()
        found = self.sessions_of(app, owner)
        ended = [session.id for session in found if not (keep_current and session.is_current)]

        def end() -> None:
            for id in ended:
                self.store.delete(id)
                owners.remove_session(self.store, owner, id, 2 * self._longest_lifetime(app))

        self._call_or_fail(app, end)
        if current in ended:
            get_request_context()._session.end()
        return len(ended)

    def _current_id(self) -> str | None:
        """Return the hashed identifier of the current request's session."""
        context = get_request_context(None)
        session = None if context is None else context._session
        if not isinstance(session, StoredSession) or session._identifier is None:
            return None
        return hash_identifier(session._identifier)

    # The store -----------------------------------------------------------------------------------

    def _call(self, app: AnyApp, function: t.Callable[[], Result]) -> Result:
        if getattr(self.store, "answers_at_once", False):
            return function()
        self._breaker.check()
        begin = time.monotonic()
        try:
            result = call_store(app, function)
        except documents.BusySessionError:
            raise
        except _ERRORS as error:
            self._breaker.note_failure(error, time.monotonic() - begin)
            raise
        self._breaker.note_success()
        return result

    def _call_or_fail(self, app: AnyApp, function: t.Callable[[], Result]) -> Result:
        """Call the store; an error of it is logged, and a 503.

        :raises SessionStoreUnavailable: the store cannot answer.
        """
        try:
            return self._call(app, function)
        except _ERRORS as error:
            self._log_outage(app, error)
            raise make_unavailable() from error

    def _log_outage(self, app: AnyApp, error: Exception) -> None:
        reason = f"{error or type(error).__name__}".rstrip(".")
        self._outages.log(
            app,
            f"The session store {self.store_name} does not answer: {reason}."
            f" {CONSEQUENCES[self.errors]}",
        )


def _seconds(lifetime: t.Any) -> int:
    """Return a lifetime, a number or a ``timedelta``, as seconds; at least one."""
    seconds: float = getattr(lifetime, "total_seconds", lambda: lifetime)()
    return max(1, int(seconds))
