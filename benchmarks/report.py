"""From the figures of all rounds to tables that people read and JSON that programs read.

Data in, text out; nothing here is timed or run, but for the reading of what
machine this is.
"""

from __future__ import annotations

import datetime
import json
import os
import platform
import sysconfig
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.environments import CommandFailed, run
from benchmarks.rounds import Measured, Table

#: Peers that are no framework of the same kind: not among those that `this` is measured against.
NOT_RIVALS = ("this", "official", "bare")


def machine() -> dict[str, Any]:
    """Return what the figures depend on, and nothing that names the machine or its folders."""
    built = str(sysconfig.get_config_var("CONFIG_ARGS") or "")
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "cpu": _cpu(),
        "cores": os.cpu_count() or 1,
        "load_at_start": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "python_profile_guided": "--enable-optimizations" in built,
        "system": platform.system(),
        "commit": _commit(),
    }


def _cpu() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _commit() -> str:
    """Return the short name of the commit, and whether the tree has changes beyond it."""
    try:
        name = run(["git", "rev-parse", "--short=12", "HEAD"]).strip()
        changed = run(["git", "status", "--porcelain", "--", "src", "benchmarks/peers"]).strip()
    except CommandFailed:
        return "none"
    return f"{name} with changes" if changed else name


def machine_lines(found: Mapping[str, Any], versions: Mapping[str, str]) -> list[str]:
    """Return the same as sentences for the top of a report; versions are peer -> text."""
    built = "" if found["python_profile_guided"] else ", built without --enable-optimizations"
    return [
        f"- Date: {found['date']}; commit {found['commit']}",
        f"- Machine: {found['cpu']}, {found['cores']} cores, {found['system']}, "
        f"load {found['load_at_start']} when the run began",
        f"- Python: {found['python']}{built}",
        *(f"- {peer}: {text}" for peer, text in versions.items() if text),
    ]


def ratios(row: Mapping[str, Measured]) -> dict[str, float | str | None]:
    """Compare `this` in one row with others: against the best rival and against official Flask.

    `to_rival` is this package's best time divided by the fastest rival's: below 1 is faster.
    `official_to_this` says how many times as long official Flask takes. None where one of the
    two is missing.
    """
    rivals = {name: min(row[name].rounds) for name in row if name not in NOT_RIVALS}
    rival = min(rivals, key=lambda name: rivals[name], default=None)
    this = min(row["this"].rounds) if "this" in row else None
    official = min(row["official"].rounds) if "official" in row else None
    return {
        "rival": rival,
        "to_rival": this / rivals[rival] if this and rival else None,
        "official_to_this": official / this if this and official else None,
    }


def peers_table(table: Table, peers: Sequence[str]) -> list[str]:
    """Return the markdown table of a run with several peers."""
    head = ["workload", *peers, "this / best rival", "official / this"]
    lines = [_line(head), _line(["---"] * len(head))]
    for name, row in table.items():
        found = ratios(row)
        to_rival = (
            "" if found["to_rival"] is None else f"{found['to_rival']:.2f} ({found['rival']})"
        )
        cells = [_cell(row.get(peer)) for peer in peers]
        lines.append(_line([name, *cells, to_rival, _factor(found["official_to_this"])]))
    return lines


def pair_table(table: Table, new: str, old: str) -> list[str]:
    """Return the markdown table of two trees of this package.

    The last column is the median of the ratios within each round, which shakes less than the
    ratio of two medians when the machine is busy for a while.
    """
    head = ["workload", new, old, "best / best", "median of the rounds' ratios"]
    lines = [_line(head), _line(["---"] * len(head))]
    for name, row in table.items():
        if new not in row or old not in row:
            lines.append(_line([name, _cell(row.get(new)), _cell(row.get(old)), "", ""]))
            continue
        best = min(row[new].rounds) / min(row[old].rounds)
        paired = median(paired_ratios(row[new], row[old]))
        lines.append(
            _line([name, _cell(row[new]), _cell(row[old]), f"{best:.2f}", f"{paired:.2f}"])
        )
    return lines


def paired_ratios(new: Measured, old: Measured) -> list[float]:
    """Return new / old of each round, in which both ran within the same second."""
    return [one / two for one, two in zip(new.rounds, old.rounds, strict=True)]


def as_json(
    table: Table,
    found: Mapping[str, Any],
    versions: Mapping[str, str],
    says: Mapping[str, str],
) -> str:
    """Return everything that was measured, all rounds of it, as indented JSON.

    `says` describes each row.
    """
    workloads = {
        name: {
            "says": says[name],
            "peers": {
                peer: {
                    "best_us": round(min(measured.rounds), 3),
                    "median_us": round(median(measured.rounds), 3),
                    "calls_per_round": measured.calls,
                    "rounds_us": [round(figure, 3) for figure in measured.rounds],
                }
                for peer, measured in row.items()
            },
            "ratios": ratios(row),
        }
        for name, row in table.items()
    }
    document = {"machine": dict(found), "versions": dict(versions), "workloads": workloads}
    return json.dumps(document, indent=1) + "\n"


def write(name: str | None, text: str) -> None:
    """Write a result to a file, its folder made if need be; None writes nothing."""
    if name is not None:
        file = Path(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def _cell(measured: Measured | None) -> str:
    if measured is None:
        return "-"
    return f"{_figure(min(measured.rounds))} / {_figure(median(measured.rounds))}"


def _figure(microseconds: float) -> str:
    """Return three digits that count, as `3.14`, `31.4` or `314`."""
    digits = 2 if microseconds < 10 else 1 if microseconds < 100 else 0
    return f"{microseconds:.{digits}f}"


def _factor(value: float | str | None) -> str:
    return f"{value:.1f} x" if isinstance(value, float) else ""


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
