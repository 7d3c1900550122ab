"""Accounts and their tokens.

A token is ``NUMBER.SECRET``. The number finds the account, and the hash of the secret is compared
in constant time. The secret has 256 random bits, so a fast hash is enough.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import secrets
import typing as t
from collections.abc import Callable

import click
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Unauthorized

from flask import Blueprint, abort, g, request
from flask.api import Bearer, documents

from .database import AccountRow, db

P = t.ParamSpec("P")
R = t.TypeVar("R")

accounts = Blueprint("accounts", __name__, cli_group=None)
_OF_NO_ACCOUNT = hashlib.sha256(b"no account").hexdigest()


def hash_secret(secret: str) -> str:
    """Return what the database stores of a token."""
    return hashlib.sha256(secret.encode()).hexdigest()


def create_account(name: str, is_staff: bool = False, secret: str | None = None) -> str:
    """Add an account and return its token, which cannot be read later.

    :param secret: for tests; a random one by default.
    """
    secret = secret or secrets.token_urlsafe(32)
    account = AccountRow(name=name, token_hash=hash_secret(secret), is_staff=is_staff)
    db.session.add(account)
    db.session.commit()
    return f"{account.id}.{secret}"


def find_account(token: str) -> AccountRow | None:
    """Return the account that a token belongs to."""
    number, _, secret = token.partition(".")
    is_number = number.isascii() and number.isdigit() and len(number) < 19
    account = db.session.get(AccountRow, int(number)) if is_number else None
    expected = _OF_NO_ACCOUNT if account is None else account.token_hash
    is_equal = hmac.compare_digest(hash_secret(secret), expected)
    return account if is_equal else None


def get_account() -> AccountRow:
    """Return the account of the current request."""
    return t.cast("AccountRow", g.account)


def token_required(view: Callable[P, R]) -> Callable[P, R]:
    """Let only clients with a token call a view."""

    @functools.wraps(view)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        given = request.authorization
        account = None
        if given is not None and given.type == "bearer" and given.token:
            account = find_account(given.token)
        if account is None:
            raise Unauthorized(
                "A valid token is needed.", www_authenticate=WWWAuthenticate("bearer")
            )
        g.account = account
        return view(*args, **kwargs)

    return checked


def staff_required(view: Callable[P, R]) -> Callable[P, R]:
    """Let only the staff of the shop call a view."""

    @functools.wraps(view)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        if not get_account().is_staff:
            abort(403)
        return view(*args, **kwargs)

    return token_required(checked)


TOKEN = Bearer("token", description="`flask create-account NAME` prints one.")
with_token = documents(token_required, TOKEN)
for_staff = documents(staff_required, TOKEN, scopes=["staff"])


@accounts.cli.command("create-account")
@click.argument("name")
@click.option("--staff", is_flag=True, help="The account may change products.")
def create_account_command(name: str, staff: bool) -> None:
    """Add an account and print its token."""
    click.echo(create_account(name, staff))
