"""A table of the recorded instructions: this package, its rivals, and the aim of each workload.

    python benchmarks/aims.py benchmarks/results/instructions.json > benchmarks/results/aims.md

An aim is a share of a rival's instructions, on each interpreter.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.instructions import Figures, read

AIMS: dict[str, list[tuple[str, str, float]]] = {
    "wsgi": [
        ("hello", "falcon", 0.85),
        ("json", "falcon", 0.65),
        ("param", "falcon", 0.75),
        ("post_json", "falcon", 0.8),
        ("form", "falcon", 0.95),
        ("echo", "falcon", 0.85),
        ("redirect", "falcon", 0.85),
        ("template", "falcon", 0.55),
        ("session", "bottle", 0.4),
        ("routes1000", "falcon", 0.35),
        ("static", "falcon", 0.45),
        ("static304", "falcon", 0.45),
        ("notfound", "falcon", 0.5),
        ("hooked", "falcon", 1.0),
        ("method_view", "falcon", 1.0),
        ("stream100", "falcon", 0.9),
    ],
    "asgi": [
        ("hello", "starlette", 0.6),
        ("json", "starlette", 0.6),
        ("param", "starlette", 0.6),
        ("post_json", "starlette", 0.6),
        ("hello", "blacksheep", 1.3),
        ("json", "blacksheep", 1.0),
        ("param", "blacksheep", 1.0),
        ("post_json", "blacksheep", 1.0),
        ("plain_hello", "litestar", 1.0),
        ("plain_json", "litestar", 1.0),
        ("plain_param", "litestar", 1.0),
        ("plain_post_json", "litestar", 1.0),
    ],
}
"""Workload, rival, and the largest share of the rival's instructions, by protocol."""
APPLICATIONS = {"bare": "", "realistic": " realistic"}
"""What follows the protocol in the key of the figures."""


def table(figures: Figures) -> list[str]:
    """Return the table as lines of Markdown."""
    versions = sorted(figures)
    heads = [f"{kind} {version}" for kind in APPLICATIONS for version in versions]
    lines = [
        "# Machine instructions of one request, beside those of rivals",
        "",
        "Method: `benchmarks/instructions.py`. Each cell has the instructions, and their share of",
        "the rival's on the same interpreter; in bold where the aim is reached.",
        "",
        f"| workload | rival | aim | {' | '.join(f'rival {v}' for v in versions)} |"
        f" {' | '.join(heads)} |",
        "|---|---|---:|" + "---:|" * (len(versions) + len(heads)),
    ]
    for interface, rows in AIMS.items():
        for name, rival, aim in rows:
            rivals = {v: figures[v].get(f"{interface} {rival}", {}).get(name) for v in versions}
            if not any(rivals.values()):
                continue
            cells = [f"{rivals[v]:,}" if rivals[v] else "-" for v in versions]
            cells += [
                _cell(figures[v].get(interface + suffix, {}).get(name), rivals[v], aim)
                for suffix in APPLICATIONS.values()
                for v in versions
            ]
            lines.append(f"| {interface} {name} | {rival} | {aim} | {' | '.join(cells)} |")
    return lines


def _cell(found: int | None, rival: int | None, aim: float) -> str:
    if not found or not rival:
        return "-"
    text = f"{found:,} ({found / rival:.2f})"
    return f"**{text}**" if found <= aim * rival else text


if __name__ == "__main__":
    print("\n".join(table(read(Path(sys.argv[1])))))
