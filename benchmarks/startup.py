"""Time what happens once in a process: import, first request, registering routes and blueprints.

    python benchmarks/startup.py                       this package beside official Flask
    python benchmarks/startup.py --rounds 31 --json FILE --markdown FILE
    python benchmarks/startup.py --instructions        count machine instructions; needs valgrind

Each figure comes from its own process, the two packages in turn, and the median counts.
Instructions do not depend on what else the machine does; callgrind counts those of the process.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import report, rounds
from benchmarks.callgrind import read_total
from benchmarks.environments import CommandFailed, run, say
from benchmarks.peers import PEERS

#: Runs one task in the environment that is measured; its table of tasks has these names.
TASK_FILE = Path(__file__).resolve().with_name("startup_task.py")
TASKS = {
    "import": "import flask",
    "first_request": "import flask, make an app with one view, answer one request",
    "routes1000": "register 1,000 routes with two parameters on an app",
    "blueprints100": "make and register 100 blueprints, each with five routes and two hooks",
    "memory_routes1000": "MiB that an app with 1,000 routes adds",
    "memory_upload100": "MiB at the peak of a 100 MiB upload, above the process at rest",
}

COUNTED = {
    "import": "bare",
    "first_request": "bare",
    "routes1000": "import",
    "blueprints100": "import",
}
"""Tasks whose instructions are counted, and what is subtracted: ``bare`` is a Python that does
nothing, and ``import`` one that only imports flask."""
BARE = ["-c", "pass"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Prepare, measure, report; 1 if something cannot be run."""
    options = _options(arguments)
    names = options.peers.split(",")
    try:
        if unknown := [name for name in names if name not in PEERS]:
            raise ValueError(f"no peer {', '.join(unknown)}")
        peers = [rounds.prepare(name) for name in names]
        found = report.machine()
        versions = {peer.name: _version(peer) for peer in peers}
        counts = count(peers) if options.instructions else {}
        table = measure(peers, options.rounds, options.core) if options.rounds else {}
    except (CommandFailed, ValueError) as error:
        print(f"startup: {error}", file=sys.stderr)
        return 1
    parts = ["# What happens once in a process", "", *report.machine_lines(found, versions), ""]
    if table:
        parts += [
            "## Milliseconds; MiB in the rows named memory",
            "",
            f"Cells are best / median of {options.rounds} fresh processes. "
            "Method: `benchmarks/README.md`.",
            "",
            *lines(table, names),
            "",
        ]
    if counts:
        parts += ["## Millions of machine instructions", "", *count_lines(counts, names), ""]
    text = "\n".join(parts)
    print(text)
    report.write(options.markdown, text)
    if options.json:
        figures = json.loads(report.as_json(table, found, versions, TASKS))
        report.write(options.json, json.dumps({**figures, "instructions": counts}, indent=1) + "\n")
    return 0


def measure(peers: Sequence[rounds.Peer], count: int, core: int | None) -> rounds.Table:
    """Return the microseconds of each task on each peer, a fresh process for each figure.

    Stays on one core with all processes that it starts.
    """
    if core is not None:
        os.sched_setaffinity(0, {core})
    table: rounds.Table = {
        task: {peer.name: rounds.Measured(1) for peer in peers} for task in TASKS
    }
    for number in range(count + 1):
        say(f"round {number} of {count}" if number else "warming the file cache")
        for task in TASKS:
            for peer in peers if number % 2 == 0 else reversed(peers):
                command = [str(peer.environment.python), "-P", str(TASK_FILE), task]
                figure = float(run(command))
                if number:  # the first round reads files that later ones find in memory
                    table[task][peer.name].rounds.append(figure)
    return table


def lines(table: rounds.Table, names: Sequence[str]) -> list[str]:
    """Return the markdown table; the last column is the ratio of the medians."""
    head = ["task", *names, "this / official"]
    found = [f"| {' | '.join(head)} |", f"| {' | '.join(['---'] * len(head))} |"]
    for task, row in table.items():
        cells = [
            f"{min(row[n].rounds) / 1e3:.1f} / {median(row[n].rounds) / 1e3:.1f}" for n in names
        ]
        ratio = ""
        if "this" in row and "official" in row:
            ratio = f"{median(row['this'].rounds) / median(row['official'].rounds):.2f}"
        found.append(f"| {task} | {' | '.join(cells)} | {ratio} |")
    return found


def count(peers: Sequence[rounds.Peer]) -> dict[str, dict[str, int]]:
    """Return the instructions of each task on each peer, without what is subtracted.

    :raises ValueError: valgrind is not installed.
    """
    if shutil.which("valgrind") is None:
        raise ValueError("valgrind is not installed (Debian: apt install valgrind)")
    found: dict[str, dict[str, int]] = {task: {} for task in COUNTED}
    for peer in peers:
        say(f"counting the instructions of {peer.name}")
        totals = {"bare": _count_process(peer, BARE)}
        for task in COUNTED:
            totals[task] = _count_process(peer, [str(TASK_FILE), task])
        for task, subtracted in COUNTED.items():
            found[task][peer.name] = totals[task] - totals[subtracted]
    return found


def _count_process(peer: rounds.Peer, arguments: Sequence[str]) -> int:
    """Return the instructions of a whole process, from its start to its exit."""
    command = [str(peer.environment.python), "-P", *arguments]
    run(command)  # compiles what is not compiled yet
    with tempfile.TemporaryDirectory() as folder:
        dump = Path(folder, "out")
        callgrind = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={dump}"]
        run(["env", "PYTHONHASHSEED=0", *callgrind, *command])
        return read_total(dump)


def count_lines(counts: Mapping[str, Mapping[str, int]], names: Sequence[str]) -> list[str]:
    """Return the markdown table of instructions."""
    head = ["task", *names, "this / official"]
    found = [f"| {' | '.join(head)} |", f"| {' | '.join(['---'] * len(head))} |"]
    for task, row in counts.items():
        cells = [f"{row[name] / 1e6:.1f}" for name in names]
        ratio = f"{row['this'] / row['official']:.3f}" if {"this", "official"} <= set(row) else ""
        found.append(f"| {task} | {' | '.join(cells)} | {ratio} |")
    return found


def _version(peer: rounds.Peer) -> str:
    """Return the release of a peer's own distribution."""
    code = (
        "import importlib.metadata as m, sys; "
        "print(sys.argv[1], m.version(sys.argv[1]), 'on Werkzeug', m.version('werkzeug'))"
    )
    return run([peer.environment.python, "-c", code, peer.kind.distribution]).strip()


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=15, help="default: %(default)s; 0: no times")
    parser.add_argument("--instructions", action="store_true", help="count instructions too")
    parser.add_argument("--peers", default="this,official", help="default: %(default)s")
    parser.add_argument("--json", metavar="FILE", help="write all figures there")
    parser.add_argument("--markdown", metavar="FILE", help="write the printed report there")
    parser.add_argument(
        "--core", type=int, default=rounds.last_core(), help="the core to run on; default: the last"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
