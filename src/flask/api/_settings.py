"""Settings that all operations of an application or a blueprint have in common."""

from __future__ import annotations

import typing as t
import weakref
from collections.abc import Iterable, Mapping, Sequence

from ._operation import Operation, Settings
from ._problems import Problem, check_status

if t.TYPE_CHECKING:
    from .._app.scaffold import Scaffold
    from ..app import Flask
    from ._security import Requirement, Scheme

_defaults: weakref.WeakKeyDictionary[Scaffold, Settings] = weakref.WeakKeyDictionary()


def make_settings(
    *,
    tags: Iterable[str] = (),
    errors: Iterable[int | type[Problem]] = (),
    security: Sequence[Scheme | Requirement] | None = None,
    **single: t.Any,
) -> Settings:
    """Return settings from the arguments of `typed` or `defaults`.

    :param single: the settings that the nearest one decides.
    :raises TypeError: an error is neither a status nor a class of problems.
    """
    errors = tuple(errors)
    for error in errors:
        is_problem = isinstance(error, type) and issubclass(error, Problem)
        if not is_problem and not (isinstance(error, int) and 400 <= error <= 599):
            raise TypeError(
                f"errors=[{error!r}]: an error is a status from 400 to 599, or a subclass of"
                " flask.api.Problem."
            )
        if isinstance(error, type):
            check_status(error)
    if isinstance(tags, str):
        raise TypeError(f"tags={tags!r}: write tags=[{tags!r}].")
    return Settings(
        tags=tuple(tags),
        errors=errors,
        security=None if security is None else _requirements(security),
        **single,
    )


def _requirements(security: Sequence[Scheme | Requirement]) -> tuple[Requirement, ...]:
    from ._security import as_requirement

    return tuple(as_requirement(each) for each in security)


def defaults(
    subject: Scaffold,
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
) -> None:
    """Set what all operations of an application or a blueprint have in common.

    The nearest setting wins: of `typed`, then of the innermost blueprint, then of those around it,
    then of the application. Tags and errors add up. A second call adds to the first.

    :param subject: the application or the blueprint.
    :param status: the status of a successful answer.
    :param summary: a short description, in plain text.
    :param description: a description, in CommonMark.
    :param tags: groups of operations in the document.
    :param errors: statuses, and classes of problems, that the client may receive.
    :param security: what a client needs; an empty list means nothing.
    :param deprecated: clients should no longer use the operations.
    :param operation_id: see `typed`.
    :param examples: examples of the body, by name.
    :param hidden: leave the operations out of the document.
    :param extra: further members of the operations' objects, merged last.
    :raises TypeError: an error is neither a status nor a class of problems.
    """
    new = make_settings(
        status=status,
        summary=summary,
        description=description,
        tags=tags,
        errors=errors,
        security=security,
        deprecated=deprecated,
        operation_id=operation_id,
        examples=examples,
        hidden=hidden,
        extra=extra,
    )
    before = _defaults.get(subject)
    _defaults[subject] = new if before is None else new.within(before)


def effective_settings(app: Flask, endpoint: str, operation: Operation) -> Settings:
    """Return the settings of an operation under one of its endpoints.

    :param app: the application.
    :param endpoint: an endpoint of the operation. The names of its blueprints are in it.
    :param operation: the operation.
    """
    settings = operation.settings
    name = endpoint
    while "." in name:
        name = name.rpartition(".")[0]
        blueprint = app.blueprints.get(name)
        if blueprint is not None and blueprint in _defaults:
            settings = settings.within(_defaults[blueprint])
    return settings.within(_defaults[app]) if app in _defaults else settings


def have_status() -> bool:
    """Return whether `defaults` was called with a status."""
    return any(settings.status is not None for settings in _defaults.values())
