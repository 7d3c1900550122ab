"""Blueprints: parts of an application that are written apart and registered later.

``_app/blueprint`` defines how they record and register. This module adds files, commands and
WebSockets.
"""

from __future__ import annotations

import typing as t
from datetime import timedelta

from ._app import websocket_routes
from ._app.blueprint import Blueprint as BaseBlueprint
from ._app.blueprint_setup import BlueprintSetupState, DeferredSetupFunction
from ._app.scaffold import HOOK_REGISTERS, Function, T_teardown, setupmethod
from ._core.current import current_app
from ._core.lazy import lazy
from ._core.reexports import module_getattr
from .helpers import send_from_directory
from .wrappers import Response

if t.TYPE_CHECKING:
    from .cli import AppGroup

__all__ = ["Blueprint", "BlueprintSetupState", "DeferredSetupFunction"]

if not t.TYPE_CHECKING:  # to type checkers the module has what it defines
    __getattr__ = module_getattr(__name__)


class Blueprint(BaseBlueprint):
    """A part of an application.

    :param name: comes before every endpoint; must not contain a dot.
    :param import_name: usually ``__name__``.
    :param static_folder: folder with the blueprint's static files, relative to its root path.
    :param static_url_path: their URL prefix, behind the blueprint's own.
    :param template_folder: folder with its templates; the application's come first.
    :param url_prefix: comes before every path.
    :param subdomain: subdomain of every rule.
    :param url_defaults: defaults of every rule.
    :param root_path: folder that relative ones start from.
    :param cli_group: name of the group of its commands; the blueprint's name by default, ``None``
        puts them beside the application's.
    """

    @lazy
    def cli(self) -> AppGroup:
        """Its commands."""
        from .cli import AppGroup  # with click, 10 ms that no request needs

        return AppGroup(self.name)

    def _has_commands(self) -> bool:
        # PERF: making a group that nobody asked for would import click, 10 ms.
        is_replaced = type(self).cli is not Blueprint.cli
        return (is_replaced or "cli" in self.__dict__) and super()._has_commands()

    # Files ---------------------------------------------------------------------------------------

    def get_send_file_max_age(self, filename: str | None) -> int | None:
        """Return for how many seconds caches may keep a file; see ``Flask``."""
        value = current_app.config["SEND_FILE_MAX_AGE_DEFAULT"]
        return int(value.total_seconds()) if isinstance(value, timedelta) else value

    def send_static_file(self, filename: str) -> Response:
        """Answer with one of the blueprint's static files.

        The view of its static route.
        """
        if not self.has_static_folder:
            raise RuntimeError("'static_folder' must be set to serve static_files.")
        return send_from_directory(
            t.cast("str", self.static_folder),
            filename,
            max_age=self.get_send_file_max_age(filename),
        )

    def open_resource(
        self, resource: str, mode: str = "rb", encoding: str | None = "utf-8"
    ) -> t.IO[t.Any]:
        """Open a file that belongs to the blueprint's code, for reading.

        :param resource: relative to the root path.
        :param mode: ``"rb"``, ``"r"`` or ``"rt"``.
        :param encoding: of a text file.
        :raises ValueError: another mode.
        """
        return self._open_to_read(resource, mode, encoding)

    # WebSockets ----------------------------------------------------------------------------------

    _hook_registers = (*HOOK_REGISTERS, *websocket_routes.REGISTERS)
    before_websocket_funcs = websocket_routes.before_websocket_funcs
    after_websocket_funcs = websocket_routes.after_websocket_funcs
    teardown_websocket_funcs = websocket_routes.teardown_websocket_funcs
    websocket = websocket_routes.websocket
    add_websocket = websocket_routes.add_websocket
    before_websocket = websocket_routes.before_websocket
    after_websocket = websocket_routes.after_websocket
    teardown_websocket = websocket_routes.teardown_websocket

    @setupmethod
    def before_app_websocket(self, f: Function) -> Function:
        """Like ``before_websocket``, for every WebSocket of the application."""
        return self._in_app("before_websocket_funcs", f)

    @setupmethod
    def after_app_websocket(self, f: Function) -> Function:
        """Like ``after_websocket``, for every WebSocket of the application."""
        return self._in_app("after_websocket_funcs", f)

    @setupmethod
    def teardown_app_websocket(self, f: T_teardown) -> T_teardown:
        """Like ``teardown_websocket``, for every WebSocket of the application."""
        return self._in_app("teardown_websocket_funcs", f)
