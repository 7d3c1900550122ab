"""The checks of ``flask doctor`` that read the settings of an application."""

from __future__ import annotations

import ipaddress
import typing as t
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from werkzeug.middleware.proxy_fix import ProxyFix

from ._checked_keys import SHORTEST_KEY, is_guessable, is_ignored, is_written_in, to_bytes
from ._findings import Finding
from ._setting_sources import DEFAULT, Source

if t.TYPE_CHECKING:
    from ..typing import AnyApp

_NEW_KEY: t.Final = 'python -c "import secrets; print(secrets.token_hex())"'


@dataclass(frozen=True)
class Subject:
    """An application that is checked, and where its settings come from.

    :param app: the application.
    :param sources: the source of each setting.
    """

    app: AnyApp
    sources: dict[str, Source]

    def get(self, key: str) -> t.Any:
        """Return a setting; ``None`` if it is not set."""
        return self.app.config.get(key)

    def find_place(self, key: str) -> str:
        """Return where a setting comes from, in parentheses, for a text."""
        source = self.sources.get(key, DEFAULT)
        return "" if source == DEFAULT else f" ({source})"

    @property
    def signs_sessions(self) -> bool:
        """Whether the application has a session cookie."""
        return bool(self.get("SECRET_KEY")) or self.get("SESSION_STORE") is not None


def check_debug(subject: Subject) -> Iterator[Finding]:
    """Debug mode and test mode are off."""
    if subject.app.debug:
        yield Finding(
            "debug-on",
            "error",
            f"Debug mode is on{subject.find_place('DEBUG')}.",
            "An error shows source code, settings and data to clients, and the debugger may run"
            " their code.",
            "Unset FLASK_DEBUG, and remove 'debug=True' and '--debug'.",
        )
    if subject.get("TESTING"):
        yield Finding(
            "testing-on",
            "error",
            f"TESTING is on{subject.find_place('TESTING')}.",
            "Errors are not handled, and extensions leave out checks, such as those of tokens in"
            " forms.",
            "Set TESTING in tests only.",
        )
    if subject.get("PROPAGATE_EXCEPTIONS"):
        yield Finding(
            "propagate-exceptions",
            "warning",
            f"PROPAGATE_EXCEPTIONS is on{subject.find_place('PROPAGATE_EXCEPTIONS')}.",
            "Errors reach the server: error handlers and error pages do not run.",
            "Leave PROPAGATE_EXCEPTIONS unset in production.",
        )


def check_secret_key(subject: Subject) -> Iterator[Finding]:
    """The keys that sign sessions are long, random and not committed."""
    key = subject.get("SECRET_KEY")
    if not key:
        yield Finding(
            "secret-key-missing",
            "warning",
            "SECRET_KEY is not set.",
            "Sessions, flashed messages and tokens in forms raise an error at their first use.",
            f"Set it from the environment. To create one: {_NEW_KEY}",
        )
    fallbacks = subject.get("SECRET_KEY_FALLBACKS") or ()
    keys = [("SECRET_KEY", key)] if key else []
    keys += [("SECRET_KEY_FALLBACKS", fallback) for fallback in fallbacks]
    for name, value in keys:
        yield from _check_key(subject, name, value)


def _check_key(subject: Subject, name: str, key: object) -> Iterator[Finding]:
    place = subject.find_place(name)
    why = "With the key, anyone can sign a session of any user, and tokens of extensions."
    fix = f"Use a new random key: {_NEW_KEY}"
    if len(to_bytes(key)) < SHORTEST_KEY:
        yield Finding(
            "secret-key-short",
            "error",
            f"{name} has {len(to_bytes(key))} bytes, which is less than {SHORTEST_KEY}{place}.",
            f"A short key can be found by trying. {why}",
            fix,
        )
    elif is_guessable(key):
        yield Finding(
            "secret-key-guessable",
            "error",
            f"{name} consists of common words or of few different characters{place}.",
            f"It is in the lists that attackers try. {why}",
            fix,
        )
    location = subject.sources.get(name, DEFAULT).location
    if location is None or location.file.startswith(subject.app.instance_path):
        return
    if is_written_in(location.file, key) and not is_ignored(location.file):
        yield Finding(
            "secret-key-in-source",
            "error",
            f"{name} is written in a file of the sources: {location}.",
            f"Everyone who can read the repository has the key, and its history keeps it. {why}",
            "Read it from the environment, or from a file in the instance folder, and use a new"
            f" one: {_NEW_KEY}",
        )


