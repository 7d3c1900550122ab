"""Writers: a value that a view returns becomes JSON with the fields of the declared type."""

from __future__ import annotations

import logging
import typing as t
from collections.abc import Callable, Mapping

import msgspec

from .._http.fast_paths import FastPaths
from ..wrappers import Response
from ._projections import NotProjectable, Projection, make_projection
from ._shapes import MsgspecShape, Rejected, Shape, shape_of
from ._validation import Entry

encode: Callable[[object], bytes] = msgspec.json.Encoder().encode
"""Writes an object as JSON, with all fields of its class."""

_MOST_SHOWN = 10


class WrongAnswer(TypeError):
    """A view returned what its annotation does not allow.

    :param what: the view or the stream.
    :param hint: the declared type.
    :param entries: where the value is wrong, and what is expected there.
    """

    def __init__(self, what: str, hint: object, entries: list[Entry]) -> None:
        shown = [_describe(entry) for entry in entries[:_MOST_SHOWN]]
        if len(entries) > _MOST_SHOWN:
            shown.append(f"and {len(entries) - _MOST_SHOWN} more")
        super().__init__(f"{what} returned what is not {name_type(hint)}: {'; '.join(shown)}.")
        self.entries = entries


def name_type(hint: object) -> str:
    """Return a type as an error message names it."""
    if isinstance(hint, type) and not t.get_args(hint):
        return hint.__qualname__
    return str(hint).replace("typing.", "")


def _describe(entry: Entry) -> str:
    others = {
        name: value for name, value in entry.items() if name not in {"pointer", "code", "detail"}
    }
    details = "".join(f", {name} {value!r}" for name, value in others.items())
    return f"at {entry['pointer']!r}: {entry['code']}{details}"


class Writer:
    """Writes values of one type as JSON.

    :param hint: the type.
    :param what: names the view, for errors.
    """

    def __init__(self, hint: object, what: str) -> None:
        self.hint = hint
        self.what = what
        self._shape: Shape = shape_of(hint)
        self.projection: Projection | None = None
        if type(self._shape) is MsgspecShape:
            self.projection = make_projection(hint)

    @property
    def kind(self) -> type | None:
        """The class whose objects `encode` may write without an examination, if it is one."""
        classes = None if self.projection is None else self.projection.classes
        return next(iter(classes)) if classes is not None and len(classes) == 1 else None

    @property
    def allows_any(self) -> bool:
        """Whether the type allows any value."""
        return self.projection is not None and self.projection.allows_any

    def is_exact(self, value: object) -> bool:
        """Return whether `encode` writes exactly the declared fields of a value."""
        try:
            return self.projection is not None and self.projection.is_exact(value)
        except RecursionError:
            return False

    def write(self, value: object, validates: bool) -> bytes:
        """Return a value as JSON.

        :param value: an object of the declared type, of a subclass, or one with its attributes.
        :param validates: check the JSON. Otherwise a wrong value is sent, with the declared fields.
        :raises WrongAnswer: the value has no field of the declared type, or it is not valid.
        """
        if self.projection is None:
            data = self._write_converted(value)
        else:
            try:
                data = self._write_projected(value, self.projection)
            except RecursionError:
                data = self._write_deep(value)
        if validates:
            self._check(data)
        return data

    def _write_projected(self, value: object, projection: Projection) -> bytes:
        if projection.is_exact(value):
            return encode(value)
        if value is None:  # most often a missing return statement
            raise self._refuse(value)
        try:
            projected = projection.project(value)
        except NotProjectable as error:
            raise self._refuse(value) from error
        try:
            # It also makes the numbers of a Decimal column, for instance, those of the type.
            projected = msgspec.convert(projected, t.cast("type", self.hint), from_attributes=True)
        except msgspec.ValidationError:
            pass  # it is sent unvalidated, or `_check` describes all errors
        return encode(projected)

    def _write_deep(self, value: object) -> bytes:
        """Write a value that is nested too deeply for a projection, as one of a client may be.

        msgspec, which can read and write it, drops what the type does not declare.
        """
        try:
            return encode(self._shape.decode(encode(value)))
        except Rejected as error:
            raise self._refuse(value) from error

    def _write_converted(self, value: object) -> bytes:
        """Write a value of another library, which knows its models' fields."""
        try:
            return self._shape.encode(self._shape.convert(value, False))
        except Rejected as error:
            raise WrongAnswer(self.what, self.hint, self._shape.errors(error)) from error

    def _refuse(self, value: object) -> WrongAnswer:
        entry = {"pointer": "#", "code": "type", "expected": name_type(self.hint)}
        return WrongAnswer(self.what, self.hint, [{**entry, "class": type(value).__name__}])

    def _check(self, data: bytes) -> None:
        try:
            self._shape.decode(data)
        except Rejected as error:
            entries = self._shape.errors(error)
            raise WrongAnswer(self.what, self.hint, entries) from error


class App(t.Protocol):
    """The application that sends the answers."""

    _fast_paths: FastPaths

    @property
    def config(self) -> Mapping[str, t.Any]: ...
    @property
    def response_class(self) -> type[Response]: ...
    @property
    def logger(self) -> logging.Logger: ...
    def make_response(self, value: t.Any, /) -> Response: ...


def validates_answers(app: App) -> bool:
    """Return whether an application checks what its typed views return.

    It is the setting ``API_VALIDATE_RESPONSES``; ``None``: in debug mode and in tests.
    """
    config = app.config
    if "API_VALIDATE_RESPONSES" in config:
        setting = config["API_VALIDATE_RESPONSES"]
        if setting is not None:
            return bool(setting)
    return bool(config["DEBUG"] or config["TESTING"])
