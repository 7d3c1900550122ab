"""The transport in memory: its locks, and what it keeps."""

from __future__ import annotations

import threading
import typing as t
from collections.abc import Callable

import pytest
from gates import call_around, run_thread
from polling import LONGEST

from flask import Flask
from flask.channels import Channels

MakeApp = Callable[..., Flask]


def test_the_end_keeps_no_history_for_listeners_that_ended(
    monkeypatch: pytest.MonkeyPatch, make_app: MakeApp
) -> None:
    monkeypatch.setattr("flask.channels._memory.MOST_CHANNELS", 1)
    app = make_app()
    channels = Channels(app)
    with channels.subscribe("a") as messages:
        place = messages.position
        channels.publish("a", 1)
        app.extensions["channels"].close()
    channels.publish("b", 1)
    with channels.subscribe("a", after=place) as messages:
        message = messages.receive(LONGEST)
    assert message is not None
    assert message.is_resync


def test_publishing_and_subscribing_do_not_wait_for_each_other() -> None:
    """Each holds its lock while the other one begins."""
    app = Flask(__name__)  # no fixture closes it: if this fails, that would wait as well
    Channels(app)
    hub = app.extensions["channels"]
    delivering, changing = threading.Event(), threading.Event()

    def meet(own: threading.Event, other: threading.Event) -> None:
        own.set()
        assert other.wait(LONGEST)

    call_around(hub, "deliver", before=lambda: meet(delivering, changing))
    call_around(hub.transport, "changed", before=lambda: meet(changing, delivering))
    done: list[t.Any] = []
    threads = [
        run_thread(lambda: done.append(Channels(app).publish("a", 1).id)),
        run_thread(lambda: done.append(Channels(app).subscribe("a").__enter__())),
    ]
    for thread in threads:
        thread.join(LONGEST)
    assert len(done) == 2
