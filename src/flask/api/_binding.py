"""Binds the arguments of a view to the parts of a request.

All errors of body and parameters are raised at once, as `Invalid`. What is wrong with the request
itself is an exception of Werkzeug: 400 for a body that cannot be read, 415 for its media type.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping

import msgspec
from werkzeug.exceptions import BadRequest, NotFound, UnsupportedMediaType
from werkzeug.http import parse_options_header

from .._core.current import get_request_context
from ._fields import has_default
from ._media_types import matches
from ._operation import BodyInput, Inputs
from ._patches import decode_changes
from ._problems import Invalid
from ._shapes import Malformed, MsgspecShape, Rejected, Shape, shape_of
from ._text import ParameterReader, is_form_type
from ._validation import Entry

Bind: t.TypeAlias = Callable[[dict[str, t.Any]], None]
"""Adds the arguments that a request gives to those that the caller gave."""

_CHARSETS: t.Final = ("utf-8", "us-ascii", "iso-8859-1", "windows-1252", "utf-16")
"""The charsets of text bodies; some other codecs of Python take very long."""
_Context: t.TypeAlias = t.Any
_Request: t.TypeAlias = t.Any
_Reader: t.TypeAlias = Callable[[_Context, dict[str, t.Any]], list[Entry]]


def make_bind(inputs: Inputs) -> Bind:
    """Return the function that binds the arguments of one view.

    It is one of four, by what the view takes, so that each does nothing unnecessary.

    :param inputs: what the view takes.
    """
    read_body = _make_body_reader(inputs.body) if inputs.body else None
    read_parameters = ParameterReader(inputs.parameters).read if inputs.parameters else None
    bind_path = _make_path_binder(inputs.unmarked)
    has_form = bool(inputs.form)

    def bind_body(arguments: dict[str, t.Any]) -> None:
        if bind_path is not None:
            bind_path(arguments)
        assert read_body is not None
        entries = read_body(get_request_context(), arguments)
        if entries:
            raise _invalid(entries)

    def bind_parameters(arguments: dict[str, t.Any]) -> None:
        if bind_path is not None:
            bind_path(arguments)
        context = get_request_context()
        if has_form:
            _check_form(context.request)
        assert read_parameters is not None
        entries = read_parameters(context, arguments)
        if entries:
            raise _invalid(entries)

    def bind_both(arguments: dict[str, t.Any]) -> None:
        if bind_path is not None:
            bind_path(arguments)
        context = get_request_context()
        assert read_body is not None and read_parameters is not None
        entries = read_body(context, arguments)
        entries += read_parameters(context, arguments)
        if entries:
            raise _invalid(entries)

    if read_body is None:
        return bind_parameters if read_parameters else bind_path or _bind_nothing
    return bind_both if read_parameters else bind_body


def make_partial_bind(inputs: Inputs) -> Callable[[dict[str, t.Any], frozenset[str]], None]:
    """Return the function that binds the arguments which the caller did not give.

    :param inputs: what the view takes.
    """

    def bind(arguments: dict[str, t.Any], given: frozenset[str]) -> None:
        body = inputs.body
        left = Inputs(
            tuple(each for each in inputs.parameters if each.argument not in given),
            None if body is None or body.argument in given else body,
            {name: hint for name, hint in inputs.unmarked.items() if name in arguments},
        )
        make_bind(left)(arguments)

    return bind


def _bind_nothing(arguments: dict[str, t.Any]) -> None:
    pass


def _invalid(entries: list[Entry]) -> Invalid:
    config = get_request_context().app.config
    return Invalid(entries[:100], config.get("API_VALIDATION_STATUS", 422))


# The path -----------------------------------------------------------------------------------------


def _make_path_binder(unmarked: Mapping[str, object]) -> Bind | None:
    """Return the function that converts the values of the path; ``None`` if there is none.

    An argument that the rule does not name is left untouched.
    """
    converted = [(name, hint, shape_of(hint)) for name, hint in unmarked.items() if _is_read(hint)]
    if not converted:
        return None

    def bind_path(arguments: dict[str, t.Any]) -> None:
        for name, hint, shape in converted:
            value = arguments.get(name)
            if value is None or type(value) is hint:
                continue
            context = get_request_context()
            rule = context._url_rule if context._request is None else context.request.url_rule
            if rule is None or name not in rule.arguments:
                continue
            try:
                arguments[name] = shape.convert(value, True)
            except Rejected:
                raise NotFound from None

    return bind_path


def _is_read(hint: object) -> bool:
    """Return whether a path's value can be converted to a type."""
    try:
        return isinstance(shape_of(hint), MsgspecShape)
    except TypeError:
        return False  # something that an outer decorator injects


