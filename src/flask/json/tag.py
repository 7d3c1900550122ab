"""Tagged JSON, the format of session cookies: JSON that preserves some Python types.

A value that JSON does not support is written as a dict with one key, the *tag*: ``{" t": [1, 2]}``
is the tuple ``(1, 2)``. Names and forms of the tags are those of Flask's cookies, so each
implementation can read the cookies of the other.
"""

from __future__ import annotations

import typing as t
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable
from datetime import datetime
from operator import attrgetter
from uuid import UUID

from markupsafe import Markup
from werkzeug.http import http_date, parse_date

from .._core.json_functions import Json
from . import dumps, loads

__all__ = [
    "JSONTag",
    "PassDict",
    "PassList",
    "TagBytes",
    "TagDateTime",
    "TagDict",
    "TagMarkup",
    "TagTuple",
    "TagUUID",
    "TaggedJSONSerializer",
]


class JSONTag:
    """Writes and reads one type; subclass it for another type.

    :param serializer: the serializer; the tag of a container calls it for its items.
    """

    __slots__ = ("serializer",)

    key: str = ""
    """The tag. Empty for a type that is written without one."""

    def __init__(self, serializer: TaggedJSONSerializer) -> None:
        self.serializer = serializer

    def check(self, value: Json) -> bool:
        """Return whether a value is of this type."""
        raise NotImplementedError(f"{type(self).__name__} must implement check().")

    def to_json(self, value: Json) -> Json:
        """Convert a value to one that JSON supports, without the tag."""
        raise NotImplementedError(f"{type(self).__name__} must implement to_json().")

    def to_python(self, value: Json) -> Json:
        """Convert the result of `to_json` back to the value."""
        raise NotImplementedError(f"{type(self).__name__} must implement to_python().")

    def tag(self, value: Json) -> Json:
        """Return a value's JSON form with the tag around it."""
        return {self.key: self.to_json(value)}


def _instances_of(kind: type) -> t.Any:
    """Return the ``check`` of a tag for the instances of one class."""

    def check(_: JSONTag, value: object) -> bool:
        """Return whether a value is an instance of the tag's class."""
        return isinstance(value, kind)

    return check


def _convert_by(function: Callable[[t.Any], object]) -> t.Any:
    """Return the ``to_json`` or ``to_python`` of a tag whose values one function converts."""

    def convert(_: JSONTag, value: object) -> object:
        """Convert a value to the form for JSON, or back."""
        return function(value)

    return convert


class TagDict(JSONTag):
    """A dict whose only key looks like a tag.

    ``__`` is added to the key.
    """

    __slots__ = ()
    key = " di"

    def check(self, value: object) -> bool:
        if not isinstance(value, dict) or len(value) != 1:
            return False
        (key,) = value
        return key in self.serializer.tags

    def to_json(self, value: dict[str, object]) -> dict[str, Json]:
        ((key, inside),) = value.items()
        return {f"{key}__": self.serializer.tag(inside)}

    def to_python(self, value: dict[str, object]) -> dict[str, object]:
        ((key, inside),) = value.items()
        return {key[:-2]: inside}


class PassDict(JSONTag):
    """Any other dict: written without a tag; its values are tagged."""

    __slots__ = ()
    check = _instances_of(dict)

    def to_json(self, value: dict[str, object]) -> dict[str, Json]:
        tag = self.serializer.tag
        return {key: tag(inside) for key, inside in value.items()}

    tag = to_json


class _Items(JSONTag):
    """A type that is written as the list of its tagged items."""

    __slots__ = ()

    def to_json(self, value: Iterable[object]) -> list[Json]:
        tag = self.serializer.tag
        return [tag(item) for item in value]


class TagTuple(_Items):
    """A tuple, which JSON would turn into a list."""

    __slots__ = ()
    key = " t"
    check = _instances_of(tuple)
    to_python = _convert_by(tuple)


class PassList(_Items):
    """A list: written without a tag; its items are tagged."""

    __slots__ = ()
    check = _instances_of(list)
    tag = _Items.to_json


