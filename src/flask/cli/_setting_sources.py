"""Record where each setting of an application comes from.

Only ``flask config`` and ``flask doctor`` record. While they load the application, each new
``Config`` becomes an instance of a subclass that notes who sets a key. Other commands and servers
use ``Config`` itself, and pay nothing.
"""

from __future__ import annotations

import ast
import inspect
import os
import re
import sys
import types
import typing as t
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from werkzeug.utils import import_string

from .._core.user_code import THIS_PACKAGE, find_library
from ..config import DEFAULT_CONFIG, Config
from ._dotenv import DEFAULT_FILES
from ._locations import Location, locate_class

Kind: t.TypeAlias = t.Literal["default", "file", "environment", "code"]


class Source(t.NamedTuple):
    """Where the value of a setting comes from."""

    kind: Kind
    """``"file"`` is a configuration file, module or class; ``"code"`` sets the key itself."""
    location: Location | None = None
    """The file and line, if they are known."""
    variable: str | None = None
    """The name of the environment variable."""

    def __str__(self) -> str:
        place = "" if self.location is None else str(self.location)
        if self.variable is not None:
            return f"{self.variable} in {place}" if place else self.variable
        return place or self.kind


DEFAULT: t.Final = Source("default")

_THIS_FILE: t.Final = os.path.abspath(__file__)
_COMMANDS: t.Final = os.path.dirname(_THIS_FILE) + os.sep
_CONFIG_FILES: t.Final = (os.path.abspath(inspect.getfile(Config)),)

_Locate: t.TypeAlias = Callable[[str], Source]


class _RecordingConfig(Config):
    """A `Config` that notes for each key who has set it."""

    _sources: dict[str, Source]
    _locate: _Locate | None
    """Finds the source of a key while a file or an object is loaded."""

    def _note(self, key: str) -> None:
        self._sources[key] = _find_code() if self._locate is None else self._locate(key)

    @contextmanager
    def _loading(self, locate: _Locate) -> Iterator[None]:
        outer, self._locate = self._locate, locate
        try:
            yield
        finally:
            self._locate = outer

    def __setitem__(self, key: str, value: object) -> None:
        super().__setitem__(key, value)
        self._note(key)

    def setdefault(self, key: str, default: object = None) -> object:
        """Note a key that was not set before."""
        if key not in self:
            self[key] = default
        return self[key]

    def update(self, *args: t.Any, **kwargs: object) -> None:
        """Note each key of the other mapping."""
        values: dict[str, object] = dict(*args, **kwargs)
        super().update(values)
        for key in values:
            self._note(key)

    def __ior__(self, other: t.Any) -> t.Self:  # type: ignore[override, misc]
        self.update(other)
        return self

    def from_object(self, obj: object | str) -> None:
        """Note the file of the module or class, and the line of each assignment."""
        if isinstance(obj, str):
            obj = import_string(obj)
        with self._loading(lambda key: Source("file", _locate_attribute(obj, key))):
            super().from_object(obj)

    def from_file(
        self,
        filename: str | os.PathLike[str],
        load: Callable[[t.IO[t.Any]], Mapping[str, object]],
        silent: bool = False,
        text: bool = True,
    ) -> bool:
        """Note the data file, and the line of each key if it can be found."""
        path = os.path.abspath(os.path.join(self.root_path, filename))
        with self._loading(lambda key: Source("file", _locate_key(path, key))):
            return super().from_file(filename, load, silent, text)

    def from_prefixed_env(self, prefix: str = "FLASK", **options: t.Any) -> bool:
        """Note the variable of each key; of several for one dict, the first."""
        start = f"{prefix}_"
        variables: dict[str, str] = {}
        for name in sorted(os.environ):
            if name.startswith(start):
                variables.setdefault(name.removeprefix(start).partition("__")[0], name)
        loaded = super().from_prefixed_env(prefix, **options)
        self._sources.update((key, find_variable(name)) for key, name in variables.items())
        return loaded


@contextmanager
def record_sources() -> Iterator[None]:
    """Let each configuration that is created in this block record its sources."""
    create = Config.__init__

    def create_recording(self: Config, *args: t.Any, **kwargs: t.Any) -> None:
        create(self, *args, **kwargs)
        if not isinstance(self, _RecordingConfig):
            kind = type(self)
            self.__class__ = type(
                kind.__name__, (_RecordingConfig, kind), {"__module__": kind.__module__}
            )
        assert isinstance(self, _RecordingConfig)
        self._locate = None
        self._sources = {}

    Config.__init__ = create_recording  # type: ignore[method-assign]
    try:
        yield
    finally:
        Config.__init__ = create  # type: ignore[method-assign]


