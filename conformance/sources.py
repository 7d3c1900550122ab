"""The tests of others, fetched from the package index as sdists and unpacked under .cache/.

Only the files that a suite names are unpacked, tests and examples. The package in the sdist
never is: what the tests import is what pip has installed.
"""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path

from benchmarks.environments import CACHE, CommandFailed, make_environment, say, unpack

from conformance.suites import Suite

STORE = CACHE / "conformance"

#: Tests of our own, for projects whose sdists carry none.
APPLICATIONS = Path(__file__).resolve().parent / "applications"


def fetch(suite: Suite, *, newest: bool = False) -> tuple[str, Path]:
    """Return the version of a suite's project, and the folder with its unpacked tests.

    `newest` asks the package index for the newest release, and always needs a network. Raises
    CommandFailed where the sdist cannot be had or carries no tests. Where the tests are written
    here, only the version that is recorded is run.
    """
    if suite.written_here:
        return suite.version, APPLICATIONS
    sdist = _downloaded(suite, None if newest else suite.version)
    version = sdist.name.removesuffix(".tar.gz").rsplit("-", 1)[1]
    folder = STORE / "sources" / f"{suite.name}-{version}"
    if not folder.exists():
        part = folder.with_name(f"{folder.name}.part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        with tarfile.open(sdist) as archive:
            count = unpack(archive, part, strip=1, only=suite.take)
        if count == 0:
            raise CommandFailed(
                f"{suite.name}: the sdist of {suite.project} {version} carries no "
                f"{', '.join(suite.take)}; suites.toml records {suite.version}, which does"
            )
        part.rename(folder)
    return version, folder


def _downloaded(suite: Suite, version: str | None) -> Path:
    """Return the sdist's file, fetched unless it is in the cache; None is the newest version."""
    folder = STORE / "downloads" / f"{suite.project}-{version or 'newest'}"
    if version is None:
        shutil.rmtree(folder, ignore_errors=True)
    if not (found := list(folder.glob("*.tar.gz"))):
        wanted = suite.project if version is None else f"{suite.project}=={version}"
        say(f"fetching the sdist of {wanted}")
        # pip asks the sdist's build backend for its name and version. Only the project itself
        # must come as source: its backend may come as a wheel.
        fetcher = make_environment(STORE / "environments" / "fetch", ())
        options = ("--quiet", "--no-deps", "--no-binary", suite.project, "--dest", str(folder))
        fetcher.pip("download", *options, wanted)
        found = list(folder.glob("*.tar.gz"))
    if not found:
        raise CommandFailed(f"{suite.name}: pip gave no .tar.gz for {suite.project} {version}")
    return found[0]