class TagBytes(JSONTag):
    """Bytes, as base64 text."""

    __slots__ = ()
    key = " b"
    check = _instances_of(bytes)
    to_json = _convert_by(lambda value: b64encode(value).decode("ascii"))
    to_python = _convert_by(b64decode)


class TagMarkup(JSONTag):
    """An object with ``__html__``; it is read as ``Markup``."""

    __slots__ = ()
    key = " m"
    to_json = _convert_by(lambda value: str(value.__html__()))
    to_python = _convert_by(Markup)

    def check(self, value: object) -> bool:
        return callable(getattr(value, "__html__", None))


class TagUUID(JSONTag):
    """A UUID, as its 32 hexadecimal digits."""

    __slots__ = ()
    key = " u"
    check = _instances_of(UUID)
    to_json = _convert_by(attrgetter("hex"))
    to_python = _convert_by(UUID)


class TagDateTime(JSONTag):
    """A point in time, as an HTTP date: whole seconds, in UTC."""

    __slots__ = ()
    key = " d"
    check = _instances_of(datetime)
    to_json = _convert_by(http_date)
    to_python = _convert_by(parse_date)


class TaggedJSONSerializer:
    """Writes and reads JSON in which tagged values keep their type.

    It has ``dumps`` and ``loads``, which itsdangerous requires of a serializer.
    """

    __slots__ = ("is_default", "order", "tags")

    default_tags: list[type[JSONTag]] = [
        *(TagDict, PassDict, TagTuple, PassList, TagBytes, TagMarkup, TagUUID, TagDateTime)
    ]
    """The tags of each new serializer, in the order in which they check values."""

    tags: dict[str, JSONTag]
    """The tags by key, for reading."""
    order: list[JSONTag]
    """The tags in the order in which they check values, for writing."""
    is_default: bool
    """Whether only the default tags are registered. None of them changes a value of JSON's
    types."""

    def __init__(self) -> None:
        self.tags = {}
        self.order = []
        for kind in self.default_tags:
            self.register(kind)
        self.is_default = type(self) is TaggedJSONSerializer

    def register(
        self, tag_class: type[JSONTag], force: bool = False, index: int | None = None
    ) -> None:
        """Add a tag.

        :param tag_class: the class of the tag.
        :param force: replace a tag with the same key.
        :param index: the position in the order; ``None`` is the end. A tag must be before another
            one that also accepts its values.
        :raises KeyError: another tag has the key, and ``force`` is not set.
        """
        self.is_default = False
        tag = tag_class(self)
        if tag.key:
            if tag.key in self.tags and not force:
                raise KeyError(f"Tag '{tag.key}' is already registered.")
            self.tags[tag.key] = tag
        self.order.insert(len(self.order) if index is None else index, tag)

    def tag(self, value: object) -> Json:
        """Convert a value for JSON, with a tag if JSON does not support the type."""
        for tag in self.order:
            if tag.check(value):
                return tag.tag(value)
        return value

    def untag(self, value: dict[str, object]) -> Json:
        """Convert a dict whose only key is a tag to the tagged value.

        Any other dict is returned unchanged.
        """
        if len(value) == 1:
            ((key, inside),) = value.items()
            if key in self.tags:
                return self.tags[key].to_python(inside)
        return value

    def _untag_scan(self, value: object) -> Json:
        """Untag the items of a decoded value, then the value itself."""
        if isinstance(value, dict):
            return self.untag({key: self._untag_scan(inside) for key, inside in value.items()})
        if isinstance(value, list):
            return [self._untag_scan(item) for item in value]
        return value

    def dumps(self, value: object) -> str:
        """Return the JSON text of a value, tagged, without white space."""
        return dumps(self.tag(value), separators=(",", ":"))

    def loads(self, value: str) -> Json:
        """Parse a tagged JSON text.

        :raises ValueError: the text is not valid JSON, or the value of a tag is malformed.
        """
        return self._untag_scan(loads(value))
