"""The templates of an application: its environment, and what is registered for templates."""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from functools import cached_property

from .. import typing as ft
from .._core.lazy import lazy_default
from .scaffold import Function, Scaffold, setupmethod

if t.TYPE_CHECKING:
    from .._templating.environment import DispatchingJinjaLoader, Environment

T_template_filter = t.TypeVar("T_template_filter", bound=ft.TemplateFilterCallable)
T_template_test = t.TypeVar("T_template_test", bound=ft.TemplateTestCallable)
T_template_global = t.TypeVar("T_template_global", bound=ft.TemplateGlobalCallable)


def _find_environment_class() -> type[Environment]:
    from .._templating.environment import Environment

    return Environment


class TemplatedApp(Scaffold):
    """The part of an application that knows templates."""

    jinja_environment: type[Environment] = t.cast("t.Any", lazy_default(_find_environment_class))
    """Makes `jinja_env`."""
    jinja_options: dict[str, t.Any] = {}
    """Options for `jinja_env`; read when it is made."""

    @cached_property
    def jinja_env(self) -> Environment:
        """Jinja's environment, made at first use.

        Settings for it must be made before.
        """
        return self.create_jinja_environment()

    def create_jinja_environment(self) -> Environment:
        """Make `jinja_env`."""
        raise NotImplementedError

    def create_global_jinja_loader(self) -> DispatchingJinjaLoader:
        """Make the loader of the application's and the blueprints' templates."""
        from .._templating.environment import DispatchingJinjaLoader

        return DispatchingJinjaLoader(self)  # type: ignore[arg-type]  # an `App` is one

    def select_jinja_autoescape(self, filename: str | None) -> bool:
        """Tell whether a template is autoescaped, by its file name's end.

        HTML, XML and SVG are.

        A template without a file name is.
        """
        return filename is None or filename.endswith((".html", ".htm", ".xml", ".xhtml", ".svg"))

    def _naming_decorator(self, add: Callable[[t.Any, str | None], None], name: t.Any) -> t.Any:
        """Make a decorator that works with a name, with empty parentheses and without any."""
        if callable(name):
            add(name, None)
            return name

        def register(f: Function) -> Function:
            add(f, name)
            return f

        return register

    @t.overload
    def template_filter(self, name: T_template_filter) -> T_template_filter: ...

    @t.overload
    def template_filter(
        self, name: str | None = None
    ) -> Callable[[T_template_filter], T_template_filter]: ...

    @setupmethod
    def template_filter(self, name: t.Any = None) -> t.Any:
        """Make the decorated function a filter for templates.

        :param name: the filter's name; the function's own by default.
        """
        return self._naming_decorator(self.add_template_filter, name)

    @setupmethod
    def add_template_filter(self, f: ft.TemplateFilterCallable, name: str | None = None) -> None:
        """Make a function a filter for templates."""
        self.jinja_env.filters[name or f.__name__] = f

    @t.overload
    def template_test(self, name: T_template_test) -> T_template_test: ...

    @t.overload
    def template_test(
        self, name: str | None = None
    ) -> Callable[[T_template_test], T_template_test]: ...

    @setupmethod
    def template_test(self, name: t.Any = None) -> t.Any:
        """Make the decorated function a test: ``{% if x is prime %}``.

        :param name: the test's name; the function's own by default.
        """
        return self._naming_decorator(self.add_template_test, name)

    @setupmethod
    def add_template_test(self, f: ft.TemplateTestCallable, name: str | None = None) -> None:
        """Make a function a test for templates."""
        self.jinja_env.tests[name or f.__name__] = f

    @t.overload
    def template_global(self, name: T_template_global) -> T_template_global: ...

    @t.overload
    def template_global(
        self, name: str | None = None
    ) -> Callable[[T_template_global], T_template_global]: ...

    @setupmethod
    def template_global(self, name: t.Any = None) -> t.Any:
        """Make the decorated function known in every template.

        :param name: its name there; the function's own by default.
        """
        return self._naming_decorator(self.add_template_global, name)

    @setupmethod
    def add_template_global(self, f: ft.TemplateGlobalCallable, name: str | None = None) -> None:
        """Make a function known in every template."""
        self.jinja_env.globals[name or f.__name__] = f
