"""Requests of the typed test client: each argument goes where its marker says."""

from __future__ import annotations

import inspect
import typing as t
from collections.abc import Iterator, Mapping

import msgspec
from werkzeug.datastructures import FileStorage
from werkzeug.http import dump_cookie

from ._operation import REQUIRED, BodyInput, Operation, Parameter
from ._patches import decode_changes
from ._shapes import shape_of

Pairs: t.TypeAlias = list[tuple[str, t.Any]]


def bind_arguments(
    operation: Operation, args: tuple[object, ...], kwargs: Mapping[str, object]
) -> dict[str, object]:
    """Return the arguments of a view by name; ``self`` of a method is left out.

    :raises TypeError: an argument is unknown, or one that the request must have is missing.
    """
    view = operation.view
    parameters = list(inspect.signature(view).parameters.values())
    if parameters and parameters[0].name == "self":
        parameters = parameters[1:]
    try:
        given = inspect.Signature(parameters).bind_partial(*args, **kwargs).arguments
    except TypeError as error:
        raise TypeError(f"{view.__qualname__}(): {error}") from None
    inputs = operation.inputs
    needed = {each.argument for each in inputs.parameters if each.default is REQUIRED}
    if inputs.body is not None and inputs.body.default is REQUIRED:
        needed.add(inputs.body.argument)
    missing = [each.name for each in parameters if each.name in needed - given.keys()]
    if missing:
        raise TypeError(f"{view.__qualname__}() needs the arguments: {', '.join(missing)}.")
    return dict(given)


class RequestParts:
    """The parts of one request, as arguments of the test client.

    :param operation: the operation.
    :param arguments: the arguments of the view, without those of the path.
    """

    def __init__(self, operation: Operation, arguments: Mapping[str, object]) -> None:
        self._query: Pairs = []
        self._headers: Pairs = []
        self._cookies: Pairs = []
        self._form: Pairs = []
        self._body: dict[str, t.Any] = {}
        pairs = {
            "query": self._query,
            "header": self._headers,
            "cookie": self._cookies,
            "form": self._form,
        }
        for parameter in operation.inputs.parameters:
            value = arguments.get(parameter.argument)
            if value is not None:
                pairs[parameter.place] += _write_parameter(parameter, value)
        body = operation.inputs.body
        if body is not None and body.argument in arguments:
            value = arguments[body.argument]
            if value is not None or body.kind == "json":  # a raw body has no null
                self._body = _write_body(body, value)

    def options(self) -> dict[str, t.Any]:
        """Return the arguments for ``FlaskClient.open``."""
        headers = list(self._headers)
        if self._cookies:
            written = [dump_cookie(name, text, path=None) for name, text in self._cookies]
            headers.append(("Cookie", "; ".join(written)))
        options: dict[str, t.Any] = {"headers": headers, **self._body}
        if self._query:
            options["query_string"] = _group(self._query)
        if self._form:
            options["data"] = _group(self._form)
        return options


def _group(pairs: Pairs) -> dict[str, t.Any]:
    """Return the values by name, as the builder of requests takes them."""
    grouped: dict[str, list[t.Any]] = {}
    for name, value in pairs:
        grouped.setdefault(name, []).append(value)
    return grouped


# Parameters --------------------------------------------------------------------------------------


def _write_parameter(parameter: Parameter, value: object) -> Pairs:
    fields = [(parameter.name, value)]
    if parameter.is_file:
        for file in value if isinstance(value, (list, tuple)) else [value]:
            if not isinstance(file, FileStorage):
                raise TypeError(
                    f"The argument {parameter.argument!r} takes a file. Pass a"
                    " werkzeug.datastructures.FileStorage, such as FileStorage(io.BytesIO(b'...'),"
                    " filename='a.txt')."
                )
    if parameter.is_model:
        fields = [*_iterate_fields(value)]
    if parameter.place == "header":
        return [
            (name.replace("_", "-"), ", ".join(_write_items(item))) for name, item in fields if item
        ]
    return [(name, text) for name, item in fields for text in _write_items(item, parameter.place)]


def _write_items(value: object, place: str = "header") -> list[t.Any]:
    """Return the texts of a value: several for a list, none for ``None``."""
    if isinstance(value, FileStorage):
        return [value]
    if isinstance(value, (list, tuple, set, frozenset)):
        return [text for item in value for text in _write_items(item, place)]
    if value is None or value is msgspec.UNSET:
        return []
    return [to_text(value)]


def to_text(value: object) -> str:
    """Return a single value as text; models become JSON."""
    simple = _to_builtins(value)
    if isinstance(simple, bool):
        return "true" if simple else "false"
    if isinstance(simple, (dict, list)):
        return msgspec.json.encode(simple).decode()
    return str(simple)


def _to_builtins(value: object) -> object:
    dump = getattr(value, "model_dump", None)
    if dump is not None:
        return dump(mode="json", by_alias=True)
    return msgspec.to_builtins(value, str_keys=True)


def _iterate_fields(value: t.Any) -> Iterator[tuple[str, object]]:
    """Yield the fields of a model by the names that clients use."""
    if isinstance(value, msgspec.Struct):
        config = value.__struct_config__
        if config.tag_field is not None:
            yield config.tag_field, config.tag
        for field in msgspec.structs.fields(value):
            yield field.encode_name, getattr(value, field.name)
    elif isinstance(value, Mapping):
        yield from value.items()
    elif hasattr(value, "model_dump"):
        for name, known in type(value).model_fields.items():
            yield known.alias or name, getattr(value, name)
    else:
        names = [each.name for each in getattr(type(value), "__attrs_attrs__", ())]
        for name in names or value.__dataclass_fields__:
            yield name, getattr(value, name)


# Bodies ------------------------------------------------------------------------------------------


def _write_body(body: BodyInput, value: t.Any) -> dict[str, t.Any]:
    usual = "application/json"
    match body.kind:
        case "json":
            data = shape_of(body.hint).encode(value)
        case "patch":
            data = decode_changes(body.hint).encode(value)
        case "bytes":
            data, usual = bytes(value), "application/octet-stream"
        case "text":
            data, usual = value.encode(), "text/plain; charset=utf-8"
        case "stream":
            data, usual = value.read(), "application/octet-stream"
    exact = [media_type for media_type in body.media_types if "*" not in media_type]
    return {"data": data, "content_type": exact[0] if exact else usual}
