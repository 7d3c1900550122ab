"""The pages of debug mode for a 404 and a 405: which routes there are, and who aborted.

The exception stays the same object, with the same status and headers. Only its body is longer.
"""

from __future__ import annotations

import difflib
import itertools
import os
import secrets as random
import typing as t
from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import escape
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import MapAdapter, Rule

from .._context.routed import RoutedContext
from .._core.user_code import find_library, shorten_path
from .facts import locate
from .faults import name_function
from .report import HTML, choose_type
from .template import make_headers, render

_MOST_COMPARED = 3000  # rules
_MOST_NEAREST = 5
_LONGEST_COMPARED = 200  # characters of a path
_LEAST_RATIO = 0.6
_HIDDEN_METHODS = frozenset({"HEAD", "OPTIONS"})


@dataclass
class Route:
    """A route, as it is shown."""

    rule: str
    methods: str
    endpoint: str
    place: str
    """File and line of the view."""


@dataclass
class Explanation:
    """What a page adds to the description of an exception."""

    sentences: list[str]
    """What was found out, the most likely reason first."""
    title: str = ""
    routes: t.Sequence[Route] = ()

    def summarize(self) -> str:
        """Return the explanation in one line."""
        parts = list(self.sentences)
        if self.routes and self.title:
            listed = ", ".join(
                f"{route.methods} {route.rule} ({route.place})" for route in self.routes
            )
            parts.append(f"{self.title}: {listed}.")
        return " ".join(parts)


def explain(error: HTTPException, context: RoutedContext) -> None:
    """Give an exception without a handler the body of debug mode.

    A client that accepts HTML gets a page, any other client the usual body and one line.

    :param error: a 404 or a 405; an exception that creates its body itself is left alone.
    :param context: the context of the request.
    """
    own = vars(error).get("get_body")
    is_usual = own is None or getattr(own, "is_of_debug_mode", False)
    if error.response is not None or not is_usual or type(error).get_body is not _USUAL_BODY:
        return
    try:
        if error is context._routing_exception or error is _routing_error(context):
            explanation = _explain_routing(error, context)
        else:
            explanation = _explain_abort(error, context)
        _set_body(error, context, explanation)
    except Exception:  # the response is the usual one then
        context.app.logger.exception("The page of debug mode for %r failed", error)


_USUAL_BODY = HTTPException.get_body


def _routing_error(context: RoutedContext) -> HTTPException | None:
    request = context._request
    error: HTTPException | None = None if request is None else request.routing_exception
    return error


def _set_body(error: HTTPException, context: RoutedContext, explanation: Explanation) -> None:
    request = context.request
    if choose_type(request.headers.get("Accept")) != HTML:
        line = escape(f"Debug mode: {explanation.summarize()}")
        _replace(error, "get_body", f"{_USUAL_BODY(error)}<p>{line}</p>\n")
        return
    nonce = random.token_urlsafe(16)
    page = render(
        "routing.html",
        nonce,
        code=error.code,
        name=error.name,
        description=error.get_description(),
        method=request.method,
        path=request.path,
        explanation=explanation,
    )
    usual = [pair for pair in make_headers(nonce) if pair[0] != "Content-Type"]
    _replace(error, "get_body", page)
    _replace(error, "get_headers", type(error).get_headers(error) + usual)


def _replace(error: HTTPException, name: str, result: object) -> None:
    """Let a method of one exception return a result."""

    def method(environ: object = None, scope: object = None) -> t.Any:
        return result

    method.is_of_debug_mode = True  # type: ignore[attr-defined]
    vars(error)[name] = method


# Routing found no view ---------------------------------------------------------------------------


