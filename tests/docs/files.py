"""The files that the blocks of a page write, and the modules and applications in them."""

from __future__ import annotations

import importlib
import sys
import types
from pathlib import Path

from pages import Block

from flask import Flask
from flask.cli import find_best_app
from flask.testing import FlaskClient


class PageFiles:
    """The files of one section, in a folder from which Python imports while it is open."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports: dict[tuple[Flask, str], int] = {}
        """The ports of servers of this section, by application and protocol."""
        self._apps: dict[str, Flask] = {}
        self._hidden: dict[str, types.ModuleType] = {}
        self._names: set[str] = set()
        self._writes_bytecode = True

    def __enter__(self) -> PageFiles:
        """Import from the folder first. A file that changes twice a second needs no bytecode."""
        sys.path.insert(0, str(self.folder))
        self._writes_bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Forget the modules of the folder."""
        self._forget()
        sys.modules.update(self._hidden)
        sys.path.remove(str(self.folder))
        sys.dont_write_bytecode = self._writes_bytecode
        importlib.invalidate_caches()

    def write(self, block: Block) -> None:
        """Write the file of a block, or append to it, and compile it if it is Python."""
        path = self.folder / block.file
        text = block.text
        if block.marked("continues"):
            assert path.exists(), f"line {block.line} continues {block.file}, which no block writes"
            gap = "\n\n" if path.suffix == ".py" else ""
            text = path.read_text(encoding="utf-8") + gap + text
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        if path.suffix == ".py":
            compile(text, str(path), "exec")
            self._forget()
            self._hide(Path(block.file).parts[0].removesuffix(".py"))

    def load(self, name: str) -> types.ModuleType:
        """Import a file of the folder, such as ``"app.py"`` or ``"shop/views.py"``."""
        assert (self.folder / name).exists(), f"no block writes {name}"
        return importlib.import_module(_module_of(name))

    def app_of(self, name: str) -> Flask:
        """Return the application of a file, as ``flask run`` finds it.

        It is the same one until a file changes, also if a factory creates it.
        """
        if name not in self._apps:
            app = find_best_app(self.load(name))
            assert isinstance(app, Flask)
            self._apps[name] = app
        return self._apps[name]

    def client_of(self, name: str) -> FlaskClient:
        """Return a test client for the application of a file."""
        return self.app_of(name).test_client()

    def load_all(self, blocks: list[Block]) -> None:
        """Import each Python file of some blocks, to see that it can be used as shown."""
        for name in dict.fromkeys(block.file for block in blocks if not block.is_of_a_test):
            is_module = all(part.isidentifier() for part in _module_of(name).split("."))
            has_dot = "." in Path(name).stem  # as "gunicorn.conf.py" has, which is no module
            if name.endswith(".py") and is_module and not has_dot:
                self.load(name)

    def _hide(self, name: str) -> None:
        """Set aside a module with the name of a file, such as one of these tests."""
        if name not in self._names:
            self._names.add(name)
            for loaded in _modules_below(name):
                self._hidden[loaded] = sys.modules.pop(loaded)
        importlib.invalidate_caches()

    def _forget(self) -> None:
        self._apps.clear()
        for name in self._names:
            for loaded in _modules_below(name):
                del sys.modules[loaded]


def _module_of(name: str) -> str:
    return name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _modules_below(name: str) -> list[str]:
    return [loaded for loaded in sys.modules if loaded == name or loaded.startswith(f"{name}.")]
