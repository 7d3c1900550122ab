"""The registers of hooks, and which of their lists apply to an endpoint.

A register is a dict with a list of functions for each blueprint. Extensions change registers and
lists directly, at any time. A list that is found stays in use, so a change in it needs no notice.
A register notices when a list is added, replaced or removed.
"""

from __future__ import annotations

import typing as t
import weakref
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import RLock

from .hook_scopes import Scopes, scopes_inward, scopes_outward

Functions: t.TypeAlias = list[Callable[..., t.Any]]
Register: t.TypeAlias = dict[str | None, Functions]

_MOST_ENDPOINTS = 10_000  # an application may assign any rule to a request


class _App(t.Protocol):
    @property
    def url_value_preprocessors(self) -> Register: ...
    @property
    def before_request_funcs(self) -> Register: ...
    @property
    def after_request_funcs(self) -> Register: ...
    @property
    def teardown_request_funcs(self) -> Register: ...


class EndpointHooks:
    """The lists of functions that run for one endpoint, those of each scope in order.

    Blueprints without functions have no list here, so the hooks of one blueprint cost the endpoints
    of others nothing.
    """

    __slots__ = ("after", "any_before", "before", "preprocessors", "teardown")

    preprocessors: tuple[Functions, ...]
    """``url_value_preprocessor`` functions, from the application inward."""
    before: tuple[Functions, ...]
    """``before_request`` functions, from the application inward."""
    any_before: bool
    """Whether there are lists of one of these two kinds."""
    after: tuple[Functions, ...]
    """``after_request`` functions, from the blueprint outward."""
    teardown: tuple[Functions, ...]
    """``teardown_request`` functions, from the blueprint outward."""

    def update(self, app: _App, endpoint: str | None) -> None:
        """Find the lists in the registers of an application."""
        inward, outward = scopes_inward(endpoint), scopes_outward(endpoint)
        self.preprocessors = _lists(app.url_value_preprocessors, inward)
        self.before = _lists(app.before_request_funcs, inward)
        self.any_before = bool(self.preprocessors or self.before)
        self.after = _lists(app.after_request_funcs, outward)
        self.teardown = _lists(app.teardown_request_funcs, outward)


def _lists(register: Register, scopes: Scopes) -> tuple[Functions, ...]:
    return tuple(register[scope] for scope in scopes if scope in register)


class HookIndex:
    """The hooks of each endpoint of an application. They are current at any time."""

    __slots__ = ("_lock", "by_endpoint")

    by_endpoint: dict[str | None, EndpointHooks]
    """The hooks of the endpoints that were requested; ``None``: the URL matched no rule."""

    def __init__(self) -> None:
        self._lock = RLock()  # a register may add a list while lists are looked for
        self.by_endpoint = {}

    def find(self, app: _App, endpoint: str | None) -> EndpointHooks:
        """Return the hooks of an endpoint.

        :param app: the application.
        :param endpoint: the endpoint; ``None`` if the URL matched no rule.
        """
        hooks = self.by_endpoint.get(endpoint)
        if hooks is None:
            hooks = EndpointHooks()
            with self._lock:  # a register may change at the same time
                hooks.update(app, endpoint)
                if len(self.by_endpoint) < _MOST_ENDPOINTS and _notice_changes(app):
                    self.by_endpoint[endpoint] = hooks
        return hooks

    def update(self, app: _App) -> None:
        """Find all lists again, because a register has changed."""
        with self.changing(app):
            pass

    @contextmanager
    def changing(self, app: _App) -> Iterator[None]:
        """Find all lists again after the change of a register in the ``with`` block.

        Until then another thread finds no hooks here, so that it waits in `find`: it may see the
        change already, and expects that its next request does.
        """
        with self._lock:
            known, self.by_endpoint = self.by_endpoint, {}
            try:
                yield
            finally:
                for endpoint, hooks in known.items():
                    hooks.update(app, endpoint)
                self.by_endpoint = known


def _notice_changes(app: _App) -> bool:
    """Return whether all registers are as they were created; an application may replace them."""
    registers = (
        app.url_value_preprocessors,
        app.before_request_funcs,
        app.after_request_funcs,
        app.teardown_request_funcs,
    )
    return all(type(register) is HookRegister for register in registers)


class HookRegister(defaultdict[str | None, Functions]):
    """A register of an application, which notices its changes.

    :param app: the application, whose fast paths contain a `HookIndex`.
    """

    def __init__(self, app: object) -> None:
        super().__init__(list)
        self._app = weakref.ref(app)  # avoid a reference cycle

    def _change(self, change: Callable[..., t.Any], *args: t.Any, **kwargs: t.Any) -> t.Any:
        """Call a method of the dict, and let the hooks of all endpoints be found again."""
        app: t.Any = self._app()
        fast = getattr(app, "_fast_paths", None)
        if fast is None:
            return change(self, *args, **kwargs)
        with fast.hooks.changing(app):
            result = change(self, *args, **kwargs)
        if app._fast_paths is not fast:  # another thread has computed them meanwhile
            app._fast_paths.hooks.update(app)
        return result

    def __missing__(self, key: str | None) -> Functions:
        functions: Functions = self.setdefault(key, [])
        return functions

    def setdefault(self, key: str | None, default: t.Any = None) -> t.Any:
        """Return a list; if there is none, add ``default``."""
        # In one step, because another thread may add a list for the same key.
        return self[key] if key in self else self._change(defaultdict.setdefault, key, default)

    # COMPAT: a copy, also one in a pickle, is what the register is in official Flask.
    def copy(self) -> defaultdict[str | None, Functions]:  # type: ignore[override]
        """Return a copy that notices nothing."""
        return defaultdict(list, self)

    __copy__ = copy  # type: ignore[assignment]

    def __reduce__(self) -> str | tuple[object, ...]:
        return self.copy().__reduce__()

    def __repr__(self) -> str:
        return repr(self.copy())


def _noticed(name: str) -> Callable[..., t.Any]:
    """Return a method of a dict that changes it, so that the register notices the change."""
    change = getattr(defaultdict, name)

    def method(self: HookRegister, *args: t.Any, **kwargs: t.Any) -> t.Any:
        return self._change(change, *args, **kwargs)

    method.__name__ = name
    return method


for _name in ("__delitem__", "__ior__", "__setitem__", "clear", "pop", "popitem", "update"):
    setattr(HookRegister, _name, _noticed(_name))
