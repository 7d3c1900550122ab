"""Hide passwords and keys in settings that are shown."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from math import isfinite

from .._core.secret_names import hide_in_urls, is_secret_name, is_secret_setting

HIDDEN: t.Final = "********"
"""What is shown instead of a secret."""


class Described(str):
    """The ``repr`` of a value, which is shown without quotes in a table, also inside others."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def hide_secrets(name: str, value: object) -> object:
    """Return the value of a setting to show.

    A secret is `HIDDEN`, unless it is not set. In other values, the entries of dicts and the
    passwords in URLs are hidden. Values without a form in JSON are `Described`.

    :param name: the name of the setting.
    :param value: its value.
    """
    return _hide(value, is_secret_setting(name))


def _hide(value: object, is_secret: bool) -> object:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str | bytes) and not value:
        return ""
    if is_secret:
        return HIDDEN
    if isinstance(value, Mapping):
        return {str(key): _hide(entry, _is_secret_entry(str(key))) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_hide(item, False) for item in value]
    if isinstance(value, int) or (isinstance(value, float) and isfinite(value)):
        return value
    if isinstance(value, str):
        return hide_in_text(value)
    return Described(hide_in_text(repr(value)))


def _is_secret_entry(key: str) -> bool:
    return is_secret_setting(key) or is_secret_name(key)


def hide_in_text(text: str) -> str:
    """Return a text, such as that of an error, without the passwords in its URLs."""
    return hide_in_urls(text, HIDDEN)