def check_session_cookie(subject: Subject) -> Iterator[Finding]:
    """Browsers protect the session cookie."""
    if not subject.signs_sessions:
        return
    extension = "Use flask.security.Security(app), or set"
    if not subject.get("SESSION_COOKIE_SECURE") and not subject.app.debug:
        yield Finding(
            "session-cookie-secure",
            "warning",
            f"SESSION_COOKIE_SECURE is off{subject.find_place('SESSION_COOKIE_SECURE')}.",
            "Browsers send the session over HTTP too, where anyone in the network can copy it.",
            f"{extension} SESSION_COOKIE_SECURE = True.",
        )
    if not subject.get("SESSION_COOKIE_HTTPONLY"):
        yield Finding(
            "session-cookie-httponly",
            "error",
            f"SESSION_COOKIE_HTTPONLY is off{subject.find_place('SESSION_COOKIE_HTTPONLY')}.",
            "Every script in a page can read the session, also an injected one.",
            "Remove the setting; it is on by default.",
        )
    same_site = subject.get("SESSION_COOKIE_SAMESITE")
    if same_site is None or str(same_site).lower() == "none":
        yield Finding(
            "session-cookie-samesite",
            "warning",
            f"SESSION_COOKIE_SAMESITE is {same_site!r}"
            f"{subject.find_place('SESSION_COOKIE_SAMESITE')}.",
            "Pages of other sites can send requests with the session of a user.",
            f"{extension} SESSION_COOKIE_SAMESITE = 'Lax'.",
        )


def check_requests(subject: Subject) -> Iterator[Finding]:
    """Hosts and sizes of requests have limits."""
    if not subject.get("TRUSTED_HOSTS"):
        yield Finding(
            "trusted-hosts-missing",
            "warning",
            "TRUSTED_HOSTS is not set.",
            "A client can send any host, which then is in links that the app builds, for example"
            " in mails that reset passwords.",
            "Set TRUSTED_HOSTS = ['shop.example'] with the hosts that you serve.",
        )
    if subject.get("MAX_CONTENT_LENGTH") is None:
        yield Finding(
            "max-content-length-missing",
            "warning",
            "MAX_CONTENT_LENGTH is not set.",
            "A client can send a body of any size, which fills memory and disk.",
            "Set MAX_CONTENT_LENGTH in bytes. A view with larger uploads can set"
            " request.max_content_length.",
        )
    if subject.get("SERVER_NAME") and subject.get("PREFERRED_URL_SCHEME") == "http":
        yield Finding(
            "preferred-url-scheme",
            "warning",
            "SERVER_NAME is set, and PREFERRED_URL_SCHEME is 'http'.",
            "URLs that are built outside of a request, for example in mails, lead to HTTP.",
            "Set PREFERRED_URL_SCHEME = 'https'.",
        )


def check_security(subject: Subject) -> Iterator[Finding]:
    """Responses have headers that protect pages."""
    extensions = subject.app.extensions
    if "flask.security" not in extensions and "flask-talisman" not in extensions:
        yield Finding(
            "security-missing",
            "warning",
            "flask.security is not used.",
            "Responses have no Content-Security-Policy and no other protecting headers, and forged"
            " requests of other sites are not refused.",
            "Add: from flask.security import Security; Security(app)",
        )


def check_proxies(subject: Subject) -> Iterator[Finding]:
    """It is known which proxies are believed."""
    proxies = subject.get("TRUSTED_PROXIES")
    if proxies is None and not _has_proxy_fix(subject.app.wsgi_app):
        yield Finding(
            "proxies-unknown",
            "info",
            "TRUSTED_PROXIES is not set.",
            "Behind a proxy, addresses, scheme and host of requests are those of the proxy.",
            "Set TRUSTED_PROXIES to the networks of your proxies, or to 0 without a proxy.",
        )
    elif any(map(_is_everywhere, _networks_of(proxies))):
        yield Finding(
            "proxies-trust-everyone",
            "error",
            f"TRUSTED_PROXIES contains all addresses{subject.find_place('TRUSTED_PROXIES')}.",
            "Every client can choose the address, scheme and host that the app sees.",
            "Name the networks of your proxies only.",
        )


def _has_proxy_fix(application: object) -> bool:
    """Return whether a chain of middleware has Werkzeug's ``ProxyFix``."""
    for _ in range(20):
        if application is None or isinstance(application, ProxyFix):
            break
        application = getattr(application, "app", None)
    return application is not None


def _networks_of(proxies: object) -> Iterable[object]:
    if isinstance(proxies, str):
        return [proxies]
    return proxies if isinstance(proxies, Iterable) else ()


def _is_everywhere(network: object) -> bool:
    try:
        return ipaddress.ip_network(str(network), strict=False).prefixlen == 0
    except ValueError:
        return False


SETTING_CHECKS: t.Final[tuple[Callable[[Subject], Iterator[Finding]], ...]] = (
    check_debug,
    check_secret_key,
    check_session_cookie,
    check_requests,
    check_security,
    check_proxies,
)
"""The checks of this module, in the order of their findings."""
