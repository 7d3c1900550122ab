"""Re-exports ``App``, an application that can be set up but does not serve requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._app.base import App, _make_timedelta
from .._core.reexports import module_getattr

__all__ = ["App", "_make_timedelta"]

if not TYPE_CHECKING:  # to type checkers the module has what it defines
    __getattr__ = module_getattr(__name__)