# The body -----------------------------------------------------------------------------------------


def _make_body_reader(body: BodyInput) -> _Reader:
    if body.kind == "json":
        return _make_json_reader(body, shape_of(body.hint))
    if body.kind == "patch":
        return _make_json_reader(body, decode_changes(body.hint))
    return _make_raw_reader(body)


def _make_json_reader(body: BodyInput, shape: Shape) -> _Reader:
    argument, decode = body.argument, shape.decode
    is_optional = has_default(body.default)
    usual = b"" if body.media_types else b"application/json"

    def read(context: _Context, arguments: dict[str, t.Any]) -> list[Entry]:
        data = context._peek_body(usual)
        if data is None:
            data = _read_json_body(context.request, body)
        if not data and is_optional:
            return []
        try:
            arguments[argument] = decode(data)
        except Malformed as error:
            raise BadRequest("The body is not valid JSON.") from error
        except Rejected as error:
            return [{"in": "body", **entry} for entry in shape.errors(error)]
        return []

    return read


def _read_json_body(request: _Request, body: BodyInput) -> bytes:
    """Return the bytes of a body whose media type is one of JSON."""
    # PERF: to compare the header first saves to parse it.
    is_usual = not body.media_types and request.content_type == "application/json"
    if not is_usual and not _is_json_type(request.mimetype, body):
        if has_default(body.default) and not request.mimetype and not request.get_data():
            return b""
        raise UnsupportedMediaType(
            "The body must be JSON: send it with the content type"
            f" {body.media_types[0] if body.media_types else 'application/json'!r}."
        )
    data: bytes = request.get_data()
    return data


def _is_json_type(media_type: str, body: BodyInput) -> bool:
    if body.media_types:
        return matches(media_type, body.media_types)
    if media_type == "application/json":
        return True
    return media_type.startswith("application/") and media_type.endswith("+json")


def _make_raw_reader(body: BodyInput) -> _Reader:
    argument, kind, accepted = body.argument, body.kind, body.media_types
    has_constraints = t.get_origin(body.hint) is t.Annotated
    is_optional = has_default(body.default)

    def read(context: _Context, arguments: dict[str, t.Any]) -> list[Entry]:
        request = context.request
        if accepted and not matches(request.mimetype, accepted):
            if is_optional and not request.mimetype and not request.get_data():
                return []
            raise UnsupportedMediaType(
                f"The content type of the body must be one of: {', '.join(accepted)}."
            )
        if kind == "stream":
            arguments[argument] = request.stream
            return []
        data = request.get_data()
        if not data and is_optional:
            return []
        value: t.Any = data if kind == "bytes" else _decode_text(request, data)
        if has_constraints:
            try:
                msgspec.convert(value, t.cast("type", body.hint))
            except msgspec.ValidationError as error:
                shape = shape_of(body.hint)
                rejected = Rejected(value)
                rejected.__cause__ = error
                return [{"in": "body", **entry} for entry in shape.errors(rejected)]
        arguments[argument] = value
        return []

    return read


def _decode_text(request: _Request, data: bytes) -> str:
    charset = parse_options_header(request.content_type)[1].get("charset", "utf-8").lower()
    if charset not in _CHARSETS:
        raise UnsupportedMediaType(f"The charset must be one of: {', '.join(_CHARSETS)}.")
    try:
        return data.decode(charset)
    except UnicodeDecodeError as error:
        raise BadRequest(f"The body is not text in the charset {charset!r}.") from error


def _check_form(request: _Request) -> None:
    media_type = request.mimetype
    if media_type and not is_form_type(media_type):
        raise UnsupportedMediaType(
            "The body must be a form: send it as 'multipart/form-data' or as"
            " 'application/x-www-form-urlencoded'."
        )
