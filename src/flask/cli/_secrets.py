"""Hide passwords and keys in settings that are shown."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping

HIDDEN: t.Final = "********"
"""What is shown instead of a secret."""

_SECRET_NAME = re.compile(
    r"SECRET|PASSWORD|PASSWD|PASSPHRASE|TOKEN|CREDENTIAL|(^|_)(PASS|PWD|DSN)(_|$)|KEYS?($|_)|SALT",
    re.IGNORECASE,
)
# The password may have characters that a URL does not allow; up to the last "@" is hidden then.
_URL_PASSWORD = re.compile(r"([a-z][a-z0-9+.-]*://[^\s:/@]*:)(?:[^\s/]*|[^\s@]*)@", re.IGNORECASE)
_QUERY_SECRET = re.compile(
    r"([?&;][\w-]*(?:secret|password|passwd|token|key|signature)=)[^&;\s\"']*", re.IGNORECASE
)


def is_secret(name: str) -> bool:
    """Return whether the name of a setting says that its value is a secret."""
    return _SECRET_NAME.search(name) is not None


def hide_secrets(name: str, value: object) -> object:
    """Return the value of a setting to show.

    A secret is `HIDDEN`, unless it is not set. In other values, the entries of dicts and the
    passwords in URLs are hidden. Values without a form in JSON are their ``repr``.

    :param name: the name of the setting.
    :param value: its value.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str | bytes) and not value:
        return ""
    if is_secret(name):
        return HIDDEN
    if isinstance(value, Mapping):
        return {str(key): hide_secrets(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [hide_secrets("", inner) for inner in value]
    if isinstance(value, int | float):
        return value
    return hide_in_text(value if isinstance(value, str) else repr(value))


def hide_in_text(text: str) -> str:
    """Return a text, such as that of an error, without the passwords in its URLs."""
    text = _URL_PASSWORD.sub(rf"\1{HIDDEN}@", text)
    return _QUERY_SECRET.sub(rf"\1{HIDDEN}", text)
