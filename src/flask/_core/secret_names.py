"""Which names say that a value is a secret, which the debug page and commands do not show.

One list is for all names, and one for each kind of name that has further ones.
"""

from __future__ import annotations

import re

_LONGEST = 200  # characters of a name


def _compile(*parts: str) -> re.Pattern[str]:
    return re.compile("|".join(parts), re.IGNORECASE)


_ALL = _compile(
    r"pass(word|wd|phrase|code)|secret|token|credential|salt",
    r"(api|access|private)_?key",
    r"(^|[_-])(dsn|pass|pwd)($|[_-])",
)
_VARIABLE = _compile(
    r"(^|[_-])(auth|authorization|csrf|jwt|otp|signature)($|[_-])",
    r"^(http_)?(set[_-])?cookie$|^session$|sess(ion)?_?id$",
)
# Others, such as WTF_CSRF_TIME_LIMIT and JWT_ALGORITHM, are options.
_SETTING = _compile(r"keys?($|_)", r"(^|_)(auth|authorization|csrf|jwt|otp|signature)$")
_COOKIE = _compile(r"sess|sid$|auth|remember|^__wzd")
_HEADER = _compile(r"[_-]key$|signature")

# The password may have characters that a URL does not allow; it ends at the last "@" then.
_URL_PASSWORD = re.compile(r"([a-z][a-z0-9+.-]*://[^\s:/@]*:)([^\s/]*|[^\s@]*)@", re.IGNORECASE)
_QUERY_FIELD = re.compile(r"([?&;]([\w-]+)=)[^&;\s\"']+")


def is_secret_name(name: object) -> bool:
    """Return whether a variable, key or field of this name usually has a secret.

    :param name: text or bytes; any other object is no such name.
    """
    text = name.decode("latin-1") if isinstance(name, bytes) else name
    return isinstance(text, str) and _is_in(text, _ALL, _VARIABLE)


def is_secret_setting(name: str) -> bool:
    """Return whether a key of the configuration usually has a secret.

    :param name: the key, such as ``"STRIPE_KEY"``.
    """
    return _is_in(name, _ALL, _SETTING)


def is_secret_cookie(name: str) -> bool:
    """Return whether a cookie of this name usually identifies a user.

    :param name: the name of the cookie.
    """
    return _is_in(name, _ALL, _VARIABLE, _COOKIE)


def is_secret_header(name: str) -> bool:
    """Return whether a request header of this name usually has a secret.

    :param name: the name of the header.
    """
    return _is_in(name, _ALL, _VARIABLE, _HEADER)


def _is_in(name: str, *lists: re.Pattern[str]) -> bool:
    return len(name) < _LONGEST and any(one.search(name) for one in lists)


def find_url_passwords(text: str) -> list[str]:
    """Return the passwords of the URLs in a text, such as the address of a database.

    :param text: any text.
    """
    return [password for _, password in _URL_PASSWORD.findall(text) if password]


def hide_in_urls(text: str, mask: str) -> str:
    """Return a text whose URLs have no passwords and no secrets in their query strings.

    :param text: any text.
    :param mask: what is shown instead.
    """

    def hide_field(found: re.Match[str]) -> str:
        return f"{found[1]}{mask}" if is_secret_setting(found[2]) else found[0]

    text = _URL_PASSWORD.sub(lambda found: f"{found[1]}{mask}@", text)
    return _QUERY_FIELD.sub(hide_field, text)
