"""Names of the models in a document: stable, readable, and never the same for two models.

A model is described once, under ``components/schemas``, and referred to by ``$ref``. Its name is
known only when all models are, because models of one name all get a part of their module. Until
then a reference holds a mark.
"""

from __future__ import annotations

import json
import re
import typing as t
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field

Schema: t.TypeAlias = dict[str, t.Any]
"""A JSON schema, or another part of a document."""

PREFIX: t.Final = "#/components/schemas/"

Kind = t.TypeVar("Kind", bound=type)

_MARK = re.compile(r"\x00(\d+)\x00")
_INVALID = re.compile(r"[^A-Za-z0-9_.-]+")


def component(name: str) -> Callable[[Kind], Kind]:
    """Name a model in documents: ``@component("Line")`` above its class.

    :param name: letters, digits, ``_``, ``-`` and ``.``.
    :raises ValueError: the name has other characters.
    """
    if not name or re.sub(r"[\w.-]", "", name, flags=re.ASCII):
        raise ValueError(
            f"{name!r} cannot name a component of a document. Use letters, digits, '_', '-', '.'."
        )

    def decorate(model: Kind) -> Kind:
        type.__setattr__(model, "__component_name__", name)
        return model

    return decorate


@dataclass(slots=True)
class _Model:
    """A model that something refers to.

    :param origin: the class, which models with different type arguments share.
    :param name: its own name, without type arguments.
    :param module: where it is defined.
    :param arguments: the names of its type arguments; marks refer to other models.
    :param is_explicit: whether ``name`` was chosen with `component`.
    """

    origin: Hashable
    name: str
    module: str
    arguments: tuple[str, ...] = ()
    is_explicit: bool = False
    schema: Schema = field(default_factory=dict)

    def order(self) -> tuple[str, str]:
        """Return what sorts models of one name, whatever the order of registration was."""
        return self.module, _MARK.sub("", json.dumps(self.schema, default=str, sort_keys=True))


class Names:
    """The models of one document. The generators of schemas register them here.

    :param describe: describes a type of any library, as the type's shape does.
    """

    def __init__(self, describe: Callable[[object, Names], Schema]) -> None:
        self._describe = describe
        self._models: list[_Model] = []
        self._indexes: dict[Hashable, int] = {}

    def describe(self, hint: object) -> Schema:
        """Return the schema of a type of any library.

        :param hint: the type.
        :raises TypeError: no library knows the type.
        """
        return self._describe(hint, self)

    def refer(
        self,
        key: Hashable,
        name: str,
        module: str,
        make: Callable[[], Schema],
        arguments: Iterable[str] = (),
        origin: Hashable = None,
        is_explicit: bool = False,
    ) -> Schema:
        """Return a reference to a model, which is described at the first call.

        :param key: equal for the same model; most often the class.
        :param name: the name of the class.
        :param module: the module, and for a nested class the names of the outer classes, separated
            by dots.
        :param make: describes the model. It may refer to the model itself.
        :param arguments: the names of type arguments.
        :param origin: what models with different type arguments share; ``key`` by default.
        :param is_explicit: whether the name must not be changed.
        """
        index = self._indexes.get(key)
        if index is None:
            index = self._indexes[key] = len(self._models)
            shared = key if origin is None else origin
            model = _Model(shared, name, module, tuple(arguments), is_explicit)
            self._models.append(model)
            model.schema = make()
        return {"$ref": f"{PREFIX}\0{index}\0"}

    def refer_to_class(
        self,
        cls: type,
        make: Callable[[], Schema],
        arguments: Iterable[str] = (),
        key: Hashable = None,
    ) -> Schema:
        """Return a reference to a class, under the name that `component` gave, or its own.

        :param cls: the class.
        :param make: describes the model.
        :param arguments: the names of type arguments.
        :param key: equal for the same model; the class by default.
        """
        chosen = cls.__dict__.get("__component_name__")
        outer = [part for part in cls.__qualname__.split(".")[:-1] if part != "<locals>"]
        return self.refer(
            cls if key is None else key,
            chosen or cls.__name__,
            ".".join([cls.__module__, *outer]),
            make,
            arguments,
            origin=cls,
            is_explicit=chosen is not None,
        )

    def get_schema(self, reference: Schema) -> Schema:
        """Return the description of the model that a reference refers to, or the schema itself.

        :param reference: what `refer` returned, or any schema.
        """
        mark = _MARK.search(str(reference.get("$ref", "")))
        return reference if mark is None else self._models[int(mark[1])].schema

    def mark_of(self, reference: Schema) -> str:
        """Return a text that stands for the model's name until the names are known.

        :param reference: what `refer` returned.
        """
        return str(reference["$ref"]).removeprefix(PREFIX)

    def finish(self, parts: Schema) -> tuple[Schema, dict[str, Schema]]:
        """Return the parts of a document with all names, and the components that they need.

        :param parts: anything that holds references.
        :raises ValueError: `component` gave one name to two models.
        """
        needed = _find_needed(parts, self._models)
        known = _find_needed(parts, self._models, with_arguments=True)
        names = _choose_names({index: self._models[index] for index in known})
        described = {
            names[index]: t.cast("Schema", _insert(self._models[index].schema, names))
            for index in needed
        }
        return t.cast("Schema", _insert(parts, names)), dict(sorted(described.items()))


