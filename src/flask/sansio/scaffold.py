"""Re-exports ``Scaffold``, the base class of applications and blueprints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._app.scaffold import Scaffold, _endpoint_from_view_func, _sentinel
from .._app.setup_checks import setupmethod
from .._core.environment import find_package
from .._core.reexports import module_getattr

__all__ = ["Scaffold", "_endpoint_from_view_func", "_sentinel", "find_package", "setupmethod"]

if not TYPE_CHECKING:  # to type checkers the module has what it defines
    __getattr__ = module_getattr(__name__)
