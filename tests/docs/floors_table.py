"""Write the table of floors into ``docs/house.md``, from the one that the house tests hold.

Run as a program it writes; `test_docs` compares.
"""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "house.md"


def read_floors() -> dict[float, str]:
    """Return the house tests' table: from floor to the names of its rooms."""
    spec = importlib.util.spec_from_file_location("house_rooms", ROOT / "tests/house/rooms.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # a NamedTuple looks for its module while it is made
    spec.loader.exec_module(module)
    floors: dict[float, str] = module.FLOORS
    return floors


def make_table() -> str:
    """Return the table, the highest floor first."""
    lines = ["| floor | rooms |", "|---|---|"]
    for floor, rooms in sorted(read_floors().items(), reverse=True):
        lines.append(f"| {floor:g} | {' '.join(f'`{room}`' for room in rooms.split())} |")
    return "\n".join(lines) + "\n"


def with_table(page: str) -> str:
    """Return the page's text with the table in the place of the one that is there."""
    return re.sub(r"\| floor \| rooms \|\n(\|.*\n)+", lambda _: make_table(), page)


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    sys.stdout.write(f"wrote {PAGE}\n")
