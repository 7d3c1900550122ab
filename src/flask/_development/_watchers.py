"""Notice changes of files: by the system's notifications with watchfiles, or by comparing times.

Both run in a thread of the supervisor, which lives as long as the development server. They report
each group of changes to a function.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
import typing as t
from collections.abc import Callable, Iterable, Iterator

from ._project import MOST_FOLDERS, Project, is_ignored, is_in_ignored_folder, list_tree

if t.TYPE_CHECKING:
    from watchfiles import Change

Report: t.TypeAlias = Callable[[set[str]], None]
"""Gets the absolute paths of changed files."""

_STEP: t.Final = 20
"""Milliseconds without another change after which a group of changes is complete."""
_LONGEST_GROUP: t.Final = 400
"""Milliseconds after which a group is reported, whatever follows."""
_SHARE: t.Final = 0.005
"""Share of a processor that comparing times may take, for each of its two passes."""
_SHORTEST_WAIT: t.Final = 0.2
"""Minimum seconds between two comparisons."""


class Watcher(t.Protocol):
    """Watches the files of a project."""

    name: str
    """What is printed at each restart."""

    def start(self) -> None:
        """Begin to report changes."""

    def refresh(self) -> None:
        """Watch what was added to the project, too."""


def create_watcher(kind: str, project: Project, report: Report, interval: float) -> Watcher:
    """Return a watcher.

    :param kind: ``"auto"``, ``"watchfiles"`` or ``"stat"``.
    :param project: what is watched.
    :param report: is called in another thread.
    :param interval: minimum seconds between two comparisons of times.
    :raises RuntimeError: watchfiles is required and not installed.
    """
    if kind != "stat":
        try:
            import watchfiles  # noqa: F401
        except ImportError:
            if kind == "watchfiles":
                raise RuntimeError(
                    "The reloader 'watchfiles' needs the package watchfiles, which is not"
                    " installed. Install it with: pip install 'watchfiles>=1'"
                ) from None
        else:
            return NotifiedWatcher(project, report)
    return StatWatcher(project, report, interval)


class NotifiedWatcher:
    """Uses the notifications of the system.

    On Linux each folder is watched on its own, so ``node_modules`` and virtual environments cost
    nothing. Other systems watch whole trees at no cost.

    :param project: what is watched.
    :param report: gets the changes.
    :param recursive: watch whole trees.
    """

    name = "watchfiles"

    def __init__(
        self, project: Project, report: Report, recursive: bool = sys.platform != "linux"
    ) -> None:
        self._project = project
        self._report = report
        self._recursive = recursive
        self._folders: set[str] = set()
        self._stop = _Stop()
        self._is_warned = False
        self._fallback: StatWatcher | None = None
        self._lock = threading.Lock()  # the supervisor and the thread refresh

    def start(self) -> None:
        """Watch the project's folders, in a thread."""
        logging.getLogger("watchfiles").setLevel(logging.WARNING)  # it logs each change
        self.refresh()

    def refresh(self) -> None:
        """Watch the project's current folders, if they are others than before."""
        with self._lock:
            if self._fallback is not None:
                self._fallback.refresh()
                return
            folders = self._find_folders()
            if folders == self._folders:
                return
            self._folders = folders
            previous, self._stop = self._stop, _Stop()
            threading.Thread(
                target=self._watch,
                args=(sorted(folders), self._stop),
                name="flask-reloader",
                daemon=True,
            ).start()
            self._stop.is_watching.wait(5)  # the old thread continues until the new one watches
            previous.is_called = True

    def _find_folders(self) -> set[str]:
        if self._recursive:
            return self._project.list_watched_roots() | self._project.list_single_folders()
        folders, is_cut = self._project.list_folders()
        if is_cut and not self._is_warned:
            self._is_warned = True
            _warn(
                f"The project has more than {MOST_FOLDERS:,} folders. Changes in some of them are"
                " not noticed."
            )
        return set(folders)

    def _watch(self, folders: list[str], stop: _Stop) -> None:
        import watchfiles

        try:
            for changes in watchfiles.watch(
                *folders,
                watch_filter=None,
                debounce=_LONGEST_GROUP,
                step=_STEP,
                stop_event=stop,
                rust_timeout=0,
                recursive=self._recursive,
                raise_interrupt=False,
                ignore_permission_denied=True,
            ):
                self._handle(changes)
        except FileNotFoundError:  # a folder was removed in the meantime
            with self._lock:
                self._folders = set()
            self.refresh()
        except (OSError, RuntimeError) as error:  # the system has a limit of watched folders
            _warn(f"Notifications of changed files do not work: {error}. Times are compared.")
            self._fallback = StatWatcher(self._project, self._report, 1)
            self._fallback.start()
        finally:
            stop.is_watching.set()

    def _handle(self, changes: set[tuple[Change, str]]) -> None:
        """Report changed files, and the files of new folders, which are watched from now on."""
        folders = {path for _, path in changes if path in self._folders or os.path.isdir(path)}
        files = {path for _, path in changes} - folders
        # A folder that was removed and created again has to be watched again, too.
        replaced = {path for kind, path in changes if path in folders and kind.name != "modified"}
        if replaced:
            with self._lock:
                self._folders = self._folders - replaced
            for folder in replaced:
                if not is_ignored(os.path.basename(folder)):
                    files |= set(_list_files(list_tree(folder)))
            self.refresh()
        if self._recursive:
            roots = self._project.list_watched_roots()
            files = {
                path
                for path in files
                if path in self._project.modules or not is_in_ignored_folder(path, roots)
            }
        if files:
            self._report(files)


