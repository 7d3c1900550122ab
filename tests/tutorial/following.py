"""Follow the tutorial as a reader does: save its files, run its commands, send its requests.

The marks before blocks are those of `pages`, with these differences:

    <!-- requests: blog -->    curl commands, answered by ``flask --app blog run`` in the folder
    <!-- downloads -->         commands that need the network; without it they are left out
    <!-- test ... -->          runs in a process of its own, in the folder

"python tests/tutorial/following.py" writes the files of the pages into ``examples/blog``.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import httpx

TESTS = Path(__file__).parents[1]
if __name__ == "__main__":
    sys.path += [str(TESTS), str(TESTS / "docs")]

from pages import DOCS, ROOT, Block, read_blocks, read_links  # noqa: E402
from polling import free_port  # noqa: E402
from processes import PrintingProcess  # noqa: E402
from programs import is_shown, run_commands  # noqa: E402

TUTORIAL = DOCS / "tutorial"
EXAMPLE = ROOT / "examples" / "blog"

OF_THE_EXAMPLE = {"README.md"}
"""Files that only the example has."""

GENERATED = {"__pycache__", ".coverage", ".pytest_cache", "dist", "instance"}
"""Files and directories that commands create."""

_BIN = os.path.dirname(sys.executable)
_NO_NETWORK = ("Could not find a version", "No matching distribution", "connection")


def read_order() -> list[Path]:
    """Return the pages in the order of the table on the first one."""
    targets = read_links(TUTORIAL / "README.md")
    return [TUTORIAL / target for target in targets if target.endswith(".md") and "/" not in target]


def blocks_of(page: Path) -> list[Block]:
    return [block for _, block in read_blocks(page.read_text(encoding="utf-8"))]


def save(block: Block, folder: Path) -> None:
    """Save a block as the file that its mark names."""
    path = folder / block.file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(block.text, encoding="utf-8")


def save_files(folder: Path) -> None:
    """Save the files of all pages, in order, and run nothing."""
    for page in read_order():
        for block in blocks_of(page):
            if block.file:
                save(block, folder)


def files_below(folder: Path) -> dict[str, str]:
    """Return the text of each file in a folder, without those that commands create."""
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not GENERATED & set(path.relative_to(folder).parts)
    }


def follow(page: Path, folder: Path) -> list[str]:
    """Do everything that a page says; return the commands that could not run without a network.

    :raises AssertionError: a command or a hidden test fails, or prints something else.
    """
    left_out: list[str] = []
    for block in blocks_of(page):
        try:
            if block.file:
                save(block, folder)
            elif block.language == "test":
                _run_test(block, folder)
            elif block.marked("requests"):
                _send_requests(block, folder)
            elif block.marked("server"):
                _serve(block, folder)
            elif block.language == "console" and block.marked("not run") is None:
                run_commands(block, folder)
        except AssertionError as error:
            where = f"{page.name}, line {block.line}"
            if block.marked("downloads") is None or not _is_without_network(str(error)):
                raise AssertionError(f"{where}: {error}") from error
            left_out.append(where)
    return left_out


def _is_without_network(printed: str) -> bool:
    return any(text in printed for text in _NO_NETWORK)


def _run_test(block: Block, folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", block.text],
        cwd=folder,
        env={**os.environ, "FLASK_DEBUG": "1", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def _serve(block: Block, folder: Path) -> None:
    """Start the server of a block, compare what it prints, and open a page."""
    command, *shown = block.text.removeprefix("$ ").splitlines()
    port = free_port()
    ready = command.replace(" --port 5000", "") + f" --port {port}"
    server = PrintingProcess(["sh", "-c", f"PATH={_BIN}:$PATH; exec {ready}"], folder)

    def printed() -> list[str]:
        return server.printed.replace(f":{port}", ":5000").splitlines()

    def answers() -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{port}{block.marked('server')}").status_code == 200
        except httpx.TransportError:
            return False

    try:
        server.wait_until(lambda: is_shown(shown, printed()))
        server.wait_until(answers)
    finally:
        server.stop()


def _send_requests(block: Block, folder: Path) -> None:
    """Serve what is in the folder now, and send the requests of a block."""
    command = [sys.executable, "-m", "flask", "--app", block.marked("requests") or "", "--debug"]
    server = PrintingProcess([*command, "run", "--no-reload", "--port", "0"], folder)
    try:
        port = server.wait_for(r"Running on http://127\.0\.0\.1:(\d+)")
        run_commands(block, folder, port=int(port))
    finally:
        server.stop()


if __name__ == "__main__":
    for name in files_below(EXAMPLE).keys() - OF_THE_EXAMPLE:
        (EXAMPLE / name).unlink()
    save_files(EXAMPLE)
