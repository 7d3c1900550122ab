"""Reads parameters: values that a client sends as text, and files.

Numbers and booleans are converted. An empty text counts as absent unless the type takes any text.
The word ``null`` is never ``None``.
"""

from __future__ import annotations

import copy
import typing as t
from collections.abc import Callable

import msgspec
from werkzeug.datastructures import FileStorage, ImmutableMultiDict, MultiDict

from .._http.query import Parameters
from ._fields import Field, has_default, make_field, model_fields, nullable
from ._media_types import matches, media_types_of
from ._operation import Parameter
from ._shapes import Malformed, MsgspecShape, Rejected, shape_of
from ._validation import Entry

Context: t.TypeAlias = t.Any
Request: t.TypeAlias = t.Any
_ABSENT: t.Final = object()
_NO_NUMBERS: t.Final = frozenset({"null", "nan", "inf", "infinity"})
"""Words that msgspec reads as ``None`` or as numbers that JSON does not have."""
_FORM_TYPES: t.Final = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})


class Unreadable:
    """Takes the place of a text that is not a value of the type, so that msgspec rejects it.

    :param entries: the errors, if they are known.
    """

    def __init__(self, entries: list[Entry] | None = None) -> None:
        self.entries = entries


class ParameterReader:
    """Reads the parameters of an operation.

    :param parameters: the parameters.
    """

    def __init__(self, parameters: tuple[Parameter, ...]) -> None:
        self._parameters = parameters
        self._texts: list[tuple[str, str, bool]] = []
        """Texts of the query: argument, name, and whether the client must send it."""
        self._query: list[tuple[str, str, Field]] = []
        """Other single values of the query: argument, name and field."""
        self._gets: list[tuple[str, Callable[[Request], object]]] = []
        for each in parameters:
            field = make_field(each.name, each.hint)
            if each.place == "query" and _is_text(each):
                self._texts.append((each.argument, each.name, not has_default(each.default)))
            elif each.place == "query" and not each.is_model and not field.is_list:
                self._query.append((each.argument, each.name, field))
            else:
                self._gets.append((each.argument, _make_getter(each, field)))
        self._others = [
            (each, shape_of(each.hint))
            for each in parameters
            if not each.is_file and not isinstance(shape_of(each.hint), MsgspecShape)
        ]
        others = {each.argument for each, _ in self._others}
        others |= {argument for argument, _, _ in self._texts}
        fields: dict[str, t.Any] = {}
        for each in parameters:
            if each.argument not in others:
                hint: t.Any = _without_none(each)
                fields[each.argument] = t.NotRequired[hint] if has_default(each.default) else hint
        self._is_converted = bool(fields)
        self._type = t.TypedDict("Parameters", fields)  # type: ignore[misc]
        self._copied = {
            each.argument: each.default
            for each in parameters
            if isinstance(each.default, (list, dict, set))
        }

    def read(self, context: Context, arguments: dict[str, t.Any]) -> list[Entry]:
        """Read all parameters.

        :param context: the context of the request.
        :param arguments: the values are stored there, for each argument that is given.
        :returns: the errors.
        """
        raw: dict[str, t.Any] = {}
        is_complete = True
        if self._texts or self._query:
            query = context._read_query()
            # Most classes of parameters are dicts of lists.
            lists = query if type(query) in _DICTS_OF_LISTS else dict(query.lists())
            for argument, name, is_required in self._texts:
                texts = _get_list(lists, name)
                if texts:
                    arguments[argument] = raw[argument] = texts[0]
                elif is_required:
                    is_complete = False
            for argument, name, field in self._query:
                texts = _get_list(lists, name)
                if texts:
                    text = texts[0]
                    # PERF: texts and most numbers as they are; two calls less for each of them.
                    if field.takes_text or (text and "0" <= text[-1] <= "9"):
                        raw[argument] = text
                    else:
                        value = _prepare(text, field, False)
                        if value is not _ABSENT:
                            raw[argument] = value
        for argument, get in self._gets:
            value = get(context.request)
            if value is not _ABSENT:
                raw[argument] = value
        given = dict(raw) if self._others else raw
        entries: list[Entry] = []
        for parameter, shape in self._others:
            entries += _convert_other(parameter, shape, given, arguments)
        if not is_complete:
            return self._find_errors(raw)
        if self._is_converted:
            try:
                arguments.update(msgspec.convert(given, self._type, strict=False))
            except msgspec.ValidationError:
                return self._find_errors(raw)
        if self._copied:
            for argument, default in self._copied.items():
                if argument not in raw:  # a view must not change the default of other requests
                    arguments[argument] = copy.copy(default)
        return entries

    def _find_errors(self, raw: dict[str, t.Any]) -> list[Entry]:
        entries: list[Entry] = []
        for parameter in self._parameters:
            if parameter.argument not in raw:
                if not has_default(parameter.default):
                    entries.append(
                        {"in": parameter.place, "name": parameter.name, "code": "missing"}
                    )
                continue
            value = raw[parameter.argument]
            shape = shape_of(_without_none(parameter))
            try:
                shape.convert(value, True)
            except Rejected as error:
                for entry in shape.errors(error):
                    entries += locate(parameter, entry, value)
        return entries


