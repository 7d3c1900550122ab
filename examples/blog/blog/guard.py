"""Protection against cross-site request forgery (CSRF).

Each session has a token, and each form contains it. A request that changes data is refused without
the token. A page of another site can make a browser send a form, but it does not know the token.
"""

from __future__ import annotations

import secrets

from markupsafe import Markup

from flask import Flask, abort, request, session


def token() -> str:
    """Return the token of this session; the first form creates it."""
    if "token" not in session:
        session["token"] = secrets.token_urlsafe(16)
    made: str = session["token"]
    return made


def field() -> Markup:
    """Return the hidden field for a form."""
    return Markup('<input type="hidden" name="token" value="{}">').format(token())


def check() -> None:
    """Refuse a form without the token or with a wrong token."""
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return
    known, sent = session.get("token", ""), request.form.get("token", "")
    if not known or not secrets.compare_digest(known.encode(), sent.encode()):
        abort(400, "This form is too old or is not ours. Go back, reload the page, send it again.")


def install(app: Flask) -> None:
    """Check every request; templates put ``{{ guard() }}`` into their forms."""
    app.before_request(check)
    app.add_template_global(field, "guard")
