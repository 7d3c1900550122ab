"""Which files and folders belong to the project: what the reloader watches, and what it ignores."""

from __future__ import annotations

import os
import sys
import typing as t
from collections.abc import Iterable, Iterator
from fnmatch import fnmatch
from functools import lru_cache
from pathlib import Path
from types import TracebackType

from .._core.user_code import find_library

MOST_FOLDERS: t.Final = 10_000
"""Maximum number of folders that are watched."""

_IGNORED_NAMES: t.Final = frozenset({"__pycache__", "node_modules", "bower_components"})
_IGNORED_MARKS: t.Final = ("pyvenv.cfg", "conda-meta")
"""A folder with one of these files is a virtual environment."""
_PACKAGE_FOLDERS: t.Final = frozenset({"site-packages", "dist-packages"})


def list_module_files() -> set[str]:
    """Return the files of the imported modules that belong to the project."""
    paths = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
    return {path for path in map(_find_file, paths) if path}


@lru_cache(maxsize=16_384)
def _find_file(name: object) -> str | None:
    """Return the absolute path of a module's file; ``None``: it is no file of the project."""
    if not isinstance(name, str) or name.startswith("<"):
        return None
    path = os.path.abspath(name)
    while not os.path.isfile(path):  # a module in a zip file
        outer = os.path.dirname(path)
        if outer == path:
            return None
        path = outer
    return None if find_library(path) else path


def list_traceback_files(error: BaseException) -> set[str]:
    """Return the files of the project that an error mentions.

    A module that cannot be imported is not in ``sys.modules``.

    :param error: an error, with its causes.
    """
    found: set[str | None] = set()
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        if isinstance(current, SyntaxError):
            found.add(_find_file(current.filename))
        found.update(map(_find_file, _list_frame_files(current.__traceback__)))
        current = current.__cause__ or current.__context__
    return {path for path in found if path}


def _list_frame_files(trace: TracebackType | None) -> Iterator[str]:
    while trace is not None:
        yield trace.tb_frame.f_code.co_filename
        trace = trace.tb_next


def list_roots() -> set[str]:
    """Return the folders of ``sys.path`` that belong to the project."""
    paths = {os.path.abspath(path) for path in sys.path}
    return {path for path in paths if os.path.isdir(path) and find_library(path) is None}


class Project:
    """The files and folders that are watched.

    :param extra_files: more files that cause a restart, and folders whose Python files do.
    :param exclude_patterns: `fnmatch` patterns of paths that do not cause a restart.
    """

    def __init__(self, extra_files: Iterable[str] = (), exclude_patterns: Iterable[str] = ()):
        self.extra_files = {os.path.abspath(path) for path in extra_files}
        self.exclude_patterns = tuple(exclude_patterns)
        self.roots = list_roots()
        self.modules = list_module_files()
        self.templates: set[str] = set()
        self.static_files: set[str] = set()

    def update(self, report: dict[str, list[str]]) -> bool:
        """Add what a process of the application uses.

        :param report: files of ``modules``; folders: ``roots``, ``templates``, ``static_files``.
        :returns: whether something was added.
        """
        before = self._size()
        self.roots.update(report.get("roots", ()))
        self.modules.update(report.get("modules", ()))
        self.templates.update(report.get("templates", ()))
        self.static_files.update(report.get("static_files", ()))
        return self._size() != before

    def _size(self) -> int:
        return sum(map(len, (self.roots, self.modules, self.templates, self.static_files)))

    # What a change means -------------------------------------------------------------------------

    def causes_restart(self, path: str) -> bool:
        """Return whether a change of a file restarts the application.

        :param path: the absolute path of a file that exists or existed.
        """
        if any(fnmatch(path, pattern) for pattern in self.exclude_patterns):
            return False
        if path in self.extra_files or path in self.modules:
            return True
        if not path.endswith(".py"):
            return False
        folders = self.roots | {path for path in self.extra_files if os.path.isdir(path)}
        return any(is_inside(path, root) for root in folders) or any(
            os.path.dirname(path) == os.path.dirname(module) for module in self.modules
        )

    def find_asset(self, path: str) -> tuple[str, str] | None:
        """Return what a change means for open pages: a kind, and a path below the folder.

        The kind is ``"template"`` or ``"static"``.

        :param path: the absolute path of a file.
        """
        if _is_temporary(path):
            return None
        for kind, folders in (("static", self.static_files), ("template", self.templates)):
            for folder in folders:
                if is_inside(path, folder):
                    return kind, os.path.relpath(path, folder).replace(os.sep, "/")
        return None

    # What is watched -----------------------------------------------------------------------------

    def list_watched_roots(self) -> set[str]:
        """Return folders that are watched with all folders below them."""
        extra = {path for path in self.extra_files if os.path.isdir(path)}
        return {root for root in self.roots if not _is_too_wide(root)} | {
            path for path in extra | self.templates | self.static_files if os.path.isdir(path)
        }

    def list_single_folders(self) -> set[str]:
        """Return folders that are watched without those below them."""
        folders = {os.path.dirname(path) for path in self.extra_files | self.modules}
        return {path for path in folders | self.roots if os.path.isdir(path)}

    def list_folders(self) -> tuple[list[str], bool]:
        """Return all folders, and whether some were left out, since there are too many."""
        found = dict.fromkeys(sorted(self.list_single_folders()))
        for root in sorted(self.list_watched_roots()):
            for folder in list_tree(root):
                found[folder] = None
                if len(found) >= MOST_FOLDERS:
                    return list(found), True
        return list(found), False


def list_tree(root: str) -> Iterator[str]:
    """Yield a folder and the folders below it, without those that are ignored.

    :param root: the folder, which is never ignored.
    """
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(folder) as entries:
                names = {entry.name: entry for entry in entries}
        except OSError:
            continue
        if folder != root and any(mark in names for mark in _IGNORED_MARKS):
            continue
        yield folder
        for name, entry in names.items():
            if not is_ignored(name) and _is_folder(entry):
                waiting.append(entry.path)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def is_ignored(name: str) -> bool:
    """Return whether folders of this name are not watched: hidden ones, and those of tools.

    :param name: the last part of a path.
    """
    return name.startswith(".") or name in _IGNORED_NAMES or name in _PACKAGE_FOLDERS


def is_in_ignored_folder(path: str, roots: Iterable[str]) -> bool:
    """Return whether a folder between a root and a path is ignored.

    :param path: a changed file.
    :param roots: the folders that are watched with all folders below them.
    """
    inner = [os.path.relpath(path, root) for root in roots if is_inside(path, root)]
    return bool(inner) and all(any(map(is_ignored, name.split(os.sep)[:-1])) for name in inner)


def is_inside(path: str, folder: str) -> bool:
    """Return whether a path is below a folder.

    :param path: an absolute path.
    :param folder: likewise.
    """
    return path.startswith(os.path.join(folder, ""))


def _is_too_wide(root: str) -> bool:
    """Return whether a root contains a whole home folder, or everything."""
    try:
        home = os.path.expanduser("~")
        return root == home or is_inside(home, root) or Path(root).parent == Path(root)
    except RuntimeError:
        return False


def _is_temporary(path: str) -> bool:
    """Return whether an editor has created the file while it saves another one."""
    name = os.path.basename(path)
    return (
        name.startswith((".", "#"))
        or name.endswith(("~", ".swp", ".swx", ".tmp"))
        or (
            name == "4913"  # vim checks with it whether it may write
        )
    )
