"""Response headers that restrict browsers, and the nonce of the content security policy."""

from __future__ import annotations

import secrets
import typing as t
from collections.abc import Mapping

from werkzeug.datastructures import Headers

from .._core.current import get_app_context, get_request_context

NONCE: t.Final = "{nonce}"
"""Where the nonce is in a content security policy; without a nonce the word is left out."""

WEB_POLICY: t.Final = (
    "default-src 'self'; script-src 'self' {nonce}; style-src 'self' {nonce}; img-src 'self' data:;"
    " object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""The content security policy of pages: everything comes from the page's own origin."""

WEB_HEADERS: t.Final[Mapping[str, str]] = {
    "Content-Security-Policy": WEB_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
API_HEADERS: t.Final[Mapping[str, str]] = {"X-Content-Type-Options": "nosniff"}
TRANSPORT_POLICY: t.Final = "max-age=31536000"
"""``Strict-Transport-Security``: browsers use HTTPS for a year (RFC 6797)."""

_KEY = "_flask_security_nonce"


def csp_nonce() -> str:
    """Return the nonce of the current response, for ``<script nonce="{{ csp_nonce() }}">``.

    The ``Content-Security-Policy`` of the response allows scripts and styles that have it. It is a
    new one for each request. It is available in templates.

    :returns: 22 letters, made from 128 random bits.
    :raises RuntimeError: no request is current.
    """
    context = get_request_context(None)
    if context is None:
        raise RuntimeError(
            "csp_nonce() was called outside of a request. Call it in a view, or in a template that"
            " a view renders."
        )
    g = get_app_context().g
    nonce: str | None = g.get(_KEY)
    if nonce is None:
        nonce = secrets.token_urlsafe(16)
        setattr(g, _KEY, nonce)
    return nonce


def find_nonce() -> str | None:
    """Return the nonce, if the current response uses it."""
    nonce: str | None = get_app_context().g.get(_KEY)
    return nonce


def add_headers(headers: Headers, values: Mapping[str, str | None], nonce: str | None) -> None:
    """Add headers that the view has not set.

    :param headers: the headers of the response.
    :param values: the headers; ``None`` leaves one out.
    :param nonce: the nonce that the response uses.
    """
    for name, value in values.items():
        if value is not None and name not in headers:
            headers[name] = _fill_in(value, nonce) if NONCE in value else value


def _fill_in(policy: str, nonce: str | None) -> str:
    if nonce is None:
        return policy.replace(f" {NONCE}", "")
    return policy.replace(NONCE, f"'nonce-{nonce}'")
