"""Templates are rendered, with the application's names.

Jinja does the work. It is imported when the first template is asked for, with the classes that
`_templating.environment` holds and this module hands on.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

from blinker import Signal

from ._core.current import _cv_app, _cv_request, current_app
from ._core.reexports import module_getattr
from ._http.streaming import stream_with_context
from .signals import before_render_template, template_rendered

if t.TYPE_CHECKING:
    from jinja2 import Template

    from ._templating.environment import DispatchingJinjaLoader, Environment

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


def _find(names: TemplateName) -> tuple[t.Any, Template]:
    """Return the current application and its first template of some names."""
    app = current_app._get_current_object()
    return app, app.jinja_env.get_or_select_template(names)


def _read(source: str) -> tuple[t.Any, Template]:
    """Return the current application, and the template of a text."""
    app = current_app._get_current_object()
    return app, app.jinja_env.from_string(source)


def _send(signal: Signal, app: t.Any, template: Template, context: dict[str, t.Any]) -> None:
    """Send one of the two signals about a template."""
    signal.send(app, _async_wrapper=app.ensure_sync, template=template, context=context)


def _render(app: t.Any, template: Template, context: dict[str, t.Any]) -> str:
    """Render a template, with the application's names, between the two signals."""
    app.update_template_context(context)
    if before_render_template.receivers:  # PERF: mostly nobody listens
        _send(before_render_template, app, template, context)
    text = template.render(context)
    if template_rendered.receivers:
        _send(template_rendered, app, template, context)
    return text


def _stream(app: t.Any, template: Template, context: dict[str, t.Any]) -> Iterator[str]:
    """Render a template piece by piece, with the request at hand if there is one."""
    app.update_template_context(context)
    _send(before_render_template, app, template, context)

    def pieces() -> Iterator[str]:
        yield from template.generate(context)
        _send(template_rendered, app, template, context)

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