class _Stop:
    """Ends the iteration of ``watchfiles.watch()``, which calls `is_set` again and again."""

    def __init__(self) -> None:
        self.is_called = False
        self.is_watching = threading.Event()

    def is_set(self) -> bool:
        """Return whether to end. The first call means that the folders are watched."""
        self.is_watching.set()
        return self.is_called


class StatWatcher:
    """Compares the times of files, in two passes.

    The first pass reads the times of the imported modules and of the extra files, the second one
    looks for files in all folders of the project. Each pass waits so long that it takes at most
    half a percent of a processor.

    :param project: its files.
    :param report: gets the paths.
    :param interval: minimum seconds between two passes over all folders.
    """

    name = "stat"

    def __init__(self, project: Project, report: Report, interval: float) -> None:
        self._project = project
        self._report = report
        self._interval = interval
        self._marks: dict[str, Mark] = {}

    def start(self) -> None:
        """Read the times, and begin to compare them in a thread."""
        self._marks = {path: read_mark(path) for path in self._list_all()}
        threading.Thread(target=self._run, name="flask-reloader", daemon=True).start()

    def refresh(self) -> None:
        """Do nothing: each pass uses the project's current files."""

    def _run(self) -> None:
        next_wide = 0.0
        while True:
            begin = time.thread_time()
            is_wide = time.monotonic() >= next_wide
            self._compare(self._list_all() if is_wide else self._list_used())
            taken = (time.thread_time() - begin) / _SHARE
            if is_wide:
                next_wide = time.monotonic() + max(self._interval, taken)
            time.sleep(max(min(self._interval, _SHORTEST_WAIT), 0 if is_wide else taken))

    def _compare(self, paths: set[str]) -> None:
        changed = set()
        for path in paths:
            mark = read_mark(path)
            if path not in self._marks:
                # A new file is reported, but not a module that was imported from elsewhere.
                if path not in self._project.modules:
                    changed.add(path)
            elif self._marks[path] != mark:
                changed.add(path)
            self._marks[path] = mark
        if changed:
            self._report(changed)

    def _list_used(self) -> set[str]:
        return self._project.modules | {
            path for path in self._project.extra_files if not os.path.isdir(path)
        }

    def _list_all(self) -> set[str]:
        project = self._project
        folders = dict.fromkeys(project.list_folders()[0])
        return self._list_used() | {
            path
            for path in _list_files(folders)
            if path.endswith(".py") or project.find_asset(path) is not None
        }


Mark: t.TypeAlias = tuple[int, int, int] | None
"""Time, size and number of a file; ``None``: there is no file."""


def read_mark(path: str) -> Mark:
    """Return what differs if a file has changed.

    :param path: the file.
    """
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _list_files(folders: Iterable[str]) -> Iterator[str]:
    for folder in folders:
        try:
            with os.scandir(folder) as entries:
                yield from [entry.path for entry in entries if entry.is_file()]
        except OSError:
            continue  # it was removed in the meantime


def _warn(text: str) -> None:
    print(f" * {text}", file=sys.stderr)
