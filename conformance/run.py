"""Run upstream's tests and real extensions' tests, with official Flask and with this package.

    python conformance/run.py                    all suites
    python conformance/run.py flask tutorial     these
    python conformance/run.py --list             what there is

Needs the standard library only; makes its environments under .cache/conformance/. Exits with 1
on a difference that differences.toml does not list, and on a listed one that is none.
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.environments import (
    ROOT,
    CommandFailed,
    Environment,
    clean_variables,
    make_environment,
    put_wheel,
    run,
    say,
    wheel_of,
)

from conformance import table
from conformance.compare import Comparison, Outcome, compare, faults, read_junit
from conformance.sources import STORE, fetch
from conformance.suites import Accepted, BadFile, Suite, Suites, read_accepted, read_suites

FOLDER = Path(__file__).resolve().parent


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the chosen suites, print and record what they show; 1 if something is wrong."""
    options = _options(arguments)
    try:
        suites = read_suites()
        accepted = read_accepted(suites.by_name)
        if unknown := [name for name in options.suites if name not in suites.by_name]:
            raise BadFile(f"no suite {', '.join(unknown)}; there are: {', '.join(suites.by_name)}")
        if options.list:
            print("\n".join(suites.by_name))
            return 0
        names = options.suites or list(suites.by_name)
        results, wrong = run_all(suites, accepted, names, options)
    except ValueError as error:
        print(f"conformance: {error}", file=sys.stderr)
        return 1
    print("\n".join(table.rows(results, suites.by_name)))
    if not options.no_write and options.candidate is None:
        recorded = {**table.load(FOLDER / "results.json"), **results}
        table.save(FOLDER / "results.json", recorded)
        shown = [
            *table.rows(recorded, suites.by_name),
            "",
            *table.details(recorded, suites.by_name),
        ]
        table.write(FOLDER / "README.md", shown)
    return 1 if wrong else 0


def run_all(
    suites: Suites, accepted: Accepted, names: Sequence[str], options: argparse.Namespace
) -> tuple[table.Results, int]:
    """Run suites one after the other; return what they showed and how much is to explain.

    A suite that cannot be run at all is reported and counted, and the next one goes on.
    """
    results: table.Results = {}
    wrong = 0
    for name in names:
        try:
            version, packages, comparison = run_suite(suites, name, options)
        except CommandFailed as error:
            wrong += _told(name, [str(error)])
            continue
        reasons = accepted.get(name, {})
        wrong += _told(name, faults(comparison, reasons))
        python = f"Python {platform.python_version()}"
        seen = (version, _today(), python, packages)
        results[name] = table.entry(*seen, comparison, reasons)
    return results, wrong


def run_suite(
    suites: Suites, name: str, options: argparse.Namespace
) -> tuple[str, dict[str, str], Comparison]:
    """Run one suite twice; return its version, what was compared, and how it went."""
    suite = suites.by_name[name]
    version, folder = fetch(suite, newest=options.newest)
    wanted = (suites.official, suites.pytest, *suite.installs(version))
    theirs, ours = environments(wanted, options.candidate, options.refresh)
    there = run_tests(suite, folder, theirs, "official")
    here = run_tests(suite, folder, ours, "this")
    packages = {"official": _flask_version(theirs), "here": _flask_version(ours)}
    return version, packages, compare(there, here)


def environments(
    wanted: Sequence[str], candidate: str | None, refresh: bool
) -> tuple[Environment, Environment]:
    """Return the environment with official Flask, and one otherwise identical with ours.

    Suites with the same requirements share theirs. `candidate` is a requirement that
    replaces this repository's wheel.
    """
    key = hashlib.sha256("\n".join(sorted(wanted)).encode()).hexdigest()[:8]
    home = STORE / "environments"
    theirs = make_environment(home / f"official-{key}", wanted, refresh=refresh)
    if candidate is not None:
        both = [*theirs.frozen(), candidate]
        return theirs, make_environment(home / f"candidate-{key}", both, exactly=True)
    ours = make_environment(home / f"this-{key}", theirs.frozen(), exactly=True)
    put_wheel(ours, wheel_of(ROOT, STORE))
    return theirs, ours


def run_tests(
    suite: Suite, folder: Path, environment: Environment, side: str
) -> dict[str, Outcome]:
    """Run pytest once and return how each test ended; raises CommandFailed if it could not.

    `side` is official or this, and names the files that stay under `.cache/` to look into.
    """
    runs = STORE / "runs"
    runs.mkdir(parents=True, exist_ok=True)
    ours = runs / f"{suite.name}-{side}"
    xml, log = ours.with_suffix(".xml"), ours.with_suffix(".txt")
    xml.unlink(missing_ok=True)
    say(f"{suite.name}: running with {'official Flask' if side == 'official' else 'this package'}")
    with log.open("w") as output:
        try:
            code = subprocess.run(
                [str(environment.python), "-B", "-m", "pytest", *pytest_arguments(suite, ours)],
                cwd=folder / suite.folder,
                env={**variables_for(environment), **suite.environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=suite.minutes * 60,
                check=False,
            ).returncode
        except subprocess.TimeoutExpired as error:
            raise CommandFailed(f"{suite.name}: took over {suite.minutes} minutes") from error
    if code not in (0, 1) or not xml.exists():
        ending = "\n".join(log.read_text().splitlines()[-25:])
        raise CommandFailed(f"{suite.name}, {side}: pytest ended with {code}:\n{ending}")
    return read_junit(xml)


def variables_for(environment: Environment) -> dict[str, str]:
    """Return the variables of a run: tests that start `flask` get the environment's own."""
    kept = clean_variables()
    path = [str(environment.python.parent), *filter(None, [kept.get("PATH")])]
    return {**kept, "PATH": os.pathsep.join(path)}


def pytest_arguments(suite: Suite, ours: Path) -> list[str]:
    """Return what pytest is started with; all that it writes goes beside `ours`.

    It reads an empty settings file, since it would find this repository's own by looking up
    the folders.
    """
    settings = ours.with_name("pytest.ini")
    settings.write_text("[pytest]\n")
    places = [f"--basetemp={ours}-files", "-o", f"cache_dir={ours}-cache"]
    options = ["-q", "--continue-on-collection-errors", f"--junit-xml={ours}.xml"]
    return ["-c", str(settings), "--rootdir=.", *options, *places, *suite.arguments, *suite.tests]


def _told(name: str, found: Sequence[str]) -> int:
    """Print a suite's faults and return how many they are."""
    if found:
        print(f"\n{name}: {len(found)} to explain", *found, sep="\n  ", end="\n\n")
    return len(found)


def _flask_version(environment: Environment) -> str:
    code = "import importlib.metadata as m; print(m.version('flask'))"
    return run([environment.python, "-c", code]).strip()


def _today() -> str:
    return datetime.datetime.now(datetime.UTC).date().isoformat()


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("suites", nargs="*", metavar="SUITE", help="default: all")
    parser.add_argument("--list", action="store_true", help="print the names of the suites")
    parser.add_argument(
        "--no-write", action="store_true", help="leave results.json and README.md as they are"
    )
    parser.add_argument(
        "--candidate", metavar="REQUIREMENT", help="a release instead of this repository's wheel"
    )
    parser.add_argument("--newest", action="store_true", help="the newest releases of the suites")
    parser.add_argument("--refresh", action="store_true", help="install the newest of all else")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
