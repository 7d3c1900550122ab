"""One peer in its own process and environment, with commands as lines.

Started by rounds.py as `python -P worker.py --module MODULE --interface wsgi`. Each line of
standard input is a JSON object with "do"; each is answered by one line of JSON. What the peer
prints goes to standard error, so that it cannot break a line.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import importlib.metadata
import json
import os
import platform
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# At the end of the path: nothing of this repository may hide what the environment has installed.
sys.path.append(str(Path(__file__).resolve().parent.parent))

from benchmarks import asgi, wsgi
from benchmarks.workloads import WORKLOADS, Request

#: A round is long enough to be far above the clock and short enough to alternate often.
ROUND_SECONDS = 0.07


@dataclass(frozen=True)
class Interface:
    """How a protocol's applications are asked, timed and counted."""

    ask: Callable[[Any, Request], wsgi.RawAnswer]
    time_calls: Callable[[Any, Request, int], float]
    count_calls: Callable[[Any, Request], int]
    count_steps: Callable[[Any, Request], list[tuple[str, int, int]]]


#: A peer of another protocol needs one more line here and a file like wsgi.py.
INTERFACES = {
    "wsgi": Interface(wsgi.ask, wsgi.time_calls, wsgi.count_calls, wsgi.count_steps),
    "asgi": Interface(asgi.ask, asgi.time_calls, asgi.count_calls, asgi.count_steps),
}


class Peer:
    """The applications of one framework and the request that each workload repeats."""

    interface: Interface
    applications: dict[str, Any]

    def __init__(self, module: str, interface: str) -> None:
        self.interface = INTERFACES[interface]
        self.applications = importlib.import_module(f"benchmarks.peers.{module}").applications()
        self._repeated: dict[str, Request] = {}

    def answers(self, workload: str) -> list[wsgi.RawAnswer]:
        """Return three answers: to the first request, then twice to the one that is timed."""
        application = self.applications[workload]
        first = self.interface.ask(application, WORKLOADS[workload].request)
        repeated = _following(WORKLOADS[workload].follow, WORKLOADS[workload].request, first)
        self._repeated[workload] = repeated
        return [first, *(self.interface.ask(application, repeated) for _ in range(2))]

    def repeated(self, workload: str) -> Request:
        """Return the request that is timed, made from a first answer where it needs one."""
        if workload not in self._repeated:
            self.answers(workload)
        return self._repeated[workload]

    def time(self, workload: str, calls: int) -> float:
        """Return the seconds for so many requests; garbage of earlier rounds is not among it."""
        request = self.repeated(workload)
        gc.collect()
        return self.interface.time_calls(self.applications[workload], request, calls)

    def calibrate(self, workload: str) -> int:
        """Return how many requests fill a round, having warmed the application up."""
        calls = 1
        while (seconds := self.time(workload, calls)) < ROUND_SECONDS / 4:
            calls *= 2
        return max(1, round(calls * ROUND_SECONDS / seconds))

    def count(self, workload: str) -> int:
        """Return the least number of function calls of five requests after a warm-up.

        The least, because now and then a request pays for something that is kept afterwards
        (a date string for the second, say).
        """
        request = self.repeated(workload)
        application = self.applications[workload]
        self.interface.time_calls(application, request, 50)
        return min(self.interface.count_calls(application, request) for _ in range(5))

    def steps(self, workload: str) -> list[tuple[str, int, int]]:
        """Return the functions of one request after a warm-up; see ``wsgi.count_steps``."""
        request = self.repeated(workload)
        application = self.applications[workload]
        self.interface.time_calls(application, request, 50)
        return self.interface.count_steps(application, request)


def _following(follow: str, request: Request, first: wsgi.RawAnswer) -> Request:
    """Return the request as a browser would send it that has got the first answer."""
    headers = [(name.lower(), value) for name, value in first[1]]
    if follow == "cookies":
        cookies = [value.split(";", 1)[0] for name, value in headers if name == "set-cookie"]
        return request.with_headers(Cookie="; ".join(cookies))
    if follow == "validators":
        given = dict(headers)
        conditions = {"If_None_Match": "etag", "If_Modified_Since": "last-modified"}
        return request.with_headers(
            **{name: given[source] for name, source in conditions.items() if source in given}
        )
    return request


def _versions() -> dict[str, str]:
    """Return the version of each distribution that is installed beside this worker."""
    found = {item.name: item.version for item in importlib.metadata.distributions()}
    return {name: found[name] for name in sorted(found, key=str.lower)}


def _pin(core: int | None) -> bool:
    """Keep this process on one core; False where the system has no such call."""
    if core is None or not hasattr(os, "sched_setaffinity"):
        return False
    os.sched_setaffinity(0, {core})
    return True


def serve(peer: Peer, pinned: bool, out: Callable[[str], object]) -> None:
    """Answer the driver's lines until it sends stop or ends."""
    does: dict[str, Callable[[dict[str, Any]], Any]] = {
        "describe": lambda order: {
            "workloads": list(peer.applications),
            "versions": _versions(),
            "python": f"{platform.python_implementation()} {platform.python_version()}",
            "pinned": pinned,
        },
        "answers": lambda order: [
            (status, headers, body.decode("latin-1"))
            for status, headers, body in peer.answers(order["workload"])
        ],
        "calibrate": lambda order: peer.calibrate(order["workload"]),
        "time": lambda order: peer.time(order["workload"], order["calls"]),
        "count": lambda order: peer.count(order["workload"]),
        "steps": lambda order: peer.steps(order["workload"]),
    }
    for line in sys.stdin:
        order = json.loads(line)
        if order["do"] == "stop":
            return
        try:
            reply = {"value": does[order["do"]](order)}
        except Exception:
            reply = {"error": traceback.format_exc()}
        out(json.dumps(reply) + "\n")


def main() -> None:
    """Load the peer and serve the driver."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--module", required=True)
    parser.add_argument("--interface", choices=INTERFACES, required=True)
    parser.add_argument("--core", type=int)
    options = parser.parse_args()
    replies = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)
    pinned = _pin(options.core)
    serve(Peer(options.module, options.interface), pinned, replies.write)


if __name__ == "__main__":
    main()
