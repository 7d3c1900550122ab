"""Shapes: how the values of a type are read, written, checked and described.

msgspec knows most types. Another library of models takes part with `register_shape`.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from functools import lru_cache

import msgspec

from ._hints import find_unknown_class
from ._validation import Entry, find_errors

if t.TYPE_CHECKING:
    from ._names import Names


class Malformed(ValueError):
    """The bytes are not JSON."""


class Rejected(ValueError):
    """A value is not one of the type.

    :param value: the whole value as it came in, made of dicts, lists and so on.
    :param text: see `Shape.convert`.
    """

    def __init__(self, value: object, text: bool = False) -> None:
        super().__init__("The value is not valid.")
        self.value = value
        self.text = text


class Shape(t.Protocol):
    """Reads, writes, checks and describes the values of one type."""

    def decode(self, data: bytes) -> object:
        """Read a value from JSON.

        :raises Malformed: the bytes are not JSON.
        :raises Rejected: the value is not one of the type.
        """
        ...

    def convert(self, value: object, text: bool) -> object:
        """Make a value of the type from dicts, lists, strings, numbers, or an object's attributes.

        :param text: numbers and booleans may be given as strings, as in a query string.
        :raises Rejected: the value is not one of the type.
        """
        ...

    def encode(self, value: object) -> bytes:
        """Write a value of the type as JSON."""
        ...

    def errors(self, error: Rejected) -> list[Entry]:
        """Return all errors of a rejected value, at least one."""
        ...

    def schema(self, names: Names) -> dict[str, t.Any]:
        """Return the JSON schema of the type; models become components of the document.

        :param names: gives each model its name in the document.
        """
        ...


_makers: list[tuple[Callable[[object], bool], Callable[[object], Shape]]] = []


def register_shape(test: Callable[[object], bool], make: Callable[[object], Shape]) -> None:
    """Let another library of models read, write and describe its types.

    The newest registration is asked first.

    :param test: whether a type is one of the library's; it is called with every type that a typed
        view names, also ``list[Model]``.
    :param make: makes the shape of such a type.
    """
    _makers.insert(0, (test, make))
    shape_of.cache_clear()


@lru_cache(maxsize=10_000)  # types come from code, not from clients
def shape_of(hint: object) -> Shape:
    """Return the shape of a type.

    :param hint: the type, with constraints.
    :raises TypeError: no library knows the type.
    """
    for test, make in _makers:
        if test(hint):
            return make(hint)
    return MsgspecShape(hint)


_USE_ANOTHER: t.Final = (
    " Use a Struct, a dataclass, a TypedDict or an attrs class, or register a shape with"
    " flask.api.register_shape()."
)


class MsgspecShape:
    """The shape of a type that msgspec knows."""

    def __init__(self, hint: object) -> None:
        self.hint = hint
        self._decoder: msgspec.json.Decoder[t.Any] = msgspec.json.Decoder(t.cast("type", hint))
        unknown = find_unknown_class(hint)
        if unknown is not None:
            raise TypeError(
                f"the type {unknown.__module__}.{unknown.__qualname__} is not supported."
                + (" For any value, use typing.Any." if unknown is object else _USE_ANOTHER)
            )

    def decode(self, data: bytes) -> object:
        """Read a value from JSON."""
        try:
            return self._decoder.decode(data)
        except msgspec.ValidationError as error:
            raise Rejected(_decode_untyped(data)) from error
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise Malformed(str(error)) from None

    def convert(self, value: object, text: bool) -> object:
        """Make a value from parts that were read before."""
        try:
            return msgspec.convert(value, t.cast("type", self.hint), strict=not text)
        except msgspec.ValidationError as error:
            raise Rejected(value, text) from error

    def encode(self, value: object) -> bytes:
        """Write a value as JSON."""
        return msgspec.json.encode(value)

    def errors(self, error: Rejected) -> list[Entry]:
        """Find all errors, by walking the type and the value."""
        return find_errors(self.hint, error.value, error.text)

    def schema(self, names: Names) -> dict[str, t.Any]:
        """Describe the type."""
        from ._schema import make_schema

        return make_schema(self.hint, names)


def _decode_untyped(data: bytes) -> object:
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise Malformed(str(error)) from None
