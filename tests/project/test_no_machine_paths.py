"""Files name nothing of the machine on which they were written."""

from __future__ import annotations

import re
from pathlib import Path

from modules import PACKAGE

ROOT = Path(__file__).parents[2]
FOLDERS = ["tests", "docs", "examples", "benchmarks", "conformance", ".github"]
FILES = [
    *("README.md", "CONTRIBUTING.md", "SECURITY.md", "CODE_OF_CONDUCT.md", "pyproject.toml"),
    *("Makefile", ".ci/run", ".editorconfig", ".pre-commit-config.yaml"),
]

# Put together from parts, so that this file does not find itself.
FORBIDDEN = re.compile(
    "|".join(
        [
            r"(?<![\w.<>-])/" + r"work/\w",
            r"(?<![\w.])/" + r"root/\w",
            r"(?<![\w.])/home/" + r"\w+/",
            "py" + "env",
            "py" + r"pi\.org",
            "python" + r"hosted\.org",
            "npm" + r"js\.org",
        ]
    )
)


def text_files() -> list[Path]:
    found = [ROOT / name for name in FILES]
    for folder in [PACKAGE, *(ROOT / name for name in FOLDERS)]:
        found += [path for path in folder.rglob("*") if path.is_file()]
    hidden = {"__pycache__", ".cache", ".venv", "node_modules"}
    return [path for path in found if path.exists() and not hidden & set(path.parts)]


def test_no_file_names_the_machine() -> None:
    found: list[str] = []
    for path in text_files():
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue  # not text
        for number, line in enumerate(text.splitlines(), 1):
            if FORBIDDEN.search(line):
                found.append(f"{path.relative_to(path.parents[2])}:{number}: {line.strip()[:80]}")
    assert found == []


def test_the_search_would_find_something() -> None:
    for text in ("see /" + "work/main", "/" + "root/x", "/home/" + "ann/x", "py" + "env"):
        assert FORBIDDEN.search(text)
    assert len(text_files()) > 50
