"""Run a block: Python in this process, commands in separate processes."""

from __future__ import annotations

import os
import queue
import re
import subprocess
import sys
import threading
import typing as t
import urllib.request
from pathlib import Path

from pages import Block, Section

import flask

_LONGEST = 60  # seconds that a command may take


def run_section(section: Section, folder: Path) -> None:
    """Write the files of a section and run its blocks, one after the other.

    Python blocks share one namespace, in which ``app`` and ``client`` are there from the start.
    """
    for block in section.files:
        path = folder / (block.marked("file") or "")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, encoding="utf-8")
        if path.suffix == ".py":
            compile(block.text, str(path), "exec")
    app = flask.Flask("docs_page", root_path=str(folder))
    app.secret_key = "a key for the pages"
    environment = dict(os.environ)
    namespace: dict[str, t.Any] = {"__name__": "docs_page", "app": app, "client": app.test_client()}
    try:
        for block in section.blocks:
            if block.marked("file") is None and block.marked("not run") is None:
                _run_block(block, section, folder, namespace)
    finally:
        os.environ.clear()
        os.environ.update(environment)


def _run_block(block: Block, section: Section, folder: Path, namespace: dict[str, t.Any]) -> None:
    if block.language == "python":
        source = "\n" * (block.line - 1) + block.text  # a traceback shows the line of the page
        exec(compile(source, str(section.page), "exec", dont_inherit=True), namespace)
    elif block.language == "console":
        run_commands(block, folder)


def run_commands(block: Block, folder: Path) -> None:
    """Run the commands of a block and compare what they print with what is shown."""
    for part in re.split(r"^(?=\$ )", block.text, flags=re.MULTILINE):
        if not part:
            continue
        first, _, rest = part.removeprefix("$ ").partition("\n")
        lines = rest.splitlines()
        typed = [line[4:] for line in lines if line.startswith(">>> ")]
        shown = [line for line in lines if not line.startswith(">>> ")]
        path = block.marked("server")
        if path is not None:
            _serve(first, path, shown, folder)
            continue
        done = subprocess.run(
            first,
            shell=True,
            cwd=folder,
            env=_environment(),
            input="".join(f"{line}\n" for line in typed),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_LONGEST,
            check=False,
        )
        printed = done.stdout.replace(">>> ", "")
        assert (done.returncode != 0) == (block.marked("fails") is not None), printed
        assert is_shown(shown, printed.splitlines()), f"{first} printed:\n{printed}"


def is_shown(shown: list[str], printed: list[str]) -> bool:
    """Return whether the output is as shown; ``...`` matches any lines.

    In a line, it matches the rest.
    """
    pattern = "".join(
        r"(?:.*\n)*"
        if line.strip() == "..."
        else re.escape(line.rstrip()).replace(r"\.\.\.", ".*") + " *\n"
        for line in shown
    )
    text = "".join(f"{line}\n" for line in printed)
    return not shown or re.fullmatch(pattern, text) is not None


def _environment() -> dict[str, str]:
    """Return an environment in which ``python`` and ``flask`` are those that run the tests."""
    bin_folder = os.path.dirname(sys.executable)
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("FLASK_")},
        "PATH": os.pathsep.join([bin_folder, os.environ.get("PATH", "")]),
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _serve(command: str, path: str, shown: list[str], folder: Path) -> None:
    """Start a server on a free port, wait for what it shall print, ask it, stop it."""
    process = subprocess.Popen(
        f"exec {command}",
        shell=True,
        cwd=folder,
        env={**_environment(), "FLASK_RUN_PORT": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    lines: queue.Queue[str | None] = queue.Queue()

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            lines.put(line.rstrip())
        lines.put(None)

    reader = threading.Thread(target=read)
    reader.start()
    printed: list[str] = []
    url = ""
    try:
        while not url or not is_shown(shown, printed):
            line = lines.get(timeout=_LONGEST)
            assert line is not None, printed
            address = re.search(r"http://127\.0\.0\.1:\d+", line)
            if address:
                url = address[0]
            printed.append(re.sub(r"(127\.0\.0\.1):\d+", r"\1:5000", line))
        with urllib.request.urlopen(url + path, timeout=_LONGEST) as answer:
            assert answer.status == 200
    finally:
        os.killpg(process.pid, 15)  # the reloader's child is of the same group
        process.wait(_LONGEST)
        reader.join()
        assert process.stdout is not None
        process.stdout.close()
