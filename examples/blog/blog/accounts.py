"""Accounts: sign up, sign in, sign out."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec
from urllib.parse import urlsplit

from werkzeug.security import check_password_hash, generate_password_hash

from flask import Blueprint, flash, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from . import database

P = ParamSpec("P")

bp = Blueprint("accounts", __name__)


@bp.before_app_request
def load_author() -> None:
    """Set ``g.author`` to the author in the session, or to None for a guest."""
    known = session.get("author")
    g.author = database.one("SELECT * FROM author WHERE id = ?", known) if known else None


def signed_in(view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
    """Decorate a view for authors only; a guest is redirected to the sign-in page."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        if g.author is None:
            flash("Sign in first.", "hint")
            return redirect(url_for("accounts.sign_in", next=request.path))
        return view(*args, **kwargs)

    return guarded


def own_page(address: str) -> str:
    """Return the address if it is on this site, else the front page."""
    parts = urlsplit(address.replace("\\", "/"))
    if parts.scheme or parts.netloc or not parts.path.startswith("/"):
        return url_for("posts.newest")
    return address


@bp.route("/sign-up", methods=["GET", "POST"])
def sign_up() -> ResponseReturnValue:
    """Create an account and sign in."""
    if request.method == "POST":
        name, password = request.form["name"].strip(), request.form["password"]
        problem = None
        if not name or len(name) > 40:
            problem = "A name has 1 to 40 characters."
        elif len(password) < 8:
            problem = "A password has 8 characters at least."
        else:
            try:
                author = database.change(
                    "INSERT INTO author (name, password) VALUES (?, ?)",
                    name,
                    generate_password_hash(password),
                )
            except sqlite3.IntegrityError:
                problem = f"The name {name} is already taken."
        if problem is None:
            return welcome(author, name, url_for("posts.newest"))
        flash(problem, "error")
    return render_template("account.html", title="Sign up", other="sign_in")


@bp.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> ResponseReturnValue:
    """Sign in and redirect to the page that required it."""
    if request.method == "POST":
        name = request.form["name"].strip()
        author = database.one("SELECT * FROM author WHERE name = ?", name)
        if author is not None and check_password_hash(author["password"], request.form["password"]):
            return welcome(author["id"], author["name"], own_page(request.args.get("next", "")))
        flash("That name and that password do not belong together.", "error")
    return render_template("account.html", title="Sign in", other="sign_up")


def welcome(author: int, name: str, address: str) -> ResponseReturnValue:
    """Start a new session for the author."""
    session.clear()
    session["author"] = author
    flash(f"Good to see you, {name}.")
    return redirect(address)


@bp.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """Clear the session."""
    session.clear()
    flash("You are signed out.")
    return redirect(url_for("posts.newest"))
