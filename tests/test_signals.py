"""The ten signals."""

from __future__ import annotations

import typing as t

import pytest
from blinker import Namespace, Signal

import flask
from flask import Flask, signals

NAMES = {
    "appcontext_popped": "appcontext-popped",
    "appcontext_pushed": "appcontext-pushed",
    "appcontext_tearing_down": "appcontext-tearing-down",
    "before_render_template": "before-render-template",
    "got_request_exception": "got-request-exception",
    "message_flashed": "message-flashed",
    "request_finished": "request-finished",
    "request_started": "request-started",
    "request_tearing_down": "request-tearing-down",
    "template_rendered": "template-rendered",
}


@pytest.mark.parametrize(("attribute", "name"), NAMES.items())
def test_a_signal_has_its_name_and_is_exported_by_flask(attribute: str, name: str) -> None:
    signal = getattr(signals, attribute)
    assert isinstance(signal, Signal)
    assert signal.name == name  # type: ignore[attr-defined]
    assert getattr(flask, attribute) is signal


def test_new_namespaces_have_separate_signals() -> None:
    assert isinstance(signals.Namespace(), Namespace)
    assert signals.Namespace().signal("request-started") is not flask.request_started


def test_the_arguments_of_a_request_without_errors(app: Flask, received: t.Any) -> None:
    app.add_url_rule("/", "view", lambda: "ok")
    seen = received(app)
    response = app.test_client().get("/")
    arguments = dict(seen)
    assert [name for name, _ in seen] == [
        *("appcontext_pushed", "request_started", "request_finished"),
        *("request_tearing_down", "appcontext_tearing_down", "appcontext_popped"),
    ]
    assert arguments["request_finished"]["response"].status_code == response.status_code
    assert arguments["request_tearing_down"] == {"exc": None}
    assert arguments["appcontext_tearing_down"] == {"exc": None}


def test_receivers_are_connected_and_cut_at_will(app: Flask) -> None:
    calls: list[t.Any] = []
    app.add_url_rule("/", "view", lambda: "ok")
    client = app.test_client()

    def receive(sender: Flask, **kwargs: t.Any) -> None:
        calls.append(sender)

    client.get("/")
    flask.request_started.connect(receive, app)
    client.get("/")
    flask.request_started.disconnect(receive, app)
    client.get("/")
    with flask.request_started.connected_to(receive):
        client.get("/")
    assert calls == [app, app]


def test_a_receiver_of_another_application_gets_nothing(app: Flask, received: t.Any) -> None:
    other = Flask("other")
    seen = received(other)
    app.test_client().get("/")
    assert seen == []


def test_a_receiver_of_pushed_may_set_up_g(app: Flask) -> None:
    def prepare(sender: Flask, **kwargs: t.Any) -> None:
        flask.g.user = "prepared"

    app.add_url_rule("/", "view", lambda: flask.g.user)
    with flask.appcontext_pushed.connected_to(prepare, app):
        assert app.test_client().get("/").text == "prepared"
        with app.app_context():
            assert flask.g.user == "prepared"


def test_an_error_in_a_receiver_is_an_error_of_the_request(app: Flask) -> None:
    app.testing = True

    def fail(sender: Flask, **kwargs: t.Any) -> None:
        raise ValueError("receiver")

    with flask.request_started.connected_to(fail, app), pytest.raises(ValueError, match="receiver"):
        app.test_client().get("/")


def test_a_context_that_a_test_pushes_sends_signals_too(app: Flask, received: t.Any) -> None:
    seen = received(app)
    with app.app_context():
        pass
    assert [name for name, _ in seen] == [
        *("appcontext_pushed", "appcontext_tearing_down", "appcontext_popped"),
    ]
