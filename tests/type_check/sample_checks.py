"""Checks of ``flask doctor`` as users write them; checked by type checkers, never run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_type

from flask import Blueprint, Flask
from flask.cli import Finding

app = Flask(__name__)
blueprint = Blueprint("mail", __name__)


@app.cli.check
def check_mail(checked: Flask) -> Iterator[Finding]:
    if not checked.config["MAIL_USE_TLS"]:
        yield Finding("mail-without-tls", "warning", "what", "why", "fix")


def check_name(checked: Flask) -> list[Finding]:
    return [Finding("name", "info", checked.name, "why", "fix")]


assert_type(app.cli.check(check_name)(app), list[Finding])
assert_type(check_mail(app), Iterator[Finding])
