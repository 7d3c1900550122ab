"""The development server in a separate process, and an application that tests edit."""

from __future__ import annotations

import os
import signal
import sys
import typing as t
from pathlib import Path

import httpx
from polling import LONGEST, wait_until
from processes import PrintingProcess

BROWSER = {"Accept": "text/html", "Sec-Fetch-Dest": "document"}

FLASK = ("-m", "flask", "run", "--port", "0", "--debug")
SCRIPT = ("app.py",)

# What a server is started with: its options, and how the reloader is named.
KINDS: dict[str, tuple[tuple[str, ...], str]] = {
    "watchfiles": (FLASK, "watchfiles"),
    "stat": ((*FLASK, "--reload-type", "stat"), "stat"),
    "asgi": ((*FLASK, "--asgi"), "watchfiles"),
    "script": (SCRIPT, "watchfiles"),
}


def write_app(folder: Path, answer: str, more: str = "") -> None:
    """Write ``app.py``, whose view returns a text."""
    text = f"""\
import os
from flask import Flask, render_template

app = Flask(__name__)

@app.route("/")
def index():
    return {answer!r}

@app.route("/process")
def process():
    return str(os.getpid())

{more}

if __name__ == "__main__":
    app.run(port=0, debug=True)
"""
    (folder / "app.py").write_text(text)


class DevServer(PrintingProcess):
    """``flask run``, or another command that starts the development server.

    :param folder: the current directory, with the application.
    :param arguments: of Python.
    """

    def __init__(self, folder: Path, *arguments: str, bytecode: bool = False) -> None:
        self.folder = folder
        # PrintingProcess switches bytecode off.
        prefix = ["env", "-u", "PYTHONDONTWRITEBYTECODE"] if bytecode else []
        super().__init__([*prefix, sys.executable, *arguments], folder)
        self.address = self.wait_for(r"Running on https?://([\d.]+:\d+)")

    def ask(self, path: str = "/", **headers: str) -> httpx.Response:
        return httpx.get(f"http://{self.address}{path}", headers=headers, timeout=LONGEST)

    def answers(self, path: str = "/") -> str | None:
        """Return the text of a page; ``None``: a restart has interrupted the request."""
        try:
            return self.ask(path, **BROWSER).text
        except httpx.RemoteProtocolError:
            return None
        except httpx.ReadError:
            return None

    def wait_for_answer(self, part: str, path: str = "/") -> str:
        """Wait until a page contains a text."""
        answer = ""

        def is_there() -> bool:
            nonlocal answer
            answer = self.answers(path) or ""
            return part in answer

        try:
            wait_until(is_there, f"{part!r} in the page")
        except AssertionError as error:
            raise AssertionError(
                f"{error}. The page:\n{answer}\nPrinted:\n{self.printed}"
            ) from None
        return answer

    def interrupt(self) -> None:
        """Press Ctrl-C: every process of the terminal gets SIGINT."""
        os.killpg(self.process.pid, signal.SIGINT)

    def list_processes(self) -> list[int]:
        """Return the processes of the terminal that still run."""
        found = []
        for name in os.listdir("/proc"):
            try:
                if name.isdecimal() and os.getpgid(int(name)) == self.process.pid:
                    state = (Path("/proc") / name / "stat").read_text().rpartition(")")[2].split()
                    found += [int(name)] if state[0] != "Z" else []
            except (ProcessLookupError, FileNotFoundError):
                continue
        return found


Start = t.Callable[..., DevServer]
