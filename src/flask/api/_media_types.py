"""Media types of uploaded files: `media` declares them for parameters and for a model's fields."""

from __future__ import annotations

import typing as t
from fnmatch import fnmatchcase

from ._fields import models_of
from ._markers import MediaTypes
from ._operation import Parameter


def matches(media_type: str, accepted: tuple[str, ...]) -> bool:
    """Return whether a media type is one of those that are accepted.

    :param accepted: media types such as ``"image/png"`` or ``"image/*"``.
    """
    return any(fnmatchcase(media_type, pattern) for pattern in accepted)


def media_types_of(parameter: Parameter) -> dict[str, tuple[str, ...]]:
    """Return the media types of the files that fill a parameter, by the names in the request.

    :param parameter: an uploaded file, or a model that may have files as fields.
    """
    if not parameter.is_model:
        return {parameter.name: parameter.media_types} if parameter.media_types else {}
    found: dict[str, tuple[str, ...]] = {}
    for info in models_of(parameter.hint):
        hints = t.get_type_hints(t.get_origin(info.cls) or info.cls, include_extras=True)
        for field in info.fields:
            types = _find(hints.get(field.name))
            if types:
                found[field.encode_name] = types
    return found


def _find(hint: object) -> tuple[str, ...]:
    """Return the media types in a type hint, also in ``X | None`` and ``list[X]``."""
    if isinstance(hint, MediaTypes):
        return hint.types
    if t.get_origin(hint) is t.Literal:
        return ()
    return next(filter(None, map(_find, t.get_args(hint))), ())
