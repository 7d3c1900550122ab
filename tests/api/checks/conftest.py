"""The application that ``make api-checks`` is about stays imported."""

from __future__ import annotations

import os

import pytest

if os.environ.get("API_CHECKS_APP"):

    @pytest.fixture(autouse=True, scope="module")
    def _forgotten_examples() -> None:
        """In place of the fixture that wants no example to stay imported."""
