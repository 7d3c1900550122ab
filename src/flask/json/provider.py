"""How an application reads and writes JSON.

An application has one provider, ``app.json``. Requests, responses, templates and sessions use it.
The default provider writes the same bytes as the standard library's ``json``, but faster.
"""

from __future__ import annotations

import json
import threading
import typing as t
import weakref
from collections.abc import Callable
from inspect import getattr_static
from json import encoder as _encoder
from typing import IO, AnyStr

from .._core.baseline import Baseline, ClassGuard, note_definition
from .._core.bounded_cache import store
from .._core.json_functions import Json, _default
from .._core.lazy import lazy
from .._core.reexports import module_getattr
from .._http.body import loads
from .._http.headers import content_type_of
from .._http.json_responses import Encode, FastResponse
from .._http.query import NEEDS_LIBRARY
from ..wrappers import Response

if not t.TYPE_CHECKING:  # to type checkers the module has what it defines
    __getattr__ = module_getattr(__name__)

_COMPACT = (",", ":")
_SPACED = (", ", ": ")

Default: t.TypeAlias = Callable[[t.Any], Json]
Settings: t.TypeAlias = tuple[Default, bool, bool]

_lock = threading.Lock()  # of all providers; it is held for a microsecond


class _ProvidedApp(t.Protocol):
    @property
    def response_class(self) -> type[Response]: ...

    @property
    def debug(self) -> bool: ...


class JSONProvider:
    """Reads and writes JSON for an application.

    Subclass it to use another JSON library. A subclass must implement `dumps` and `loads`; the
    other methods call them.

    :param app: the application, which is weakly referenced.
    """

    _application: _ProvidedApp
    _reference: Callable[[], _ProvidedApp | None]
    """Returns the application, or ``None`` once it is deleted. PERF: a proxy costs more."""

    _overrides_dumps: bool
    """Whether `dumps` was set on this provider."""
    _fast_response: FastResponse
    """How `respond` creates responses, if it may."""

    def __init__(self, app: _ProvidedApp) -> None:
        self._app = weakref.proxy(app)
        self._reference = weakref.ref(app)

    @property
    def _app(self) -> _ProvidedApp:
        """The application. COMPAT: subclasses read it, and some set only this attribute."""
        return self._application

    @_app.setter
    def _app(self, value: _ProvidedApp) -> None:
        self._application = value  # not through __dict__, which makes reading slow
        self._reference = lambda: value
        self._fast_response = FastResponse()
        self._overrides_dumps = False

    def dumps(self, obj: Json, **kwargs: t.Any) -> str:
        """Return the JSON text of an object.

        :param kwargs: arguments for the library.
        """
        raise NotImplementedError(f"{type(self).__name__} must implement dumps().")

    def dump(self, obj: Json, fp: t.IO[str], **kwargs: t.Any) -> None:
        """Write the JSON text of an object to an open text file."""
        fp.write(self.dumps(obj, **kwargs))

    def _compact(self, obj: object) -> str:
        """Return the shortest JSON text of an object."""
        return self.dumps(obj, separators=_COMPACT)

    def loads(self, s: str | bytes, **kwargs: t.Any) -> Json:
        """Parse a JSON text.

        :raises ValueError: the text is not valid JSON.
        """
        raise NotImplementedError(f"{type(self).__name__} must implement loads().")

    def load(self, fp: IO[AnyStr], **kwargs: t.Any) -> Json:
        """Parse the JSON text in an open file."""
        return self.loads(fp.read(), **kwargs)

    def _prepare_response_obj(self, args: tuple[Json, ...], kwargs: dict[str, Json]) -> Json:
        """Return the arguments of ``jsonify`` as one object."""
        if kwargs:
            if args:
                raise TypeError(
                    "app.json.response() takes either args or kwargs, not both:"
                    " pass one dict, or only keyword arguments."
                )
            return kwargs
        if len(args) == 1:
            return args[0]
        return args or None

    def response(self, *args: Json, **kwargs: Json) -> Response:
        """Return a response whose body is the JSON text of the arguments.

        One positional argument is the object itself, several become a list, keyword arguments
        become a dict, and no arguments become ``null``.

        :raises TypeError: positional and keyword arguments are mixed.
        """
        obj = self._prepare_response_obj(args, kwargs)
        response: Response = self._app.response_class(self.dumps(obj), mimetype="application/json")
        return response


