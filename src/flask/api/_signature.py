"""Reads what a view takes and returns from its annotations."""

from __future__ import annotations

import inspect
import types
import typing as t
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Callable,
    Generator,
    Iterable,
    Iterator,
    Mapping,
)

from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response

from .._http.sse import ServerSentEvent
from ._changes import Changes
from ._fields import is_model, model_fields, nullable
from ._markers import (
    Body,
    Cookie,
    File,
    Form,
    Header,
    MediaTypes,
    Named,
    Patch,
    Query,
    ReturnsMarker,
    Source,
    StatusCode,
    T,
)
from ._operation import REQUIRED, Answer, AnswerKind, BodyInput, Inputs, Parameter
from ._shapes import shape_of

_OURS = (MediaTypes, Named, ReturnsMarker, Source, StatusCode)
_STREAMS: t.Final = frozenset(
    {Iterator, Iterable, Generator, AsyncIterator, AsyncIterable, AsyncGenerator}
)
_UNREAD: t.Final = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
_Mark = t.TypeVar("_Mark")


def read_signature(
    view: Callable[..., object],
    status: int | None = None,
    namespace: Mapping[str, object] | None = None,
) -> tuple[Inputs, tuple[Answer, ...]]:
    """Read the annotations of a view.

    :param view: the function.
    :param status: the status of its answers, unless an annotation says another one.
    :param namespace: local names that the annotations may use.
    :raises NameError: an annotation names a type that is not defined yet.
    :raises TypeError: the annotations contradict each other, or no library knows a type.
    """
    hints = t.get_type_hints(view, localns=dict(namespace or {}), include_extras=True)
    parameters: list[Parameter] = []
    bodies: list[BodyInput] = []
    unmarked: dict[str, object] = {}
    for argument, described in inspect.signature(view).parameters.items():
        if argument not in hints or described.kind in _UNREAD:
            continue
        default = REQUIRED if described.default is described.empty else described.default
        read = _read_argument(view, argument, hints[argument], default)
        if isinstance(read, Parameter):
            parameters.append(read)
        elif isinstance(read, BodyInput):
            bodies.append(read)
        else:
            unmarked[argument] = hints[argument]
    if len(bodies) > 1:
        names = ", ".join(repr(body.argument) for body in bodies)
        raise TypeError(f"{_name(view)} takes the body twice: {names}. Make one model of both.")
    form = [each for each in parameters if each.place == "form"]
    if bodies and form:
        raise TypeError(
            f"{_name(view)} takes the body as {bodies[0].argument!r} and as the form field"
            f" {form[0].argument!r}. A request has one body: use either Body or Form."
        )
    _check_names(view, parameters)
    inputs = Inputs(tuple(parameters), bodies[0] if bodies else None, unmarked)
    return inputs, _read_answers(view, hints, status)


def _check_names(view: Callable[..., object], parameters: Iterable[Parameter]) -> None:
    """Raise an error for two arguments that read the same value."""
    found: dict[tuple[str, str], str] = {}
    for parameter in parameters:
        fields = model_fields(parameter.hint) if parameter.is_model else ()
        for name in [field.name for field in fields] or [parameter.name]:
            key = name.replace("_", "-").lower() if parameter.place == "header" else name
            other = found.setdefault((parameter.place, key), parameter.argument)
            if other != parameter.argument:
                raise TypeError(
                    f"{_name(view)}: the arguments {other!r} and {parameter.argument!r} both read"
                    f" {name!r} from the {parameter.place}. Remove one of them, or use named()."
                )


# Arguments ----------------------------------------------------------------------------------------


def _read_argument(
    view: Callable[..., object], argument: str, hint: object, default: object
) -> Parameter | BodyInput | None:
    plain, marks = strip(hint)
    source = _find(marks, Source)
    where = f"argument {argument!r} of {_name(view)}"
    _check_marker(hint, plain, source, where)
    if source is None:
        return None
    if source.place == "patch" or source.place == "body":
        return _read_body(argument, plain, marks, default, where)
    is_file = _is_file(plain)
    if is_file and source.place != "form":
        raise TypeError(f"{where}: a file is a part of a form. Annotate it as File.")
    name = _find(marks, Named)
    accepted = _find(marks, MediaTypes)
    if not is_file:
        _check_type(plain, where)
        if accepted:
            raise TypeError(f"{where} has media(), which only a body or a file has.")
    return Parameter(
        argument=argument,
        name=name.name if name else _default_name(argument, source.place),
        place=source.place,
        hint=plain,
        default=default,
        is_model=not is_file and name is None and is_model(plain) and source.place != "cookie",
        is_file=is_file,
        media_types=accepted.types if accepted else (),
    )


def _check_marker(hint: object, plain: object, source: Source | None, where: str) -> None:
    """Raise an error for a marker without a type, and for one in the place of metadata."""
    for marker in t.get_args(hint)[1:] if t.get_origin(hint) is t.Annotated else ():
        for name, known in _MARKERS.items():
            if marker == known:
                raise TypeError(f"{where}: write {name}[...] instead of Annotated[..., {name}].")
    if source is not None and (isinstance(plain, t.TypeVar) or t.get_args(plain) == (T,)):
        name = source.place.capitalize()
        raise TypeError(f"{where}: {name} needs a type, such as {name}[int].")


_MARKERS: t.Final = {
    "Body": Body,
    "Cookie": Cookie,
    "File": File,
    "Form": Form,
    "Header": Header,
    "Patch": Patch,
    "Query": Query,
}


def _default_name(argument: str, place: str) -> str:
    return argument.replace("_", "-") if place == "header" else argument


