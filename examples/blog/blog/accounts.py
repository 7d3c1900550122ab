"""Accounts: sign up, sign in, sign out."""

import sqlite3
from functools import wraps
from urllib.parse import urlsplit

from werkzeug.security import check_password_hash, generate_password_hash

from flask import Blueprint, flash, g, redirect, render_template, request, session, url_for

from . import database
from .forms import Form

bp = Blueprint("accounts", __name__)


@bp.before_app_request
def load_author():
    """Set ``g.author`` to the author who is signed in, or to None."""
    g.author = None
    if "author_id" in session:
        g.author = database.find_one("SELECT * FROM author WHERE id = ?", session["author_id"])


def sign_in_required(view):
    """Decorate a view that only authors may use."""

    @wraps(view)
    def guarded(**values):
        if g.author is None:
            flash("Sign in first.", "error")
            page = request.path if request.method == "GET" else None
            return redirect(url_for("accounts.sign_in", next=page))
        return view(**values)

    return guarded


@bp.route("/sign-up", methods=["GET", "POST"])
def sign_up():
    """Create an account and sign in."""
    form = Form({"name": (1, 40), "password": (8, 200)})
    if form.is_valid():
        try:
            author_id = add_author(form["name"], form["password"])
        except sqlite3.IntegrityError:
            form.errors["name"] = "This name is taken."
        else:
            return start_session(author_id, f"Welcome, {form['name']}.")
    return render_template("accounts/sign_up.html", form=form)


@bp.route("/sign-in", methods=["GET", "POST"])
def sign_in():
    """Sign in, and go back to the page that required it."""
    form = Form({"name": (1, 40), "password": (1, 200)})
    if form.is_valid():
        author = database.find_one("SELECT * FROM author WHERE name = ?", form["name"])
        if author and check_password_hash(author["password_hash"], form["password"]):
            page = own_page(request.args.get("next", ""))
            return start_session(author["id"], f"Welcome back, {author['name']}.", page)
        form.errors["password"] = "This name and this password do not match."
    return render_template("accounts/sign_in.html", form=form)


@bp.route("/sign-out", methods=["POST"])
def sign_out():
    """Sign out."""
    session.clear()
    flash("You are signed out.")
    return redirect(url_for("posts.front"))


def add_author(name, password):
    """Save an author; return the new number."""
    statement = "INSERT INTO author (name, password_hash) VALUES (?, ?)"
    return database.change(statement, name, generate_password_hash(password))


def start_session(author_id, message, page=None):
    """Start a new session for an author, and go to a page."""
    session.clear()
    session["author_id"] = author_id
    flash(message)
    return redirect(page or url_for("posts.front"))


def own_page(address):
    """Return an address if it is a page of this blog, else None."""
    parts = urlsplit(address.replace("\\", "/"))
    is_own = not parts.scheme and not parts.netloc and parts.path.startswith("/")
    return address if is_own else None
