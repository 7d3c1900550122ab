"""What ``flask serve`` costs on WSGI, against Granian's own WSGI: requests per second, alternating.

    python benchmarks/serve.py --seconds 2 --rounds 5 --markdown benchmarks/results/serve.md

Needs wrk (the Debian package), and Granian in the environment that runs this. Every server listens
on 127.0.0.1 only and is ended afterwards. Granian's WSGI lets aborted uploads look complete, so the
two do not do the same: docs/decisions/0031.
"""

from __future__ import annotations

import argparse
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CONNECTIONS = 16
SHOP = """\
import time
from flask import Flask, request

app = Flask(__name__)
app.add_url_rule("/hello", "hello", lambda: "Hello, World!")
app.add_url_rule("/json/<int:number>", "json", lambda number: {"number": number})

@app.route("/waits")
def waits():
    time.sleep(0.005)
    return "waited"
"""
SERVERS = {
    "granian": "granian --interface wsgi --workers 1 --blocking-threads 16 --port {port} shop:app",
    "flask serve": "flask --app shop serve --interface wsgi --workers 1 --threads 16 --port {port}",
}
PATHS = ("/hello", "/json/5", "/waits")


@contextmanager
def serving(name: str, folder: str) -> Iterator[int]:
    """Serve the application; gives the port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    command = [sys.executable, "-m", *SERVERS[name].format(port=port).split()]
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        end = time.monotonic() + 30
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            if time.monotonic() > end:
                raise SystemExit(f"{name} does not answer")
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def measure(port: int, path: str, seconds: int) -> float:
    """Return requests per second."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", f"http://127.0.0.1:{port}{path}"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in printed:
        raise SystemExit(f"{path} failed:\n{printed}")
    match = re.search(r"Requests/sec:\s+([\d.]+)", printed)
    assert match is not None
    return float(match[1])


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--markdown", type=Path)
    options = parser.parse_args()
    rates: dict[tuple[str, str], list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "shop.py").write_text(SHOP)
        with serving("granian", folder) as theirs, serving("flask serve", folder) as ours:
            for _ in range(options.rounds):
                for path in PATHS:
                    for name, port in (("granian", theirs), ("flask serve", ours)):
                        rate = measure(port, path, options.seconds)
                        rates.setdefault((path, name), []).append(rate)
    lines = [
        f"CPython {sys.version.split()[0]}, one worker, 16 threads, {CONNECTIONS} connections;"
        f" medians of {options.rounds} rounds of {options.seconds} s.\n",
        "| view | granian --interface wsgi | flask serve --interface wsgi | ratio |",
        "|---|---|---|---|",
    ]
    for path in PATHS:
        theirs_rate = statistics.median(rates[path, "granian"])
        ours_rate = statistics.median(rates[path, "flask serve"])
        ratio = ours_rate / theirs_rate
        lines.append(f"| `{path}` | {theirs_rate:,.0f} | {ours_rate:,.0f} | {ratio:.2f} |")
    text = "\n".join(lines) + "\n"
    print(text)
    if options.markdown is not None:
        options.markdown.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
