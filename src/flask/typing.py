"""Type aliases for what views return and what hooks are.

Applications and extensions import these names from ``flask.typing``.
"""

from __future__ import annotations

import typing as t
from collections.abc import (
    AsyncIterable,
    Awaitable,
    Callable,
    Iterator,
    Mapping,
    Sequence,
)

if t.TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    # Type checkers need the name; at run time the aliases below are strings to them.
    from werkzeug.datastructures import Headers
    from werkzeug.wrappers import Response

AnyApp: t.TypeAlias = t.Any
"""The application, in methods that users override with ``app: Flask``, and where users read it.

It is `Any`, because `Flask` is in a higher layer, and because an override may not narrow the type
of an argument: a protocol here would make ``app: Flask`` in a subclass an error."""

RouteOption: t.TypeAlias = t.Any
"""An option of a route. `Any`: a subclass of Werkzeug's ``Rule`` may define more options."""

URLValues: t.TypeAlias = dict[str, t.Any]
"""The values of a URL's variable parts. A converter decides about the type of each."""

Names: t.TypeAlias = dict[str, t.Any]
"""Names and their values, for a template or for ``flask shell``."""

ResponseValue = t.Union[
    str,
    bytes,
    # A TypedDict is a Mapping, but not a dict.
    Mapping[str, object],
    "list[t.Any]",
    "Response",
    Iterator[str],
    Iterator[bytes],
    AsyncIterable[str],
    AsyncIterable[bytes],
]
"""What can become a response body on its own."""

HeaderValue = t.Union[str, "list[str]", "tuple[str, ...]"]
"""One header's value, or several for a header that is sent more than once."""

HeadersValue = t.Union[
    "Headers",
    Mapping[str, HeaderValue],
    Sequence["tuple[str, HeaderValue]"],
]
"""What a view may return as headers."""

ResponseReturnValue = t.Union[
    ResponseValue,
    "tuple[ResponseValue, HeadersValue]",
    "tuple[ResponseValue, int]",
    "tuple[ResponseValue, int, HeadersValue]",
    "WSGIApplication",
]
"""Everything that a view may return."""

ResponseClass = t.TypeVar("ResponseClass", bound="Response")

AppOrBlueprintKey = str | None
"""Key of a hook register: a blueprint's dotted name, or ``None`` for the application."""

AfterRequestCallable = (
    Callable[[ResponseClass], ResponseClass] | Callable[[ResponseClass], Awaitable[ResponseClass]]
)
BeforeFirstRequestCallable = Callable[[], None] | Callable[[], Awaitable[None]]
BeforeRequestCallable = (
    Callable[[], ResponseReturnValue | None] | Callable[[], Awaitable[ResponseReturnValue | None]]
)
ShellContextProcessorCallable = Callable[[], Names]
TeardownCallable = (
    Callable[[BaseException | None], None] | Callable[[BaseException | None], Awaitable[None]]
)
TemplateContextProcessorCallable = Callable[[], Names] | Callable[[], Awaitable[Names]]
TemplateFilterCallable = Callable[..., object]
TemplateGlobalCallable = Callable[..., object]
TemplateTestCallable = Callable[..., bool]
URLDefaultCallable = Callable[[str, URLValues], None]
URLValuePreprocessorCallable = Callable[[str | None, URLValues | None], None]

# The argument is Any: a handler is registered for one exception class and annotates that class.
ErrorHandlerCallable = (
    Callable[[t.Any], ResponseReturnValue] | Callable[[t.Any], Awaitable[ResponseReturnValue]]
)
RouteCallable = Callable[..., ResponseReturnValue] | Callable[..., Awaitable[ResponseReturnValue]]
