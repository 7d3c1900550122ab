"""Which Python functions a request runs, and how many bytecode instructions each of them takes.

    python benchmarks/profile_steps.py                       the workloads short of their aim
    python benchmarks/profile_steps.py --only hello --markdown FILE
    python benchmarks/profile_steps.py --asgi            async views on ASGI: hello

The profile behind "What was aimed at, and what was reached" in README.md. Bytecode instructions
are the same in every run. What a C function does inside counts nothing, so a framework with parts
in Cython shows less here than it costs; the time beside it is what counts in the end.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import report, rounds, workloads
from benchmarks.environments import CommandFailed
from benchmarks.peers import ASGI_PEERS, PEERS, PeerKind
from benchmarks.run import versions_of

SHORT_OF_THEIR_AIM = "hello,json,echo,form,session,static304,notfound,hooked,method_view,url_for10"
RIVALS = "this,falcon,bottle"
_MOST_LINES = 14

Steps = list[tuple[str, int, int]]
"""Function, its calls, and its instructions in one request; the most first."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Profile and print; 1 if something cannot be run."""
    options = _options(arguments)
    try:
        kinds = ASGI_PEERS if options.asgi else PEERS
        names = options.peers or ("this,starlette,blacksheep" if options.asgi else RIVALS)
        only = options.only or ("hello" if options.asgi else SHORT_OF_THEIR_AIM)
        lines = profile(names.split(","), workloads.chosen(only), kinds)
    except (CommandFailed, rounds.WorkerFailed, ValueError) as error:
        print(f"profile_steps: {error}", file=sys.stderr)
        return 1
    text = "\n".join(lines) + "\n"
    print(text, end="")
    if options.markdown:
        Path(options.markdown).write_text(text, encoding="utf-8")
    return 0


def profile(
    names: Sequence[str], chosen: Sequence[workloads.Workload], kinds: Mapping[str, PeerKind]
) -> list[str]:
    """Return the report: for each workload the sums of all peers, then this package's functions."""
    workers = rounds.start([rounds.prepare(name, False, kinds) for name in names], core=None)
    try:
        lines = _heading(workers)
        for workload in chosen:
            steps = {
                name: worker.ask("steps", workload=workload.name)
                for name, worker in workers.items()
                if rounds.able({name: worker}, workload)
            }
            lines += table(workload.name, steps)
        return lines
    finally:
        rounds.stop(workers)


def _heading(workers: Any) -> list[str]:
    return [
        "# Bytecode instructions of one request, by function",
        "",
        "Method: `benchmarks/profile_steps.py`. CPython's instructions, without what C functions"
        " do inside.",
        "",
        *report.machine_lines(report.machine(), versions_of(workers)),
    ]


def table(workload: str, steps: dict[str, Steps]) -> list[str]:
    """Return the tables of one workload as lines of markdown."""
    lines = [
        "",
        f"## {workload}",
        "",
        "| peer | instructions | functions entered |",
        "|---|---|---|",
    ]
    for name, found in steps.items():
        instructions, calls = sum(step[2] for step in found), sum(step[1] for step in found)
        lines.append(f"| {name} | {instructions} | {calls} |")
    found = steps.get("this", [])
    lines += ["", "| this: function | calls | instructions |", "|---|---|---|"]
    lines += [f"| `{name}` | {calls} | {count} |" for name, calls, count in found[:_MOST_LINES]]
    rest = found[_MOST_LINES:]
    if rest:
        lines.append(
            f"| {len(rest)} others | {sum(s[1] for s in rest)} | {sum(s[2] for s in rest)} |"
        )
    return lines


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--only", metavar="WORKLOAD[,..]", help=f"default: {SHORT_OF_THEIR_AIM}; with --asgi hello"
    )
    parser.add_argument("--peers", metavar="PEER[,..]", help=f"default: {RIVALS}")
    parser.add_argument("--asgi", action="store_true", help="ASGI frameworks instead of WSGI ones")
    parser.add_argument("--markdown", metavar="FILE", help="write the report there")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
