"""Start the cluster and show what it does when machines fail.

    python run.py                   # all scenarios, about a minute
    python run.py --serve           # a cluster to look at in a browser, until Ctrl-C

The exit code is 1 if a figure is wrong.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # for benchmarks/report.py

from processes import Cluster, find_missing  # noqa: E402
from scenarios import Check, Run  # noqa: E402

TITLES = {
    "nodes": "A node is killed, and another one is restarted, under load",
    "redis": "Redis is killed and started again",
    "release": "A rolling release of all nodes, under load",
    "tasks": "The worker is killed in the middle of its tasks, twice",
}
INTRODUCTION = (
    "nginx, three nodes of `flask serve` with one process each, one Redis and one Celery worker,"
    " all on one machine. The customers send no request twice; only nginx does. What sessions,"
    " carts, orders, listeners and mails have afterwards is compared with what the shop has"
    " confirmed. Each figure that has a right value is checked. Method: `examples/cluster/`,"
    " `make cluster`."
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=_Formatter)
    parser.add_argument("--requests", type=int, default=2000, help="of the first scenario")
    parser.add_argument("--customers", type=int, default=40)
    parser.add_argument("--rate", type=float, default=100, help="requests per second")
    parser.add_argument("--markdown", type=Path, help="write the figures to this file")
    parser.add_argument(
        "--only", nargs="+", choices=TITLES, default=list(TITLES), help="these scenarios"
    )
    parser.add_argument("--logs", type=Path, help="copy the logs to this folder, which is made")
    parser.add_argument("--install", action="store_true", help="install what is missing")
    parser.add_argument("--serve", action="store_true", help="only start the servers")
    options = parser.parse_args(arguments)

    missing = find_missing()
    if missing and options.install:
        _install(missing)
        missing = find_missing()
    if missing:
        print(f"Not installed: {', '.join(missing)}. The cluster needs the Debian packages")
        print("redis-server and nginx, and 'pip install --group cluster'.")
        return 1

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that "with" ends the servers
    with tempfile.TemporaryDirectory(prefix="cluster-") as name:
        folder = Path(name)
        with Cluster(folder, mail_seconds=0.3) as cluster:
            if options.serve:
                return _serve(cluster)
            try:
                return _show(cluster, options)
            finally:
                if options.logs:
                    options.logs.mkdir(parents=True)
                    for log in folder.glob("*.log"):
                        shutil.copy(log, options.logs)


class _Formatter(argparse.RawDescriptionHelpFormatter, argparse.ArgumentDefaultsHelpFormatter):
    pass


def _install(missing: Sequence[str]) -> None:
    """Install programs with apt-get, if this user may."""
    packages = [name for name in missing if name in ("redis-server", "nginx")]
    if packages and shutil.which("apt-get") and os.geteuid() == 0:
        print(f"Installing {', '.join(packages)} ...", flush=True)
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
            subprocess.run(["apt-get", "-qq", *command], env=environment, check=False)


def _serve(cluster: Cluster) -> int:
    """Keep the servers running until Ctrl-C."""
    print(f"The shop is on http://127.0.0.1:{cluster.port} - stop with Ctrl-C", flush=True)
    try:
        signal.pause()
    except KeyboardInterrupt:
        pass
    return 0


def _show(cluster: Cluster, options: argparse.Namespace) -> int:
    """Run the scenarios; print and write the figures."""
    from benchmarks import report

    machine = report.machine()
    run = Run(cluster, options.requests, options.customers, rate=options.rate)
    scenarios: dict[str, Callable[[], list[Check]]] = {
        "nodes": run.lose_nodes,
        "redis": run.restart_redis,
        "release": lambda: run.release(options.requests // 2),
        "tasks": lambda: run.kill_worker(options.customers),
    }
    heading = "# The cluster: what is lost if machines fail"
    lines = [heading, "", INTRODUCTION, "", *report.machine_lines(machine, {})]
    is_right = True
    try:
        for name in options.only:
            print(f"\n{TITLES[name]}", flush=True)
            lines += ["", f"## {TITLES[name]}", "", "| figure | value |", "| --- | --- |"]
            for check in scenarios[name]():
                mark = "" if check.is_right else "  WRONG"
                print(f"  {check.what}: {check.figure}{mark}", flush=True)
                lines.append(f"| {check.what} | {check.figure}{mark} |")
                is_right = is_right and check.is_right
    except Exception:
        for server in (cluster.nginx, *cluster.nodes, cluster.worker, cluster.redis):
            print(f"\nThe end of the log of {server.name}:\n{server.read_log()[-2000:]}")
        raise
    finally:
        run.close()
    if options.markdown and is_right:
        options.markdown.write_text("\n".join(lines) + "\n", "utf-8")
    print("\nAll figures are right." if is_right else "\nSome figures are WRONG.")
    return 0 if is_right else 1


if __name__ == "__main__":
    sys.exit(main())
