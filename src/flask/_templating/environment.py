"""Jinja's environment for an application, and the loader of its templates.

This module imports Jinja, which takes 12 ms. So it is imported when the first template is used.
Templates are found in the application's folder, then in its blueprints'.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Iterator, Mapping

from jinja2 import BaseLoader, Template, TemplateNotFound
from jinja2 import Environment as BaseEnvironment
from jinja2.compiler import CodeGenerator

from ..debughelpers import Source, explain_template_loading_attempts
from .compiler import OutputCompiler
from .template import Template as FastTemplate


class _App(t.Protocol):
    @property
    def config(self) -> Mapping[str, bool]: ...
    def create_global_jinja_loader(self) -> BaseLoader: ...
    def iter_blueprints(self) -> Iterable[object]: ...


class Environment(BaseEnvironment):
    """Jinja's environment, with the application's loader by default.

    :param app: the application.
    :param options: arguments of ``jinja2.Environment``.
    """

    __module__ = "flask.templating"  # where it is promised

    code_generator_class: type[CodeGenerator] = OutputCompiler
    template_class: type[Template] = FastTemplate

    def __init__(self, app: _App, **options: t.Any) -> None:
        if "loader" not in options:
            options["loader"] = app.create_global_jinja_loader()
        self.app = app
        super().__init__(**options)


class DispatchingJinjaLoader(BaseLoader):
    """Looks for a template in the app's folder, then in each blueprint's.

    The order is that of registration. The blueprint of the current request has no precedence.

    :param app: the application.
    """

    __module__ = "flask.templating"  # where it is promised

    def __init__(self, app: _App) -> None:
        self.app = app

    def get_source(self, environment: BaseEnvironment, template: str) -> Source:
        """Return a template's text, its file name and a function that checks its age.

        :raises TemplateNotFound: no loader has it.
        """
        explain = self.app.config["EXPLAIN_TEMPLATE_LOADING"]
        attempts: list[tuple[BaseLoader, object, Source | None]] = []
        found: Source | None = None
        for owner, loader in self._iter_loaders(template):
            source = _ask(loader, environment, template)
            attempts.append((loader, owner, source))
            found = found or source
            if found and not explain:  # the explanation lists all loaders
                break
        if explain:
            explain_template_loading_attempts(self.app, template, attempts)
        if found is None:
            raise TemplateNotFound(template)
        return found

    def _iter_loaders(self, template: str) -> Iterator[tuple[object, BaseLoader]]:
        owner: t.Any  # with a `cached_property`, which a protocol cannot describe
        for owner in (self.app, *self.app.iter_blueprints()):
            loader = owner.jinja_loader
            if loader is not None:
                yield owner, loader

    def list_templates(self) -> list[str]:
        """Return the names of all templates that can be found, each once."""
        listings = (loader.list_templates() for _, loader in self._iter_loaders(""))
        return list(set[str]().union(*listings))


def _ask(loader: BaseLoader, environment: BaseEnvironment, template: str) -> Source | None:
    """Return a template from a loader; ``None`` if the loader does not have it."""
    try:
        return loader.get_source(environment, template)
    except TemplateNotFound:
        return None
