"""Virtual environments under `.cache/`, made once and used again without a network.

An environment is made again when its list of requirements or the Python that makes it has
changed, and stays as it is otherwise: what was the newest release when it was made stays
installed until a refresh. The standard library only.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache"
#: Environments and wheels of the benchmarks, for each Python.
STORE = CACHE / "benchmarks" / f"python{sys.version_info.major}.{sys.version_info.minor}"

#: What a wheel of this repository is made from; a change in none of them makes the same wheel.
WHEEL_SOURCES = ("pyproject.toml", "README.md", "LICENSE.txt", "src")


class CommandFailed(Exception):
    """A command that a tool needs did not succeed; the message holds its output."""


@dataclass(frozen=True)
class Environment:
    """A virtual environment that has the requirements."""

    folder: Path

    @property
    def python(self) -> Path:
        """The interpreter, which sees the environment's packages and no others."""
        scripts = "Scripts" if os.name == "nt" else "bin"
        return self.folder / scripts / "python"

    def pip(self, *arguments: str) -> str:
        """Run the environment's pip and return what it printed; raises CommandFailed."""
        return run([self.python, "-m", "pip", "--disable-pip-version-check", *arguments])

    def frozen(self) -> list[str]:
        """Return what is installed as `name==version` lines, without flask and pip's own tools."""
        lines = self.pip("list", "--format=freeze").splitlines()
        left_out = ("flask", "pip", "setuptools")
        return sorted(line for line in lines if line.split("==")[0].lower() not in left_out)


def run(command: Sequence[str | Path], folder: Path = ROOT) -> str:
    """Run a command with a clean environment and return its standard output.

    Raises CommandFailed with the command's name and all its output unless it exits with 0.
    """
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env=clean_variables(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        words = " ".join([Path(command[0]).name, *(str(part) for part in command[1:])])
        raise CommandFailed(f"{words}\nexited with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def clean_variables() -> dict[str, str]:
    """Return the process's variables without those that change what Python or Flask do."""
    prefixes = ("PYTHON", "FLASK_", "VIRTUAL_ENV", "COVERAGE")
    return {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}


def make_environment(
    folder: Path, requirements: Iterable[str], *, exactly: bool = False, refresh: bool = False
) -> Environment:
    """Return the environment in a folder, created or created again if it has to be.

    `exactly` installs the list and nothing that it depends on (for a list that was frozen in
    another environment). `refresh` creates it again in any case, with the newest releases.
    """
    wanted = sorted(requirements)
    stamp_file = folder / "made-for.json"
    stamp = json.dumps({"python": sys.version, "requirements": wanted, "exactly": exactly})
    environment = Environment(folder)
    if not refresh and stamp_file.exists() and stamp_file.read_text() == stamp:
        return environment
    say(f"making the environment {folder.name}: {', '.join(wanted) or 'nothing but Python'}")
    shutil.rmtree(folder, ignore_errors=True)
    run([sys.executable, "-m", "venv", folder])
    if wanted:
        environment.pip("install", "--quiet", *(["--no-deps"] if exactly else []), *wanted)
    stamp_file.write_text(stamp)
    return environment


def put_wheel(environment: Environment, wheel: Path) -> None:
    """Install a wheel of this repository, unless the very same one is installed already.

    Its dependencies are there already as a rule; only those that are missing are fetched.
    """
    stamp_file = environment.folder / "wheel-put.txt"
    stamp = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if stamp_file.exists() and stamp_file.read_text() == stamp:
        return
    environment.pip("install", "--quiet", "--force-reinstall", "--no-deps", str(wheel))
    try:
        environment.pip("check")
    except CommandFailed:
        environment.pip("install", "--quiet", str(wheel))
        environment.pip("check")
    stamp_file.write_text(stamp)


def wheel_of(tree: Path, cache: Path) -> Path:
    """Return a wheel of a checked-out tree, built only if its sources have changed.

    Built without pip's isolation in an environment that keeps the build backend, since an
    isolated build would ask the network each time. Raises CommandFailed if it cannot be built.
    """
    project = tree / "pyproject.toml"
    if not project.exists():
        raise CommandFailed(f"there is no pyproject.toml in {shown(tree)}, so no wheel of it")
    digest = digest_of(tree)
    folder = cache / "wheels" / digest
    if built := list(folder.glob("*.whl")):
        return built[0]
    requires = tomllib.loads(project.read_text())["build-system"]["requires"]
    builder = make_environment(cache / "environments" / "build", [*requires, "wheel"])
    say(f"building a wheel of {shown(tree)}")
    options = ("--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir")
    builder.pip("wheel", *options, str(folder), str(tree))
    if digest_of(tree) != digest:
        shutil.rmtree(folder)
        raise CommandFailed(f"{shown(tree)} was changed while a wheel of it was built; run again")
    return next(folder.glob("*.whl"))


def digest_of(tree: Path) -> str:
    """Return 16 hexadecimal digits that stand for what a wheel is made from."""
    digest = hashlib.sha256()
    for name in WHEEL_SOURCES:
        source = tree / name
        for file in sorted(source.rglob("*")) if source.is_dir() else [source]:
            if file.is_file() and file.suffix != ".pyc":
                digest.update(file.relative_to(tree).as_posix().encode() + b"\0")
                digest.update(file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def checkout(reference: str, cache: Path) -> tuple[str, Path]:
    """Return a commit's short name and a folder with its files, as `git archive` gives them.

    Raises CommandFailed for what git does not know.
    """
    full = run(["git", "rev-parse", "--verify", f"{reference}^{{commit}}"]).strip()
    short = full[:12]
    folder = cache / "commits" / short
    if not folder.exists():
        packed = subprocess.run(
            ["git", "archive", "--format=tar", full], cwd=ROOT, capture_output=True, check=True
        ).stdout
        unpacked = folder.with_name(f"{short}.part")
        shutil.rmtree(unpacked, ignore_errors=True)
        with tarfile.open(fileobj=BytesIO(packed)) as archive:
            unpack(archive, unpacked, strip=0)
        unpacked.rename(folder)
    return short, folder


def unpack(
    archive: tarfile.TarFile, folder: Path, *, strip: int, only: Sequence[str] | None = None
) -> int:
    """Write an archive's regular files into a folder and return how many they were.

    `strip` leading parts of each name are dropped. `only` names the files and folders that
    are wanted (after stripping); None wants all. Links are left out, and a name that leads out
    of the folder raises ValueError.
    """
    count = 0
    home = folder.resolve()
    for member in archive.getmembers():
        name = "/".join(member.name.split("/")[strip:])
        wanted = only is None or any(name == one or name.startswith(f"{one}/") for one in only)
        if not (name and wanted and member.isfile()):
            continue
        target = (home / name).resolve()
        if not target.is_relative_to(home):
            raise ValueError(f"the archive holds {member.name!r}, which leads out of its folder")
        target.parent.mkdir(parents=True, exist_ok=True)
        content = archive.extractfile(member)
        target.write_bytes(content.read() if content else b"")
        count += 1
    return count


def shown(path: Path) -> str:
    """Return a path as messages show it: from the repository's root, without the machine's part."""
    inside = path.resolve().is_relative_to(ROOT)
    return str(path.resolve().relative_to(ROOT)) if inside else path.name


def say(line: str) -> None:
    """Report progress on standard error, so that standard output holds results only."""
    print(f"  {line}", file=sys.stderr, flush=True)
