"""Time the workloads on this package and its peers, in process, rounds alternating.

    python benchmarks/run.py                          all workloads, all peers
    python benchmarks/run.py --only hello,json --rounds 5
    python benchmarks/run.py --asgi                   the ASGI workloads, on ASGI frameworks
    python benchmarks/run.py --typed                  validated requests, on WSGI or ASGI
    python benchmarks/run.py --against HEAD~1         this tree against another commit

Needs the standard library only; makes its environments under .cache/benchmarks/.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import report, rounds, workloads
from benchmarks.environments import CommandFailed, say
from benchmarks.peers import (
    ASGI_PEERS,
    DEFAULT_ASGI_PEERS,
    DEFAULT_PEERS,
    PEERS,
    TYPED_ASGI_PEERS,
    TYPED_PEERS,
    PeerKind,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Prepare, check, measure, report; 1 if an answer differs or something cannot be run."""
    options = _options(arguments)
    try:
        chosen = workloads.chosen(options.only)
        peers = _peers(options)
        return _run(options, chosen, peers)
    except (CommandFailed, rounds.WorkerFailed, ValueError) as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1


def _run(
    options: argparse.Namespace, chosen: list[workloads.Workload], peers: list[rounds.Peer]
) -> int:
    found = report.machine()
    workers = rounds.start(peers, options.core)
    try:
        versions = versions_of(workers)
        say("checking that the answers are equal")
        if different := rounds.check(workers, chosen):
            print("nothing was timed, because answers differ:", *different, sep="\n")
            return 1
        fresh = options.fresh or options.against is not None
        table = rounds.measure(workers, chosen, options.rounds, fresh=fresh, core=options.core)
    finally:
        rounds.stop(workers)
    table = {name: row for name, row in table.items() if row}
    names = [peer.name for peer in peers]
    lines = (
        report.pair_table(table, *names) if options.against else report.peers_table(table, names)
    )
    about = "fresh processes for each round" if fresh else "one process for each peer"
    text = "\n".join(
        [
            "# Microseconds per request, in process",
            "",
            f"Cells are best / median of {options.rounds} rounds, {about}. "
            "Method and reading: `benchmarks/README.md`.",
            "",
            *report.machine_lines(found, versions),
            "",
            *lines,
            "",
        ]
    )
    print(text)
    report.write(options.markdown, text)
    says = {workload.name: workload.says for workload in chosen}
    report.write(options.json, report.as_json(table, found, versions, says))
    return 0


def _peers(options: argparse.Namespace) -> list[rounds.Peer]:
    """Return the peers of this run with their environments ready."""
    if options.against:
        return [rounds.prepare("this"), rounds.prepare_commit(options.against)]
    kinds, usual = _kinds(options)
    given = options.peers or ",".join(usual)
    names = [name.strip() for name in given.split(",") if name.strip()]
    unknown = [name for name in names if name not in kinds]
    if unknown:
        raise ValueError(f"no peer {', '.join(unknown)}; there are: {', '.join(kinds)}")
    return [rounds.prepare(name, options.refresh, kinds) for name in names]


def _kinds(options: argparse.Namespace) -> tuple[Mapping[str, PeerKind], Sequence[str]]:
    """Return the peers that may be named, and those of a run that names none."""
    if options.typed:
        kinds = TYPED_ASGI_PEERS if options.asgi else TYPED_PEERS
        return kinds, tuple(kinds)
    if options.asgi:
        return ASGI_PEERS, DEFAULT_ASGI_PEERS
    return PEERS, DEFAULT_PEERS


def versions_of(workers: Mapping[str, rounds.Worker]) -> dict[str, str]:
    """Return what is installed beside each worker, its own distribution first."""
    versions = {}
    for name, worker in workers.items():
        installed: dict[str, str] = dict(worker.ask("describe")["versions"])
        for tool in ("pip", "setuptools"):
            installed.pop(tool, None)
        own = worker.peer.kind.distribution.lower()
        items = sorted(
            installed.items(), key=lambda item: (item[0].lower() != own, item[0].lower())
        )
        versions[name] = ", ".join(f"{distribution} {version}" for distribution, version in items)
    return versions


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", metavar="WORKLOAD[,..]", help="these workloads; default: all")
    parser.add_argument("--peers", metavar="PEER[,..]", help="these peers; default: all")
    parser.add_argument("--asgi", action="store_true", help="ASGI frameworks instead of WSGI ones")
    parser.add_argument("--typed", action="store_true", help="validated requests: typed views")
    parser.add_argument("--rounds", type=_positive, default=15, help="default: %(default)s")
    parser.add_argument("--json", metavar="FILE", help="write all figures there")
    parser.add_argument("--markdown", metavar="FILE", help="write the printed report there")
    parser.add_argument("--against", metavar="GITREF", help="this tree against that commit, alone")
    parser.add_argument("--fresh", action="store_true", help="new processes for each round")
    parser.add_argument("--refresh", action="store_true", help="install the newest peers again")
    parser.add_argument(
        "--core", type=int, default=rounds.last_core(), help="the core to run on; default: the last"
    )
    return parser.parse_args(arguments)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} rounds measure nothing; give 1 or more")
    return number


if __name__ == "__main__":
    sys.exit(main())
