"""A door to ``Scaffold``, what applications and blueprints share."""

from __future__ import annotations

from .._environment import find_package
from .._scaffold import Scaffold, _endpoint_from_view_func, _sentinel, setupmethod

__all__ = ["Scaffold", "_endpoint_from_view_func", "_sentinel", "find_package", "setupmethod"]
