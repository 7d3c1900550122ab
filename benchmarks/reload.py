"""Time from a save to the first answer of the new code, and what the servers cost while idle.

    python benchmarks/reload.py                                  about three minutes
    python benchmarks/reload.py --saves 3 --only "flask run"
    python benchmarks/reload.py --markdown FILE

A project with 5,000 further files is edited while a client requests its page again and again.
Compared are this package's `flask run --debug`, `uvicorn --reload` with watchfiles, and official
Flask's `flask run --debug`, with and without watchdog. It needs Linux, for the times of processes.
"""

from __future__ import annotations

import argparse
import http.client
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import report
from benchmarks.environments import (
    ROOT,
    STORE,
    CommandFailed,
    Environment,
    clean_variables,
    make_environment,
    put_wheel,
    run,
    say,
    wheel_of,
)

FURTHER_FILES = 5_000
#: Files in a folder of the tree.
FOLDER_SIZE = 20
#: Every so many folders, files are Python modules that are not imported.
MODULES_EVERY = 5
#: Seconds after which a save counts as not noticed.
LIMIT = 10.0
#: Saves that are not noticed before a server's row ends.
MOST_MISSED = 2
#: Seconds between two saves, so that a server has finished what it does after a restart.
PAUSE = 1.2

PEERS = {
    "this": ("watchfiles>=1", "uvicorn>=0.34"),
    "official": ("flask==3.1.3",),
    "official-watchdog": ("flask==3.1.3", "watchdog"),
}


@dataclass(frozen=True)
class Server:
    """A command that serves the project and reloads it."""

    name: str
    peer: str
    arguments: tuple[str, ...]


FLASK_RUN = ("-m", "flask", "run", "--debug", "--port", "{port}")
SERVERS = (
    Server("flask run", "this", FLASK_RUN),
    Server("flask run --reload-type stat", "this", (*FLASK_RUN, "--reload-type", "stat")),
    Server("flask run --asgi", "this", (*FLASK_RUN, "--asgi")),
    Server(
        "uvicorn --reload",
        "this",
        ("-m", "uvicorn", "app:app", "--reload", "--interface", "asgi3", "--port", "{port}"),
    ),
    Server("official flask run", "official", FLASK_RUN),
    Server("official flask run, watchdog", "official-watchdog", FLASK_RUN),
)


