"""What happens with an application's operations before its first request.

They are checked, and their errors become problem details.
"""

from __future__ import annotations

import inspect
import typing as t
import uuid
from collections.abc import Iterator

from msgspec import inspect as shapes
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import (
    FloatConverter,
    IntegerConverter,
    RequestRedirect,
    Rule,
    UUIDConverter,
)

from .._app.lifespan import PREPARATIONS
from .._core.current import get_request_context
from .._routing.rule import get_converter
from ..views import MethodView
from ._fields import nullable
from ._markers import Source
from ._operation import Operation, find_operation
from ._problems import make_problem_response, prefers_html
from ._settings import effective_settings
from ._signature import strip

App: t.TypeAlias = t.Any

_ACCEPTED: t.Final[dict[type, tuple[type, tuple[type[shapes.Type], ...]]]] = {
    IntegerConverter: (int, (shapes.IntType, shapes.FloatType)),
    FloatConverter: (float, (shapes.FloatType,)),
    UUIDConverter: (uuid.UUID, (shapes.UUIDType,)),
}
"""For each converter of URLs: the type of its values, and what may be annotated."""
_ANY = (shapes.AnyType, shapes.CustomType)


def iterate_operations(app: App) -> Iterator[tuple[Rule, str, Operation]]:
    """Yield the operations of an application: rule, method and operation.

    ``HEAD`` and ``OPTIONS`` are left out where Flask adds them.

    :param app: the application.
    """
    for rule in app.url_map.iter_rules():
        view = app.view_functions.get(rule.endpoint)
        for method in sorted(rule.methods or ()):
            if method in {"HEAD", "OPTIONS"} and not _is_explicit(view, method):
                continue
            operation = find_operation(view, method)
            if operation is not None:
                yield rule, method, operation


def _is_explicit(view: object, method: str) -> bool:
    return hasattr(getattr(view, "view_class", None), method.lower())


def prepare(app: App) -> None:
    """Check the operations of an application, and let their errors become problem details.

    :param app: the application, before its first request.
    :raises TypeError: an annotation contradicts a rule, or a view has markers without `typed`.
    :raises ValueError: two operations have the same ``operation_id``.
    """
    has_operations = False
    named: dict[str, Operation] = {}
    for rule, method, operation in iterate_operations(app):
        has_operations = True
        _check_rule(rule, operation)
        _check_given(app, rule, method, operation)
        _check_name(app, rule, method, operation, named)
    if "flask.api" in app.extensions or has_operations:
        _check_untyped(app)
        if app._describe_error is None:
            app._describe_error = describe_error


PREPARATIONS.append(prepare)


# Checks -------------------------------------------------------------------------------------------


def _check_rule(rule: Rule, operation: Operation) -> None:
    inputs = operation.inputs
    marked = {each.argument for each in inputs.parameters}
    if inputs.body is not None:
        marked.add(inputs.body.argument)
    for name in sorted(marked & rule.arguments):
        raise TypeError(
            f"The rule {rule.rule!r} names {name!r}, and {_name(operation)} marks it as a part of"
            " the request. Remove the marker, or rename one of them."
        )
    for name in sorted(rule.arguments & inputs.unmarked.keys()):
        converter = get_converter(rule, name)
        expected = next(
            (each for kind, each in _ACCEPTED.items() if isinstance(converter, kind)), None
        )
        if expected is not None and not _accepts(inputs.unmarked[name], *expected):
            raise TypeError(
                f"The rule {rule.rule!r} gives {name!r} as {expected[0].__name__}, but"
                f" {_name(operation)} annotates it as {_describe(inputs.unmarked[name])}."
                f" Annotate it as {expected[0].__name__}, or use '<{name}>' in the rule."
            )


def _check_given(app: App, rule: Rule, method: str, operation: Operation) -> None:
    """Raise an error for an argument that nothing can give."""
    if rule.websocket:
        raise TypeError(
            f"{_name(operation)} is the WebSocket handler of {rule.rule!r}. @typed is for HTTP"
            " views; read the arguments of a WebSocket from flask.websocket."
        )
    view = app.view_functions[rule.endpoint]
    view_class = getattr(view, "view_class", None)
    if view_class is not None:
        has_decorators = view_class.dispatch_request is not MethodView.dispatch_request
        has_decorators = has_decorators or bool(view_class.decorators)
        view = getattr(view_class, method.lower(), None)
    else:
        has_decorators = False
    if has_decorators or getattr(view, "__wrapped__", None) is not operation.view:
        return  # a decorator may give it
    if any(app.url_value_preprocessors.values()):
        return
    parameters = inspect.signature(operation.view).parameters
    for name in operation.inputs.unmarked:
        if name not in rule.arguments and parameters[name].default is inspect.Parameter.empty:
            raise TypeError(
                f"{_name(operation)} takes {name!r}, but the rule {rule.rule!r} does not name it,"
                f" and it has no marker. Annotate it as Query[...] or Body[...], for example."
            )


