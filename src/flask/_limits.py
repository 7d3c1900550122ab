"""The limits of a request's body: an attribute of the request, else the configuration."""

from __future__ import annotations

import typing as t

from werkzeug.wrappers import Request as RequestBase

from ._current import get_app_context

DEFAULT_FILE_MEMORY_SIZE: t.Final = 2 * 1024 * 1024


NOT_SET: t.Final[t.Any] = object()
"""Marks that a request has no limit of its own, so the configuration's limit applies."""


def limit(name: str, doc: str) -> t.Any:
    """Make a limit: what is set on the request, else the configuration; ``None`` is no limit.

    :param name: of the attribute; in upper case, of the setting.
    :param doc: what the limit is for.
    """
    key = name.upper()
    own = f"_{name}"
    default: int | None = getattr(RequestBase, name)

    def get_limit(request: t.Any) -> int | None:
        value: t.Any = getattr(request, own)
        if value is NOT_SET:
            context = get_app_context(None)
            value = default if context is None else context.app.config[key]
        return value  # type: ignore[no-any-return]

    def set_limit(request: t.Any, value: int | None) -> None:
        setattr(request, own, value)

    return property(get_limit, set_limit, doc=doc)


def get_max_file_memory_size(request: t.Any) -> int | None:
    """Largest form whose files are kept in memory, in bytes.

    ``MAX_FILE_MEMORY_SIZE``.
    """
    context = get_app_context(None)
    if context is None:
        return DEFAULT_FILE_MEMORY_SIZE
    # COMPAT: a configuration that an application makes by hand has only Flask's own keys.
    size: int | None = context.app.config.get("MAX_FILE_MEMORY_SIZE", DEFAULT_FILE_MEMORY_SIZE)
    return size
