"""Renders the pages of debug mode from the files beside this module.

Jinja escapes every value. The content security policy allows no request to another host, and no
script or style without the nonce of the page.
"""

from __future__ import annotations

import typing as t
from functools import cache
from importlib.resources import files

import jinja2
from markupsafe import Markup

_FILES = ("page.css", "page.js")


@cache
def _make_environment() -> jinja2.Environment:
    folder = files("flask._debug")

    def load(name: str) -> str:
        return folder.joinpath(name).read_text("utf-8")

    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(load),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.globals |= {name.replace("page.", ""): Markup(load(name)) for name in _FILES}
    return environment


def render(file: str, nonce: str, **values: object) -> str:
    """Render a page.

    :param file: its template.
    :param nonce: of its content security policy.
    :param values: the names in the template.
    """
    return _make_environment().get_template(file).render(nonce=nonce, **values)


def make_headers(nonce: str, has_console: bool = False) -> list[tuple[str, str]]:
    """Return the headers of a page.

    :param nonce: allows the script and the style of the page.
    :param has_console: the page sends requests to the debugger, on its own host.
    """
    policy: dict[str, t.Any] = {
        "default-src": "'none'",
        "script-src": f"'nonce-{nonce}'",
        "style-src": f"'nonce-{nonce}'",
        "img-src": "data:",
        "connect-src": "'self'" if has_console else "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'self'",
    }
    return [
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Security-Policy", "; ".join(f"{name} {it}" for name, it in policy.items())),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
        ("Cache-Control", "no-store"),
    ]
