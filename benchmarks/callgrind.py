"""Read what valgrind's callgrind has counted."""

from __future__ import annotations

import re
from pathlib import Path


def read_total(dump: Path) -> int:
    """Return the instructions of a dump.

    :raises ValueError: callgrind wrote no total.
    """
    found = re.search(r"^(?:summary|totals): (\d+)", dump.read_text(errors="replace"), re.MULTILINE)
    if found is None:
        raise ValueError(f"callgrind wrote no total into {dump.name}.")
    return int(found[1])
