"""The methods of an application for templates: autoescaping, filters, tests and globals.

They are functions here, and `App` binds them as methods.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable

from .. import typing as ft
from .._core.lazy import lazy_default
from .setup_checks import Function, setupmethod

if t.TYPE_CHECKING:
    from .._templating.environment import Environment

T_template_filter = t.TypeVar("T_template_filter", bound=ft.TemplateFilterCallable)
T_template_test = t.TypeVar("T_template_test", bound=ft.TemplateTestCallable)
T_template_global = t.TypeVar("T_template_global", bound=ft.TemplateGlobalCallable)

_AUTOESCAPED: t.Final = (".html", ".htm", ".xml", ".xhtml", ".svg")
"""Extensions of templates that are autoescaped."""


def import_environment_class() -> type[Environment]:
    """Import the Jinja environment: 12 ms that an application without templates does not need."""
    from .._templating.environment import Environment

    return Environment


jinja_environment: type[Environment] = lazy_default(import_environment_class)  # type: ignore
"""The default of ``jinja_environment``, imported at the first access."""


def select_jinja_autoescape(self: object, filename: str | None) -> bool:
    """Return whether a template is autoescaped.

    This is so for HTML, XML and SVG, and for templates without a name.

    :param filename: the template's name; ``None`` for a template from a string.
    """
    return filename is None or filename.endswith(_AUTOESCAPED)


def decorate_by_name(add: Callable[..., None], name: object) -> object:
    """Return a decorator that works with a name, with empty parentheses and without parentheses.

    :param add: registers a function under a name; ``None`` is the function's own name.
    :param name: the name, ``None``, or the decorated function.
    """
    if callable(name):
        add(name, None)
        return name

    def register(f: Function) -> Function:
        add(f, name)
        return f

    return register


class _App(t.Protocol):
    """An application with templates."""

    def _check_setup_finished(self, f_name: str) -> None: ...
    def add_template_filter(
        self, f: ft.TemplateFilterCallable, name: str | None = None
    ) -> None: ...
    def add_template_test(self, f: ft.TemplateTestCallable, name: str | None = None) -> None: ...
    def add_template_global(
        self, f: ft.TemplateGlobalCallable, name: str | None = None
    ) -> None: ...


def _get_environment(app: object) -> Environment:
    # Pyright does not accept a `lazy` attribute as an attribute of a protocol.
    environment: Environment = app.jinja_env  # type: ignore[attr-defined]
    return environment


@t.overload
def template_filter(self: _App, name: T_template_filter) -> T_template_filter: ...
@t.overload
def template_filter(
    self: _App, name: str | None = None
) -> Callable[[T_template_filter], T_template_filter]: ...
@setupmethod
def template_filter(self: _App, name: object = None) -> object:
    """Register the decorated function as a template filter.

    :param name: the filter's name; by default the function's name.
    """
    return decorate_by_name(self.add_template_filter, name)


@setupmethod
def add_template_filter(self: _App, f: ft.TemplateFilterCallable, name: str | None = None) -> None:
    """Register a function as a template filter."""
    _get_environment(self).filters[name or f.__name__] = f


@t.overload
def template_test(self: _App, name: T_template_test) -> T_template_test: ...
@t.overload
def template_test(
    self: _App, name: str | None = None
) -> Callable[[T_template_test], T_template_test]: ...
@setupmethod
def template_test(self: _App, name: object = None) -> object:
    """Register the decorated function as a template test.

    Templates use it as in ``{% if x is prime %}``.

    :param name: the test's name; by default the function's name.
    """
    return decorate_by_name(self.add_template_test, name)


@setupmethod
def add_template_test(self: _App, f: ft.TemplateTestCallable, name: str | None = None) -> None:
    """Register a function as a template test."""
    _get_environment(self).tests[name or f.__name__] = f


@t.overload
def template_global(self: _App, name: T_template_global) -> T_template_global: ...
@t.overload
def template_global(
    self: _App, name: str | None = None
) -> Callable[[T_template_global], T_template_global]: ...
@setupmethod
def template_global(self: _App, name: object = None) -> object:
    """Register the decorated function as a function that every template knows.

    :param name: its name in templates; by default the function's name.
    """
    return decorate_by_name(self.add_template_global, name)


@setupmethod
def add_template_global(self: _App, f: ft.TemplateGlobalCallable, name: str | None = None) -> None:
    """Register a function that every template knows."""
    _get_environment(self).globals[name or f.__name__] = f