def _explain_routing(error: HTTPException, context: RoutedContext) -> Explanation:
    adapter = context._adapter
    if adapter is None:
        return Explanation(["The application has no URL adapter for this request."])
    if isinstance(error, MethodNotAllowed):
        return _explain_method(error, context, adapter)
    path: str = context.request.path[:_LONGEST_COMPARED]
    method: str = context.request.method
    rules = list(itertools.islice(_list_rules(context), _MOST_COMPARED))
    found = dict.fromkeys(_find_reasons(path, method, rules, adapter, context))
    sentences = list(itertools.islice(found, _MOST_NEAREST))
    nearest = _find_nearest(path, method, rules)
    if not nearest and not sentences:
        count = sum(rule.endpoint != "static" for rule in rules)
        if not count:
            sentences.append(
                "The application has no routes. Is the module that defines them imported, and is"
                " the blueprint registered?"
            )
        else:
            sentences.append(f"None of the {count} routes is similar to the path.")
    return Explanation(
        sentences, "Nearest routes", [_describe_route(rule, context) for rule in nearest]
    )


def _list_rules(context: RoutedContext) -> Iterator[Rule]:
    for rule in context.app.url_map.iter_rules():
        if not rule.build_only and not rule.websocket:
            yield rule


def _find_reasons(
    path: str, method: str, rules: list[Rule], adapter: MapAdapter, context: RoutedContext
) -> Iterator[str]:
    """Yield sentences about small differences between the path and a route."""
    if path.endswith("/") and len(path) > 1:
        rule = _match(adapter, path.rstrip("/"), method)
        if rule is not None:
            yield (
                f"The route {rule.rule!r} has no trailing slash, but the URL has one. Remove it"
                " from the URL, or write the route with a slash: then both URLs work."
            )
    elif (rule := _match(adapter, f"{path}/", method)) is not None:
        yield f"The route {rule.rule!r} has a trailing slash, but the URL has none."
    if "//" in path:
        yield "The path has two slashes in a row."
    lower = path.lower()
    for rule in rules:
        fixed, given, dynamic = _align(rule.rule, path)
        if rule.rule != path and rule.rule.lower() == lower:
            yield f"The route {rule.rule!r} differs in upper and lower case."
        elif dynamic and fixed == given and fixed.strip("/") and all(part for _, part in dynamic):
            pairs = ", ".join(f"{part!r} for {segment!r}" for segment, part in dynamic)
            yield f"The route {rule.rule!r} does not accept {pairs}."
        elif (
            len(path) > 1 and rule.rule != path and rule.rule.rstrip("/").endswith(path.rstrip("/"))
        ):
            name = rule.endpoint.rpartition(".")[0]
            prefix = rule.rule.rstrip("/").removesuffix(path.rstrip("/"))
            if name and prefix:
                yield (
                    f"The route {rule.rule!r} belongs to the blueprint {name!r}, so its URL begins"
                    f" with {prefix!r}."
                )
    root = context.request.root_path
    if root and path.startswith(f"{root}/"):
        yield f"The application is mounted at {root!r}, and the path repeats this prefix."


def _match(adapter: MapAdapter, path: str, method: str) -> Rule | None:
    """Return the rule that matches a path exactly."""
    try:
        rule, _ = adapter.match(path, method, return_rule=True)
    except HTTPException:  # also a redirect
        return None
    return rule


def _find_nearest(path: str, method: str, rules: list[Rule]) -> list[Rule]:
    ratios = []
    for number, rule in enumerate(rules):
        fixed, given, _ = _align(rule.rule[:_LONGEST_COMPARED], path)
        if not fixed.strip("/"):  # similar to every short path
            continue
        matcher = difflib.SequenceMatcher(None, fixed.lower(), given.lower(), autojunk=False)
        if matcher.real_quick_ratio() >= _LEAST_RATIO and matcher.quick_ratio() >= _LEAST_RATIO:
            ratio = matcher.ratio()
            if ratio >= _LEAST_RATIO:
                accepts = rule.methods is None or method in rule.methods
                ratios.append((-ratio, not accepts, number))
    return [rules[number] for _, _, number in sorted(ratios)[:_MOST_NEAREST]]


