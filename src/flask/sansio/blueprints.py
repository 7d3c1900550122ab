"""Re-exports ``Blueprint`` without files, commands and WebSockets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._app.blueprint import Blueprint
from .._app.blueprint_setup import BlueprintSetupState, DeferredSetupFunction
from .._core.reexports import module_getattr

__all__ = ["Blueprint", "BlueprintSetupState", "DeferredSetupFunction"]

if not TYPE_CHECKING:  # to type checkers the module has what it defines
    __getattr__ = module_getattr(__name__)
