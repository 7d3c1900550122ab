"""The methods of applications and blueprints that register WebSocket handlers and their hooks.

They are functions here, and `flask.Flask` and `flask.Blueprint` bind them as methods.

COMPAT: other frameworks subclass `Scaffold`. Quart adds WebSockets to its subclasses under the same
names. If it inherited these methods, each hook of a Quart blueprint would run twice.
"""

from __future__ import annotations

import typing as t
from collections import defaultdict
from collections.abc import Callable

from .. import typing as ft
from .._core.lazy import lazy
from .scaffold import Scaffold, T_teardown
from .setup_checks import Function, setupmethod

Handler: t.TypeAlias = Callable[..., t.Any]
"""A WebSocket handler or a hook. The rule decides about its arguments."""

Hooks: t.TypeAlias = dict[ft.AppOrBlueprintKey, list[Handler]]

REGISTERS: t.Final = (
    "before_websocket_funcs",
    "after_websocket_funcs",
    "teardown_websocket_funcs",
)
"""The registers of hooks. They are created at the first access."""


class _Scaffold(t.Protocol):
    """An application or a blueprint that serves WebSockets."""

    def _check_setup_finished(self, f_name: str) -> None: ...
    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: ft.RouteCallable | None = None,
        provide_automatic_options: bool | None = None,
        **options: ft.RouteOption,
    ) -> None: ...
    def add_websocket(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: Handler | None = None,
        **options: ft.RouteOption,
    ) -> None: ...


@lazy
def before_websocket_funcs(self: object) -> Hooks:
    """Functions that run before a WebSocket handler, in order of registration."""
    return defaultdict(list)


@lazy
def after_websocket_funcs(self: object) -> Hooks:
    """Functions that run after a WebSocket handler, newest first."""
    return defaultdict(list)


@lazy
def teardown_websocket_funcs(self: object) -> Hooks:
    """Functions that run when a WebSocket's context is popped, newest first."""
    return defaultdict(list)


@setupmethod
def websocket(
    self: _Scaffold, rule: str, **options: ft.RouteOption
) -> Callable[[Function], Function]:
    """Register the decorated function as a handler; see `add_websocket`."""

    def register(f: Function) -> Function:
        self.add_websocket(rule, options.pop("endpoint", None), f, **options)
        return f

    return register


def add_websocket(
    self: _Scaffold,
    rule: str,
    endpoint: str | None = None,
    view_func: Handler | None = None,
    **options: ft.RouteOption,
) -> None:
    """Register a function as a WebSocket handler.

    :param rule: the path.
    :param endpoint: the function's name by default.
    :param view_func: the function, synchronous or ``async def``.
    :param options: as for `route`, without ``methods``.
    """
    self.add_url_rule(rule, endpoint, view_func, websocket=True, is_websocket=True, **options)


def _add_hook(owner: object, register: str, f: Function) -> Function:
    # By name: Pyright does not accept a `lazy` attribute as an attribute of a protocol.
    return Scaffold._add_hook(f, getattr(owner, register))


@setupmethod
def before_websocket(self: _Scaffold, f: Function) -> Function:
    """Call a function before a WebSocket handler.

    A value other than ``None`` refuses the handshake.
    """
    return _add_hook(self, "before_websocket_funcs", f)


@setupmethod
def after_websocket(self: _Scaffold, f: Function) -> Function:
    """Call a function after a WebSocket handler.

    It gets the response that refuses the handshake, or ``None`` if the handshake was accepted, and
    returns the same or another one.
    """
    return _add_hook(self, "after_websocket_funcs", f)


@setupmethod
def teardown_websocket(self: _Scaffold, f: T_teardown) -> T_teardown:
    """Call a function with the error, or ``None``, when a WebSocket ends."""
    return _add_hook(self, "teardown_websocket_funcs", f)
