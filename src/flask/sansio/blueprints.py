"""Re-exports ``Blueprint`` without files, commands and WebSockets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._blueprint import Blueprint
from .._passing import answer_for
from .._setup_state import BlueprintSetupState, DeferredSetupFunction

__all__ = ["Blueprint", "BlueprintSetupState", "DeferredSetupFunction"]

if not TYPE_CHECKING:  # to type checkers the module has what it defines
    __getattr__ = answer_for(__name__)
