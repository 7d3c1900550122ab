"""The process that ``instructions.py`` runs under callgrind.

    python benchmarks/instructions_task.py MODULE INTERFACE REQUESTS WORKLOAD CLASSES

Callgrind writes what it has counted each time the process enters ``getppid``: before a block of
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


def main(module: str, interface: str, requests: int, name: str, classes: int) -> None:
    """Send the requests of a workload."""
    made = [type(f"Class{number}", (), {"a": number}) for number in range(classes)]
    assert [kind.a for kind in made] == list(range(classes))  # type: ignore[attr-defined]
    peer = Peer(module, interface)
    request = peer.repeated(name)
    application = peer.applications[name]
    send = peer.interface.time_calls
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
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4], int(sys.argv[5]))
