"""Run a block: Python in this process, commands in separate processes."""

from __future__ import annotations

import os
import queue
import re
import shutil
import subprocess
import sys
import threading
import typing as t
import urllib.request
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path

from files import PageFiles
from page_servers import served
from pages import Block, Section

_LONGEST = 60  # seconds that a command may take
_ADDRESS = re.compile(r"(127\.0\.0\.1|localhost):5000\b")


def missing_for(section: Section) -> list[str]:
    """Return the modules and programs that a section needs and that are not installed."""
    return [name for name in section.needs if not (find_spec(name) or shutil.which(name))]


def run_section(section: Section, folder: Path) -> None:
    """Run the blocks of a section, one after the other, in the folder with its files."""
    environment = dict(os.environ)
    try:
        with PageFiles(folder) as files:
            for block in section.earlier:
                files.write(block)
            _run_blocks(section, files)
    finally:
        os.environ.clear()
        os.environ.update(environment)


def _run_blocks(section: Section, files: PageFiles) -> None:
    """Run blocks of which each is complete; only the hidden ones share their names."""
    tests: dict[str, t.Any] = {
        "__name__": "docs_page",
        "load": files.load,
        "client_of": files.client_of,
    }
    with ExitStack() as servers:
        for block in section.blocks:
            if block.file:
                files.write(block)
            elif block.marked("not run") is not None:
                continue
            elif block.language == "test":
                _execute(block, section, tests)
            elif block.language == "python":
                alone = {"__name__": "docs_page"}
                _execute(block, section, alone)
                tests |= alone
            elif requested := block.marked("requests"):
                _request(block, requested, files, servers)
            elif block.language == "console":
                run_commands(block, files.folder)
    files.load_all([block for block in section.blocks if block.file])


def _execute(block: Block, section: Section, namespace: dict[str, t.Any]) -> None:
    source = "\n" * (block.line - 1) + block.text  # a traceback has the line of the page
    exec(compile(source, str(section.page), "exec", dont_inherit=True), namespace)


def _request(block: Block, requested: str, files: PageFiles, servers: ExitStack) -> None:
    """Start a server of a file's application, and run the commands that send requests to it.

    It serves until the end of the section, so that later blocks find what earlier ones changed.
    """
    name, _, protocol = requested.partition(" over ")
    assert protocol in ("", "ASGI"), requested
    app = files.app_of(name)
    if (app, protocol) not in files.ports:
        port = servers.enter_context(served(app, asgi=protocol == "ASGI"))
        files.ports[app, protocol] = port
    run_commands(block, files.folder, port=files.ports[app, protocol])


def run_commands(block: Block, folder: Path, *, port: int = 0) -> None:
    """Run the commands of a block and compare what they print with what is shown.

    :param port: the port of a server that answers what is sent to port 5000; 0: there is none.
    """
    for part in re.split(r"^(?=\$ )", block.text, flags=re.MULTILINE):
        if not part:
            continue
        command, shown, typed = _read_command(part)
        path = block.marked("server")
        if path is not None:
            _serve(command, path, shown, folder)
            continue
        if port:
            command = _ADDRESS.sub(rf"\1:{port}", command)
            command = re.sub(r"^curl\b", "curl --silent --show-error", command)
        done = subprocess.run(
            command,
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
        if port:
            printed = printed.replace(f":{port}", ":5000")
        assert (done.returncode != 0) == (block.marked("fails") is not None), printed
        assert is_shown(shown, printed.splitlines()), f"{command} printed:\n{printed}"


def _read_command(part: str) -> tuple[str, list[str], list[str]]:
    """Return a command, the lines that it prints, and the lines that are typed into it.

    A line that ends in a backslash continues in the next one.
    """
    command, *lines = part.removeprefix("$ ").splitlines()
    while command.endswith("\\"):
        command += f"\n{lines.pop(0)}"
    typed = [line[4:] for line in lines if line.startswith(">>> ")]
    return command, [line for line in lines if not line.startswith(">>> ")], typed


def is_shown(shown: list[str], printed: list[str]) -> bool:
    """Return whether the lines of a page match the output; ``...`` matches any lines.

    At the end of a line, it matches the rest of the line. Empty lines at the end do not count.
    """
    shown, printed = _without_end(shown), _without_end(printed)
    return not shown or _matches(shown, printed)


def _matches(shown: list[str], printed: list[str]) -> bool:
    """Compare line by line, so that the time does not explode as that of one long pattern may."""
    reached = {0}  # the numbers of printed lines that the shown ones so far may match
    for line in shown:
        if line.strip() == "...":
            reached = set(range(min(reached), len(printed) + 1))
            continue
        parts = line.rstrip().split("...")
        reached = {
            number + 1
            for number in reached
            if number < len(printed) and _line_matches(parts, printed[number].rstrip())
        }
        if not reached:
            return False
    return len(printed) in reached


def _line_matches(parts: list[str], line: str) -> bool:
    """Return whether a line has all parts in their order, with anything between two of them."""
    first, *others = parts
    if not others:
        return line == first
    *middle, last = others
    if not line.startswith(first):
        return False
    place = len(first)
    for part in middle:
        place = line.find(part, place)
        if place < 0:
            return False
        place += len(part)
    return len(line) - len(last) >= place and line.endswith(last)


def _without_end(lines: list[str]) -> list[str]:
    """Return the lines without empty ones at the end."""
    end = len(lines)
    while end and not lines[end - 1].strip():
        end -= 1
    return lines[:end]


def _environment() -> dict[str, str]:
    """Return an environment in which ``python`` and ``flask`` are those that run the tests."""
    bin_folder = os.path.dirname(sys.executable)
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("FLASK_")},
        "PATH": os.pathsep.join([bin_folder, os.environ.get("PATH", "")]),
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # a page's tests need none, and start faster
    }


def _serve(command: str, path: str, shown: list[str], folder: Path) -> None:
    """Start a server on a free port, wait for its output, send a request, stop it."""
    process = subprocess.Popen(
        f"exec {command.replace('--port 5000', '--port 0')}",
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