class _StandardProvider(JSONProvider):
    """The implementation of `DefaultJSONProvider`."""

    default: Default = staticmethod(_default)
    """Called with an object that JSON does not support. It returns one that JSON supports, or
    raises ``TypeError``."""

    ensure_ascii: bool = True
    """Write characters outside ASCII as escapes, so the text is correct with every charset."""

    sort_keys: bool = True
    """Sort the keys of every dict, so equal objects have equal bytes. Keys of different types
    cannot be sorted, and raise ``TypeError``."""

    compact: bool | None = None
    """Whether `response` writes no white space; ``None``: not in debug mode."""

    mimetype: str = "application/json"
    """Media type of `response`."""

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, value)
        if name == "dumps":
            self._overrides_dumps = True
        if name in _MEMBERS:
            self._forget_fast_response()

    def __delattr__(self, name: str) -> None:
        super().__delattr__(name)
        if name in _MEMBERS:
            self._forget_fast_response()

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        note_definition(cls)

    def _forget_fast_response(self) -> None:
        with _lock:
            self._fast_response = FastResponse()

    @lazy
    def _encoders(self) -> dict[tuple[str, str], tuple[Settings, Encode]]:
        """The cached encoders, by separators, each with its settings."""
        return {}

    def dumps(self, obj: Json, **kwargs: t.Any) -> str:
        """Return the JSON text of an object.

        :param kwargs: arguments of ``json.dumps``; they override the provider's attributes.
        :raises TypeError: an object cannot be written, or the keys of a dict cannot be sorted.
        :raises ValueError: the object contains itself.
        """
        if not kwargs:
            return self._encode(obj, _SPACED)
        if len(kwargs) == 1 and "separators" in kwargs:
            return self._encode(obj, kwargs["separators"])
        own = {
            "default": self.default,
            "ensure_ascii": self.ensure_ascii,
            "sort_keys": self.sort_keys,
        }
        return json.dumps(obj, **{**own, **kwargs})

    def _compact(self, obj: object) -> str:
        if self.__class__.dumps is _dumps and not self._overrides_dumps:
            return self._encode(obj, _COMPACT)  # PERF: 1.2 % of a session on 3.11
        return self.dumps(obj, separators=_COMPACT)

    def _encode(self, obj: object, separators: tuple[str, str] | None) -> str:
        """Return the JSON text of an object, with a cached encoder."""
        separators = separators or _SPACED
        # Read each time: they may be set at any time, on the provider and on its class.
        settings = (self.default, self.ensure_ascii, self.sort_keys)
        is_usual = separators.__class__ is tuple
        kept = self._encoders.get(separators) if is_usual else None
        if kept is not None and kept[0] == settings:
            encode = kept[1]
        else:
            encode = _make_encoder(*settings, separators)
            if is_usual:
                store(self._encoders, separators, (settings, encode), _MOST_ENCODERS)
        try:
            return "".join(encode(obj, 0))
        except RecursionError:
            pass  # the library's encoder, unlike the cached one, detects circular references
        return json.dumps(
            obj,
            default=self.default,
            ensure_ascii=self.ensure_ascii,
            sort_keys=self.sort_keys,
            separators=separators,
        )

    def loads(self, s: str | bytes, **kwargs: t.Any) -> Json:
        """Parse a JSON text.

        :param kwargs: arguments of ``json.loads``.
        :raises ValueError: the text is not valid JSON.
        """
        if not kwargs:
            value = loads(s)
            if value is not NEEDS_LIBRARY:
                return value
        return json.loads(s, **kwargs)

    def response(self, *args: Json, **kwargs: Json) -> Response:
        """Return a response with the arguments as JSON.

        See `JSONProvider.response`.

        The text is compact, or indented by two spaces in debug mode; see `compact`. The body ends
        with a line break.
        """
        obj = self._prepare_response_obj(args, kwargs)
        app = self._reference()
        if app is None:
            app = self._app  # raises ReferenceError, because the application was deleted
        compact = self.compact
        if app.debug if compact is None else not compact:
            text = self.dumps(obj, indent=2)
        else:
            text = self.dumps(obj, separators=_COMPACT)
            self._find_fast_response(app)
        response: Response = app.response_class(f"{text}\n", mimetype=self.mimetype)
        return response

    def _find_fast_response(self, app: t.Any) -> None:
        """Compute how `respond` creates responses to this application, unless it is known."""
        before = self._fast_response
        fast_paths = getattr(app, "_fast_paths", None)
        if before.examined is fast_paths and (
            before.fast_paths is None or before.guard.is_unchanged()
        ):
            return
        # Before the examination: a change that comes in the meantime is noticed by `respond`.
        guard = ClassGuard((type(self), _StandardProvider))
        if (
            getattr(fast_paths, "response_class", None) is None
            or not _METHODS.unchanged(self)
            or any(hasattr(getattr_static(self, name), "__get__") for name in _VALUES)
        ):
            found = FastResponse(examined=fast_paths)
        else:
            found = FastResponse(
                examined=fast_paths,
                fast_paths=fast_paths,
                response_class=fast_paths.response_class,  # type: ignore[union-attr]
                encode=_make_encoder(self.default, self.ensure_ascii, self.sort_keys, _COMPACT),
                content_type=content_type_of(self.mimetype),
                is_compact=self.compact,
                members=guard.members[0],
                size=guard.size if guard.is_simple and len(guard.members) == 1 else -1,
                guard=guard,
            )
        with _lock:
            if self._fast_response is before:  # no setting has changed meanwhile
                self._fast_response = found


