"""The tests of the tutorial read its pages with the modules of the documentation's tests."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "docs"))
