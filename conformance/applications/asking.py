"""Requests to a Quart application, without an event loop in the tests."""

from __future__ import annotations

import asyncio


def ask(app, path="/", *, method="GET", **options):
    """Return status, headers and text of the answer to one request."""

    async def go():
        response = await app.test_client().open(path, method=method, **options)
        return response.status_code, response.headers, await response.get_data(as_text=True)

    return asyncio.run(go())


def body(app, path="/", **options):
    return ask(app, path, **options)[2]
