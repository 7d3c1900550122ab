"""The process that ``instructions.py`` runs under callgrind.

    python benchmarks/instructions_task.py MODULE INTERFACE WORKLOAD=REQUESTS[,..] CLASSES

It imports everything, and forks a process for each workload: what ran before changes how CPython
runs a workload, and the import takes most of the time. For each workload it prints the number of
the process.

Callgrind writes what it has counted each time a process enters ``getppid``: before a block of
requests, before a second block that is twice as long, and after that.

CPython's cache of look-ups holds one attribute in each place, and where an attribute goes
depends on how many classes there are. So some classes are made first, and their number is varied.
"""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent))

from benchmarks.worker import Peer

WARM_UP = 30


def main(module: str, interface: str, workloads: dict[str, int], classes: int) -> None:
    """Send the requests of each workload."""
    made = [type(f"Class{number}", (), {"a": number}) for number in range(classes)]
    assert [kind.a for kind in made] == list(range(classes))  # type: ignore[attr-defined]
    peer = Peer(module, interface)
    for name, requests in workloads.items():
        process = os.fork()
        if process == 0:
            _send(peer, name, requests)
            os._exit(0)
        _, status = os.waitpid(process, 0)
        if status != 0:
            sys.exit(f"{name}: the process ended with {os.waitstatus_to_exitcode(status)}")
        print(name, process, flush=True)


def _send(peer: Peer, name: str, requests: int) -> None:
    request = peer.repeated(name)
    application = peer.applications[name]
    send = peer.interface.time_calls
    sys.setswitchinterval(60)  # a thread runs until it waits, so the order is the same in each run
    send(application, request, WARM_UP)
    gc.collect()
    gc.freeze()
    gc.disable()  # when a collection runs depends on what ran before
    os.getppid()
    send(application, request, requests)
    os.getppid()
    send(application, request, 2 * requests)
    os.getppid()


if __name__ == "__main__":
    given = dict(pair.split("=") for pair in sys.argv[3].split(","))
    numbers = {name: int(requests) for name, requests in given.items()}
    main(sys.argv[1], sys.argv[2], numbers, int(sys.argv[4]))
