"""What the apps of all frameworks say, so that their answers can be equal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
TEMPLATES = FOLDER / "templates"
STATIC = FOLDER / "static"

SECRET = "benchmark secret, 32 letters long"
THING = {"id": 7, "name": "Ada", "tags": ["engine", "loom"], "active": True}
REFUSAL = "The field 'name' is missing."

#: Twelve rows of two cells, some of which need escaping.
ROWS = [(f"<item {number}>", f"{number}.50 & more") for number in range(12)]

#: Ten links.
LINKS = [("tools" if number % 2 else "books", number) for number in range(10)]


def chunks() -> Iterator[str]:
    """Yield 100 lines of 32 letters."""
    for number in range(100):
        yield f"{number:031d}\n"
