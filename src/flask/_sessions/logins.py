"""A login by Flask-Login gives the session a new identifier, without a line in the application.

Flask-Login is not imported: if the application has imported it, its signals are connected.
"""

from __future__ import annotations

import sys

from .._core.current import get_request_context
from .session import StoredSession

_MODULE = "flask_login.signals"
_SIGNALS = ("user_logged_in", "user_loaded_from_cookie")

_connected: set[int] = set()


def connect_login_signals() -> None:
    """Connect the signals of Flask-Login, if it was imported; once."""
    module = sys.modules.get(_MODULE)
    if module is None or id(module) in _connected:
        return
    for name in _SIGNALS:
        signal = getattr(module, name, None)
        if signal is not None:
            signal.connect(_regenerate, weak=False)
    _connected.add(id(module))


def _regenerate(sender: object, **values: object) -> None:
    """Regenerate the session of the current request, if it is in a store."""
    context = get_request_context(None)
    session = None if context is None else context._open_session
    if isinstance(session, StoredSession):
        session.regenerate()
