"""An error as data: its frames, their source lines and variables, and the errors behind it.

Everything is bounded: an error may have a thousand frames, or causes in a loop.
"""

from __future__ import annotations

import itertools
import traceback
import typing as t
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from types import CodeType, FrameType, TracebackType

from .._core.user_code import find_library, shorten_path
from .masking import Secrets
from .source import Line, read_lines
from .values import describe, describe_all, hide_and_shorten, shorten

_MOST_FRAMES = 50  # of an error; of more, the first ones and the last ones are shown
_MOST_FAULTS = 20
_MOST_MEMBERS = 10  # of an exception group
_MOST_NAMES = 60  # variables of a frame
_MOST_NOTES = 10
_LONGEST_MESSAGE = 5000
_LONGEST_TEXT = 100_000

_IN_EVERY_TEMPLATE = frozenset(
    {
        *("config", "cycler", "dict", "g", "get_flashed_messages", "joiner", "lipsum"),
        *("namespace", "range", "request", "session", "url_for"),
    }
)

CAUSE: t.Final = "Caused by"
CONTEXT: t.Final = "Raised while this was being handled"
MEMBER: t.Final = "In this group"


@dataclass
class Frame:
    """One call of a traceback."""

    path: str
    """The file, as it is shown."""
    full_path: str
    """The file name of the code object."""
    number: int
    """The line, from 1."""
    function: str
    """The qualified name of the function."""
    package: str | None
    """The library that the file belongs to; ``None`` for the user's code."""
    lines: list[Line] = field(default_factory=list)
    """The lines around it; none if there is no source."""
    names: list[tuple[str, str]] = field(default_factory=list)
    """The variables, with their values as texts."""
    console: int | None = None
    """Identifies the frame for the interactive console."""
    repeated: int = 0
    """How many further calls at the same line follow."""
    left_out: int = 0
    """How many other calls follow that are not shown."""

    @property
    def is_user(self) -> bool:
        return self.package is None

    @property
    def code(self) -> str:
        """The failing line."""
        return next((line.text.strip() for line in self.lines if line.is_failing), "")


@dataclass
class Fault:
    """An exception."""

    kind: str
    """The name of its class."""
    message: str
    notes: list[str]
    relation: str
    """How it belongs to the fault before it; empty for the first one."""
    frames: list[Frame] = field(default_factory=list)
    """The calls, the innermost one first."""

    @property
    def origin(self) -> Frame | None:
        """The innermost call in the user's code; without any, the innermost call.

        A template that was given as text has no source, so what renders it comes first.
        """
        users = [frame for frame in self.frames if frame.is_user]
        with_source = [frame for frame in users if frame.lines]
        return next(iter(with_source or users or self.frames), None)

    @property
    def groups(self) -> list[tuple[list[str], list[Frame]]]:
        """The calls; consecutive ones in libraries together, with the names of the libraries."""
        groups: list[tuple[list[str], list[Frame]]] = []
        for is_user, frames in itertools.groupby(self.frames, lambda frame: frame.is_user):
            members = list(frames)
            if is_user:
                groups += [([], [frame]) for frame in members]
            else:
                groups.append((list(dict.fromkeys(str(each.package) for each in members)), members))
        return groups


@dataclass
class Collector:
    """Collects the faults of an error.

    :param secrets: are hidden in all texts.
    :param root: the root path of the application.
    :param with_names: whether variables are collected.
    :param add_console: registers a frame, and returns its identifier for the console.
    """

    secrets: Secrets
    root: str = ""
    with_names: bool = True
    add_console: Callable[[FrameType, int], int] | None = None

    def collect(self, error: BaseException, skip: int = 0) -> list[Fault]:
        """Return an error and the errors behind it.

        :param error: the error.
        :param skip: the number of calls at the beginning that belong to the debugger.
        """
        faults = []
        described: list[tuple[Frame, str, partial[str]]] = []
        related = itertools.islice(find_related(error), _MOST_FAULTS)
        for exception, relation in related:
            fault = Fault(
                type(exception).__qualname__,
                read_message(exception, self.secrets),
                _read_notes(exception, self.secrets),
                relation,
            )
            calls = _list_calls(exception.__traceback__)[0 if relation else skip :]
            fault.frames = self._make_frames(calls, described)
            if isinstance(exception, SyntaxError):
                fault.frames[:0] = _make_syntax_frame(exception)
            faults.append(fault)
        texts = describe_all([function for _, _, function in described])
        for (frame, name, _), text in zip(described, texts, strict=True):
            frame.names.append((name, text))
        return faults

    def _make_frames(
        self, calls: list[_Call], described: list[tuple[Frame, str, partial[str]]]
    ) -> list[Frame]:
        frames = []
        for call in reversed(calls):
            code = call.frame.f_code
            frame = Frame(
                shorten_path(code.co_filename),
                code.co_filename,
                call.number,
                name_function(code),
                find_library(code.co_filename, self.root),
                read_lines(
                    code.co_filename, call.number, call.columns, _find_range(code, call.number)
                ),
                repeated=call.repeated,
                left_out=call.left_out,
            )
            frame.lines = [_hide_in_line(line, self.secrets) for line in frame.lines]
            frames.append(frame)
            if self.add_console is not None:
                frame.console = self.add_console(call.frame, call.number)
            if self.with_names and (frame.is_user or len(frames) == 1):
                described += self._find_names(frame, call.frame)
        return frames

    def _find_names(
        self, frame: Frame, running: FrameType
    ) -> Iterator[tuple[Frame, str, partial[str]]]:
        names = running.f_locals
        if names is running.f_globals:  # the module's own code: all its imports
            return
        hidden = _IN_EVERY_TEMPLATE if "__jinja_exception__" in running.f_globals else ()
        for name, value in itertools.islice(list(names.items()), _MOST_NAMES):
            if isinstance(name, str) and not name.startswith("__") and name not in hidden:
                yield frame, name, partial(describe, value, self.secrets, name)

    def format_text(self, error: BaseException, skip: int = 0) -> str:
        """Return the traceback as Python prints it, bounded and without secrets.

        :param error: the error.
        :param skip: the number of calls at the beginning that belong to the debugger.
        """
        try:
            shown = traceback.TracebackException.from_exception(error, compact=True)
            del shown.stack[:skip]
            text = "".join(shown.format())
        except Exception as failure:  # the error's class may do anything
            text = f"{type(error).__name__} (it cannot be printed: {type(failure).__name__})\n"
        return shorten(self.secrets.hide(text), _LONGEST_TEXT)


