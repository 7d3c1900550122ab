"""Errors as problem details (RFC 9457): what is raised, and how it is sent."""

from __future__ import annotations

import inspect
import json
import re
import typing as t
from collections.abc import Mapping, Sequence

import msgspec
from markupsafe import escape
from werkzeug.exceptions import HTTPException, UnprocessableEntity, default_exceptions
from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.wrappers import Response as BaseResponse

from .._core.current import get_app_context, get_request_context
from ..wrappers import Response
from ._validation import Entry

MEDIA_TYPE: t.Final = "application/problem+json"
"""The media type of problem details."""

MESSAGES: t.Final[dict[str, str]] = {
    "missing": "Is required.",
    "type": "Must be {expected}.",
    "minimum": "Must be at least {limit}.",
    "maximum": "Must be at most {limit}.",
    "exclusive_minimum": "Must be greater than {limit}.",
    "exclusive_maximum": "Must be less than {limit}.",
    "multiple_of": "Must be a multiple of {limit}.",
    "min_length": "Must have at least {limit} characters.",
    "max_length": "Must have at most {limit} characters.",
    "min_items": "Must have at least {limit} items.",
    "max_items": "Must have at most {limit} items.",
    "min_properties": "Must have at least {limit} members.",
    "max_properties": "Must have at most {limit} members.",
    "min_length_of_1": "Must not be empty.",
    "max_length_of_1": "Must have at most 1 character.",
    "min_items_of_1": "Must not be empty.",
    "max_items_of_1": "Must have at most 1 item.",
    "min_properties_of_1": "Must not be empty.",
    "max_properties_of_1": "Must have at most 1 member.",
    "pattern": "Must match the pattern {pattern}.",
    "enum": "Must be one of: {allowed}.",
    "unknown": "Is not a known field.",
    "format": "Must be {expected}.",
    "json": "Must be JSON.",
    "file": "Must be a file.",
    "media_type": "Must be a file of one of the types: {allowed}.",
    "value": "Is not valid.",
    "invalid": "Is not valid.",
    "one_invalid": "1 value is not valid.",
    "many_invalid": "{count} values are not valid.",
}
"""The English message of each code. Change an entry to change the message everywhere; to translate
messages, use ``API(translate=...)``."""

_NAMES: t.Final = {
    "array": "an array",
    "base64": "Base64 text",
    "boolean": "true or false",
    "date": "a date such as 2024-12-31",
    "date-time": "a date and time such as 2024-12-31T23:59:59Z",
    "decimal": "a decimal number",
    "duration": "a duration such as P1DT2H",
    "integer": "an integer",
    "null": "null",
    "number": "a number",
    "object": "an object",
    "string": "a string",
    "time": "a time such as 23:59:59",
    "uuid": "a UUID",
}
_TITLES: t.Final = {413: "Content Too Large", 422: "Unprocessable Content"}
"""The names of RFC 9110, where Werkzeug has older ones."""


def title_of(status: int) -> str:
    """Return the name of a status, as RFC 9110 has it."""
    return _TITLES.get(status) or HTTP_STATUS_CODES.get(status, "Error")


class _ProblemClass(type):
    """Gives a problem the class of exceptions that belongs to its status.

    So ``@app.errorhandler(409)`` handles a problem with ``status = 409`` too.
    """

    def __new__(
        cls, name: str, bases: tuple[type, ...], namespace: dict[str, t.Any], **kwargs: t.Any
    ) -> _ProblemClass:
        status = namespace.get("status")
        usual = default_exceptions.get(status) if isinstance(status, int) else None
        if usual is not None and not any(issubclass(base, usual) for base in bases):
            bases = (*bases, usual)
        if status is not None:
            namespace["code"] = status
        return super().__new__(cls, name, bases, namespace, **kwargs)