class DefaultJSONProvider(_StandardProvider):
    """The provider that uses the standard library's ``json``.

    Besides JSON's types it writes ``datetime`` and ``date`` (as HTTP dates, RFC 9110 section
    5.6.7), ``Decimal``, ``UUID``, dataclasses and objects with ``__html__``.
    """

    # Its members are defined above, so that a `ClassGuard` notices what is set on this class.


_VALUES = ("compact", "ensure_ascii", "mimetype", "sort_keys")
"""The settings of a provider; a property may compute another value each time."""
_METHODS = Baseline(
    _StandardProvider,
    *("__delattr__", "__getattribute__", "__setattr__"),
    *("_encode", "_prepare_response_obj", "dumps", "response"),
)
"""The methods that are not called on the fast path."""
_MEMBERS = frozenset({"_prepare_response_obj", "default", "dumps", "response", *_VALUES})
"""What decides how a response is created."""


_dumps = _StandardProvider.dumps

_MOST_ENCODERS = 20  # an application may pass other separators in each call


def _make_encoder(
    default: Default,
    ensure_ascii: bool,
    sort_keys: bool,
    separators: tuple[str, str],
) -> Encode:
    """Return a function that returns the parts of an object's JSON text."""
    item_separator, key_separator = separators
    c_make_encoder = getattr(_encoder, "c_make_encoder", None)
    if c_make_encoder is None:  # an interpreter without the C accelerator
        library = json.JSONEncoder(
            default=default,
            ensure_ascii=ensure_ascii,
            sort_keys=sort_keys,
            separators=separators,
        )
        return lambda obj, _level: library.iterencode(obj)

    # PERF: json.dumps(**options) creates an encoder for each call: 1.8 us for a small dict, 0.4 us
    # with a cached one. Without the table of seen containers (the first argument) the encoder has
    # no state, so all threads can share it.
    quote = _encoder.encode_basestring_ascii if ensure_ascii else _encoder.encode_basestring
    encode: Encode = c_make_encoder(
        None, default, quote, None, key_separator, item_separator, sort_keys, False, True
    )
    return encode
