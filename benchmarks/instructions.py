"""Count the machine instructions of one request, for each workload of this package.

    python benchmarks/instructions.py                       WSGI, the interpreter's own flask
    python benchmarks/instructions.py --asgi
    python benchmarks/instructions.py --json FILE           record the figures
    python benchmarks/instructions.py --check FILE --tolerance 1.03

Needs valgrind. Callgrind counts what the processor would execute, so the figures do not depend on
what else the machine does: they repeat within 0.2 %. A figure is the difference of two blocks of
requests divided by the difference of their lengths, so nothing that happens once is in it.
"""

from __future__ import annotations

import argparse
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

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import workloads
from benchmarks.peers import ASGI_PEERS, PEERS

TASK_FILE = Path(__file__).resolve().with_name("instructions_task.py")
REQUESTS = 250
"""Requests of the first block that is counted; the second one has twice as many."""
LARGE = {"upload": 5, "stream100": 20}
"""Requests of the workloads that take long under callgrind."""
CLASSES = (0, 5, 11)
"""Classes that are made first; see ``instructions_task.py``. The lowest of the counts is the one
without a clash in CPython's cache of look-ups, which can add 5 %."""
ASGI_WORKLOADS = ("hello", "json", "param", "post_json")


def main(arguments: Sequence[str] | None = None) -> int:
    """Count and print; 1 if a recorded figure is exceeded or valgrind is missing."""
    options = _options(arguments)
    if shutil.which("valgrind") is None:
        print("instructions: valgrind is not installed (Debian: apt install valgrind)")
        return 1
    names = ASGI_WORKLOADS if options.asgi else tuple(_wsgi_workloads())
    if options.only:
        names = tuple(name for name in names if name in options.only.split(","))
    try:
        counts = count(names, "asgi" if options.asgi else "wsgi")
    except subprocess.CalledProcessError as error:
        print(f"instructions: the measured process failed:\n{error.stderr[-2000:]}")
        return 1
    recorded: dict[str, dict[str, int]] = {}
    if options.check:
        recorded = json.loads(Path(options.check).read_text(encoding="utf-8"))
    key = _key(options.asgi)
    before = recorded.get(key, {})
    print(f"# {key}\n")
    print("\n".join(table(counts, before)))
    if options.json:
        record(Path(options.json), key, counts)
    if options.check and not before:
        print(f"\nNo figures are recorded for {key}; record them with --json.")
    faults = [
        f"{name}: {found} instructions, recorded {before[name]}, allowed"
        f" {before[name] * options.tolerance:.0f} ({options.tolerance} x)"
        for name, found in counts.items()
        if name in before and found > before[name] * options.tolerance
    ]
    print("\n".join(faults), file=sys.stderr)
    return 1 if faults else 0


def count(names: Sequence[str], interface: str) -> dict[str, int]:
    """Return the instructions of one request of each workload.

    :raises subprocess.CalledProcessError: the measured process failed.
    """
    module = (ASGI_PEERS if interface == "asgi" else PEERS)["this"].module
    return {
        name: min(_count_one(module, interface, name, classes) for classes in CLASSES)
        for name in names
    }


def _count_one(module: str, interface: str, name: str, classes: int) -> int:
    """Count one workload, in its own process: what ran before changes how CPython runs it."""
    requests = LARGE.get(name, REQUESTS)
    with tempfile.TemporaryDirectory() as folder:
        command = [
            *("valgrind", "--tool=callgrind", "--dump-before=getppid"),
            f"--callgrind-out-file={folder}/out",
            *(sys.executable, str(TASK_FILE), module, interface, str(requests), name),
            str(classes),
        ]
        subprocess.run(
            command,
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONHASHSEED": "0"},
        )
        # Three dumps: the warm-up, a block of requests, and a block that is twice as long.
        return round((_total(Path(folder, "out.3")) - _total(Path(folder, "out.2"))) / requests)


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


def record(file: Path, key: str, counts: Mapping[str, int]) -> None:
    """Write the counts into a file, beside those of other interpreters and protocols."""
    known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    known[key] = {**known.get(key, {}), **counts}
    file.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _key(is_asgi: bool) -> str:
    version = ".".join(platform.python_version_tuple()[:2])
    return f"{'asgi' if is_asgi else 'wsgi'}, Python {version}, {platform.machine()}"


def _wsgi_workloads() -> list[str]:
    return [name for name in workloads.WORKLOADS if not name.startswith("plain_")]


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--asgi", action="store_true", help="count requests by ASGI")
    parser.add_argument("--only", metavar="WORKLOAD[,..]", help="these workloads; default: all")
    parser.add_argument("--json", metavar="FILE", help="write the counts there")
    parser.add_argument("--check", metavar="FILE", help="fail where these counts are exceeded")
    parser.add_argument("--tolerance", type=float, default=1.03, help="default: %(default)s")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