_get_list: t.Final[Callable[[object, str], list[str] | None]] = dict.get  # type: ignore[assignment]


_DICTS_OF_LISTS: t.Final = frozenset({MultiDict, ImmutableMultiDict, Parameters})


def _is_text(parameter: Parameter) -> bool:
    """Return whether any text is a value of a parameter, unchanged.

    PERF: such a parameter needs no conversion, which is a tenth of a request.
    """
    return _without_none(parameter) is str and isinstance(shape_of(parameter.hint), MsgspecShape)


def _without_none(parameter: Parameter) -> object:
    """Return the type of a parameter's text, which is never ``None``."""
    return nullable(parameter.hint)[0]


def _convert_other(
    parameter: Parameter, shape: t.Any, given: dict[str, t.Any], arguments: dict[str, t.Any]
) -> list[Entry]:
    """Convert a parameter whose type is one of another library."""
    value = given.pop(parameter.argument, _ABSENT)
    if value is _ABSENT:
        if has_default(parameter.default):
            return []
        return [{"in": parameter.place, "name": parameter.name, "code": "missing"}]
    try:
        arguments[parameter.argument] = shape.convert(value, True)
    except Rejected as error:
        return [each for entry in shape.errors(error) for each in locate(parameter, entry, value)]
    return []


def locate(parameter: Parameter, entry: Entry, value: object) -> list[Entry]:
    """Return an error with the place and the name of its parameter.

    :param parameter: the parameter; a model's field is named by the pointer.
    :param entry: an error whose pointer begins at the parameter's value.
    :param value: the value of the parameter.
    :returns: several entries if the value is JSON text with several errors.
    """
    details = dict(entry)
    parts = details.pop("pointer", "#").split("/")[1:]
    name = parameter.name
    unreadable: object = value
    for part in parts:
        unreadable = _part(unreadable, part)
    if parameter.is_model and parts:
        name = _unescape(parts.pop(0))
        if parameter.place == "header":
            name = name.replace("_", "-")
    place = {"in": parameter.place, "name": name}
    found = [details]
    if isinstance(unreadable, Unreadable) and unreadable.entries:
        found = unreadable.entries
    located = []
    for each in found:
        more = each.get("pointer", "#").split("/")[1:]
        pointer = {"pointer": "#/" + "/".join((*parts, *more))} if parts or more else {}
        located.append({**place, **pointer, **{k: v for k, v in each.items() if k != "pointer"}})
    return located


def _unescape(part: str) -> str:
    return part.replace("~1", "/").replace("~0", "~")


def _part(value: object, key: str) -> object:
    if isinstance(value, dict):
        return value.get(_unescape(key))
    if isinstance(value, list) and key.isdigit() and int(key) < len(value):
        return value[int(key)]
    return None


# Getters ------------------------------------------------------------------------------------------


