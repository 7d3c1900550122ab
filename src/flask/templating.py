"""Templates: Jinja's environment, where templates are found, and rendering.

Jinja does the work. An application adds its names to every template, finds templates in its own
folder and then in its blueprints', and tells by signals what is rendered.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

from blinker import Signal
from jinja2 import BaseLoader, Template, TemplateNotFound
from jinja2 import Environment as BaseEnvironment

from ._current import _cv_app, _cv_request, current_app
from ._passing import answer_for
from ._streaming import stream_with_context
from ._templates import Template as QuickTemplate
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

if not t.TYPE_CHECKING:  # to type checkers the module has what it defines
    __getattr__ = answer_for(__name__)


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

    template_class: type[Template] = QuickTemplate

    def __init__(self, app: t.Any, **options: t.Any) -> None:
        if "loader" not in options:
            options["loader"] = app.create_global_jinja_loader()
        self.app = app
        super().__init__(**options)


class DispatchingJinjaLoader(BaseLoader):
    """Looks for a template in the app's folder, then in each blueprint's.

    Blueprints are asked in the order of their registration; the one that the current request
    belongs to has no precedence.

    :param app: the application.
    """

    def __init__(self, app: t.Any) -> None:
        self.app = app

    def get_source(self, environment: BaseEnvironment, template: str) -> Source:
        """Return a template's text, its file name and what tells its age.

        :raises TemplateNotFound: no loader has it.
        """
        explain = self.app.config["EXPLAIN_TEMPLATE_LOADING"]
        attempts: list[tuple[BaseLoader, t.Any, Source | None]] = []
        found: Source | None = None
        for owner, loader in self._iter_loaders(template):
            source = _ask(loader, environment, template)
            attempts.append((loader, owner, source))
            found = found or source
            if found and not explain:  # an explanation tells what all of them answer
                break
        if explain:
            explain_template_loading_attempts(self.app, template, attempts)
        if found is None:
            raise TemplateNotFound(template)
        return found

    def _iter_loaders(self, template: str) -> Iterator[tuple[t.Any, BaseLoader]]:
        for owner in (self.app, *self.app.iter_blueprints()):
            loader = owner.jinja_loader
            if loader is not None:
                yield owner, loader

    def list_templates(self) -> list[str]:
        """Return the names of all templates that can be found, each once."""
        listings = (loader.list_templates() for _, loader in self._iter_loaders(""))
        return list(set[str]().union(*listings))


def _ask(loader: BaseLoader, environment: BaseEnvironment, template: str) -> Source | None:
    """Return what a loader knows of a template; ``None`` if it does not have it."""
    try:
        return loader.get_source(environment, template)
    except TemplateNotFound:
        return None


def _find(names: TemplateName) -> tuple[t.Any, Template]:
    """Return the current application and its first template of some names."""
    app = current_app._get_current_object()
    return app, app.jinja_env.get_or_select_template(names)


def _read(source: str) -> tuple[t.Any, Template]:
    """Return the current application, and the template of a text."""
    app = current_app._get_current_object()
    return app, app.jinja_env.from_string(source)


def _tell(signal: Signal, app: t.Any, template: Template, context: dict[str, t.Any]) -> None:
    """Send one of the two signals about a template."""
    signal.send(app, _async_wrapper=app.ensure_sync, template=template, context=context)


def _render(app: t.Any, template: Template, context: dict[str, t.Any]) -> str:
    """Render a template, with the application's names, between the two signals."""
    app.update_template_context(context)
    if before_render_template.receivers:  # PERF: mostly nobody listens
        _tell(before_render_template, app, template, context)
    text = template.render(context)
    if template_rendered.receivers:
        _tell(template_rendered, app, template, context)
    return text


def _stream(app: t.Any, template: Template, context: dict[str, t.Any]) -> Iterator[str]:
    """Render a template piece by piece, with the request at hand if there is one."""
    app.update_template_context(context)
    _tell(before_render_template, app, template, context)

    def pieces() -> Iterator[str]:
        yield from template.generate(context)
        _tell(template_rendered, app, template, context)

    return pieces() if _cv_request.get(None) is None else stream_with_context(pieces())


def render_template(template_name_or_list: TemplateName, **context: t.Any) -> str:
    """Render a template by name.

    :param template_name_or_list: a name, a template object, or a list of which the first that
        exists is taken.
    :param context: names for the template.
    :raises RuntimeError: no application context is active.
    :raises jinja2.TemplateNotFound: no folder has it.
    """
    return _render(*_find(template_name_or_list), context)


def render_template_string(source: str, **context: t.Any) -> str:
    """Render a template that is given as text; it is autoescaped.

    :param source: the template's text.
    :param context: names for the template.
    :raises RuntimeError: no application context is active.
    """
    return _render(*_read(source), context)


def stream_template(template_name_or_list: TemplateName, **context: t.Any) -> Iterator[str]:
    """Render a template by name, piece by piece, as a streamed body.

    See `render_template`.
    """
    return _stream(*_find(template_name_or_list), context)


def stream_template_string(source: str, **context: t.Any) -> Iterator[str]:
    """Render a template given as text, piece by piece.

    See `render_template_string`.
    """
    return _stream(*_read(source), context)
