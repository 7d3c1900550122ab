"""A door to ``App``, an application without its serving half."""

from __future__ import annotations

from .._application import App, _make_timedelta

__all__ = ["App", "_make_timedelta"]
