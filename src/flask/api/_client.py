"""The typed test client: calls a view as a function, over HTTP."""

from __future__ import annotations

import copy
import typing as t
from collections.abc import Iterator, Mapping

from werkzeug.routing import AnyConverter, PathConverter, Rule, UnicodeConverter

from .._routing.rule import get_converter
from ..typing import AnyApp
from ..views import View
from ._client_answers import make_problem, read_answer
from ._client_requests import RequestParts, bind_arguments, to_text
from ._operation import Operation, find_operation
from ._settings import effective_settings
from ._typed import TypedView

if t.TYPE_CHECKING:
    from werkzeug.test import TestResponse

    from ..testing import FlaskClient

P = t.ParamSpec("P")
R = t.TypeVar("R")
R_co = t.TypeVar("R_co", covariant=True)
_View = t.TypeVar("_View", bound=View)
_View_contra = t.TypeVar("_View_contra", contravariant=True)

_ADDED: t.Final = frozenset({"HEAD", "OPTIONS"})
_TEXT_CONVERTERS: t.Final = (UnicodeConverter, PathConverter, AnyConverter)
_CHANGING: t.Final = ("POST", "PUT", "PATCH", "DELETE")


class _Route(t.NamedTuple):
    rule: Rule
    method: str


class _TypedMethod(t.Protocol[_View_contra, P, R_co]):
    """What `typed` makes of a method of a class-based view."""

    def __call__(self, view: _View_contra, /, *args: P.args, **kwargs: P.kwargs) -> t.Any: ...
    def __result__(self) -> R_co: ...