def read_sources(config: Config, debug_follows_variable: bool) -> dict[str, Source]:
    """Return the source of each setting.

    If the configuration did not record, a value that differs from the default is from code.

    :param config: the configuration of an application.
    :param debug_follows_variable: whether the command line has set ``DEBUG`` after loading.
    """
    recorded = config._sources if isinstance(config, _RecordingConfig) else None
    sources = {}
    for key, value in config.items():
        if recorded is not None:
            sources[key] = recorded.get(key, DEFAULT)
        else:
            is_default = key in DEFAULT_CONFIG and DEFAULT_CONFIG[key] == value
            sources[key] = DEFAULT if is_default else Source("code")
    if "DEBUG" in sources and (debug_follows_variable or sources["DEBUG"] == DEFAULT):
        has_variable = "FLASK_DEBUG" in os.environ
        sources["DEBUG"] = find_variable("FLASK_DEBUG") if has_variable else DEFAULT
    return sources


# Locations ----------------------------------------------------------------------------------------


def _find_code() -> Source:
    """Return the line that sets a key: the nearest one outside of this package.

    It is a line of this package if an optional part of it sets the key before the first request.
    """
    inside: Location | None = None
    frame: types.FrameType | None = sys._getframe(1)
    while frame is not None:
        file = os.path.abspath(frame.f_code.co_filename)
        place = Location(file, frame.f_lineno)
        if find_library(file) != THIS_PACKAGE:
            if os.path.exists(file):
                return Source("code", place)
        elif file.startswith(_COMMANDS):
            if file != _THIS_FILE:
                break
        elif inside is None and not file.endswith(_CONFIG_FILES):
            inside = place
        frame = frame.f_back
    return Source("code", inside)


def find_variable(name: str) -> Source:
    """Return the source of an environment variable: its name, and its line in a ``.env`` file.

    A file counts if it has the value that the variable has.

    :param name: the name of the variable.
    """
    for path in reversed(list(_find_env_files())):
        for number, line in enumerate(_read_lines(path), 1):
            match = re.match(r"\s*(?:export\s+)?([\w.]+)\s*=\s*(.*?)\s*$", line)
            if match and match[1] == name and match[2].strip("'\"") == os.environ.get(name):
                return Source("environment", Location(path, number), name)
    return Source("environment", None, name)


def _find_env_files() -> Iterator[str]:
    for name in DEFAULT_FILES:
        folder = Path.cwd()
        for candidate in (folder, *folder.parents):
            if (candidate / name).is_file():
                yield str(candidate / name)
                break


def _locate_attribute(obj: object, key: str) -> Location | None:
    """Return where a module, a class or an object has an upper-case attribute."""
    if isinstance(obj, types.ModuleType):
        file = getattr(obj, "__file__", None)
        if file is None:
            return None
        path = os.path.abspath(file)
        return Location(path, _find_assignment(path, None, key))
    for kind in inspect.getmro(obj if inspect.isclass(obj) else type(obj)):
        if key in vars(kind):
            place = locate_class(kind)
            if place is None:
                return None
            line = _find_assignment(place.file, kind.__name__, key)
            return Location(place.file, line or place.line)
    return None


def _find_assignment(path: str, class_name: str | None, key: str) -> int | None:
    """Return the last line of a Python file that assigns a name, in a class or in the module."""
    try:
        tree: ast.AST = ast.parse("".join(_read_lines(path)))
    except (SyntaxError, ValueError):
        return None
    if class_name is not None:
        classes = (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
        tree = next((node for node in classes if node.name == class_name), tree)
    lines = [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and node.id == key and isinstance(node.ctx, ast.Store)
    ]
    return max(lines, default=None)


def _locate_key(path: str, key: str) -> Location:
    """Return the line of a data file, such as TOML or JSON, that has a key."""
    pattern = re.compile(rf"\s*[{{,]?\s*[\"']?{re.escape(key)}[\"']?\s*[=:]")
    lines = (number for number, line in enumerate(_read_lines(path), 1) if pattern.match(line))
    tables = re.compile(rf"\s*\[+{re.escape(key)}[].]")
    others = (number for number, line in enumerate(_read_lines(path), 1) if tables.match(line))
    return Location(path, next(lines, None) or next(others, None))


def _read_lines(path: str) -> list[str]:
    """Return the lines of a text file; none if it cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.readlines()
    except OSError:
        return []
