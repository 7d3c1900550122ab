"""The decorator ``@typed``: validates what a view takes, and serializes what it returns."""

from __future__ import annotations

import functools
import inspect
import sys
import typing as t
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence

from .._core.current import get_request_context
from ..wrappers import Response
from ._answers import compile_answers, set_status
from ._binding import make_bind, make_partial_bind
from ._markers import Returns
from ._operation import Operation, Settings
from ._problems import Problem
from ._settings import effective_settings, have_status, make_settings
from ._signature import read_signature

if t.TYPE_CHECKING:
    from ._security import Requirement, Scheme

P = t.ParamSpec("P")
R_co = t.TypeVar("R_co", covariant=True)
R = t.TypeVar("R")
_POSITIONAL: t.Final = (
    inspect.Parameter.POSITIONAL_ONLY,
    inspect.Parameter.POSITIONAL_OR_KEYWORD,
)


class TypedView(t.Protocol[P, R_co]):
    """What `typed` makes of a view."""

    __wrapped__: Callable[P, t.Any]
    """The view itself, for unit tests."""
    __operation__: Operation

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> t.Any:
        """Bind the arguments that are not given, call the view, and serialize its answer."""
        ...

    def __result__(self) -> R_co:
        """The type of the answer; it exists only for type checkers."""
        ...


class _Decorate(t.Protocol):
    @t.overload
    def __call__(
        self, view: Callable[P, Coroutine[t.Any, t.Any, Returns[R]]], /
    ) -> TypedView[P, R]: ...
    @t.overload
    def __call__(self, view: Callable[P, Returns[R]], /) -> TypedView[P, R]: ...


@t.overload
def typed(view: Callable[P, Coroutine[t.Any, t.Any, Returns[R]]], /) -> TypedView[P, R]: ...
@t.overload
def typed(view: Callable[P, Returns[R]], /) -> TypedView[P, R]: ...
@t.overload
def typed(
    *,
    status: int | None = None,
    summary: str | None = None,
    description: str | None = None,
    tags: Iterable[str] = (),
    errors: Iterable[int | type[Problem]] = (),
    security: Sequence[Scheme | Requirement] | None = None,
    deprecated: bool | None = None,
    operation_id: str | None = None,
    examples: Mapping[str, object] | None = None,
    hidden: bool | None = None,
    extra: Mapping[str, object] | None = None,
) -> _Decorate: ...
def typed(view: t.Any = None, /, **settings: t.Any) -> t.Any:
    """Validate what a view takes and serialize what it returns, by its annotations.

    Place it directly above ``def``: decorators above it run before the validation.

    :param view: the view, if the decorator is used without parentheses.
    :param status: the status of a successful answer, 200 by default.
    :param summary: a short description; by default the first line of the docstring.
    :param description: a description, in CommonMark; by default the rest of the docstring.
    :param tags: groups of operations in the document; by default the outermost blueprint.
    :param errors: statuses, and subclasses of `Problem`, that the client may receive.
    :param security: what a client needs: schemes such as `Bearer`. It is only documented.
    :param deprecated: clients should no longer use the operation.
    :param operation_id: its name in the document; by default made from the endpoint.
    :param examples: examples of the body, by name.
    :param hidden: leave the operation out of the document.
    :param extra: further members of the operation's object, merged last.
    :returns: a function like the view, with ``__operation__``.
    :raises TypeError: the annotations contradict each other, or no library knows a type.
    """
    if view is not None:
        return _decorate(view, make_settings(**settings), sys._getframe(1).f_locals)
    made = make_settings(**settings)
    return lambda view: _decorate(view, made, sys._getframe(1).f_locals)


def _decorate(
    view: Callable[..., t.Any], settings: Settings, namespace: Mapping[str, object]
) -> t.Any:
    if not inspect.isroutine(view):
        raise TypeError(
            f"@typed takes a function, not {view!r}. In a MethodView, decorate its methods."
        )
    operation = Operation(view, settings, functools.partial(read_signature, status=settings.status))
    try:
        operation.set_signature(*read_signature(view, settings.status, namespace))
    except NameError as error:
        # A type that is defined below: the first call reads the annotations again.
        operation.note = f"When the view was decorated: {error}."
    call = _Call(operation)
    wrapper = _wrap_async(view, call) if inspect.iscoroutinefunction(view) else _wrap(view, call)
    wrapper.__operation__ = operation
    return wrapper


class _Call:
    """How an operation is called. It is prepared at the first call.

    :param operation: the operation.
    """

    bind: Callable[[dict[str, t.Any]], None]
    """Adds the arguments that the request gives."""
    finish: Callable[[t.Any], t.Any]
    """Serializes what the view returned."""

    def __init__(self, operation: Operation) -> None:
        self._operation = operation
        self.marked: frozenset[str] = frozenset()
        """The arguments that a request fills."""
        self.most_positional = -1
        """The number of positional arguments in front of these; -1 before it is prepared."""

    def _prepare(self) -> None:
        """Read the annotations and make the functions that bind and finish."""
        inputs = self._operation.inputs
        marked = {each.argument for each in inputs.parameters}
        if inputs.body is not None:
            marked.add(inputs.body.argument)
        names = self._positional_names()
        self._serialize = compile_answers(self._operation)
        may_differ = self._operation.settings.status is None and have_status()
        self.finish = self._finish_with_status if may_differ else self._serialize
        self.marked = frozenset(marked)
        self.bind = make_bind(inputs)
        self.most_positional = next(  # last: another thread may call already
            (place for place, name in enumerate(names) if name in marked), len(names)
        )

    def _positional_names(self) -> list[str]:
        parameters = inspect.signature(self._operation.view).parameters.values()
        return [each.name for each in parameters if each.kind in _POSITIONAL]

    def bind_rest(self, args: tuple[t.Any, ...], arguments: dict[str, t.Any]) -> None:
        """Bind the arguments that the caller did not give."""
        if self.most_positional < 0:
            self._prepare()
        given = {*self._positional_names()[: len(args)], *arguments}
        make_partial_bind(self._operation.inputs)(arguments, frozenset(given & self.marked))

    def _finish_with_status(self, result: t.Any) -> t.Any:
        """Serialize, with the status that `defaults` has for the operation."""
        response = self._serialize(result)
        if isinstance(response, Response) and response.status_code == 200:
            context = get_request_context()
            endpoint = context.request.endpoint or ""
            status = effective_settings(context.app, endpoint, self._operation).status
            if status is not None:
                set_status(response, status)
        return response


def _wrap(view: Callable[..., t.Any], call: _Call) -> t.Any:
    @functools.wraps(view)
    def typed_view(*args: t.Any, **kwargs: t.Any) -> t.Any:
        if len(args) > call.most_positional or (kwargs and not call.marked.isdisjoint(kwargs)):
            call.bind_rest(args, kwargs)
        else:
            call.bind(kwargs)
        return call.finish(view(*args, **kwargs))

    return typed_view


def _wrap_async(view: Callable[..., Awaitable[t.Any]], call: _Call) -> t.Any:
    @functools.wraps(view)
    async def typed_view(*args: t.Any, **kwargs: t.Any) -> t.Any:
        if len(args) > call.most_positional or (kwargs and not call.marked.isdisjoint(kwargs)):
            call.bind_rest(args, kwargs)
        else:
            call.bind(kwargs)
        return call.finish(await view(*args, **kwargs))

    return typed_view
