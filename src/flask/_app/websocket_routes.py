"""Routes and hooks of WebSockets, for the applications and blueprints that serve them.

COMPAT: they are separate from ``scaffold`` because other frameworks subclass the classes in it.
Quart adds WebSockets to its subclasses under the same names. If it inherited these methods, each
hook of a Quart blueprint would run twice.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable

from .. import typing as ft
from .scaffold import HOOK_REGISTERS, Function, Scaffold, T_teardown, setupmethod


class WebSocketScaffold(Scaffold):
    """The common base of applications and blueprints that serve WebSockets."""

    before_websocket_funcs: dict[ft.AppOrBlueprintKey, list[Callable[[], t.Any]]]
    """Called before a WebSocket's handler, in order of registration."""
    after_websocket_funcs: dict[ft.AppOrBlueprintKey, list[Callable[[t.Any], t.Any]]]
    """Called after a WebSocket's handler, newest first."""
    teardown_websocket_funcs: dict[ft.AppOrBlueprintKey, list[ft.TeardownCallable]]
    """Called when a WebSocket's context is popped, newest first."""

    _hook_registers = (
        *HOOK_REGISTERS,
        "before_websocket_funcs",
        "after_websocket_funcs",
        "teardown_websocket_funcs",
    )

    @setupmethod
    def websocket(self, rule: str, **options: t.Any) -> Callable[[Function], Function]:
        """Let the decorated function serve WebSockets; see `add_websocket`."""

        def register(f: Function) -> Function:
            self.add_websocket(rule, options.pop("endpoint", None), f, **options)
            return f

        return register

    def add_websocket(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: Callable[..., t.Any] | None = None,
        **options: t.Any,
    ) -> None:
        """Let a function, synchronous or ``async def``, serve WebSockets.

        :param rule: the path.
        :param endpoint: the function's name by default.
        :param view_func: the function.
        :param options: as for `route`, without ``methods``.
        """
        self.add_url_rule(rule, endpoint, view_func, websocket=True, converses=True, **options)

    @setupmethod
    def before_websocket(self, f: Function) -> Function:
        """Call a function before a WebSocket's handler.

        A value other than ``None`` refuses the handshake.
        """
        return self._enter(f, self.before_websocket_funcs)

    @setupmethod
    def after_websocket(self, f: Function) -> Function:
        """Call a function after a WebSocket's handler; it gets a refusal.

        ``None`` where the handshake was accepted; it returns the like.
        """
        return self._enter(f, self.after_websocket_funcs)

    @setupmethod
    def teardown_websocket(self, f: T_teardown) -> T_teardown:
        """Call a function with the error, or ``None``, when a WebSocket ends."""
        return self._enter(f, self.teardown_websocket_funcs)