def _find_needed(part: object, models: list[_Model], with_arguments: bool = False) -> list[int]:
    """Return the models that a part refers to, directly or through others.

    :param with_arguments: also those that only give their name to a generic model.
    """
    needed: dict[int, None] = {}
    waiting: list[object] = [part]
    while waiting:
        for index in _find_marks(waiting.pop()):
            if index not in needed:
                needed[index] = None
                model = models[index]
                waiting += [model.schema, model.arguments if with_arguments else ()]
    return list(needed)


def _find_marks(part: object) -> t.Iterator[int]:
    if isinstance(part, str):
        yield from (int(mark) for mark in _MARK.findall(part))
    elif isinstance(part, dict):
        for value in part.values():
            yield from _find_marks(value)
    elif isinstance(part, list | tuple):
        for value in part:
            yield from _find_marks(value)


def _insert(part: object, names: dict[int, str]) -> object:
    """Return a copy in which each mark is replaced by the model's name."""
    if isinstance(part, str):
        return _MARK.sub(lambda mark: names[int(mark[1])], part) if "\0" in part else part
    if isinstance(part, dict):
        return {key: _insert(value, names) for key, value in part.items()}
    if isinstance(part, list | tuple):
        return [_insert(value, names) for value in part]
    return part


def _choose_names(models: dict[int, _Model]) -> dict[int, str]:
    """Return the name of each model. The order of the models does not matter."""
    own = _name_origins(models.values())
    done: dict[int, str] = {}

    def full_name(index: int) -> str:
        if index not in done:
            model = models[index]
            done[index] = own[model.origin]  # for an argument that refers to the model itself
            arguments = [
                _clean(_MARK.sub(lambda mark: full_name(int(mark[1])), argument))
                for argument in model.arguments
            ]
            done[index] = "_".join([own[model.origin], *arguments])
        return done[index]

    groups: dict[str, list[int]] = {}
    for index in models:
        groups.setdefault(full_name(index), []).append(index)
    names: dict[int, str] = {}
    for name, indexes in groups.items():  # a group is larger if a class is named as a generic is
        indexes.sort(key=lambda index: models[index].order())
        names.update(zip(indexes, _number(name, len(indexes)), strict=True))
    return names


def _name_origins(models: Iterable[_Model]) -> dict[Hashable, str]:
    """Return a name for each class, which its specializations share."""
    groups: dict[str, dict[Hashable, _Model]] = {}
    for model in models:
        groups.setdefault(_clean(model.name), {}).setdefault(model.origin, model)
    names: dict[Hashable, str] = {}
    for name, group in groups.items():
        explicit = [model for model in group.values() if model.is_explicit]
        if len(explicit) > 1:
            modules = " and ".join(sorted(model.module for model in explicit))
            raise ValueError(f"@component gives the name {name!r} to two models, of {modules}.")
        prefixes = _find_segments([model.module for model in group.values()])
        taken: dict[str, list[_Model]] = {}
        for model, prefix in zip(group.values(), prefixes, strict=True):
            if model.is_explicit or len(group) == 1:
                names[model.origin] = name
            else:
                taken.setdefault(f"{prefix}_{name}" if prefix else name, []).append(model)
        for full, same in taken.items():  # several classes of one function, for example
            same.sort(key=_Model.order)
            numbered = _number(full, len(same))
            names.update({model.origin: it for model, it in zip(same, numbered, strict=True)})
    return names


def _find_segments(modules: list[str]) -> list[str]:
    """Return for each module the one part in which all differ, or else the whole."""
    paths = [[_clean(part) for part in module.split(".")] for module in modules]
    for position in range(1, min(map(len, paths)) + 1):
        parts = [path[-position] for path in paths]
        if len(set(parts)) == len(parts):
            return parts
    return ["_".join(path) for path in paths]


def _number(name: str, count: int) -> list[str]:
    return [name, *(f"{name}_{number}" for number in range(2, count + 1))]


def _clean(name: str) -> str:
    """Return a name with only the characters that a component's name may have."""
    return _INVALID.sub("_", name).strip("_") or "Model"
