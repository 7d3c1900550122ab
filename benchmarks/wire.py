"""Requests per second over the loopback interface, with wrk, a server and one worker.

    python benchmarks/wire.py                          the WSGI table and the ASGI table
    python benchmarks/wire.py --seconds 3 --rounds 5 --markdown benchmarks/results/wire.md

Needs wrk (the Debian package). Every server listens on 127.0.0.1 only and is ended afterwards.
"""

from __future__ import annotations

import argparse
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import report, rounds
from benchmarks.environments import (
    ROOT,
    STORE,
    CommandFailed,
    clean_variables,
    make_environment,
    say,
)
from benchmarks.peers import ASGI_PEERS, PEERS, PeerKind

CONNECTIONS = 32


@dataclass
class Entry:
    """A server with an application: one row of a table."""

    name: str
    protocol: str
    server: str
    rates: list[float] = field(default_factory=list)
    """Requests per second, a figure for each round."""


ENTRIES = (
    ("raw callable", "bare", "wsgi", "granian"),
    ("this", "this", "wsgi", "granian"),
    ("Falcon", "falcon", "wsgi", "granian"),
    ("Bottle", "bottle", "wsgi", "granian"),
    ("official Flask", "official", "wsgi", "granian"),
    *(
        (name, peer, "asgi", server)
        for server in ("uvicorn", "granian")
        for name, peer in (
            ("raw callable", "bare"),
            ("this", "this"),
            ("BlackSheep", "blacksheep"),
            ("Starlette", "starlette"),
            ("Litestar", "litestar"),
            ("FastAPI", "fastapi"),
            ("Quart", "quart"),
        )
    ),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Start, load, report; 1 if wrk is missing or nothing could be measured."""
    options = _options(arguments)
    wrk = shutil.which("wrk")
    if wrk is None:
        print("wire: wrk is not installed; on Debian: apt-get install wrk", file=sys.stderr)
        return 1
    found = report.machine()
    wanted = [entry for entry in ENTRIES if options.protocol in (None, entry[2])]
    try:
        entries = {entry: Entry(entry[0], entry[2], entry[3]) for entry in wanted}
        servers = _servers()
        pythons = {
            (entry[1], entry[2]): rounds.prepare(
                entry[1], kinds=PEERS if entry[2] == "wsgi" else ASGI_PEERS
            ).environment.python
            for entry in wanted
        }
        for number in range(options.rounds):
            say(f"round {number + 1} of {options.rounds}")
            for entry in wanted if number % 2 == 0 else reversed(wanted):
                _, peer, protocol, server = entry
                kind = _kind(peer, protocol)
                try:
                    with serving(pythons[peer, protocol], servers, kind, server) as url:
                        entries[entry].rates.append(load(wrk, url, options.seconds))
                except CommandFailed as error:
                    say(f"{entry[0]} on {server}: {error}")
    except CommandFailed as error:
        print(f"wire: {error}", file=sys.stderr)
        return 1
    text = "\n".join(
        [
            "# Requests per second over the wire: hello",
            "",
            f"wrk with one thread and {CONNECTIONS} connections for {options.seconds} s, best / "
            f"median of {options.rounds} rounds in turn; one worker; loopback. Client and server "
            "share the machine, so ratios count, not figures. The last two columns are ratios of "
            "medians. Method: `benchmarks/README.md`.",
            "",
            *report.machine_lines(found, {}),
            "",
            *table(list(entries.values())),
            "",
        ]
    )
    print(text)
    report.write(options.markdown, text)
    return 0 if any(entry.rates for entry in entries.values()) else 1


def table(entries: Sequence[Entry]) -> list[str]:
    """Return the rates as a markdown table, with ratios to `this` and to the raw callable."""
    lines = [
        "| protocol | server | app | requests/s | to this | to the raw callable |",
        "| --- | --- | --- | ---: | ---: | ---: |",
    ]
    medians = {
        (entry.protocol, entry.server, entry.name): median(entry.rates)
        for entry in entries
        if entry.rates
    }
    for entry in entries:
        place = (entry.protocol, entry.server)
        own = medians.get((*place, entry.name))
        rate = f"{max(entry.rates):,.0f} / {own:,.0f}" if own else "-"
        ratios = [
            f"{own / other:.2f}" if own and other else ""
            for other in (medians.get((*place, name)) for name in ("this", "raw callable"))
        ]
        lines.append(f"| {' | '.join((*place, entry.name, rate, *ratios))} |")
    return lines


def _kind(peer: str, protocol: str) -> PeerKind:
    return (PEERS if protocol == "wsgi" else ASGI_PEERS)[peer]


def _servers() -> Path:
    """Return the folder with the servers' packages, which every application runs on."""
    servers = make_environment(STORE / "environments" / "servers", ("granian", "uvicorn"))
    return next(servers.folder.glob("lib/python*/site-packages"))


@contextmanager
def serving(python: Path, servers: Path, kind: PeerKind, server: str) -> Iterator[str]:
    """Serve a peer's hello and give its address; raises CommandFailed if it does not start."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    target = "benchmarks.wire_app:application"
    if server == "granian":
        command = [
            *("-m", "granian", "--interface", kind.interface, "--workers", "1"),
            *("--host", "127.0.0.1", "--port", str(port), "--no-log", target),
        ]
        if kind.interface == "wsgi":
            command += ["--blocking-threads", "1"]
    else:
        command = [
            *("-m", "uvicorn", "--host", "127.0.0.1", "--port", str(port)),
            # A peer may have installed a faster loop or parser, which uvicorn would use.
            *("--loop", "asyncio", "--http", "h11"),
            *("--log-level", "critical", "--no-access-log", target),
        ]
    process = subprocess.Popen(
        [str(python), *command],
        cwd=ROOT,
        env={
            **clean_variables(),
            "BENCHMARK_MODULE": kind.module,
            "PYTHONPATH": str(servers),
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        _wait_for(port, process)
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stderr is not None:
            process.stderr.close()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if process.poll() is not None:
            said = process.stderr.read().decode() if process.stderr is not None else ""
            raise CommandFailed(f"the server ended with {process.returncode}: {said[-400:]}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise CommandFailed("the server did not listen within 30 s")


def load(wrk: str, url: str, seconds: int) -> float:
    """Return the requests per second that wrk saw; raises CommandFailed if any was in error."""
    options = ["-t1", f"-c{CONNECTIONS}"]
    subprocess.run([wrk, *options, "-d1s", url], capture_output=True, check=False)  # warm up
    done = subprocess.run(
        [wrk, *options, f"-d{seconds}s", url], capture_output=True, text=True, check=False
    )
    rate = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    if rate is None or "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise CommandFailed(f"wrk said:\n{done.stdout}{done.stderr}")
    return float(rate[1])


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--protocol", choices=["wsgi", "asgi"], help="one of the two; default: both"
    )
    parser.add_argument("--seconds", type=int, default=5, help="of a load; default: %(default)s")
    parser.add_argument("--rounds", type=int, default=5, help="default: %(default)s")
    parser.add_argument("--markdown", metavar="FILE", help="write the printed report there")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