@dataclass
class Row:
    """What was measured of one server."""

    seconds: list[float] = field(default_factory=list)
    missed: int = 0
    idle: float = 0.0
    refused: int = 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Prepare, measure, report; 1 if something cannot be run."""
    options = _options(arguments)
    try:
        environments = {name: _prepare(name) for name in PEERS}
        found = report.machine()
        versions = {name: _versions(environment) for name, environment in environments.items()}
        rows: dict[str, Row] = {}
        with tempfile.TemporaryDirectory() as folder:
            project = create_project(Path(folder))
            own = median(_import_seconds(environments["this"], project) for _ in range(5))
            for server in SERVERS:
                if options.only is None or server.name == options.only:
                    say(server.name)
                    rows[server.name] = measure(
                        server, environments[server.peer], project, options.saves, options.idle
                    )
    except CommandFailed as error:
        print(error, file=sys.stderr)
        return 1
    text = "\n".join(
        [
            "# From a save to the first answer of the new code",
            "",
            f"A project with {FURTHER_FILES:,} further files. Milliseconds, median and longest of"
            f" {options.saves} saves. Its own import, with Flask imported already, takes"
            f" {own * 1000:.0f} ms. Idle: share of a core of all processes of the server.",
            "",
            *report.machine_lines(found, versions),
            "",
            *lines(rows, own),
            "",
        ]
    )
    print(text)
    report.write(options.markdown, text)
    return 0


def lines(rows: dict[str, Row], own: float) -> list[str]:
    """Return the markdown table."""
    head = ["server", "median", "above the import", "longest", "not noticed", "refused", "idle"]
    found = [f"| {' | '.join(head)} |", f"| {' | '.join(['---'] * len(head))} |"]
    for name, row in rows.items():
        figures = ["-"] * 3
        if row.seconds:
            middle = median(row.seconds)
            figures = [f"{1000 * x:.0f}" for x in (middle, middle - own, max(row.seconds))]
        missed = f"{row.missed} of {row.missed + len(row.seconds)}"
        cells = [f"`{name}`", *figures, missed, str(row.refused), f"{row.idle:.1f} %"]
        found.append(f"| {' | '.join(cells)} |")
    return found


# The project -------------------------------------------------------------------------------------


def create_project(folder: Path) -> Path:
    """Write an application of a few modules, and the further files, and return its folder."""
    project = folder / "project"
    for number in range(FURTHER_FILES):
        group = number // FOLDER_SIZE
        suffix = "py" if group % MODULES_EVERY == 0 else "txt"
        path = project / f"data{group % 10}" / f"group{group}" / f"file{number}.{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# {number}\n")
    (project / "shop").mkdir()
    for number in range(20):
        (project / "shop" / f"views{number}.py").write_text(f"NUMBER = {number}\n")
    imports = "".join(f"from shop import views{number}\n" for number in range(20))
    (project / "app.py").write_text(
        f"from flask import Flask\n{imports}\nimport answer\n\napp = Flask(__name__)\n\n\n"
        '@app.route("/")\ndef index():\n    return f"<p>{answer.NUMBER}.</p>"\n'
    )
    save(project, 0)
    return project


def save(project: Path, number: int) -> None:
    """Save the module that has the answer, as editors do: in place."""
    (project / "answer.py").write_text(f"NUMBER = {number}\n")


def _import_seconds(environment: Environment, project: Path) -> float:
    code = (
        "import sys, time, flask; sys.path.insert(0, sys.argv[1]); begin = time.perf_counter();"
        " import app; print(time.perf_counter() - begin)"
    )
    return float(run([environment.python, "-c", code, project]))


# The servers -------------------------------------------------------------------------------------


def measure(
    server: Server, environment: Environment, project: Path, saves: int, idle: float
) -> Row:
    """Save a file again and again while the server runs, and then let it idle."""
    row = Row()
    save(project, 0)
    with _running(server, environment, project) as (process, port):
        _wait_for(port, "0", 60.0, row)
        row.refused = 0  # before the server listened
        for number in range(1, saves + 1):
            time.sleep(PAUSE)
            begin = time.monotonic()
            save(project, number)
            if _wait_for(port, str(number), LIMIT, row):
                row.seconds.append(time.monotonic() - begin)
                continue
            row.missed += 1
            if row.missed == MOST_MISSED:
                break
        time.sleep(PAUSE)
        before = _processor_seconds(process.pid)
        time.sleep(idle)
        row.idle = 100 * (_processor_seconds(process.pid) - before) / idle
    return row


@contextmanager
def _running(
    server: Server, environment: Environment, project: Path
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    port = _free_port()
    words = [word.format(port=port) for word in server.arguments]
    process = subprocess.Popen(
        [str(environment.python), *words],
        cwd=project,
        env={**clean_variables(), "FLASK_DEBUG": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process, port
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait_for(port: int, answer: str, limit: float, row: Row) -> bool:
    """Request the page until it has the answer; return whether it has within the limit."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=limit)
            connection.request("GET", "/")
            text = connection.getresponse().read().decode()
            connection.close()
        except ConnectionRefusedError:
            row.refused += 1
            time.sleep(0.002)
            continue
        except (OSError, http.client.HTTPException):  # a restart interrupts a request
            continue
        if f"<p>{answer}.</p>" in text:
            return True
        time.sleep(0.002)
    return False


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _processor_seconds(group: int) -> float:
    """Return the processor time of all processes of a group."""
    ticks = 0
    for name in os.listdir("/proc"):
        try:
            if name.isdecimal() and os.getpgid(int(name)) == group:
                fields = Path("/proc", name, "stat").read_text().rpartition(")")[2].split()
                ticks += int(fields[11]) + int(fields[12])
        except (ProcessLookupError, FileNotFoundError):
            continue  # it has ended in the meantime
    return ticks / os.sysconf("SC_CLK_TCK")


def _prepare(name: str) -> Environment:
    environment = make_environment(STORE / f"reload-{name}", PEERS[name])
    if name == "this":
        put_wheel(environment, wheel_of(ROOT, STORE))
    return environment


def _versions(environment: Environment) -> str:
    wanted = re.compile(r"(?i)(flask|werkzeug|uvicorn|watchfiles|watchdog)==")
    listed = environment.pip("list", "--format=freeze").splitlines()
    return ", ".join(line.replace("==", " ") for line in listed if wanted.match(line))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--saves", type=int, default=7, help="default: %(default)s")
    parser.add_argument(
        "--idle", type=float, default=6.0, help="seconds that each server idles; default: 6"
    )
    parser.add_argument("--only", metavar="SERVER", help="a single row of the table")
    parser.add_argument("--markdown", metavar="FILE", help="write the printed report there")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
