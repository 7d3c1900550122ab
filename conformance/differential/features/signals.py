"""A receiver on each of the ten signals, which notes what it was sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flask
from flask import Flask

from .record import error, note

SIGNAL_NAMES = """
    template_rendered before_render_template request_started request_finished
    request_tearing_down got_request_exception appcontext_pushed appcontext_popped
    appcontext_tearing_down message_flashed
"""

SIGNALS = SIGNAL_NAMES.split()


def summary(name: str, value: Any) -> str:
    """One argument of a signal, short and stable."""
    match name:
        case "response":
            return f"{value.status} {len(value.headers)} headers"
        case "template":
            return str(value.name)
        case "context":
            kept = sorted(key for key in value if not key.startswith("_"))
            return " ".join(kept)
        case "exc" | "exception":
            return error(value) if value is not None else "None"
    return str(value)


def receiver(signal: str, asynchronous: bool) -> Callable[..., Any]:
    """A receiver that notes the signal, its sender and its arguments."""

    def receive(sender: Any, **values: Any) -> None:
        told = ", ".join(f"{name}={summary(name, item)}" for name, item in sorted(values.items()))
        note(f"signal {signal} from {type(sender).__name__} ({told})")

    async def receive_async(sender: Any, **values: Any) -> None:
        receive(sender, **values)

    return receive_async if asynchronous else receive


def install(app: Flask, asynchronous: bool = False) -> None:
    """Connect to all ten, for this app alone; strongly, so that they stay."""
    for name in SIGNALS:
        signal = getattr(flask, name)
        signal.connect(receiver(name, asynchronous), sender=app, weak=False)
