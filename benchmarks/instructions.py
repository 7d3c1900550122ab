"""Count the machine instructions of one request, for each workload of this package.

    python benchmarks/instructions.py                       WSGI, the interpreter's own flask
    python benchmarks/instructions.py --asgi
    python benchmarks/instructions.py --realistic           an application with hooks and extensions
    python benchmarks/instructions.py --peer falcon         another framework of the interpreter
    python benchmarks/instructions.py --json FILE           record the figures
    python benchmarks/instructions.py --check FILE --tolerance 1.03
    python benchmarks/instructions.py --compare BEFORE NOW  count nothing; a table of two files

A file has the figures of each interpreter by its version: ``{"3.11": {"wsgi": {"hello": 31000}}}``.
Those of a peer have its name in the key, as in ``"wsgi falcon"``.

Needs valgrind. Callgrind counts what the processor would execute, so the figures do not depend on
what else the machine does: they repeat within 0.2 %, those of ``plain_*`` within 4 %, because
threads take turns. A figure is the difference of two blocks of requests divided by the difference
of their lengths, so nothing that happens once is in it.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import workloads
from benchmarks.peers import ASGI_PEERS, PEERS

TASK_FILE = Path(__file__).resolve().with_name("instructions_task.py")
REQUESTS = 100
"""Requests of the first block that is counted; the second one has twice as many."""
LARGE = {"upload": 5, "stream100": 20}
"""Requests of the workloads that take long under callgrind."""
VERSION = ".".join(platform.python_version_tuple()[:2])
Figures: TypeAlias = dict[str, dict[str, dict[str, int]]]
"""Instructions by version of the interpreter, protocol and workload."""
CLASSES = (0, 5, 11)
"""Classes that are made first; see ``instructions_task.py``. The lowest of the counts is the one
without a clash in CPython's cache of look-ups, which can add 5 %."""
ASGI_WORKLOADS = ("hello", "json", "param", "post_json")
THREADED_WORKLOADS = tuple(f"plain_{name}" for name in ASGI_WORKLOADS)
"""The same with synchronous views on ASGI, which run in threads."""
THREADED_TOLERANCE = 1.1
"""What ``--check`` allows for them at least: which thread waits first varies."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Count and print; 1 if a recorded figure is exceeded or valgrind is missing."""
    options = _options(arguments)
    if options.compare:
        before, now = (read(Path(file)) for file in options.compare)
        print("\n".join(compare(before, now)))
        return 0
    if shutil.which("valgrind") is None:
        print("instructions: valgrind is not installed (Debian: apt install valgrind)")
        return 1
    interface = "asgi" if options.asgi else "wsgi"
    peer = "realistic" if options.realistic else options.peer
    key = interface if peer == "this" else f"{interface} {peer}"
    names = ASGI_WORKLOADS + THREADED_WORKLOADS if options.asgi else tuple(wsgi_workloads())
    if options.only:
        names = tuple(name for name in names if name in options.only.split(","))
    try:
        counts = count(names, interface, peer)
    except subprocess.CalledProcessError as error:
        print(f"instructions: the measured process failed:\n{error.stderr[-2000:]}")
        return 1
    recorded: dict[str, int] = {}
    if options.check:
        recorded = read(Path(options.check)).get(VERSION, {}).get(key, {})
    print(f"# {key}, Python {VERSION}\n")
    print("\n".join(table(counts, recorded)))
    if options.json:
        record(Path(options.json), key, counts)
    if options.check and not recorded:
        print(
            f"\n{options.check} has no figures for {key} on Python {VERSION}, so nothing was"
            " checked. Record them with --json."
        )
    faults = exceeded(counts, recorded, options.tolerance)
    print("\n".join(faults), file=sys.stderr)
    return 1 if faults else 0


def count(names: Sequence[str], interface: str, peer: str = "this") -> dict[str, int]:
    """Return the instructions of one request of each workload that the peer can do.

    :param names: workloads.
    :param interface: ``"wsgi"`` or ``"asgi"``.
    :param peer: the name of the peer, whose packages the interpreter has.
    :raises subprocess.CalledProcessError: the measured process failed.
    """
    module = (ASGI_PEERS if interface == "asgi" else PEERS)[peer].module
    applications = importlib.import_module(f"benchmarks.peers.{module}").applications()
    requests = {name: LARGE.get(name, REQUESTS) for name in names if name in applications}
    counts = [_count_all(module, interface, requests, classes) for classes in CLASSES]
    return {name: min(found[name] for found in counts) for name in requests}