def _make_getter(parameter: Parameter, field: Field) -> Callable[[Request], object]:
    """Return a function that reads the raw value of a parameter."""
    accepted = media_types_of(parameter)
    if not parameter.is_model:
        return _make_field_getter(parameter.place, field, accepted.get(field.name, ()))
    gets = [
        (field.name, _make_field_getter(parameter.place, field, accepted.get(field.name, ())))
        for field in model_fields(parameter.hint)
    ]
    is_optional = has_default(parameter.default)

    def get_model(request: Request) -> object:
        values = {}
        for name, get in gets:
            value = get(request)
            if value is not _ABSENT:
                values[name] = value
        return values if values or not is_optional else _ABSENT

    return get_model


def _make_field_getter(
    place: str, field: Field, accepted: tuple[str, ...]
) -> Callable[[Request], object]:
    if field.is_file:
        return _make_file_getter(field, accepted)
    get_texts = _SOURCES[place]
    name = field.name.replace("_", "-") if place == "header" else field.name
    is_form = place == "form"

    if field.is_list:

        def get_list(request: Request) -> object:
            texts = get_texts(request, name, True)
            if field.is_json and len(texts) == 1 and texts[0].lstrip()[:1] == "[":
                return _read_json(texts[0], list[field.hint])  # type: ignore[name-defined]
            items = [_prepare(text, field, is_form) for text in texts]
            given = [item for item in items if item is not _ABSENT]
            return given or _ABSENT

        return get_list

    def get(request: Request) -> object:
        text = get_texts(request, name, False)
        return _ABSENT if text is None else _prepare(text, field, is_form)

    return get


def _prepare(text: str, field: Field, is_form: bool) -> object:
    """Return what msgspec converts."""
    if field.takes_text:
        return text
    if not text:
        return _ABSENT
    if field.is_json:
        return _read_json(text, field.hint)
    if "0" <= text[-1] <= "9":  # most numbers and dates
        return text
    if text.lower().lstrip("+-") in _NO_NUMBERS:
        return Unreadable()
    return True if is_form and field.is_bool and text == "on" else text


def _read_json(text: str, hint: object) -> object:
    """Return the value of a form's field that is JSON text."""
    shape = shape_of(hint)
    try:
        return shape.decode(text.encode())
    except Malformed:
        return Unreadable([{"code": "json"}])
    except Rejected as error:
        return Unreadable(shape.errors(error))


def _make_file_getter(field: Field, accepted: tuple[str, ...]) -> Callable[[Request], object]:
    refused = Unreadable([{"code": "media_type", "allowed": list(accepted)}])

    def get_files(request: Request) -> object:
        files = [
            file if not accepted or matches(file.mimetype, accepted) else refused
            for file in request.files.getlist(field.name)
            if _is_given(file)
        ]
        if field.is_list:
            return files or _ABSENT
        return files[0] if files else _ABSENT

    return get_files


def _is_given(file: FileStorage) -> bool:
    """Return whether a user chose a file; browsers send an empty part otherwise."""
    return bool(file.filename)


def _from_query(request: Request, name: str, is_list: bool) -> t.Any:
    return request.args.getlist(name) if is_list else request.args.get(name)


def _from_header(request: Request, name: str, is_list: bool) -> t.Any:
    text = request.headers.get(name)
    if not is_list:
        return text
    # Servers join repetitions of a header with commas; empty elements do not count (RFC 9110
    # sections 5.3 and 5.6.1).
    return [part for part in map(str.strip, (text or "").split(",")) if part]


def _from_cookie(request: Request, name: str, is_list: bool) -> t.Any:
    return request.cookies.getlist(name) if is_list else request.cookies.get(name)


def _from_form(request: Request, name: str, is_list: bool) -> t.Any:
    return request.form.getlist(name) if is_list else request.form.get(name)


_SOURCES: t.Final[dict[str, Callable[[Request, str, bool], t.Any]]] = {
    "query": _from_query,
    "header": _from_header,
    "cookie": _from_cookie,
    "form": _from_form,
}


def is_form_type(media_type: str) -> bool:
    """Return whether a media type is one of a form."""
    return media_type in _FORM_TYPES
