"""What a typed view takes and returns. The binding, the document and the test client read it."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import msgspec

from ._markers import Place

if t.TYPE_CHECKING:
    from ._problems import Problem
    from ._security import Requirement

REQUIRED: t.Final = msgspec.NODEFAULT
"""The default of what must be given."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """An argument that is filled from the path, the query string, headers, cookies or a form."""

    argument: str
    """The argument of the view."""
    name: str
    """The name in the request."""
    place: Place
    hint: object
    """The type with its constraints, without markers: ``Annotated[int, Meta(ge=1)]``."""
    default: object = REQUIRED
    is_model: bool = False
    """Each field of the type is a parameter of its own."""
    is_file: bool = False
    """The value is an uploaded file, or a list of them."""
    media_types: tuple[str, ...] = ()
    """The accepted media types of a file; none means any."""


@dataclass(frozen=True, slots=True)
class BodyInput:
    """An argument that is filled from the whole body."""

    argument: str
    kind: t.Literal["json", "patch", "bytes", "text", "stream"]
    hint: object
    """The type, without markers. Of ``Patch[T]`` it is ``T``."""
    media_types: tuple[str, ...] = ()
    """The accepted media types; none means any for raw bodies, and JSON for the others."""
    default: object = REQUIRED


@dataclass(frozen=True, slots=True)
class Inputs:
    """All that a view takes from a request."""

    parameters: tuple[Parameter, ...] = ()
    body: BodyInput | None = None
    unmarked: Mapping[str, object] = field(default_factory=dict)
    """Annotated arguments without a marker: path values if the rule names them, or untouched."""

    @property
    def form(self) -> tuple[Parameter, ...]:
        """The parameters that are fields of a form."""
        return tuple(each for each in self.parameters if each.place == "form")


AnswerKind: t.TypeAlias = t.Literal["json", "text", "bytes", "lines", "events", "empty", "untyped"]


@dataclass(frozen=True, slots=True)
class Answer:
    """A value that a view returns, and how it is sent."""

    kind: AnswerKind
    """``lines`` and ``events`` are streams; ``untyped`` follows Flask's rules."""
    hint: object = None
    """The type of the value; of a stream, the type of its items."""
    status: int = 200
    media_type: str = ""
    other_types: tuple[str, ...] = ()
    """Media types that the view may set instead, in a header."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What `typed` and `defaults` take. ``None`` means not given."""

    status: int | None = None
    summary: str | None = None
    description: str | None = None
    tags: tuple[str, ...] = ()
    errors: tuple[int | type[Problem], ...] = ()
    security: tuple[Requirement, ...] | None = None
    deprecated: bool | None = None
    operation_id: str | None = None
    examples: Mapping[str, object] | None = None
    hidden: bool | None = None
    extra: Mapping[str, object] | None = None

    def within(self, outer: Settings) -> Settings:
        """Return these settings inside others: the nearest wins, tags and errors add up."""
        changes: dict[str, t.Any] = {
            name: getattr(outer, name) for name in _SINGLE if getattr(self, name) is None
        }
        changes["tags"] = tuple(dict.fromkeys((*outer.tags, *self.tags)))
        changes["errors"] = tuple(dict.fromkeys((*outer.errors, *self.errors)))
        return replace(self, **changes)


_SINGLE: t.Final = tuple(
    name for name in Settings.__dataclass_fields__ if name not in {"tags", "errors"}
)


class Operation:
    """A typed view: ``__operation__`` of the function that `typed` returns.

    :param view: the function that `typed` decorates.
    :param settings: what the decorator was given.
    :param read: reads the view's annotations. It raises ``NameError`` while they name a type that
        is not defined yet.
    """

    def __init__(
        self,
        view: Callable[..., object],
        settings: Settings,
        read: Callable[[Callable[..., object]], tuple[Inputs, tuple[Answer, ...]]],
    ) -> None:
        self.view = view
        self.settings = settings
        self._read = read
        self.note = ""
        """What went wrong when the annotations were read for the first time."""
        self._signature: tuple[Inputs, tuple[Answer, ...]] | None = None

    @property
    def inputs(self) -> Inputs:
        """What the view takes.

        :raises NameError: an annotation names a type that is not defined yet.
        """
        return self._get_signature()[0]

    @property
    def answers(self) -> tuple[Answer, ...]:
        """What the view returns: one entry, or several that are chosen by exact class."""
        return self._get_signature()[1]

    def set_signature(self, inputs: Inputs, answers: tuple[Answer, ...]) -> None:
        """Set what the annotations say."""
        self._signature = inputs, answers

    def _get_signature(self) -> tuple[Inputs, tuple[Answer, ...]]:
        if self._signature is None:
            try:
                self._signature = self._read(self.view)
            except NameError as error:
                error.add_note(self.note)
                raise
        return self._signature


def find_operation(view: object, method: str = "GET") -> Operation | None:
    """Return the operation of a registered view, of a class-based view for one method.

    Decorators copy ``__operation__`` with ``functools.wraps``.

    :param view: a value of ``app.view_functions``.
    :param method: the HTTP method. ``HEAD`` is answered by ``GET`` unless the class defines it.
    """
    operation = getattr(view, "__operation__", None)
    view_class = getattr(view, "view_class", None)
    if operation is None and view_class is not None:
        handler = getattr(view_class, method.lower(), None)
        if handler is None and method == "HEAD":
            handler = getattr(view_class, "get", None)
        if handler is None:
            handler = getattr(view_class, "dispatch_request", None)
        operation = getattr(handler, "__operation__", None)
    return operation if isinstance(operation, Operation) else None
