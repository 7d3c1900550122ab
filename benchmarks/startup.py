"""Time what happens once in a process: import, first request, registering routes and blueprints.

    python benchmarks/startup.py                       this package beside official Flask
    python benchmarks/startup.py --rounds 31 --json FILE --markdown FILE

Each figure comes from its own process, the two packages in turn, and the median counts.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import report, rounds
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
        table = measure(peers, options.rounds, options.core)
    except (CommandFailed, ValueError) as error:
        print(f"startup: {error}", file=sys.stderr)
        return 1
    text = "\n".join(
        [
            "# Milliseconds, once for each process; MiB in the rows named memory",
            "",
            f"Cells are best / median of {options.rounds} fresh processes. "
            "Method: `benchmarks/README.md`.",
            "",
            *report.machine_lines(found, versions),
            "",
            *lines(table, names),
            "",
        ]
    )
    print(text)
    report.write(options.markdown, text)
    report.write(options.json, report.as_json(table, found, versions, TASKS))
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
    parser.add_argument("--rounds", type=int, default=15, help="default: %(default)s")
    parser.add_argument("--peers", default="this,official", help="default: %(default)s")
    parser.add_argument("--json", metavar="FILE", help="write all figures there")
    parser.add_argument("--markdown", metavar="FILE", help="write the printed report there")
    parser.add_argument(
        "--core", type=int, default=rounds.last_core(), help="the core to run on; default: the last"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