class TypedClient:
    """Calls typed views over HTTP in tests, and returns what they answer as objects.

    Each argument is sent where its marker says: ``ask(create, order=NewOrder("tea"))``. Cookies
    are kept between calls. A view of a class is named as ``ask(Item.patch, id=1, ...)``.

    :param app: the application.
    :param asgi: send requests over ASGI; otherwise over WSGI.
    """

    client: FlaskClient
    """The test client that sends the requests, with the cookies and the session."""
    response: TestResponse | None = None
    """The last response, to look at its status and headers."""

    def __init__(self, app: AnyApp, asgi: bool = False) -> None:
        self.client = app.test_client(**({"asgi": True} if asgi else {}))
        self._app = app
        self._endpoint: str | None = None
        self._method: str | None = None
        self._options: dict[str, t.Any] = {}

    def with_(
        self, *, endpoint: str | None = None, method: str | None = None, **options: t.Any
    ) -> t.Self:
        """Return a client for the same session that sends more than the arguments of views.

        ``ask.with_(headers={"Authorization": "Bearer x"})(create, order=...)``

        :param endpoint: the endpoint, if a view is registered several times.
        :param method: the method, if a rule has several.
        :param options: as for ``FlaskClient.open``, such as ``headers`` and ``base_url``.
        """
        other = copy.copy(self)
        other._endpoint = endpoint or self._endpoint
        other._method = method or self._method
        other._options = {**self._options, **options}
        return other

    @t.overload
    def __call__(self, view: TypedView[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R: ...
    @t.overload
    def __call__(
        self, view: _TypedMethod[_View, P, R], /, *args: P.args, **kwargs: P.kwargs
    ) -> R: ...
    def __call__(self, view: t.Any, /, *args: t.Any, **kwargs: t.Any) -> t.Any:
        """Send the request of a call, and return the decoded answer.

        :param view: a view that is decorated with `typed`, or a method of a class of views.
        :param args: the arguments of the view, with ``kwargs``; without ``self``. What another
            decorator injects is left out.
        :returns: an object of the annotated type; of a stream, an iterator over its items.
        :raises flask.api.Problem: the status is not that of the answer. It has all members of the
            problem details. If the operation declares the class, it is of that class.
        :raises TypeError: an argument is unknown or missing.
        :raises LookupError: the view is not registered, or several times.
        """
        operation = getattr(view, "__operation__", None)
        if not isinstance(operation, Operation):
            raise TypeError(f"{view!r} is not a typed view. Decorate it with @typed.")
        arguments = bind_arguments(operation, args, kwargs)
        route = self._find_route(operation, arguments)
        in_path = {name: arguments.pop(name) for name in route.rule.arguments & arguments.keys()}
        _check_unread(operation, arguments)
        options = RequestParts(operation, arguments).options()
        more = self._options.get("headers", ())
        headers = [*options["headers"], *(more.items() if isinstance(more, Mapping) else more)]
        options = {**options, **self._options, "headers": headers, "method": route.method}
        response = self.client.open(self._build_url(route, in_path), **options)
        self.response = response
        settings = effective_settings(self._app, route.rule.endpoint, operation)
        is_declared, value = read_answer(response, operation.answers, settings.status)
        if not is_declared:
            raise make_problem(response, settings)
        return value

    # The URL -------------------------------------------------------------------------------------

    def _find_route(self, operation: Operation, arguments: Mapping[str, object]) -> _Route:
        routes = list(_iterate_routes(self._app, operation))
        name = operation.view.__qualname__
        if not routes:
            raise LookupError(f"The application has no rule for {name}().")
        if self._endpoint is not None:
            routes = [each for each in routes if each.rule.endpoint == self._endpoint]
            if not routes:
                raise LookupError(f"{name}() is not registered as {self._endpoint!r}.")
        endpoints = sorted({each.rule.endpoint for each in routes})
        if len(endpoints) > 1:
            raise LookupError(
                f"{name}() is registered several times. Choose one with"
                f" ask.with_(endpoint=...): {', '.join(map(repr, endpoints))}."
            )
        suitable = [each for each in routes if _takes(each.rule, arguments)] or routes
        if self._method is not None:
            method = self._method.upper()
            return _Route(suitable[0].rule, method)
        has_body = operation.inputs.body is not None or bool(operation.inputs.form)
        preferred = (*_CHANGING, "GET") if has_body else ("GET", *_CHANGING)
        order = {method: position for position, method in enumerate(preferred)}
        return min(
            suitable, key=lambda each: (order.get(each.method, 9), -len(each.rule.arguments))
        )

    def _build_url(self, route: _Route, values: dict[str, t.Any]) -> str:
        config = self._app.config
        adapter = self._app.url_map.bind(
            config["SERVER_NAME"] or "localhost", url_scheme=config["PREFERRED_URL_SCHEME"]
        )
        endpoint = route.rule.endpoint
        for name, value in values.items():
            if isinstance(get_converter(route.rule, name), _TEXT_CONVERTERS):
                values[name] = to_text(value)
        with self._app.app_context():
            self._app.inject_url_defaults(endpoint, values)
        url: str = adapter.build(endpoint, values, route.method, append_unknown=False)
        return url


def _iterate_routes(app: AnyApp, operation: Operation) -> Iterator[_Route]:
    for rule in app.url_map.iter_rules():
        view = app.view_functions.get(rule.endpoint)
        methods = (rule.methods or set()) - (_ADDED if len(rule.methods or ()) > 2 else set())
        for method in sorted(methods):
            if find_operation(view, method) is operation:
                yield _Route(rule, method)


def _takes(rule: Rule, arguments: Mapping[str, object]) -> bool:
    """Return whether the arguments have a value for each variable of a rule."""
    return all(name in arguments or name in (rule.defaults or {}) for name in rule.arguments)


def _check_unread(operation: Operation, arguments: Mapping[str, object]) -> None:
    inputs = operation.inputs
    known = {each.argument for each in inputs.parameters}
    if inputs.body is not None:
        known.add(inputs.body.argument)
    unread = sorted(arguments.keys() - known)
    if unread:
        raise TypeError(
            f"{operation.view.__qualname__}() does not read {', '.join(map(repr, unread))} from"
            " the request. If another decorator injects it, leave it out."
        )
