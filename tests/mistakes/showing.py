"""Rows of mistakes, and what a user sees of each: an error, a page, a log, or a warning.

Official Flask runs this file too, so it imports only what both packages have.
"""

from __future__ import annotations

import io
import json
import logging
import re
import sys
import tempfile
import traceback
import typing as t
import warnings
from dataclasses import asdict, dataclass, field
from pathlib import Path
from textwrap import dedent
from types import ModuleType

HERE = "# here"
THERE = "# there"
LOGGERS = ("app", "flask.security")
VARYING = {"number": r"[\d,]+", "werkzeug": r"[^\n]+werkzeug[^\n]+, line \d+"}
"""Parts of a text that are not the same on all machines, with their patterns."""


@dataclass
class Mistake:
    """A program with a mistake, and the whole text that its author sees.

    :param name: the mistake, in words.
    :param source: the program. It is ``app.py`` of an empty folder.
    :param shown: the text. ``{here}`` and ``{there}`` are file and line of the line with that
        comment, ``{file}`` is the file, ``{folder}`` its folder. `VARYING` has more.
    :param keeps: how the text of Flask 3.1.3 begins, where extensions may match on it.
    :param request: arguments of the test client; empty: importing the program shows the text.
    :param files: more files of the folder, by path.
    :param debug: debug mode.
    :param testing: the application runs in a test.
    """

    name: str
    source: str
    shown: str
    keeps: str = ""
    request: dict[str, t.Any] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    debug: bool = False
    testing: bool = False

    def text(self, folder: Path) -> str:
        """Return the text with the places of a folder filled in."""
        file = folder / "app.py"
        places = {"file": str(file), "folder": str(folder)}
        for number, line in enumerate(self.source.strip().splitlines(), 1):
            for mark in (HERE, THERE):
                if line.endswith(mark):
                    places[mark[2:]] = f"{file}, line {number}"
        shown = dedent(self.shown).strip()
        for name, place in places.items():
            shown = shown.replace(f"{{{name}}}", place)
        return shown

    def matches(self, shown: str, folder: Path) -> bool:
        """Return whether a text is that of this row."""
        pattern = re.escape(self.text(folder))
        for name, part in VARYING.items():
            pattern = pattern.replace(re.escape(f"{{{name}}}"), part)
        return re.fullmatch(pattern, shown) is not None


def show(mistake: Mistake, folder: Path, asgi: bool = False) -> str:
    """Run a program and return what its author sees.

    :param mistake: the row.
    :param folder: an empty folder.
    :param asgi: send the request over ASGI.
    """
    for path, text in mistake.files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(dedent(text), "utf-8")
    file = folder / "app.py"
    source = dedent(mistake.source).strip() + "\n"
    file.write_text(source, "utf-8")
    module = ModuleType("app")
    module.__file__ = str(file)
    # Other tests have modules and loggers of the same names.
    names = ["app", *(Path(path).stem for path in mistake.files)]
    outer = {name: sys.modules.pop(name) for name in names if name in sys.modules}
    sys.modules["app"] = module
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    loggers = [logging.getLogger(name) for name in LOGGERS]
    for logger in loggers:
        logger.handlers, logger.disabled, logger.propagate = [handler], False, False
        logger.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            shown = _run(mistake, module, source, asgi)
    finally:
        for logger in loggers:
            logger.handlers, logger.propagate = [], True
            logger.setLevel(logging.NOTSET)
        for name in names:
            sys.modules.pop(name, None)
        sys.modules.update(outer)
    lines = [f"{each.filename}, line {each.lineno}: {each.message}" for each in warned]
    return "\n".join(filter(None, [*lines, log.getvalue().strip(), shown])).strip()


def _run(mistake: Mistake, module: ModuleType, source: str, asgi: bool) -> str:
    try:
        exec(compile(source, str(module.__file__), "exec"), module.__dict__)
        if not mistake.request:
            return ""
        app = module.__dict__["app"]
        app.debug, app.testing = mistake.debug, mistake.testing
        app.config["PROPAGATE_EXCEPTIONS"] = True
        client = app.test_client(**({"asgi": True} if asgi else {}))
        with client.open(**mistake.request) as response:
            page = response.text
            return f"{response.status}\n{page}" if response.status_code >= 400 else ""
    except Exception as error:
        return "".join(traceback.format_exception_only(error)).strip()


def main() -> None:
    """Read rows from the standard input, and print what each shows."""
    shown = {}
    for row in json.load(sys.stdin):
        with tempfile.TemporaryDirectory() as folder:
            mistake = Mistake(**row)
            shown[mistake.name] = show(mistake, Path(folder).resolve())
    json.dump(shown, sys.stdout)


def as_rows(mistakes: t.Iterable[Mistake]) -> str:
    """Return rows as the text that `main` reads."""
    return json.dumps([asdict(mistake) for mistake in mistakes])


if __name__ == "__main__":
    main()
