"""Blueprints: parts of an application that you define separately and register later.

``_app/blueprint`` has the base class, which records and registers. This module adds files,
commands and WebSockets.
"""

from __future__ import annotations

import typing as t
from datetime import timedelta

from ._app import websocket_routes
from ._app.blueprint import Blueprint as BaseBlueprint
from ._app.blueprint_setup import BlueprintSetupState, DeferredSetupFunction
from ._app.scaffold import HOOK_REGISTERS, OpenFile, T_teardown
from ._app.setup_checks import Function, setupmethod
from ._core.baseline import Baseline
from ._core.current import current_app
from ._core.lazy import lazy
from ._core.reexports import module_getattr
from .helpers import send_from_directory
from .wrappers import Response

if t.TYPE_CHECKING:
    from .cli import AppGroup

__all__ = ["Blueprint", "BlueprintSetupState", "DeferredSetupFunction"]

if not t.TYPE_CHECKING:  # type checkers see only the names that the module defines
    __getattr__ = module_getattr(__name__)


class Blueprint(BaseBlueprint):
    """A part of an application.

    :param name: the prefix of every endpoint. It must not contain a dot.
    :param import_name: usually ``__name__``.
    :param static_folder: folder with the blueprint's static files, relative to its root path.
    :param static_url_path: URL prefix of the static files, after that of the blueprint.
    :param template_folder: folder with its templates. Templates of the application take precedence.
    :param url_prefix: the prefix of every path.
    :param subdomain: the subdomain of every rule.
    :param url_defaults: the default values of every rule.
    :param root_path: base of relative folders; by default the folder of the module or package.
    :param cli_group: the name of the group of its commands; by default the name of the blueprint.
        ``None`` adds the commands to those of the application.
    """

    @lazy
    def cli(self) -> AppGroup:
        """The commands of the blueprint."""
        from .cli import AppGroup  # imports click: 10 ms that no request needs

        return AppGroup(self.name)

    def _has_commands(self) -> bool:
        # Creating a group without commands would import click.
        is_created = "cli" in self.__dict__ or not _CLI.unchanged(type(self))
        return is_created and super()._has_commands()

    # Files ---------------------------------------------------------------------------------------

    def get_send_file_max_age(self, filename: str | None) -> int | None:
        """Return for how many seconds caches may keep a file; see ``Flask``."""
        value = current_app.config["SEND_FILE_MAX_AGE_DEFAULT"]
        return int(value.total_seconds()) if isinstance(value, timedelta) else value

    def send_static_file(self, filename: str) -> Response:
        """Return a static file, as the view of the blueprint's static route."""
        if not self.has_static_folder:
            raise RuntimeError("'static_folder' must be set to serve static_files.")
        return send_from_directory(
            t.cast("str", self.static_folder),
            filename,
            max_age=self.get_send_file_max_age(filename),
        )

    def open_resource(
        self, resource: str, mode: str = "rb", encoding: str | None = "utf-8"
    ) -> OpenFile:
        """Open a file in the root path of the blueprint for reading.

        :param resource: relative to the root path.
        :param mode: ``"rb"``, ``"r"`` or ``"rt"``.
        :param encoding: the encoding of a text file.
        :raises ValueError: the mode is another one.
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
        return self._add_app_hook("before_websocket_funcs", f)

    @setupmethod
    def after_app_websocket(self, f: Function) -> Function:
        """Like ``after_websocket``, for every WebSocket of the application."""
        return self._add_app_hook("after_websocket_funcs", f)

    @setupmethod
    def teardown_app_websocket(self, f: T_teardown) -> T_teardown:
        """Like ``teardown_websocket``, for every WebSocket of the application."""
        return self._add_app_hook("teardown_websocket_funcs", f)


_CLI: t.Final = Baseline(Blueprint, "cli")