def _count_all(
    module: str, interface: str, requests: Mapping[str, int], classes: int
) -> dict[str, int]:
    """Count each workload in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            *("valgrind", "--tool=callgrind", "--dump-before=getppid"),
            "--fair-sched=yes",  # the order of threads is the same in each run
            f"--callgrind-out-file={folder}/out.%p",
            *(sys.executable, str(TASK_FILE), module, interface),
            ",".join(f"{name}={number}" for name, number in requests.items()),
            str(classes),
        ]
        done = subprocess.run(
            command,
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONHASHSEED": "0"},
        )
        processes = dict(line.split() for line in done.stdout.splitlines())
        # Three dumps: the warm-up, a block of requests, and a block that is twice as long.
        return {
            name: round(
                (
                    _total(Path(folder, f"out.{processes[name]}.3"))
                    - _total(Path(folder, f"out.{processes[name]}.2"))
                )
                / number
            )
            for name, number in requests.items()
        }


def _total(dump: Path) -> int:
    found = re.search(r"^(?:summary|totals): (\d+)", dump.read_text(errors="replace"), re.MULTILINE)
    if found is None:
        raise ValueError(f"callgrind wrote no total into {dump.name}.")
    return int(found[1])


def table(counts: Mapping[str, int], recorded: Mapping[str, int]) -> list[str]:
    """Return the counts as a Markdown table, beside the recorded ones where there are some."""
    lines = ["| workload | instructions | recorded | ratio |", "| --- | --- | --- | --- |"]
    for name, found in counts.items():
        before = recorded.get(name)
        ratio = f"{found / before:.3f}" if before else ""
        lines.append(f"| {name} | {found} | {before or ''} | {ratio} |")
    return lines


def exceeded(counts: Mapping[str, int], recorded: Mapping[str, int], tolerance: float) -> list[str]:
    """Return a line for each workload that takes more than its recorded figure allows."""
    allowed = dict.fromkeys(counts, tolerance)
    allowed |= {n: max(tolerance, THREADED_TOLERANCE) for n in counts if n in THREADED_WORKLOADS}
    return [
        f"{name}: {found} instructions, recorded {recorded[name]}, allowed"
        f" {recorded[name] * allowed[name]:.0f} ({allowed[name]} x)"
        for name, found in counts.items()
        if name in recorded and found > recorded[name] * allowed[name]
    ]


def read(file: Path) -> Figures:
    """Return the figures of a file; empty if there is no such file."""
    figures: Figures = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return figures


def record(file: Path, interface: str, counts: Mapping[str, int], version: str = "") -> None:
    """Write the counts into a file, beside those of other interpreters and protocols.

    :param version: of the interpreter; by default of the one that runs.
    """
    figures = read(file)
    figures.setdefault(version or VERSION, {}).setdefault(interface, {}).update(counts)
    file.write_text(json.dumps(figures, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def compare(before: Figures, now: Figures) -> list[str]:
    """Return a Markdown table of two files: one row for each workload, by interpreter."""
    versions = sorted(before.keys() & now.keys())
    lines = [
        "# Machine instructions of one request, before and now",
        "",
        "Method: `benchmarks/instructions.py`. `before` is the code before its classes and layers",
        "were rearranged, `instructions-before.json`. `now` is `instructions.json`.",
        "",
        "| workload |" + "".join(f" {v} before | {v} now | ratio |" for v in versions),
        "|---|" + "---:|---:|---:|" * len(versions),
    ]
    for interface in ("wsgi", "asgi"):
        found = {v: (before[v].get(interface, {}), now[v].get(interface, {})) for v in versions}
        for name in (
            ASGI_WORKLOADS + THREADED_WORKLOADS if interface == "asgi" else wsgi_workloads()
        ):
            if not any(name in new for _, new in found.values()):
                continue
            cells = [
                f" {old[name]:,} | {new[name]:,} | {new[name] / old[name]:.3f} |"
                if name in old and name in new
                else " | | |"
                for old, new in found.values()
            ]
            lines.append(f"| {interface} {name} |" + "".join(cells))
    return lines


def wsgi_workloads() -> list[str]:
    """Return the names of the workloads that are counted over WSGI."""
    return [name for name in workloads.WORKLOADS if not name.startswith(("plain_", "typed_"))]


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--asgi", action="store_true", help="count requests by ASGI")
    parser.add_argument("--only", metavar="WORKLOAD[,..]", help="these workloads; default: all")
    parser.add_argument("--realistic", action="store_true", help="count the realistic application")
    parser.add_argument(
        "--peer",
        metavar="PEER",
        choices={**PEERS, **ASGI_PEERS},
        default="this",
        help="count a peer that the interpreter has installed; default: %(default)s",
    )
    parser.add_argument("--json", metavar="FILE", help="write the counts there")
    parser.add_argument("--check", metavar="FILE", help="fail where these counts are exceeded")
    parser.add_argument("--compare", metavar="FILE", nargs=2, help="print a table of two files")
    parser.add_argument("--tolerance", type=float, default=1.03, help="default: %(default)s")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
