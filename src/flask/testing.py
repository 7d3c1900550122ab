"""Test an application without a server: test clients, a builder of requests, a command runner."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Sequence

import click
from click.testing import CliRunner, Result
from werkzeug.test import Client

from ._core.reexports import module_getattr
from ._testing.client import EnvironBuilder, FlaskClient
from ._testing.websocket import WebsocketClosed, WebsocketRefused, WebsocketSession
from .cli import ScriptInfo
from .typing import AnyApp

__all__ = [
    "Client",
    "EnvironBuilder",
    "FlaskCliRunner",
    "FlaskClient",
    "WebsocketClosed",
    "WebsocketRefused",
    "WebsocketSession",
]

if not t.TYPE_CHECKING:  # to type checkers the module has what it defines
    __getattr__ = module_getattr(__name__)


class FlaskCliRunner(CliRunner):
    """Runs an application's commands in the same process.

    :param app: the application.
    :param kwargs: arguments of click's runner.
    """

    app: AnyApp
    """The application."""

    def __init__(self, app: AnyApp, **kwargs: t.Any) -> None:
        super().__init__(**kwargs)
        self.app = app

    def invoke(  # type: ignore[override]
        self,
        cli: click.Command | None = None,
        args: str | Sequence[str] | None = None,
        **kwargs: t.Any,
    ) -> Result:
        """Run a command with the application.

        :param cli: the command; ``app.cli`` by default.
        :param args: its arguments, a list or one string.
        :param kwargs: arguments of click's ``invoke``; ``obj`` is created from the application.
        :returns: output, exit code and exception.
        """
        create_app: Callable[[], AnyApp] = lambda: self.app  # noqa: E731
        kwargs.setdefault("obj", ScriptInfo(create_app=create_app))
        return super().invoke(self.app.cli if cli is None else cli, args, **kwargs)
