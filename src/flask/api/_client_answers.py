"""Answers to the typed test client: decoded values, streams and problems."""

from __future__ import annotations

import typing as t
from collections.abc import AsyncIterator, Callable, Iterable, Iterator

import msgspec

from .._http.sse import ServerSentEvent
from ._operation import Answer, Settings
from ._problems import Problem, member_hints
from ._shapes import Malformed, Rejected, shape_of
from ._streams import is_raw_stream

if t.TYPE_CHECKING:
    from werkzeug.test import TestResponse

Item = t.TypeVar("Item")


class Stream(t.Generic[Item]):
    """The items of a stream, decoded one by one, for ``for`` and for ``async for``.

    :param items: decodes the items.
    :param close: ends the response.
    """

    def __init__(self, items: Iterator[Item], close: Callable[[], object]) -> None:
        self._items = items
        self._close = close

    def __iter__(self) -> Iterator[Item]:
        return self

    def __next__(self) -> Item:
        return next(self._items)

    def __aiter__(self) -> AsyncIterator[Item]:
        return self

    async def __anext__(self) -> Item:
        for item in self._items:
            return item
        raise StopAsyncIteration

    def close(self) -> None:
        """Disconnect before the end of the stream."""
        self._close()


def read_answer(
    response: TestResponse, answers: tuple[Answer, ...], default_status: int | None
) -> tuple[bool, object]:
    """Return whether an answer is declared, and its value.

    :param response: the response.
    :param answers: the declared answers.
    :param default_status: the status of `defaults`, which is that of answers without their own.
    """
    for answer in answers:
        status = default_status if answer.status == 200 and default_status else answer.status
        if answer.kind == "untyped" and response.status_code < 400:
            return True, response
        if response.status_code != status:
            continue
        try:
            return True, _READERS[answer.kind](answer, response)
        except (Malformed, Rejected) as error:
            if answer is answers[-1]:
                text = response.get_data(as_text=True)
                error.add_note(f"The answer is not what the view's annotation says: {text[:300]}")
                raise
    return False, None


def _read_json(answer: Answer, response: TestResponse) -> object:
    if response.status_code == 204:
        return None
    return shape_of(answer.hint).decode(response.get_data())


def _read_lines(answer: Answer, response: TestResponse) -> object:
    decode = shape_of(answer.hint).decode
    if is_raw_stream(answer):
        parts = response.iter_encoded()
        chunks = (part.decode() for part in parts) if answer.hint is str else parts
        return Stream(iter(chunks), response.close)
    lines = _iterate_lines(response.iter_encoded())
    return Stream((decode(line) for line in lines if line.strip()), response.close)


def _read_events(answer: Answer, response: TestResponse) -> object:
    return Stream(_iterate_events(_iterate_lines(response.iter_encoded())), response.close)


_READERS: t.Final[dict[str, Callable[[Answer, TestResponse], object]]] = {
    "json": _read_json,
    "text": lambda _, response: response.get_data(as_text=True),
    "bytes": lambda _, response: response.get_data(),
    "empty": lambda _, response: None,
    "lines": _read_lines,
    "events": _read_events,
}


def _iterate_lines(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines of a body that arrives in parts."""
    rest = b""
    for part in parts:
        *lines, rest = (rest + part).split(b"\n")
        yield from lines
    if rest:
        yield rest


def _iterate_events(lines: Iterable[bytes]) -> Iterator[ServerSentEvent]:
    """Yield the events of a stream (WHATWG HTML section 9.2.6)."""
    fields: dict[str, list[str]] = {}
    for line in lines:
        name, _, text = line.decode().partition(":")
        if line and name:
            fields.setdefault(name, []).append(text.removeprefix(" "))
        elif not line and fields:
            data = fields.get("data")
            yield ServerSentEvent(
                None if data is None else "\n".join(data),
                event=fields.get("event", [None])[-1],
                id=fields.get("id", [None])[-1],
                retry=int(fields["retry"][-1]) if "retry" in fields else None,
            )
            fields = {}


# Problems ----------------------------------------------------------------------------------------


def make_problem(response: TestResponse, settings: Settings) -> Problem:
    """Return the problem of a response that the operation does not declare as an answer.

    :param response: the response.
    :param settings: its ``errors`` are the problems that the operation declares.
    """
    document: t.Any = response.get_json(silent=True) if response.is_json else None
    if not isinstance(document, dict):
        return Problem(f"The status is {response.status}.", status=response.status_code)
    problem = _read_problem(document, response.status_code, settings)
    errors = document.get("errors")
    for error in errors if isinstance(errors, list) else ():
        problem.add_note(str(error))  # a failed test shows them
    return problem


def _read_problem(document: dict[str, t.Any], status: int, settings: Settings) -> Problem:
    detail = document.pop("detail", None)
    for kind in settings.errors:
        if isinstance(kind, type) and kind.status == status:
            hints = member_hints(kind)
            given = {name: value for name, value in document.items() if name in hints}
            try:
                members = {
                    name: msgspec.convert(value, hints[name]) for name, value in given.items()
                }
                problem = kind(detail, **members)
            except (TypeError, msgspec.ValidationError):
                continue
            problem.members = {**document, **members}
            return problem
    return Problem(detail, **{**document, "status": status})
