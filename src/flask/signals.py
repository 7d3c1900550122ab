"""The ten signals of an application.

The sender is the application object. Receivers may connect and disconnect at any time. A signal
without receivers costs one attribute test.
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

# A separate namespace, so an extension's signal of the same name is a different signal.
_signals = Namespace()

# In the order in which a request sends them.
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
