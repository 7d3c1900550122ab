"""The two environments, made with the standard library and reused.

``.cache/differential/official`` holds official Flask, ``.cache/differential/ours``
this repository's package in editable mode with the very same dependencies. An
environment is made anew only when what went into it has changed, so a second
run needs no network.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
CACHE = REPOSITORY / ".cache" / "differential"
OFFICIAL_VERSION = "3.1.3"
OUR_SUMMARY = "An independent implementation of Flask's interface"
"""How the summary of this package begins; both have the same version."""
OFFICIAL = f"flask[async]=={OFFICIAL_VERSION}"


class CannotMake(RuntimeError):
    """An environment could not be made; the text holds pip's last lines."""


def python_of(folder: Path) -> Path:
    """The interpreter of a virtual environment."""
    windows = os.name == "nt"
    return folder / ("Scripts/python.exe" if windows else "bin/python")


def pip(python: Path, *arguments: str) -> str:
    """Run pip in an environment; raises with its last lines when it fails."""
    command = [str(python), "-m", "pip", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = "\n".join(done.stderr.strip().splitlines()[-5:])
        raise CannotMake(f"`{' '.join(command)}` failed:\n{last}")
    return done.stdout


def make(name: str, requirements: list[str], facts: str) -> Path:
    """The environment of that name; made if its stamp does not fit."""
    folder = CACHE / name
    python, stamp = python_of(folder), folder / "made-from"
    wanted = hashlib.sha256(f"{sys.version}\n{requirements}\n{facts}".encode()).hexdigest()
    if python.exists() and stamp.exists() and stamp.read_text() == wanted:
        return python
    print(f"making {folder.relative_to(REPOSITORY)} ...", file=sys.stderr, flush=True)
    venv.EnvBuilder(with_pip=True, clear=True).create(folder)
    pip(python, "install", "--quiet", *requirements)
    stamp.write_text(wanted)
    return python


def official() -> Path:
    """The interpreter of the environment with official Flask."""
    return make("official", [OFFICIAL], "")


def ours() -> Path:
    """The interpreter of the environment with this package.

    Its dependencies have the versions that official Flask's environment has: a
    difference is then one between the two packages and nothing else.
    """
    frozen = [
        requirement
        for requirement in pip(official(), "freeze").splitlines()
        if requirement and not requirement.lower().startswith("flask==")
    ]
    constraints = CACHE / "constraints.txt"
    constraints.write_text("\n".join(frozen) + "\n")
    return make(
        "ours",
        ["--constraint", str(constraints), "--editable", str(REPOSITORY)],
        (REPOSITORY / "pyproject.toml").read_text() + "\n".join(frozen),
    )
