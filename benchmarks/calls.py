"""Count the Python functions that one request enters, for each workload of this package.

    python benchmarks/calls.py                                     print the table
    python benchmarks/calls.py --json benchmarks/calls.json        record the figures
    python benchmarks/calls.py --check benchmarks/calls.json --tolerance 1.3
    python benchmarks/calls.py --here                              the interpreter's own flask

Counts do not shake as seconds do, so a check of them can stand in CI. They are not seconds:
a call of a C function counts nothing, a long function counts one.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import rounds, workloads
from benchmarks.environments import CommandFailed, Environment
from benchmarks.peers import PEERS


def main(arguments: Sequence[str] | None = None) -> int:
    """Count and print; 1 if a recorded figure is exceeded or something cannot be run."""
    options = _options(arguments)
    try:
        counts = count(_peer(options), workloads.chosen(options.only))
    except (CommandFailed, rounds.WorkerFailed, ValueError) as error:
        print(f"calls: {error}", file=sys.stderr)
        return 1
    recorded = json.loads(Path(options.check).read_text()) if options.check else {}
    print("\n".join(table(counts, recorded)))
    if options.json:
        Path(options.json).write_text(json.dumps(counts, indent=1) + "\n", encoding="utf-8")
    faults = exceeded(counts, recorded, options.tolerance) if options.check else []
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


def count(peer: rounds.Peer, chosen: Sequence[workloads.Workload]) -> dict[str, int]:
    """Return the calls of one request of each workload that the peer can do."""
    workers = rounds.start([peer], core=None)
    try:
        worker = workers[peer.name]
        return {
            workload.name: int(worker.ask("count", workload=workload.name))
            for workload in chosen
            if rounds.able(workers, workload)
        }
    finally:
        rounds.stop(workers)


def table(counts: Mapping[str, int], recorded: Mapping[str, int]) -> list[str]:
    """Return the counts as a markdown table, beside the recorded ones where there are some."""
    lines = ["| workload | calls | recorded | ratio |", "| --- | --- | --- | --- |"]
    for name, calls in counts.items():
        before = recorded.get(name)
        ratio = f"{calls / before:.2f}" if before else ""
        lines.append(f"| {name} | {calls} | {'' if before is None else before} | {ratio} |")
    return lines


def exceeded(counts: Mapping[str, int], recorded: Mapping[str, int], tolerance: float) -> list[str]:
    """Return a sentence for each workload over tolerance x its recorded figure, or without one."""
    faults = []
    for name, calls in counts.items():
        if name not in recorded:
            faults.append(f"{name}: no recorded figure; record it with --json")
        elif calls > recorded[name] * tolerance:
            faults.append(
                f"{name}: {calls} calls, recorded {recorded[name]}, allowed "
                f"{recorded[name] * tolerance:.0f} ({tolerance} x); look at what a request does "
                "now that it did not do before, or record the new figure with its reason"
            )
    return faults


def _peer(options: argparse.Namespace) -> rounds.Peer:
    if options.here:
        here = Path(sys.prefix)
        return rounds.Peer("this", PEERS["this"], Environment(here))
    return rounds.prepare(options.peer)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", metavar="WORKLOAD[,..]", help="these workloads; default: all")
    parser.add_argument("--peer", choices=PEERS, default="this", help="default: %(default)s")
    parser.add_argument(
        "--here", action="store_true", help="use the flask that this interpreter imports"
    )
    parser.add_argument("--json", metavar="FILE", help="write the counts there")
    parser.add_argument("--check", metavar="FILE", help="fail where these counts are exceeded")
    parser.add_argument("--tolerance", type=float, default=1.3, help="default: %(default)s")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