def _align(rule: str, path: str) -> tuple[str, str, list[tuple[str, str]]]:
    """Compare a rule and a path by their segments.

    :returns: the fixed segments of the rule, the corresponding segments of the path, and pairs of
        the other segments.
    """
    fixed: list[str] = []
    dynamic: list[tuple[str, str]] = []
    segments, parts = rule.split("/"), path.split("/")
    for index, segment in enumerate(segments):
        if not (segment.startswith("<") and segment.endswith(">")):
            fixed.append(segment)
        elif index < len(parts):
            if index == len(segments) - 1 and segment.startswith("<path:"):
                parts[index:] = ["/".join(parts[index:])]
            dynamic.append((segment, parts[index]))
    missing = {index for index, segment in enumerate(segments) if segment.startswith("<")}
    given = [part for index, part in enumerate(parts) if index not in missing]
    return "/".join(fixed), "/".join(given), dynamic


def _describe_route(rule: Rule, context: RoutedContext) -> Route:
    methods = sorted((rule.methods or set()) - _HIDDEN_METHODS) or sorted(rule.methods or ())
    text = rule.rule
    if rule.host or rule.subdomain:
        text = f"{rule.host or f'{rule.subdomain}.'}{text}"
    view = context.app.view_functions.get(rule.endpoint)
    return Route(text, " ".join(methods), rule.endpoint, _locate_view(view))


def _locate_view(view: object) -> str:
    if view is None:
        return "no view"
    code = getattr(view, "__code__", None)
    if code is not None and code.co_name == "<lambda>" and find_library(code.co_filename):
        return "static files"
    return locate(view) or type(view).__qualname__


def _explain_method(
    error: MethodNotAllowed, context: RoutedContext, adapter: MapAdapter
) -> Explanation:
    path: str = context.request.path
    allowed = sorted(set(error.valid_methods or ()))
    matching = [rule for name in allowed if (rule := _match(adapter, path, name)) is not None]
    found = {id(rule): rule for rule in matching}
    routes = [_describe_route(rule, context) for rule in found.values()]
    shown = [name for name in allowed if name not in _HIDDEN_METHODS] or allowed
    sentences = [f"This URL allows {', '.join(shown)}, but not {context.request.method[:50]}."]
    if routes:
        name = routes[0].endpoint
        sentences.append(f"Add the method to 'methods' of the route of {name!r} if it is missing.")
    return Explanation(sentences, "Routes of this URL", routes)


# A view aborted ----------------------------------------------------------------------------------


def _explain_abort(error: HTTPException, context: RoutedContext) -> Explanation:
    endpoint = context._endpoint
    where = _find_raised(error, context.app.root_path)
    if endpoint is None:
        return Explanation([f"No view ran. {where or 'A hook'} raised the error."])
    by = f"the view of {endpoint!r}"
    if where:
        return Explanation([f"A route matches. The error was raised at {where} while {by} ran."])
    folder = context.app.static_folder
    if endpoint == "static" and folder:
        name = str((context.request.view_args or {}).get("filename", ""))
        near = _find_near_file(folder, name)
        hint = f" There is {near!r}." if near else ""
        return Explanation([f"There is no file {name!r} in {shorten_path(folder)!r}.{hint}"])
    return Explanation([f"A route matches. {by[0].upper()}{by[1:]} raised the error."])


def _find_raised(error: HTTPException, root: str) -> str:
    """Return the place in the user's code that raised an exception, or an empty text."""
    place = ""
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if find_library(code.co_filename, root) is None:
            place = f"{shorten_path(code.co_filename)}:{trace.tb_lineno} in {name_function(code)}"
        trace = trace.tb_next
    return place


def _find_near_file(folder: str, name: str) -> str:
    names = []
    for current, _, files in os.walk(folder):
        below = os.path.relpath(current, folder)
        names += [
            os.path.normpath(os.path.join(below, file)).replace(os.sep, "/") for file in files
        ]
        if len(names) > _MOST_COMPARED:
            break
    near = difflib.get_close_matches(name[:_LONGEST_COMPARED], names[:_MOST_COMPARED], 1)
    return near[0] if near else ""
