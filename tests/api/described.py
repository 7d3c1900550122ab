"""Documents of small applications, and requests over both protocols."""

from __future__ import annotations

import asyncio
import os
import typing as t
from collections.abc import Callable

from flask import Flask
from flask.api._api import API
from flask.api._names import Names
from flask.api._shapes import shape_of

Document = dict[str, t.Any]
Ask = Callable[..., t.Any]


def make_names() -> Names:
    return Names(lambda hint, names: shape_of(hint).schema(names))


def describe(hint: object) -> tuple[Document, dict[str, Document]]:
    """Return the schema of a type, and the models that it needs."""
    names = make_names()
    parts, components = names.finish({"it": names.describe(hint)})
    return parts["it"], components


def document_of(app: Flask, **options: t.Any) -> Document:
    """Return the document of an application. ``make api-checks`` validates each of them."""
    options.setdefault("docs", None)
    document = API(app, title="Shop", **options).document(app)
    if "API_CHECKS" in os.environ:
        import openapi_spec_validator

        openapi_spec_validator.validate(document)
    return document


def operation_of(view: t.Any, rule: str = "/", method: str = "post", **options: t.Any) -> Document:
    """Return the operation of a view, in an application of its own."""
    app = Flask("shop")
    app.add_url_rule(rule, "view", view, methods=[method.upper()])
    (item,) = document_of(app, **options)["paths"].values()
    found: Document = item[method]
    return found


def ask_wsgi(app: Flask, path: str, **options: t.Any) -> t.Any:
    return app.test_client().get(path, **options)


def ask_asgi(app: Flask, path: str, **options: t.Any) -> t.Any:
    async def ask() -> t.Any:
        return await app.test_async_client().get(path, **options)

    return asyncio.run(ask())


PROTOCOLS: dict[str, Ask] = {"wsgi": ask_wsgi, "asgi": ask_asgi}
