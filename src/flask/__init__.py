"""A lightweight web framework: an independent implementation of Flask's interface."""

from __future__ import annotations

import importlib
import sys
import typing as t

from . import json as json
from . import sansio as sansio
from .app import Flask as Flask
from .blueprints import Blueprint as Blueprint
from .config import Config as Config
from .ctx import after_this_request as after_this_request
from .ctx import copy_current_request_context as copy_current_request_context
from .ctx import copy_current_websocket_context as copy_current_websocket_context
from .ctx import has_app_context as has_app_context
from .ctx import has_request_context as has_request_context
from .ctx import has_websocket_context as has_websocket_context
from .globals import current_app as current_app
from .globals import g as g
from .globals import request as request
from .globals import session as session
from .globals import websocket as websocket
from .helpers import abort as abort
from .helpers import flash as flash
from .helpers import get_flashed_messages as get_flashed_messages
from .helpers import get_template_attribute as get_template_attribute
from .helpers import make_response as make_response
from .helpers import redirect as redirect
from .helpers import send_file as send_file
from .helpers import send_from_directory as send_from_directory
from .helpers import stream_events as stream_events
from .helpers import stream_with_context as stream_with_context
from .helpers import url_for as url_for
from .json import jsonify as jsonify
from .signals import appcontext_popped as appcontext_popped
from .signals import appcontext_pushed as appcontext_pushed
from .signals import appcontext_tearing_down as appcontext_tearing_down
from .signals import before_render_template as before_render_template
from .signals import got_request_exception as got_request_exception
from .signals import message_flashed as message_flashed
from .signals import request_finished as request_finished
from .signals import request_started as request_started
from .signals import request_tearing_down as request_tearing_down
from .signals import template_rendered as template_rendered
from .templating import render_template as render_template
from .templating import render_template_string as render_template_string
from .templating import stream_template as stream_template
from .templating import stream_template_string as stream_template_string
from .wrappers import Request as Request
from .wrappers import Response as Response

if t.TYPE_CHECKING:
    from .helpers import ServerSentEvent as ServerSentEvent

_ON_DEMAND = frozenset({"cli", "testing"})  # 12 ms that no request needs


def __getattr__(name: str) -> t.Any:
    """Import what few applications need; return ``flask.__version__``.

    The latter is deprecated.

    :raises AttributeError: there is no such name.
    """
    if name in _ON_DEMAND:
        return importlib.import_module(f"flask.{name}")
    if name == "ServerSentEvent":
        return getattr(importlib.import_module("flask.helpers"), name)
    if name == "__version__":
        import warnings
        from importlib.metadata import version

        warnings.warn(
            "The '__version__' attribute is deprecated and will be removed in Flask 3.2. Use"
            " feature detection or 'importlib.metadata.version(\"flask\")' instead.",
            DeprecationWarning,
            stacklevel=2,
        )
        return version("flask")
    raise AttributeError(f"module 'flask' has no attribute {name!r}")


def __dir__() -> list[str]:
    """Return the names of the package, with those that are imported at the first access."""
    # Not `globals()`: that name is the module `flask.globals` here.
    return sorted({*vars(sys.modules[__name__]), *_ON_DEMAND, "ServerSentEvent"})
