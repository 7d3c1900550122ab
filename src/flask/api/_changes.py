"""Changes: what a client wants to change of an object (RFC 7396)."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping

import msgspec
from msgspec import UNSET

from .._core.current import get_app_context
from ._partial_models import DictPlan, Plan
from ._problems import Invalid
from ._validation import Entry, make_pointer

T = t.TypeVar("T")
Target = t.TypeVar("Target")

_Path: t.TypeAlias = tuple[str, ...]
_WITHOUT_FIELDS: t.Final = (type(None), msgspec.UnsetType, str, int, float, list)


class Changes(t.Generic[T]):
    """The fields of an object that a client gave, checked as those of ``T``.

    A nested object is a `Changes` too.

    :param given: the fields, by their names in the model. What is absent was not given; that is
        not null.
    """

    given: dict[str, t.Any]
    """The values, by field name. ``None``: the client sent null."""

    def __init__(self, given: Mapping[str, t.Any]) -> None:
        self.given = dict(given)
        self._plan: Plan | DictPlan | None = None

    def apply(self, target: Target) -> Target:
        """Change an object, and return the changed one.

        Structs, dataclasses, attrs classes, named tuples, pydantic models and dicts are left as
        they are: a changed copy is returned. Other objects, such as rows of a database, are changed
        in place. Nested objects are merged; lists are replaced. Null sets ``None``. It removes the
        key of a dict, unless the model says that ``None`` is a value there.

        :param target: an object with the fields of the model.
        :raises flask.api.Invalid: a nested object that did not exist lacks a required field, the
            model rejects the combination in ``__post_init__``, or there are too many levels.
        :raises TypeError: the object has no such field.
        """
        try:
            return t.cast("Target", _apply(self, target, ()))
        except RecursionError:
            raise _invalid([{"pointer": "#", "code": "invalid"}]) from None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Changes) and self.given == other.given

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Changes({self.given!r})"


# How an object is changed ------------------------------------------------------------------------


def _apply(changes: Changes[t.Any], target: object, path: _Path) -> object:
    plan = changes._plan
    changed: dict[str, object] = {}
    for name, value in changes.given.items():
        current = target.get(name) if isinstance(target, Mapping) else getattr(target, name, None)
        if value is None and plan is not None and plan.removes(name):
            changed[name] = UNSET
        else:
            changed[name] = _merge(current, value, _below(path, plan, name))
    try:
        return _replace(target, changed)
    except (TypeError, ValueError) as error:
        if isinstance(error, TypeError) and not hasattr(target, "__post_init__"):
            raise
        raise _refuse(path, error) from error


def _below(path: _Path, plan: Plan | DictPlan | None, name: str) -> _Path:
    return (*path, name if plan is None else plan.name_in_json(name))


def _merge(current: object, value: object, path: _Path) -> object:
    has_fields = not isinstance(current, _WITHOUT_FIELDS)
    if isinstance(value, Changes):
        return _apply(value, current, path) if has_fields else _create(value, path)
    if isinstance(value, dict):
        if has_fields and not isinstance(current, dict):  # changes that Python code made
            return _apply(Changes(value), current, path)
        return _merge_dicts(current if isinstance(current, dict) else {}, value)
    return value


def _merge_dicts(current: dict[t.Any, t.Any], patch: dict[t.Any, t.Any]) -> dict[t.Any, t.Any]:
    """Merge JSON objects without a model, as RFC 7396 section 2 has it."""
    merged = dict(current)
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        elif isinstance(value, dict):
            inner = merged.get(name)
            merged[name] = _merge_dicts(inner if isinstance(inner, dict) else {}, value)
        else:
            merged[name] = value
    return merged


def _replace(target: object, changed: dict[str, t.Any]) -> object:
    if isinstance(target, dict):
        merged = {**target, **changed}
        return {name: value for name, value in merged.items() if value is not UNSET}
    if isinstance(target, msgspec.Struct):
        return msgspec.structs.replace(target, **changed)
    if hasattr(target, "_sa_instance_state"):  # a row of SQLAlchemy, which may be a dataclass
        return _set_attributes(target, changed)
    if dataclasses.is_dataclass(target) and not isinstance(target, type):
        return dataclasses.replace(target, **changed)
    if isinstance(target, tuple) and hasattr(target, "_replace"):
        return t.cast("t.Any", target)._replace(**changed)
    if hasattr(type(target), "__attrs_attrs__"):
        import attrs

        return attrs.evolve(t.cast("t.Any", target), **changed)
    if hasattr(type(target), "model_copy"):
        return t.cast("t.Any", target).model_copy(update=changed)
    return _set_attributes(target, changed)


def _set_attributes(target: object, changed: dict[str, object]) -> object:
    for name, value in changed.items():
        if not hasattr(target, name):
            raise TypeError(f"A {type(target).__name__} has no attribute {name!r} to change.")
        setattr(target, name, None if value is UNSET else value)
    return target


def _create(changes: Changes[t.Any], path: _Path) -> object:
    """Create a nested object that did not exist."""
    plan = changes._plan
    values = {
        name: _merge(None, value, _below(path, plan, name))
        for name, value in changes.given.items()
        if not (value is None and (plan is None or plan.removes(name)))
    }
    if plan is None or isinstance(plan, DictPlan):
        return values
    missing = [_below(path, plan, name) for name in plan.required if name not in values]
    if missing:
        raise _invalid([{"pointer": make_pointer(each), "code": "missing"} for each in missing])
    try:
        return plan.create(**values)
    except (TypeError, ValueError) as error:
        raise _refuse(path, error) from error


def _refuse(path: _Path, error: Exception) -> Invalid:
    """Return the error for what a model says itself, in ``__post_init__``."""
    return _invalid([{"pointer": make_pointer(path), "code": "value", "detail": str(error)}])


def _invalid(entries: list[Entry]) -> Invalid:
    context = get_app_context(None)
    status = 422 if context is None else context.app.config.get("API_VALIDATION_STATUS", 422)
    return Invalid([{"in": "body", **entry} for entry in entries], status)