def _accepts(hint: object, given: type, kinds: tuple[type[shapes.Type], ...]) -> bool:
    try:
        info = shapes.type_info(t.cast("type", nullable(hint)[0]))
    except (TypeError, NameError):
        return True
    while isinstance(info, shapes.Metadata):
        info = info.type
    members = info.types if isinstance(info, shapes.UnionType) else (info,)
    for member in members:
        if isinstance(member, (*kinds, *_ANY)):
            return True
        if isinstance(member, shapes.LiteralType) and any(type(v) is given for v in member.values):
            return True
        if isinstance(member, shapes.EnumType) and any(type(v.value) is given for v in member.cls):
            return True
    return False


def _check_name(
    app: App, rule: Rule, method: str, operation: Operation, named: dict[str, Operation]
) -> None:
    name = effective_settings(app, rule.endpoint, operation).operation_id
    if name is None:
        return
    other = named.setdefault(name, operation)
    if other is not operation:
        raise ValueError(
            f"operation_id={name!r} is used by {_name(other)} and by {_name(operation)}"
            f" ({method} {rule.rule}). Each operation needs its own."
        )


def _check_untyped(app: App) -> None:
    """Raise an error for a view that has markers but not `typed`."""
    for endpoint, view in app.view_functions.items():
        for function in _functions_of(view):
            if hasattr(function, "__operation__"):
                continue
            for argument, hint in _hints_of(function).items():
                if any(isinstance(mark, Source) for mark in strip(hint)[1]):
                    raise TypeError(
                        f"{function.__module__}.{function.__qualname__}() marks {argument!r} as a"
                        f" part of the request, but has no @typed (endpoint {endpoint!r})."
                        " Add @typed directly above 'def'."
                    )


def _functions_of(view: t.Any) -> Iterator[t.Any]:
    view_class = getattr(view, "view_class", None)
    if view_class is None:
        yield view
    else:
        for method in getattr(view_class, "methods", None) or ():
            function = getattr(view_class, method.lower(), None)
            if function is not None:
                yield function


def _hints_of(function: t.Any) -> dict[str, t.Any]:
    try:
        return t.get_type_hints(function, include_extras=True)
    except Exception:  # annotations may be anything, where nothing reads them
        return {}


def _name(operation: Operation) -> str:
    return f"{operation.view.__module__}.{operation.view.__qualname__}()"


def _describe(hint: object) -> str:
    return hint.__name__ if isinstance(hint, type) else repr(hint)


# Errors -------------------------------------------------------------------------------------------


def describe_error(error: HTTPException) -> t.Any:
    """Return the response for an HTTP exception that has no handler.

    :param error: the exception.
    :returns: problem details for an operation's error, else the exception itself.
    """
    if isinstance(error, RequestRedirect) or error.response is not None or prefers_html():
        return error
    if type(error).get_response is not HTTPException.get_response:
        return error  # it has its own response, as `Problem` has
    request = get_request_context().request
    app = get_request_context().app
    if _is_below_prefix(app, request.path) or _is_of_operation(app, request, error):
        return make_problem_response(error)
    return error


def _is_below_prefix(app: App, path: str) -> bool:
    apis = app.extensions.get("flask.api", ())
    prefixes = (getattr(api, "problems", None) for api in apis)
    return any(path.startswith(prefix) for prefix in prefixes if prefix)


def _is_of_operation(app: App, request: t.Any, error: HTTPException) -> bool:
    rule = request.url_rule
    if rule is not None:
        view = app.view_functions.get(rule.endpoint)
        return find_operation(view, request.method) is not None
    if isinstance(error, MethodNotAllowed):
        return any(_operations_of_path(app, error))
    return False


def _operations_of_path(app: App, error: MethodNotAllowed) -> Iterator[bool]:
    """Yield, for each method that the current path has, whether it is an operation."""
    adapter = get_request_context().url_adapter
    for method in error.valid_methods or ():
        try:
            endpoint, _ = adapter.match(method=method)
        except HTTPException:
            continue
        yield find_operation(app.view_functions.get(endpoint), method) is not None
