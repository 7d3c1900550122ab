"""Judge the keys that sign sessions: how long, how guessable, and whether they are committed."""

from __future__ import annotations

import ast
import re
import subprocess
import typing as t
from pathlib import Path

SHORTEST_KEY: t.Final = 16
"""Bytes. A shorter key can be found by trying, given one session cookie."""

_FEWEST_CHARACTERS: t.Final = 8  # different ones
_COMMON_WORDS = re.compile(
    r"(?:(?:a|an|and|any|app|application|bar|change|changeme|default|dev|development|do|example"
    r"|fixme|flask|foo|for|guess|hard|here|i|in|insecure|is|it|key|local|me|my|never|not|of|only"
    r"|password|placeholder|please|prod|production|put|random|replace|safe|secret|session|set"
    r"|should|so|some|something|string|super|test|testing|text|the|this|to|todo|top|use|value|very"
    r"|will|with|you|your|xxx+|abc|qwerty|[0-9]{1,10})[\W_]*)+",
    re.IGNORECASE,
)


def to_bytes(key: object) -> bytes:
    """Return a key as bytes."""
    return key if isinstance(key, bytes) else str(key).encode()


def is_guessable(key: object) -> bool:
    """Return whether a key consists of common words or of a few different characters."""
    data = to_bytes(key)
    text = data.decode("latin-1")
    return len(set(data)) < _FEWEST_CHARACTERS or _COMMON_WORDS.fullmatch(text) is not None


def is_written_in(path: str, key: object) -> bool:
    """Return whether a file contains a key as text."""
    try:
        text = Path(path).read_text("utf-8", errors="replace")
    except OSError:
        return False
    if not path.endswith(".py"):
        return to_bytes(key).decode("latin-1") in text
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return False
    constants = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return any(type(value) is type(key) and value == key for value in constants)


def is_committed(path: str) -> bool:
    """Return whether git tracks a file."""
    return _git(path, "ls-files", "--error-unmatch") == 0


def is_ignored(path: str) -> bool:
    """Return whether git ignores a file, so that it is not committed by mistake."""
    return _git(path, "check-ignore", "--quiet") == 0


def _git(path: str, *command: str) -> int | None:
    """Return the exit code of git; ``None`` if it is not installed or does not answer."""
    file = Path(path)
    try:
        done = subprocess.run(
            ["git", "-C", str(file.parent), *command, "--", file.name],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.returncode