class Problem(HTTPException, metaclass=_ProblemClass):
    """An error that the client receives as problem details (RFC 9457).

    A subclass has a ``status``, and may have annotated members::

        class OutOfStock(Problem):
            \"\"\"Fewer are left than ordered.\"\"\"
            status = 409
            left: int

        raise OutOfStock(left=9)

    The first line of its docstring is the usual ``detail``.

    :param detail: what happened this time.
    :param members: the members, by name. The base class takes any, and a ``status``.
    :raises TypeError: a member is unknown or missing.
    """

    status: t.ClassVar[int]
    code: int | None
    type: t.ClassVar[str | None] = None
    """A URI that names the kind of problem; by default made from ``API(problem_base=...)``."""
    title: t.ClassVar[str | None] = None
    """A short name of the kind of problem; by default that of the status."""

    def __init__(self, detail: str | None = None, /, **members: t.Any) -> None:
        detail = members.pop("detail", detail)
        if type(self) is Problem:
            self.code = members.pop("status", 500)
        else:
            check_status(type(self))
        super().__init__()
        self.description = detail or _first_line(self)  # not that of Werkzeug's class
        wanted = member_hints(type(self))
        unknown = members.keys() - wanted.keys() if type(self) is not Problem else set()
        missing = [name for name in wanted if name not in members and not hasattr(type(self), name)]
        if unknown or missing:
            names = ", ".join(sorted(unknown)) or ", ".join(missing)
            raise TypeError(
                f"{type(self).__name__}() {'has no member' if unknown else 'needs'} {names}."
                f" Its members are: {', '.join(wanted) or 'none'}."
            )
        self.members: dict[str, t.Any] = members
        vars(self).update(members)

    def get_response(self, environ: t.Any = None, scope: t.Any = None) -> t.Any:
        """Create the response: problem details, or Flask's page for a browser."""
        return make_problem_response(self, _extensions(self))


def check_status(kind: type[Problem]) -> None:
    """Check that a class of problems has a status; a base class of others need not have one.

    :raises TypeError: it has none.
    """
    if not hasattr(kind, "status"):
        raise TypeError(f"{kind.__name__} has no status. Add a line such as 'status = 409' to it.")


def member_hints(kind: type[Problem]) -> dict[str, t.Any]:
    """Return the annotated members of a class of problems, by name."""
    hints: dict[str, t.Any] = {}
    for each in reversed(kind.__mro__):
        if issubclass(each, Problem) and each is not Problem:
            own = t.get_type_hints(each, include_extras=True)
            hints.update({name: own[name] for name in inspect.get_annotations(each)})
    return {
        name: hint
        for name, hint in hints.items()
        if name not in Problem.__dict__ and t.get_origin(hint) is not t.ClassVar
    }


def _extensions(problem: Problem) -> dict[str, t.Any]:
    defaults = {
        name: getattr(problem, name)
        for name in member_hints(type(problem))
        if hasattr(problem, name)
    }
    return t.cast("dict[str, t.Any]", msgspec.to_builtins({**defaults, **problem.members}))


def _first_line(problem: Problem) -> str | None:
    kind = type(problem)
    text = kind.__doc__ if kind is not Problem else None
    return text.strip().partition("\n")[0] if text else None


class Invalid(UnprocessableEntity):
    """Values of a request are not valid.

    :param errors: for each error ``in``, ``pointer`` or ``name``, ``code``, and ``detail``.
    :param status: the status; see ``API_VALIDATION_STATUS``.
    """

    errors: list[Entry]
    """The errors: at most 100. What the client sent is not repeated in them."""

    def __init__(self, errors: Sequence[Entry], status: int = 422) -> None:
        code = "one_invalid" if len(errors) == 1 else "many_invalid"
        super().__init__(message(code, count=len(errors)))
        self.code = status
        self.errors = [
            entry if "detail" in entry else {**entry, "detail": message_of(entry)}
            for entry in errors
        ]

    def get_description(self, environ: t.Any = None, scope: t.Any = None) -> str:
        """Return the description for a page: the errors as a list."""
        items = "".join(
            f"<li>{escape(_place_of(entry))}: {escape(entry['detail'])}</li>\n"
            for entry in self.errors
        )
        return f"{super().get_description(environ, scope)}\n<ul>\n{items}</ul>"

    def get_response(self, environ: t.Any = None, scope: t.Any = None) -> t.Any:
        """Create the response: problem details with ``errors``, or a page that lists them."""
        return make_problem_response(self, {"errors": self.errors})


