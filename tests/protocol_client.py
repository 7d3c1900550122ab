"""A client that sends the same request over WSGI or ASGI."""

from __future__ import annotations

import asyncio
import typing as t

from werkzeug.test import TestResponse

from flask import Flask


class Client:
    """Sends requests to an application.

    :param protocol: ``"wsgi"`` or ``"asgi"``.
    """

    def __init__(self, app: Flask, protocol: str) -> None:
        self.app = app
        self.protocol = protocol
        self._wsgi = app.test_client()

    def open(self, path: str, **kwargs: t.Any) -> TestResponse:
        if self.protocol == "wsgi":
            return self._wsgi.open(path, **kwargs)

        async def ask() -> TestResponse:
            return await self.app.test_async_client().open(path, **kwargs)

        return asyncio.run(ask())

    def get(self, path: str, **kwargs: t.Any) -> TestResponse:
        return self.open(path, method="GET", **kwargs)

    def post(self, path: str, **kwargs: t.Any) -> TestResponse:
        return self.open(path, method="POST", **kwargs)
