"""Workers, and the rounds that alternate between them.

A worker is one peer in its own process, on one core, with commands over a pipe. While
it works the driver waits, so only one process runs at any time.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.answers import Answer, differences
from benchmarks.environments import (
    ROOT,
    STORE,
    Environment,
    checkout,
    clean_variables,
    make_environment,
    put_wheel,
    say,
    wheel_of,
)
from benchmarks.peers import OFFICIAL, PEERS, PeerKind
from benchmarks.workloads import Workload

FOLDER = Path(__file__).resolve().parent


class WorkerFailed(Exception):
    """A peer raised or its process ended; the message says during what."""


@dataclass(frozen=True)
class Peer:
    """One column of the table: a framework in an environment that has it."""

    name: str
    kind: PeerKind
    environment: Environment


@dataclass
class Measured:
    """The microseconds per request of one peer on one workload, one figure for each round."""

    calls: int
    rounds: list[float] = field(default_factory=list)


#: Workload -> peer -> figures. A peer that cannot do a workload is missing there.
Table = dict[str, dict[str, Measured]]


def prepare(name: str, refresh: bool = False, kinds: Mapping[str, PeerKind] | None = None) -> Peer:
    """Return a peer by its name, with its environment ready; raises KeyError for an unknown one."""
    kind = (PEERS if kinds is None else kinds)[name]
    home = STORE / "environments"
    if kind.ours:
        folder = home / (name if kind.interface == "wsgi" else f"{name}-{kind.interface}")
        return _prepared_tree(name, ROOT, folder, kind)
    return Peer(name, kind, make_environment(home / name, kind.requirements, refresh=refresh))


def prepare_commit(reference: str) -> Peer:
    """Return this package at another commit as a peer that is named after it."""
    short, tree = checkout(reference, STORE)
    return _prepared_tree(short, tree, STORE / "environments" / f"commit-{short}")


def _prepared_tree(name: str, tree: Path, folder: Path, kind: PeerKind = PEERS["this"]) -> Peer:
    """Return a tree of this repository as a peer, with the dependencies that official Flask has.

    Both Flasks run on the very same Werkzeug and Jinja2, installed in the same way.
    """
    official = make_environment(STORE / "environments" / OFFICIAL.name, OFFICIAL.requirements)
    wanted = [*official.frozen(), *kind.requirements]
    environment = make_environment(folder, wanted, exactly=True)
    put_wheel(environment, wheel_of(tree, STORE))
    return Peer(name, kind, environment)


class Worker:
    """A peer's process; made by starting it, ended by `stop`."""

    def __init__(self, peer: Peer, core: int | None) -> None:
        self.peer = peer
        command = [
            str(peer.environment.python),
            "-P",
            str(FOLDER / "worker.py"),
            "--module",
            peer.kind.module,
            "--interface",
            peer.kind.interface,
        ]
        if core is not None:
            command += ["--core", str(core)]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            cwd=ROOT,
            env=clean_variables(),
        )

    def ask(self, do: str, **more: Any) -> Any:
        """Send the worker a command and return its answer; raises WorkerFailed."""
        assert self._process.stdin is not None and self._process.stdout is not None
        doing = f"{self.peer.name}, asked for {do} {more.get('workload', '')}".rstrip()
        try:
            self._process.stdin.write(json.dumps({"do": do, **more}) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            code = self._process.wait()
            raise WorkerFailed(f"{doing}: its process ended with {code}; see its output above")
        reply = json.loads(line)
        if "error" in reply:
            raise WorkerFailed(f"{doing}, raised:\n{reply['error']}")
        return reply["value"]

    def stop(self) -> None:
        """End the process by closing its input and wait for it."""
        self._process.communicate()


def start(peers: Sequence[Peer], core: int | None) -> dict[str, Worker]:
    """Start one worker for each peer and wait until all have loaded their apps.

    Raises WorkerFailed, with none left running, if one of them cannot.
    """
    workers: dict[str, Worker] = {}
    try:
        for peer in peers:
            workers[peer.name] = Worker(peer, core)
            workers[peer.name].ask("describe")
    except WorkerFailed:
        stop(workers)
        raise
    return workers


def stop(workers: Mapping[str, Worker]) -> None:
    """End all workers."""
    for worker in workers.values():
        worker.stop()


def able(workers: Mapping[str, Worker], workload: Workload) -> list[str]:
    """Return the names of the workers that can do a workload."""
    return [
        name
        for name, worker in workers.items()
        if workload.name in worker.ask("describe")["workloads"]
    ]


def check(workers: Mapping[str, Worker], workloads: Sequence[Workload]) -> list[str]:
    """Return a line for each answer that differs between the peers."""
    flasks = [name for name, worker in workers.items() if worker.peer.kind.module == "flask_apps"]
    found = []
    for workload in workloads:
        answers = {
            name: [
                Answer.from_worker(reply)
                for reply in workers[name].ask("answers", workload=workload.name)
            ]
            for name in able(workers, workload)
        }
        found += differences(workload, answers, flasks)
    return found


def measure(
    workers: dict[str, Worker],
    workloads: Sequence[Workload],
    rounds: int,
    *,
    fresh: bool,
    core: int | None,
) -> Table:
    """Time every workload on every peer, a round each in turn, in reversed order every other time.

    `fresh` starts new processes for each round, so that what one process happens to be like
    (its hash seed, its place in memory) is averaged out. `workers` is left holding live ones.
    """
    table: Table = {
        workload.name: {
            name: Measured(workers[name].ask("calibrate", workload=workload.name))
            for name in able(workers, workload)
        }
        for workload in workloads
    }
    peers = [worker.peer for worker in workers.values()]
    for number in range(rounds):
        if fresh and number:
            stop(workers)
            workers.update(start(peers, core))
        say(f"round {number + 1} of {rounds}")
        for workload in workloads:
            row = table[workload.name]
            for name in row if number % 2 == 0 else reversed(row):
                calls = row[name].calls
                if fresh:  # a process that has just started is not warm yet
                    workers[name].ask("time", workload=workload.name, calls=max(1, calls // 4))
                seconds = workers[name].ask("time", workload=workload.name, calls=calls)
                row[name].rounds.append(seconds / calls * 1e6)
    return table


def last_core() -> int | None:
    """Return the last core that this process may use, or None where it cannot choose."""
    if not hasattr(os, "sched_getaffinity"):
        return None
    return max(os.sched_getaffinity(0))
