"""What ``test_security_in_a_browser`` opens: a site of profile ``"web"``, and an API beside it.

The environment variable ``FRIEND`` has the origin that may read the API's answers.
"""

from __future__ import annotations

import os
import typing as t

from flask import Flask, redirect, render_template_string, session
from flask.security import Security

PAGE = """<!doctype html>
<html lang="en">
<title>{{ count }} orders</title>
<link rel="icon" href="data:,">
<style nonce="{{ csp_nonce() }}">body { color: rgb(1, 2, 3) }</style>
<form method="post" action="/orders"><button>Order</button></form>
<script nonce="{{ csp_nonce() }}">document.body.dataset.nonce = "ran"</script>
{% if with_injected %}<script>document.body.dataset.injected = "ran"</script>{% endif %}
</html>"""


def _count() -> int:
    count: int = session.get("orders", 0)
    return count


def create_site() -> Flask:
    """Return the site; its form counts orders in the session."""
    app = Flask("guarded_site")
    app.secret_key = "a key for tests"
    Security(app)

    @app.get("/")
    def show() -> str:
        return render_template_string(PAGE, count=_count(), with_injected=False)

    @app.get("/injected")
    def show_injected() -> str:
        return render_template_string(PAGE, count=_count(), with_injected=True)

    @app.post("/orders")
    def order() -> t.Any:
        session["orders"] = _count() + 1
        return redirect("/")

    return app


def create_api() -> Flask:
    """Return the API, which pages of one other origin may read."""
    app = Flask("guarded_api")
    app.secret_key = "a key for tests"
    Security(app, profile="api", origins=[os.environ["FRIEND"]])

    @app.get("/items")
    def items() -> list[str]:
        return ["tea"]

    @app.put("/items")
    def put() -> list[str]:
        return ["milk"]

    return app


def create_stranger() -> Flask:
    """Return a site that sends a form of its own to another one; the query names the target."""
    app = Flask("stranger")

    @app.get("/")
    def show() -> str:
        return "a page"

    @app.get("/forged")
    def forge() -> str:
        return render_template_string(
            "<!doctype html><title>forged</title><form method=post action='{{ target }}'></form>"
            "<script>document.forms[0].submit()</script>",
            target=os.environ["TARGET"],
        )

    return app
