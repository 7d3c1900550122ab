"""The ten signals that tell what happens in an application.

Each is sent with the application object as sender. Receivers are asked for live at every request:
sending to nobody costs one attribute test.
"""

from __future__ import annotations

from blinker import Namespace

__all__ = [
    "Namespace",
    "appcontext_popped",
    "appcontext_pushed",
    "appcontext_tearing_down",
    "before_render_template",
    "got_request_exception",
    "message_flashed",
    "request_finished",
    "request_started",
    "request_tearing_down",
    "template_rendered",
]

# A namespace of our own, so that an extension's signal of the same name stays a different one.
_signals = Namespace()

# In the order in which one request meets them.
appcontext_pushed = _signals.signal("appcontext-pushed")
request_started = _signals.signal("request-started")
before_render_template = _signals.signal("before-render-template")
template_rendered = _signals.signal("template-rendered")
message_flashed = _signals.signal("message-flashed")
got_request_exception = _signals.signal("got-request-exception")
request_finished = _signals.signal("request-finished")
request_tearing_down = _signals.signal("request-tearing-down")
appcontext_tearing_down = _signals.signal("appcontext-tearing-down")
appcontext_popped = _signals.signal("appcontext-popped")
