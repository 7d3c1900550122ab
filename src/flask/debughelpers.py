"""Errors with an explanation, for common mistakes that are hard to find.

They are raised only in debug mode. In production the original error is raised.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Sequence

from werkzeug.datastructures import FileStorage
from werkzeug.routing import RequestRedirect
from werkzeug.wrappers import Request

from ._core.current import _cv_request
from ._core.reexports import module_getattr

if t.TYPE_CHECKING:
    from jinja2.loaders import BaseLoader

if not t.TYPE_CHECKING:  # to type checkers the module has what it defines
    __getattr__ = module_getattr(__name__)


class _Routed(t.Protocol):
    """A request with the result of routing."""

    @property
    def routing_exception(self) -> Exception | None: ...
    @property
    def url(self) -> str: ...
    @property
    def base_url(self) -> str: ...


Source: t.TypeAlias = tuple[str, str | None, t.Callable[[], bool] | None]


class UnexpectedUnicodeError(AssertionError, UnicodeError):
    """Text was found instead of bytes, or bytes instead of text."""


class DebugFilesKeyError(KeyError, AssertionError):
    """The browser sent only the name of the file that the view accesses.

    :param request: the request.
    :param key: the form field.
    """

    def __init__(self, request: Request, key: str) -> None:
        names = request.form.getlist(key)
        submitted = ", ".join(repr(name) for name in names)
        self.message = (
            f"You tried to access the file {key!r} in the request.files dictionary but it does not"
            f" exist. The mimetype for the request is {request.mimetype!r} instead of"
            " 'multipart/form-data' which means that no file contents were transmitted. To fix"
            ' this error you should provide enctype="multipart/form-data" in your form.'
        )
        if submitted:
            self.message += (
                "\n\nThe browser instead transmitted some file names. This was submitted:"
                f" {submitted}"
            )
        super().__init__(key)

    def __str__(self) -> str:
        return self.message


class FormDataRoutingRedirect(AssertionError):
    """A redirect would make the browser drop the body of a request.

    :param request: the request; its ``routing_exception`` is the redirect.
    """

    def __init__(self, request: _Routed) -> None:
        redirect = request.routing_exception
        assert isinstance(redirect, RequestRedirect)
        text = (
            f"A request was sent to '{request.url}', but routing issued a redirect to the canonical"
            f" URL '{redirect.new_url}'."
        )
        if f"{request.base_url}/" == redirect.new_url.partition("?")[0]:
            text += (
                " The URL was defined with a trailing slash. Flask will redirect to the URL with a"
                " trailing slash if it was accessed without one."
            )
        super().__init__(
            f"{text} Send requests to the canonical URL, or use 307 or 308 for routing redirects."
            " Otherwise, browsers will drop form data.\n\nThis exception is only raised in debug"
            " mode."
        )


def attach_enctype_error_multidict(request: Request) -> None:
    """Make ``request.files`` explain a field that came as text.

    :param request: a request whose form has been parsed.
    """
    files_class = request.files.__class__

    class ExplainingFiles(files_class):  # type: ignore[valid-type, misc]
        def __getitem__(self, key: str) -> FileStorage:
            try:
                file: FileStorage = super().__getitem__(key)
                return file
            except KeyError:
                if key not in request.form:
                    raise
                raise DebugFilesKeyError(request, key).with_traceback(None) from None

    ExplainingFiles.__name__ = files_class.__name__
    ExplainingFiles.__module__ = files_class.__module__
    request.files.__class__ = ExplainingFiles


def _dump_loader_info(loader: BaseLoader) -> Iterator[str]:
    """Describe a template loader: its class and its simple attributes, a line each."""
    yield f"class: {type(loader).__module__}.{type(loader).__name__}"
    for key, value in sorted(vars(loader).items()):
        if key.startswith("_"):
            continue
        if isinstance(value, tuple | list):
            if all(isinstance(item, str) for item in value):
                yield f"{key}:"
                yield from (f"  - {item}" for item in value)
        elif isinstance(value, str | int | float | bool):
            yield f"{key}: {value!r}"


def explain_template_loading_attempts(
    app: t.Any,
    template: str,
    attempts: Sequence[tuple[BaseLoader, t.Any, Source | None]],
) -> None:
    """Log, at level INFO, which loaders were tried for a template.

    :param app: the application whose logger is used.
    :param template: the name of the template.
    :param attempts: loader, the application or blueprint that it belongs to, and its result.
    """
    lines = [f"Locating template {template!r}:"]
    found = 0
    for number, (loader, owner, source) in enumerate(attempts, start=1):
        if owner is app:
            of_whom = f"application {owner.import_name!r}"
        else:
            of_whom = f"blueprint {owner.name!r} ({owner.import_name})"
        lines.append(f"{number:5}: trying loader of {of_whom}")
        lines.extend(f"       {line}" for line in _dump_loader_info(loader))
        if source is None:
            lines.append("       -> no match")
        else:
            found += 1
            lines.append(f"       -> found ({source[1] or '<string>'!r})")

    if found == 0:
        lines.append("Error: the template could not be found.")
    elif found > 1:
        lines.append("Warning: multiple loaders returned a match for the template.")
    context = _cv_request.get(None)
    blueprint = None if context is None else context.request.blueprint
    if blueprint is not None and found != 1:
        lines.append(
            "  The template was looked up from an endpoint that belongs to the blueprint"
            f" {blueprint!r}."
        )
        lines.append("  Maybe you did not place a template in the right folder?")
        lines.append("  See https://flask.palletsprojects.com/blueprints/#templates")
    app.logger.info("\n".join(lines))