def name_function(code: CodeType) -> str:
    """Return the qualified name of a function, or what Jinja calls a part of a template."""
    return code.co_qualname if code.co_qualname.endswith(code.co_name) else code.co_name


def _hide_in_line(line: Line, secrets: Secrets) -> Line:
    if secrets.hide(line.text) == line.text:
        return line
    return line._replace(before=secrets.hide(line.text), marked="", after="")


def find_related(error: BaseException) -> Iterator[tuple[BaseException, str]]:
    """Yield an error, the members of a group, then its causes, each with its relation."""
    seen: set[int] = set()
    waiting: list[tuple[BaseException, str]] = [(error, "")]
    while waiting:
        current, relation = waiting.pop(0)
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current, relation
        following: list[tuple[BaseException, str]] = []
        if isinstance(current, BaseExceptionGroup):
            following += [(member, MEMBER) for member in current.exceptions[:_MOST_MEMBERS]]
        if current.__cause__ is not None:
            following.append((current.__cause__, CAUSE))
        elif current.__context__ is not None and not current.__suppress_context__:
            following.append((current.__context__, CONTEXT))
        waiting[:0] = following


def read_message(error: BaseException, secrets: Secrets) -> str:
    """Return the message of an error, whatever its ``__str__`` does."""
    try:
        text = str(error)
    except BaseException as failure:
        return f"(str() of this exception raised {type(failure).__name__})"
    return hide_and_shorten(text, secrets, _LONGEST_MESSAGE)


def _read_notes(error: BaseException, secrets: Secrets) -> list[str]:
    notes = getattr(error, "__notes__", None)
    if not isinstance(notes, list | tuple):
        return []
    texts = [note for note in notes[:_MOST_NOTES] if type(note) is str]
    return [hide_and_shorten(text, secrets, _LONGEST_MESSAGE) for text in texts]


@dataclass
class _Call:
    frame: FrameType
    number: int
    instruction: int
    repeated: int = 0
    left_out: int = 0

    @property
    def columns(self) -> tuple[int, int] | None:
        return _find_columns(self.frame.f_code, self.instruction, self.number)


def _find_columns(code: CodeType, instruction: int, number: int) -> tuple[int, int] | None:
    """Return the columns of the failing expression, unless it is the whole line or several."""
    positions = itertools.islice(code.co_positions(), instruction // 2, None)
    first, last, start, end = next(positions, (None, None, None, None))
    if first != number or last != number or start is None or end is None or start >= end:
        return None
    return start, end


def _find_range(code: CodeType, number: int) -> tuple[int, int]:
    """Return the first and the last line of a function, of which one line is known."""
    first, last = min(code.co_firstlineno, number), number
    waiting = [code]
    for inner in waiting:
        last = max(last, *(line or 0 for _, _, line in inner.co_lines()))
        waiting += [constant for constant in inner.co_consts if isinstance(constant, CodeType)]
    return max(first, 1), last


def _list_calls(trace: TracebackType | None) -> list[_Call]:
    """Return the calls of a traceback, the outermost first, without those that repeat."""
    calls: list[_Call] = []
    while trace is not None:
        frame, number = trace.tb_frame, trace.tb_lineno or 0
        last = calls[-1] if calls else None
        if last and last.frame.f_code is frame.f_code and last.number == number:
            last.repeated += 1
            last.frame = frame
        else:
            calls.append(_Call(frame, number, trace.tb_lasti))
        trace = trace.tb_next
    if len(calls) > _MOST_FRAMES:
        half = _MOST_FRAMES // 2
        calls[half].left_out = len(calls) - _MOST_FRAMES
        calls[half + 1 : half + 1 + calls[half].left_out] = []
    return calls


def _make_syntax_frame(error: SyntaxError) -> list[Frame]:
    """Return a frame for the place that cannot be compiled."""
    path, number = error.filename, error.lineno
    if not isinstance(path, str) or not isinstance(number, int):
        return []
    lines = read_lines(path, number)
    return [Frame(shorten_path(path), path, number, "", find_library(path), lines)]
