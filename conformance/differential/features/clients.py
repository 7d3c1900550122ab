"""The test client, the builder of environs and the command runner, by program.

A request to ``/client/...`` makes a client of the same app, outside of every context, and lets it
take the steps of a program. What the steps give is the answer.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from contextvars import Context
from typing import Any

import flask.testing
from flask import Flask, current_app, g, has_app_context, has_request_context, jsonify, session
from flask import request as current_request

from .record import attempt, run

HERE = "/echo/attributes/url"
"""A view that tells everything about the request."""


class Hand:
    """What the program works with: the app, its client, the last answer."""

    def __init__(self, app: Flask) -> None:
        self.app, self.client = app, app.test_client()
        self.last: Any = None

    def open(self, *arguments: Any, **options: Any) -> Any:
        """A request by the client; in short what came back."""
        response = self.last = self.client.open(*arguments, **options)
        return [response.status, response.request.path, response.text[:4000], len(response.history)]

    def then(self, show: Callable[[Any], object]) -> Any:
        """Something of the last answer."""
        return show(self.last) if self.last is not None else "no answer yet"

    def transaction(self, *arguments: Any, **options: Any) -> Any:
        """Look into the session and leave something there."""
        with self.client.session_transaction(*arguments, **options) as opened:
            opened["count"] = opened.get("count", 0) + 1
            return [sorted(opened), opened.new, opened.modified]

    def kept(self) -> Any:
        """The contexts of a request in a ``with`` block are there until its end."""
        with self.client:
            self.client.get("/session/view/set:a:1?x=1")
            inside = [current_request.path, current_request.args.get("x"), session.get("a")]
            self.client.get("/nothing/here")
            inside.append(current_request.path)
        return [inside, has_request_context(), has_app_context()]

    def nested(self) -> None:
        """Clients cannot be used inside each other."""
        with self.client, self.client:
            pass

    def crossed(self) -> Any:
        """A redirect to another host is not followed by a client of one app."""
        return self.open("/return/redirect_absolute", follow_redirects=True)

    def command(self, *arguments: str, **options: Any) -> Any:
        """A command of the app's."""
        result = self.app.test_cli_runner().invoke(args=list(arguments), **options)
        return [result.exit_code, result.output, type(result.exception).__name__]

    def built(self, *arguments: Any, **options: Any) -> Any:
        """What a builder makes of its arguments."""
        builder = flask.testing.EnvironBuilder(self.app, *arguments, **options)
        try:
            environ = builder.get_environ()
        finally:
            builder.close()
        names = ("REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "HTTP_HOST")
        more = ("wsgi.url_scheme", "CONTENT_TYPE", "SERVER_NAME", "SERVER_PORT", "REMOTE_ADDR")
        body = environ["wsgi.input"].read()
        return [*(environ.get(name) for name in (*names, *more)), body]

    def pushed(self, *arguments: Any, **options: Any) -> Any:
        """A request context made by hand."""
        with self.app.test_request_context(*arguments, **options):
            asked = current_request
            body = attempt(lambda: asked.get_json(silent=True) or asked.form.to_dict())
            return [asked.method, asked.url, asked.endpoint, str(asked.routing_exception), body]


STEPS: dict[str, Callable[[Hand], object]] = {
    "get": lambda hand: hand.open(HERE),
    "home": lambda hand: hand.open("/"),
    "missing": lambda hand: hand.open("/no/such"),
    "post_form": lambda hand: hand.open("/echo/body/form", method="POST", data={"a": ["1", "2"]}),
    "post_json": lambda hand: hand.open("/echo/body/json", method="POST", json={"a": [1, None]}),
    "post_text": lambda hand: hand.open("/echo/body/data", method="POST", data="text"),
    "post_file": lambda hand: hand.open(
        "/echo/body/files", method="POST", data={"f": (io.BytesIO(b"inside"), "f.txt"), "a": "b"}
    ),
    "post_both": lambda hand: hand.open("/", method="POST", data="a", json=1),
    "query": lambda hand: hand.open(HERE, query_string={"a": ["1", "2"], "b": "\u00fc"}),
    "query_twice": lambda hand: hand.open(f"{HERE}?a=1", query_string={"b": "2"}),
    "headers": lambda hand: hand.open(HERE, headers={"X-A": "1", "Accept": "text/html"}),
    "base_url": lambda hand: hand.open(HERE, base_url="https://example.org:444/mount"),
    "base_odd": lambda hand: hand.open(HERE, base_url="https://example.org/?a=1"),
    "url": lambda hand: hand.open(f"http://other.example{HERE}?x=1"),
    "subdomain": lambda hand: hand.open(HERE, subdomain="api"),
    "subdomain_and_base": lambda hand: hand.open("/", subdomain="api", base_url="http://a.b"),
    "scheme": lambda hand: hand.open(HERE, url_scheme="https"),
    "overrides": lambda hand: hand.open(HERE, environ_overrides={"REMOTE_ADDR": "1.2.3.4"}),
    "auth": lambda hand: hand.open(HERE, auth=("ada", "secret")),
    "head": lambda hand: hand.open("/", method="HEAD"),
    "options": lambda hand: hand.open("/slash", method="DELETE"),
    "builder": lambda hand: hand.open(flask.testing.EnvironBuilder(hand.app, f"{HERE}?b=1")),
    "environ": lambda hand: hand.open(flask.testing.EnvironBuilder(hand.app, HERE).get_environ()),
    "request": lambda hand: hand.open(flask.testing.EnvironBuilder(hand.app, HERE).get_request()),
    "redirect": lambda hand: hand.open("/slash"),
    "follow": lambda hand: hand.open("/slash", follow_redirects=True),
    "follow_post": lambda hand: hand.open("/slash", method="POST", data="a", follow_redirects=True),
    "crossed": Hand.crossed,
    "crash": lambda hand: hand.open("/fail/trouble"),
    "stream": lambda hand: hand.open("/stream/plain/3"),
    "stream_buffered": lambda hand: hand.open("/stream/context/2", buffered=True),
    "file": lambda hand: hand.open("/static/hello.txt"),
    "session": lambda hand: hand.open("/session/view/set:a:1,state"),
    "session_read": lambda hand: hand.open("/session/view/items"),
    "flash": lambda hand: hand.open("/session/view/flash:hello"),
    "flashed": lambda hand: hand.open("/session/view/flashed"),
    "transaction": Hand.transaction,
    "transaction_at": lambda hand: hand.transaction("/x", base_url="https://example.org"),
    "cookie_set": lambda hand: hand.client.set_cookie("k", "v", httponly=True),
    "cookie_set_path": lambda hand: hand.client.set_cookie("p", "v", path="/echo"),
    "cookie_set_domain": lambda hand: hand.client.set_cookie("d", "v", domain="example.org"),
    "cookie_get": lambda hand: str(hand.client.get_cookie("k")),
    "cookie_session": lambda hand: hand.client.get_cookie("session") is not None,
    "cookie_delete": lambda hand: hand.client.delete_cookie("k"),
    "cookie_by_hand": lambda hand: hand.open(HERE, headers={"Cookie": "z=1"}),
    "no_cookies": lambda hand: setattr(hand, "client", hand.app.test_client(use_cookies=False)),
    "base": lambda hand: hand.client.environ_base.update(REMOTE_ADDR="9.9.9.9"),
    "agent": lambda hand: sorted(hand.client.environ_base),
    "last_json": lambda hand: hand.then(lambda answer: answer.json),
    "last_headers": lambda hand: hand.then(lambda answer: sorted(answer.headers.keys())),
    "last_history": lambda hand: hand.then(
        lambda answer: [[one.status, one.location] for one in answer.history]
    ),
    "last_type": lambda hand: hand.then(lambda answer: [c.__name__ for c in type(answer).__mro__]),
    "last_url": lambda hand: hand.then(lambda answer: answer.request.url),
    "kept": Hand.kept,
    "nested": Hand.nested,
    "contexts": lambda hand: [has_app_context(), has_request_context(), bool(g)],
    "routes": lambda hand: hand.command("routes", "--sort", "rule"),
    "routes_all": lambda hand: hand.command("routes", "--all-methods"),
    "unknown_command": lambda hand: hand.command("no-such-command"),
    "command_options": lambda hand: hand.command("routes", "--sort", "colour"),
    "built": lambda hand: hand.built("/a?b=1"),
    "built_json": lambda hand: hand.built("/a", json={"b": 1, "a": "\u00fc"}),
    "built_form": lambda hand: hand.built("/a", data={"b": 1}),
    "built_base": lambda hand: hand.built("/a", base_url="https://u.example:1/m/"),
    "built_subdomain": lambda hand: hand.built("/a", subdomain="s", url_scheme="https"),
    "pushed": lambda hand: hand.pushed(f"{HERE}?x=1"),
    "pushed_json": lambda hand: hand.pushed(HERE, method="POST", json=[1]),
    "pushed_form": lambda hand: hand.pushed("/nothing", method="POST", data={"a": "b"}),
    "pushed_host": lambda hand: hand.pushed("/", headers={"Host": "example.org"}),
}
"""One step of a client each."""


def use_client(client_steps: str) -> Any:
    """A program of steps with a client of this app."""
    hand = Hand(current_app._get_current_object())  # type: ignore[attr-defined]
    bound = {name: (lambda act=act: act(hand)) for name, act in STEPS.items()}
    return jsonify(Context().run(lambda: run(client_steps, bound)))


def install(app: Flask) -> None:
    """One route."""
    app.add_url_rule("/client/<client_steps>", view_func=use_client)
