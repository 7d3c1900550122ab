"""The request of an error as tables for the debug page."""

from __future__ import annotations

import inspect
import typing as t
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from werkzeug.wrappers import Request

from .._context.routed import RoutedContext
from .._core.secret_names import is_secret_cookie, is_secret_header, is_secret_name
from .._core.user_code import shorten_path
from .masking import MASK, Secrets
from .values import describe, shorten

if t.TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

Pairs: t.TypeAlias = list[tuple[str, str]]

_MOST_PAIRS = 100
_LONGEST_URL = 2000


@dataclass
class RequestFacts:
    """What is shown of a request.

    The form and the JSON document are shown if the application has parsed them. The debug page does
    not read the body, because the client may still be sending it.
    """

    method: str
    url: str
    tables: dict[str, Pairs] = field(default_factory=dict)
    """Names and values, by title; only tables that are not empty."""


def find_context(error: BaseException) -> RoutedContext | None:
    """Return the context of the request that raised an error.

    It has ended. A frame of the lifecycle still refers to it.
    """
    trace = error.__traceback__
    while trace is not None:
        context = trace.tb_frame.f_locals.get("context")
        if isinstance(context, RoutedContext):
            return context
        trace = trace.tb_next
    return None


def locate(function: object) -> str:
    """Return file and line of a function, or an empty text if it is not written in Python."""
    try:
        code = inspect.unwrap(t.cast("Callable[..., object]", function)).__code__
    except (AttributeError, ValueError):
        view_class = getattr(function, "view_class", None)
        if view_class is None:
            return ""
        return _locate_class(view_class)
    if isinstance(view_class := getattr(function, "view_class", None), type):
        return _locate_class(view_class)
    return f"{shorten_path(code.co_filename)}:{code.co_firstlineno}"


def _locate_class(kind: type) -> str:
    try:
        path, (_, number) = inspect.getsourcefile(kind), inspect.getsourcelines(kind)
    except (OSError, TypeError):
        return ""
    return f"{shorten_path(path or '')}:{number}"


def read_request(
    environ: WSGIEnvironment, context: RoutedContext | None, secrets: Secrets, is_detailed: bool
) -> RequestFacts:
    """Describe a request.

    :param environ: its WSGI environment; the body is not read.
    :param context: its context, if it had one.
    :param secrets: are hidden.
    :param is_detailed: whether there are tables; otherwise only the method and the path.
    """
    request = Request(environ, populate_request=False)
    if not is_detailed:
        return RequestFacts(request.method, shorten(request.path, _LONGEST_URL))
    facts = RequestFacts(request.method, _hide_query(request, secrets))
    routed = None if context is None else context._request
    parsed: Mapping[str, t.Any] = {} if routed is None else vars(routed)
    tables = {
        "View": _read_view(context, secrets),
        "Query": _pairs(request.args.items(multi=True), is_secret_name, secrets),
        "Form": _pairs(_items(parsed.get("form")), is_secret_name, secrets),
        "Files": [(name, file.filename or "") for name, file in _items(parsed.get("files"))],
        "JSON": _read_json(parsed, secrets),
        "Headers": _pairs(request.headers.items(), is_secret_header, secrets),
        "Cookies": _pairs(request.cookies.items(multi=True), is_secret_cookie, secrets),
        "Client": [("address", str(environ.get("REMOTE_ADDR") or "unknown"))],
    }
    facts.tables = {title: pairs for title, pairs in tables.items() if pairs}
    return facts


def find_secrets(environ: WSGIEnvironment, context: RoutedContext | None) -> Iterator[str]:
    """Yield the secrets that the client has sent.

    :param environ: the WSGI environment of the request.
    :param context: its context, if it had one.
    """
    request = Request(environ, populate_request=False)
    routed = None if context is None else context._request
    form = None if routed is None else vars(routed).get("form")
    sources: list[tuple[Iterable[tuple[str, t.Any]], Callable[[str], bool]]] = [
        (request.args.items(multi=True), is_secret_name),
        (_items(form), is_secret_name),
        (request.headers.items(), is_secret_header),
        (request.cookies.items(multi=True), is_secret_cookie),
    ]
    for pairs, is_secret in sources:
        for name, value in pairs:
            if is_secret(name) and isinstance(value, str):
                yield value


def _hide_query(request: Request, secrets: Secrets) -> str:
    url = secrets.hide(request.url)
    if any(is_secret_name(name) for name in request.args):
        url = f"{secrets.hide(request.base_url)}?{MASK}"
    return shorten(url, _LONGEST_URL)


def _read_view(context: RoutedContext | None, secrets: Secrets) -> Pairs:
    if context is None:
        return []
    endpoint = context._endpoint
    if endpoint is None:
        return []
    view = context.app.view_functions.get(endpoint)
    rule = context._url_rule if context._request is None else context._request.url_rule
    arguments = context._view_args if context._request is None else context._request.view_args
    pairs = [("endpoint", endpoint), ("rule", str(rule)), ("view", locate(view) or repr(view))]
    return pairs + [
        (f"argument {name}", describe(value, secrets, name))
        for name, value in (arguments or {}).items()
    ]


def _read_json(parsed: Mapping[str, t.Any], secrets: Secrets) -> Pairs:
    cached = parsed.get("_cached_json")
    if not isinstance(cached, tuple) or cached[0] is Ellipsis:
        return []
    value = cached[0]
    if not isinstance(value, dict):
        return [("document", describe(value, secrets))]
    return [
        (describe(name, secrets), describe(each, secrets, name)) for name, each in value.items()
    ]


def _items(form: object) -> Iterable[tuple[str, t.Any]]:
    items = getattr(form, "items", None)
    if items is None:
        return []
    return t.cast("Iterable[tuple[str, t.Any]]", items(multi=True))


def _pairs(
    items: Iterable[tuple[str, str]], is_secret: Callable[[str], bool], secrets: Secrets
) -> Pairs:
    pairs: Pairs = []
    for name, value in items:
        if len(pairs) == _MOST_PAIRS:
            return [*pairs, ("…", "more are not shown")]
        shown = MASK if is_secret(name) else shorten(secrets.hide(value))
        pairs.append((shorten(secrets.hide(name), 100), shown))
    return pairs
