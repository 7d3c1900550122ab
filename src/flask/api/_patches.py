"""JSON merge patches (RFC 7396): how the body of a request becomes `Changes`."""

from __future__ import annotations

import typing as t

import msgspec
from msgspec import UNSET

from ._changes import Changes
from ._partial_models import PLAN_NAME, DictPlan, Plan, make_partial
from ._pydantic import PydanticShape, is_pydantic_model, make_partial_model
from ._shapes import Malformed, MsgspecShape, Rejected, Shape
from ._validation import Entry

if t.TYPE_CHECKING:
    from ._names import Names


def decode_changes(hint: object) -> Shape:
    """Return the shape that reads a JSON merge patch into `Changes`.

    Only the given fields are checked. Nested objects are merge patches too.

    :param hint: the model.
    :raises TypeError: values of the type are not JSON objects.
    """
    return ChangesShape(hint)


class ChangesShape:
    """The shape of a merge patch.

    :param hint: the type of the object that is changed.
    """

    def __init__(self, hint: object) -> None:
        self._dict_plan: DictPlan | None = None
        self._shape: Shape
        if hasattr(hint, "model_fields") and is_pydantic_model(hint):
            partial = make_partial_model(hint)
            self._shape = PydanticShape(partial)
        else:
            partial, self._dict_plan = make_partial(hint)
            self._shape = MsgspecShape(partial)
        self._plan: Plan | None = getattr(partial, PLAN_NAME, None)

    def decode(self, data: bytes) -> object:
        """Read changes from JSON."""
        try:
            return _wrap(self._shape.decode(data), self._dict_plan)
        except RecursionError as error:
            raise Malformed(str(error)) from None

    def convert(self, value: object, text: bool) -> object:
        """Make changes from a dict."""
        return _wrap(self._shape.convert(value, text), self._dict_plan)

    def encode(self, value: object) -> bytes:
        """Write changes as JSON, with the names that clients use."""
        return msgspec.json.encode(_unwrap(value, self._plan), enc_hook=_dump)

    def errors(self, error: Rejected) -> list[Entry]:
        """Return the errors of the given fields."""
        return self._shape.errors(error)

    def schema(self, names: Names) -> dict[str, t.Any]:
        """Describe the model with all fields optional."""
        return self._shape.schema(names)


def _wrap(value: object, plan: DictPlan | None) -> object:
    """Make changes of what msgspec read."""
    own: Plan | None = getattr(type(value), PLAN_NAME, None)
    if own is not None:
        given = getattr(value, "model_fields_set", own.attributes)
        items = {
            name: _wrap(getattr(value, attribute), own.dicts.get(name))
            for attribute, name in own.attributes.items()
            if attribute in given and getattr(value, attribute) is not UNSET
        }
        return _make(items, own)
    if plan is not None and isinstance(value, dict):
        return _make({name: _wrap(item, plan.inner) for name, item in value.items()}, plan)
    return value


def _make(given: dict[str, object], plan: Plan | DictPlan) -> Changes[t.Any]:
    changes = Changes[t.Any](given)
    changes._plan = plan
    return changes


def _unwrap(value: object, plan: Plan | None) -> object:
    """Return what is written for changes."""
    if not isinstance(value, Changes):
        return value
    own = value._plan if isinstance(value._plan, Plan) else plan
    if own is None:
        return {name: _unwrap(item, None) for name, item in value.given.items()}
    return {
        own.name_in_json(name): _unwrap(item, own.nested.get(name))
        for name, item in value.given.items()
    }


def _dump(value: object) -> object:
    """Return what is written for a model of pydantic."""
    dump = getattr(value, "model_dump", None)
    if dump is None:
        raise TypeError(f"A {type(value).__name__} cannot be written as JSON.")
    return dump(mode="json", by_alias=True)