def _read_body(
    argument: str, hint: object, marks: tuple[object, ...], default: object, where: str
) -> BodyInput:
    accepted = _find(marks, MediaTypes)
    media_types = accepted.types if accepted else ()
    inner = nullable(hint)[0]
    base = t.get_args(inner)[0] if t.get_origin(inner) is t.Annotated else inner
    if t.get_origin(base) is Changes:
        (model,) = t.get_args(base)
        _check_type(model, where)
        return BodyInput(argument, "patch", model, media_types, default)
    if base is bytes:
        return BodyInput(argument, "bytes", inner, media_types, default)
    if base is str:
        return BodyInput(argument, "text", inner, media_types, default)
    if base in {t.BinaryIO, t.IO} or t.get_origin(base) is t.IO:
        return BodyInput(argument, "stream", inner, media_types, default)
    _check_type(hint, where)
    return BodyInput(argument, "json", hint, media_types, default)


def _is_file(hint: object) -> bool:
    inner = nullable(hint)[0]
    if t.get_origin(inner) in {list, tuple}:
        inner = t.get_args(inner)[0]
    return isinstance(inner, type) and issubclass(inner, FileStorage)


def _check_type(hint: object, where: str) -> None:
    try:
        shape_of(hint)
    except TypeError as error:
        raise TypeError(f"{where}: {error}") from error


# Answers ------------------------------------------------------------------------------------------


def _read_answers(
    view: Callable[..., object], hints: Mapping[str, object], status: int | None
) -> tuple[Answer, ...]:
    if "return" not in hints:
        return (Answer("untyped", status=status or 200),)
    hint, is_wrapped = _unwrap_returns(hints["return"])
    plain, marks = strip(hint)
    members = t.get_args(hint) if _is_union(hint) else ()
    chosen = [strip(member) for member in members]
    if any(_find(each[1], StatusCode) for each in chosen):
        return tuple(_read_answer(view, *each, status) for each in chosen)
    if is_wrapped and plain is type(None):
        plain = None
    return (_read_answer(view, plain, marks, status),)


def _unwrap_returns(hint: object) -> tuple[object, bool]:
    """Return ``T`` of ``Returns[T]``."""
    if _is_union(hint):
        for member in t.get_args(hint):
            if _find(strip(member)[1], ReturnsMarker):
                marks = t.get_args(member)
                rest = [mark for mark in marks[1:] if not isinstance(mark, ReturnsMarker)]
                return (t.Annotated[(marks[0], *rest)] if rest else marks[0]), True
    return hint, False


def _read_answer(
    view: Callable[..., object], hint: object, marks: tuple[object, ...], status: int | None
) -> Answer:
    own_status = _find(marks, StatusCode)
    media_types = _find(marks, MediaTypes)
    code = own_status.code if own_status else status or 200
    media_type, *others = media_types.types if media_types else ("",)
    kind, inner, usual = _kind_of_answer(hint)
    if kind in {"json", "lines"}:
        _check_type(inner, f"the answer of {_name(view)}")
    if kind == "empty" and status is None and own_status is None:
        kind, inner, usual = "json", hint, "application/json"
    return Answer(kind, inner, code, media_type or usual, tuple(others))


def _kind_of_answer(hint: object) -> tuple[AnswerKind, object, str]:
    """Return how a value of a type is sent, the type, and its usual media type."""
    base = t.get_args(hint)[0] if t.get_origin(hint) is t.Annotated else hint
    origin = t.get_origin(base) or base
    if origin in _STREAMS:
        item = strip((t.get_args(base) or (t.Any,))[0])[0]
        if isinstance(item, type) and issubclass(item, ServerSentEvent):
            return "events", item, "text/event-stream"
        return "lines", item, "application/jsonl"
    if base is None or base is type(None):
        return "empty", None, ""
    if base is str:
        return "text", hint, "text/html"
    if base is bytes:
        return "bytes", hint, "application/octet-stream"
    if base is t.Any or (isinstance(origin, type) and issubclass(origin, Response)):
        return "untyped", hint, ""
    return "json", hint, "application/json"


# Type hints ---------------------------------------------------------------------------------------


def strip(hint: object) -> tuple[object, tuple[object, ...]]:
    """Return a type without our markers, and the markers that it had.

    Markers inside ``X | None`` and ``list[X]`` count too: ``File | None``, ``list[File]``.

    :param hint: a type.
    """
    origin = t.get_origin(hint)
    if origin is t.Annotated:
        base, *metadata = t.get_args(hint)
        plain, marks = strip(base)
        rest = [each for each in metadata if not isinstance(each, _OURS)]
        ours = tuple(each for each in metadata if isinstance(each, _OURS))
        return (t.Annotated[(plain, *rest)] if rest else plain), (*marks, *ours)
    if _is_union(hint) or origin in {list, tuple}:
        members = [strip(member) for member in t.get_args(hint)]
        marks = tuple(mark for member in members for mark in member[1])
        if not marks:
            return hint, ()
        plain_members = tuple(member[0] for member in members)
        if _is_union(hint):
            return t.Union[plain_members], marks  # noqa: UP007  # made from a tuple
        return t.cast("t.Any", origin)[plain_members], marks
    return hint, ()


def _is_union(hint: object) -> bool:
    return t.get_origin(hint) in {t.Union, types.UnionType}


def _find(marks: tuple[object, ...], kind: type[_Mark]) -> _Mark | None:
    return next((mark for mark in marks if isinstance(mark, kind)), None)


def _name(view: Callable[..., object]) -> str:
    return f"{view.__module__}.{view.__qualname__}()"