def _place_of(entry: Entry) -> object:
    return entry.get("name") or entry.get("pointer") or entry.get("in", "value")


# Messages -----------------------------------------------------------------------------------------


def message(code: str, /, **values: object) -> str:
    """Return the message of a code, translated for the current request."""
    template = MESSAGES.get(code, MESSAGES["invalid"])
    translate = _setting("translate")
    if translate is not None:
        try:
            return str(translate(template)).format_map(values)
        except (LookupError, ValueError):
            pass  # the translation has another placeholder; the client gets the English message
    return template.format_map(values)


def message_of(entry: Entry) -> str:
    """Return the message of an error."""
    values: dict[str, object] = dict(entry)
    if "expected" in values:
        names = values["expected"]
        each = names if isinstance(names, list) else [names]
        values["expected"] = " or ".join(_NAMES.get(str(name), f"a {name}") for name in each)
    if "allowed" in values:
        values["allowed"] = ", ".join(map(_write, t.cast("list[object]", values["allowed"])))
    code = str(entry["code"])
    if values.get("limit") == 1 and f"{code}_of_1" in MESSAGES:
        code = f"{code}_of_1"
    return message(code, **values)


def _write(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _setting(name: str) -> t.Any:
    """Return a setting of the application's ``API`` object, or ``None``."""
    context = get_app_context(None)
    if context is None:
        return None
    apis = context.app.extensions.get("flask.api", ())
    return next((getattr(api, name) for api in apis if getattr(api, name, None)), None)


# Responses ----------------------------------------------------------------------------------------


def make_problem_response(
    error: HTTPException, extensions: Mapping[str, object] | None = None
) -> BaseResponse:
    """Create the response for an HTTP exception.

    A client whose ``Accept`` header prefers HTML to JSON gets Flask's page.

    :param error: the exception.
    :param extensions: members beside those of RFC 9457.
    """
    if error.response is not None:
        return t.cast("BaseResponse", error.response)
    if prefers_html():
        return _make_page(error)
    code = error.code or 500
    document: dict[str, object] = {
        "type": _type_of(error),
        "title": getattr(error, "title", None) or title_of(code),
        "status": code,
    }
    if error.description:
        document["detail"] = error.description
    members = {name: value for name, value in (extensions or {}).items() if name not in document}
    body = msgspec.json.encode({**document, **members})
    response = Response(body, f"{code} {title_of(code)}", content_type=MEDIA_TYPE)
    return _add_headers(response, error)


def _make_page(error: HTTPException) -> BaseResponse:
    code = error.code or 500
    return _add_headers(Response(error.get_body(), f"{code} {title_of(code)}"), error)


def _add_headers(response: Response, error: HTTPException) -> Response:
    for name, value in error.get_headers():
        if name.lower() != "content-type":
            response.headers.add(name, value)
    response.headers.add("Vary", "Accept")
    return response


def _type_of(error: HTTPException) -> str:
    own = getattr(error, "type", None)
    return str(own) if own else type_uri(type(error), _setting("problem_base"))


def type_uri(kind: type[HTTPException], base: str | None) -> str:
    """Return the URI that names a kind of problem.

    :param kind: the class of the error.
    :param base: ``problem_base`` of the application's ``API`` object.
    """
    own = getattr(kind, "type", None)
    if own:
        return str(own)
    if not base or not issubclass(kind, (Problem, Invalid)) or kind is Problem:
        return "about:blank"
    return f"{base}{re.sub(r'(?<=[a-z0-9])(?=[A-Z])', '-', kind.__name__).lower()}"


def prefers_html() -> bool:
    """Return whether the current client prefers HTML to JSON, as browsers do."""
    context = get_request_context(None)
    if context is None:
        return False
    accept = context.request.accept_mimetypes
    html = accept["text/html"]
    return bool(html > accept["application/json"] and html > accept[MEDIA_TYPE])
