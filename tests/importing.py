"""Applications that are not installed, such as the examples: imported for one test module."""

from __future__ import annotations

import importlib
import sys
import typing as t
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def import_from(folder: Path, name: str) -> Iterator[t.Any]:
    """Import a module as if Python had been started in its folder; forget it afterwards.

    Other tests must not find it: ``flask new shop`` refuses the name of a module that exists.

    :param folder: where the module is. All its modules that were imported meanwhile are forgotten.
    """
    before = set(sys.modules)
    sys.path.insert(0, str(folder))
    try:
        yield importlib.import_module(name)
    finally:
        sys.path.remove(str(folder))
        for added in sys.modules.keys() - before:
            if is_in(folder, sys.modules[added]):
                del sys.modules[added]


def is_in(folder: Path, module: object) -> bool:
    """Return whether a module was imported from a folder."""
    return str(getattr(module, "__file__", None) or "").startswith(f"{folder}/")
