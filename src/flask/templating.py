"""Render Jinja templates, with the names that the application provides.

Jinja is imported when the first template is used. This module re-exports the classes of
`_templating.environment`.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterator

from blinker import Signal

from ._core.current import _cv_request, get_app, get_app_context
from ._core.reexports import module_getattr
from ._http.streaming import stream_with_context
from .signals import before_render_template, template_rendered

if t.TYPE_CHECKING:
    from jinja2 import Template

    from ._templating.environment import DispatchingJinjaLoader, Environment


class _App(t.Protocol):
    def ensure_sync(self, func: Callable[..., object], /) -> Callable[..., object]: ...
    def update_template_context(self, context: dict[str, object], /) -> None: ...


TemplateName: t.TypeAlias = "str | Template | list[str | Template]"

__all__ = [
    "DispatchingJinjaLoader",
    "Environment",
    "render_template",
    "render_template_string",
    "stream_template",
    "stream_template_string",
]

if not t.TYPE_CHECKING:  # to type checkers the module has what it defines
    __getattr__ = module_getattr(__name__)


def _default_template_ctx_processor() -> dict[str, object]:
    """Return ``g`` and, in a request, ``request`` for templates.

    They are the objects, not the proxies, because templates use them often. The session is a proxy
    among Jinja's globals, because an access to it marks it as accessed.
    """
    names: dict[str, object] = {}
    app_context = get_app_context(None)
    if app_context is not None:
        names["g"] = app_context.g
    request_context = _cv_request.get(None)
    if request_context is not None:
        names["request"] = request_context.request
    return names


def _find(names: TemplateName) -> tuple[_App, Template]:
    """Return the current application, and the first of some templates that exists."""
    app = get_app()
    return app, app.jinja_env.get_or_select_template(names)


def _read(source: str) -> tuple[_App, Template]:
    """Return the current application, and a template from its text."""
    app = get_app()
    return app, app.jinja_env.from_string(source)


def _send(signal: Signal, app: _App, template: Template, context: dict[str, object]) -> None:
    """Send one of the two signals about a template."""
    signal.send(app, _async_wrapper=app.ensure_sync, template=template, context=context)


def _render(app: _App, template: Template, context: dict[str, object]) -> str:
    """Render a template, and send the two signals."""
    app.update_template_context(context)
    if before_render_template.receivers:  # PERF: usually there are none
        _send(before_render_template, app, template, context)
    text = template.render(context)
    if template_rendered.receivers:
        _send(template_rendered, app, template, context)
    return text


def _stream(app: _App, template: Template, context: dict[str, object]) -> Iterator[str]:
    """Render a template in parts; in a request the request context is kept."""
    app.update_template_context(context)
    _send(before_render_template, app, template, context)

    def pieces() -> Iterator[str]:
        yield from template.generate(context)
        _send(template_rendered, app, template, context)

    return pieces() if _cv_request.get(None) is None else stream_with_context(pieces())


def render_template(template_name_or_list: TemplateName, **context: object) -> str:
    """Render a template by name.

    :param template_name_or_list: a name, a template object, or a list; the first that exists is
        rendered.
    :param context: the variables of the template.
    :raises RuntimeError: no application context is active.
    :raises jinja2.TemplateNotFound: no folder has it.
    """
    return _render(*_find(template_name_or_list), context)


def render_template_string(source: str, **context: object) -> str:
    """Render a template from its text, with autoescaping.

    :param source: the template's text.
    :param context: the variables of the template.
    :raises RuntimeError: no application context is active.
    """
    return _render(*_read(source), context)


def stream_template(template_name_or_list: TemplateName, **context: object) -> Iterator[str]:
    """Render a template by name in parts, for a streamed body.

    See `render_template`.
    """
    return _stream(*_find(template_name_or_list), context)


def stream_template_string(source: str, **context: object) -> Iterator[str]:
    """Render a template from its text in parts, for a streamed body.

    See `render_template_string`.
    """
    return _stream(*_read(source), context)
