"""Rules that depend on the host: subdomains, host matching, both by rule."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, jsonify, request, url_for

from .record import attempt, where


def urls(**values: object) -> Any:
    """URLs to the other hosts, and what this one is called."""
    return jsonify(
        seen=where(**values),
        host=attempt(lambda: request.host),
        url=attempt(lambda: request.url),
        home=attempt(lambda: url_for("home")),
        user=attempt(lambda: url_for("user", user="ada")),
        nested=attempt(lambda: url_for("outer_sub.inner_sub.here")),
        static=attempt(lambda: url_for("static", filename="hello.txt")),
        external=attempt(lambda: url_for("urls", _external=True)),
        secure=attempt(lambda: url_for("urls", _external=True, _scheme="https")),
    )


def install_subdomains(app: Flask) -> None:
    """Rules on the main domain, on one subdomain and on any subdomain."""
    app.add_url_rule("/", "home", where)
    app.add_url_rule("/urls", "urls", urls)
    app.add_url_rule("/only", "api", where, subdomain="api")
    app.add_url_rule("/", "api_home", where, subdomain="api")
    app.add_url_rule("/slash/", "api_slash", where, subdomain="api")
    app.add_url_rule("/of-user", "user", urls, subdomain="<user>")
    outer = Blueprint("outer_sub", __name__, subdomain="outer")
    inner = Blueprint("inner_sub", __name__, subdomain="inner")
    inner.add_url_rule("/here", "here", urls)
    inner.add_url_rule("/elsewhere", "elsewhere", urls, subdomain="else")
    outer.add_url_rule("/here", "here", urls)
    outer.register_blueprint(inner)
    app.register_blueprint(outer)


def install_hosts(app: Flask) -> None:
    """Rules with whole hosts, literal and with a part that varies."""
    app.add_url_rule("/", "home", where, host="example.org")
    app.add_url_rule("/", "other_home", where, host="other.example:8080")
    app.add_url_rule("/urls", "urls", urls, host="example.org")
    app.add_url_rule("/slash/", "host_slash", where, host="example.org")
    app.add_url_rule("/of-user", "user", urls, host="<user>.example.org")
    app.add_url_rule("/any", "any_host", where, host="<anything>")
