"""Templates: Jinja's environment, where templates are found, and rendering.

Jinja does the work. An application adds its names to every template, finds templates in its own
folder and then in its blueprints', and tells by signals what is rendered.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

from jinja2 import BaseLoader, Template, TemplateNotFound
from jinja2 import Environment as BaseEnvironment

from ._current import _cv_app, _cv_request, current_app
from ._streaming import stream_with_context
from .debughelpers import Source, explain_template_loading_attempts
from .signals import before_render_template, template_rendered

TemplateName: t.TypeAlias = str | Template | list[str | Template]

__all__ = [
    "DispatchingJinjaLoader",
    "Environment",
    "render_template",
    "render_template_string",
    "stream_template",
    "stream_template_string",
]


def _default_template_ctx_processor() -> dict[str, t.Any]:
    """Give templates ``g``, and ``request`` while there is one.

    The objects themselves, not the proxies: a template asks for them often. The session stays the
    proxy among Jinja's globals, because being handed out already marks it as read.
    """
    names: dict[str, t.Any] = {}
    app_context = _cv_app.get(None)
    if app_context is not None:
        names["g"] = app_context.g
    request_context = _cv_request.get(None)
    if request_context is not None:
        names["request"] = request_context.request
    return names


class Environment(BaseEnvironment):
    """Jinja's environment, with the application's loader by default.

    :param app: the application.
    :param options: as ``jinja2.Environment`` takes them.
    """

    def __init__(self, app: t.Any, **options: t.Any) -> None:
        if "loader" not in options:
            options["loader"] = app.create_global_jinja_loader()
        super().__init__(**options)
        self.app = app


class DispatchingJinjaLoader(BaseLoader):
    """Looks for a template in the application's folder, then in each blueprint's.

    Blueprints are asked in the order of their registration; the one that the current request
    belongs to has no precedence.

    :param app: the application.
    """

    def __init__(self, app: t.Any) -> None:
        self.app = app

    def get_source(self, environment: BaseEnvironment, template: str) -> Source:
        """Return a template's text, file name and a function that tells if it is up to date.

        :raises TemplateNotFound: no loader has it.
        """
        if self.app.config["EXPLAIN_TEMPLATE_LOADING"]:
            return self._get_source_explained(environment, template)
        return self._get_source_fast(environment, template)

    def _get_source_explained(self, environment: BaseEnvironment, template: str) -> Source:
        attempts: list[tuple[BaseLoader, t.Any, Source | None]] = []
        for owner, loader in self._iter_loaders(template):
            source: Source | None
            try:
                source = loader.get_source(environment, template)
            except TemplateNotFound:
                source = None
            attempts.append((loader, owner, source))
        explain_template_loading_attempts(self.app, template, attempts)
        for _, _, source in attempts:
            if source is not None:
                return source
        raise TemplateNotFound(template)

    def _get_source_fast(self, environment: BaseEnvironment, template: str) -> Source:
        for _, loader in self._iter_loaders(template):
            try:
                return loader.get_source(environment, template)
            except TemplateNotFound:
                continue
        raise TemplateNotFound(template)

    def _iter_loaders(self, template: str) -> Iterator[tuple[t.Any, BaseLoader]]:
        for owner in (self.app, *self.app.iter_blueprints()):
            loader = owner.jinja_loader
            if loader is not None:
                yield owner, loader

    def list_templates(self) -> list[str]:
        """Return the names of all templates that can be found, each once."""
        names: set[str] = set()
        for _, loader in self._iter_loaders(""):
            names.update(loader.list_templates())
        return list(names)


def _render(app: t.Any, template: Template, context: dict[str, t.Any]) -> str:
    """Render a template, with the application's names, between the two signals."""
    app.update_template_context(context)
    if before_render_template.receivers:
        before_render_template.send(
            app, _async_wrapper=app.ensure_sync, template=template, context=context
        )
    text = template.render(context)
    if template_rendered.receivers:
        template_rendered.send(
            app, _async_wrapper=app.ensure_sync, template=template, context=context
        )
    return text


def _stream(app: t.Any, template: Template, context: dict[str, t.Any]) -> Iterator[str]:
    """Render a template piece by piece, with the request at hand if there is one."""
    app.update_template_context(context)
    before_render_template.send(
        app, _async_wrapper=app.ensure_sync, template=template, context=context
    )

    def generate() -> Iterator[str]:
        yield from template.generate(context)
        template_rendered.send(
            app, _async_wrapper=app.ensure_sync, template=template, context=context
        )

    pieces = generate()
    return pieces if _cv_request.get(None) is None else stream_with_context(pieces)


def render_template(template_name_or_list: TemplateName, **context: t.Any) -> str:
    """Render a template by name.

    :param template_name_or_list: a name, a template object, or a list of which the first that
        exists is taken.
    :param context: names for the template.
    :raises RuntimeError: no application context is active.
    :raises jinja2.TemplateNotFound: no folder has it.
    """
    app = current_app._get_current_object()
    template = app.jinja_env.get_or_select_template(template_name_or_list)
    return _render(app, template, context)


def render_template_string(source: str, **context: t.Any) -> str:
    """Render a template that is given as text; it is autoescaped.

    :param source: the template's text.
    :param context: names for the template.
    :raises RuntimeError: no application context is active.
    """
    app = current_app._get_current_object()
    return _render(app, app.jinja_env.from_string(source), context)


def stream_template(template_name_or_list: TemplateName, **context: t.Any) -> Iterator[str]:
    """Render a template by name, piece by piece, as a streamed body; see `render_template`."""
    app = current_app._get_current_object()
    template = app.jinja_env.get_or_select_template(template_name_or_list)
    return _stream(app, template, context)


def stream_template_string(source: str, **context: t.Any) -> Iterator[str]:
    """Render a template given as text, piece by piece; see `render_template_string`."""
    app = current_app._get_current_object()
    return _stream(app, app.jinja_env.from_string(source), context)
