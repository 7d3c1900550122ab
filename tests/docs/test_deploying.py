"""The configuration files and commands of the pages about deploying work.

Each test writes the files of a page, with free ports and folders of its own, starts the programs,
and requests the application. A program that is not installed skips its test.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from pages import DOCS, read_blocks
from polling import LONGEST, free_port, wait_until
from processes import PrintingProcess
from websockets.sync.client import connect

import flask

pytestmark = pytest.mark.slow

MODULES = Path("/usr/lib/apache2/modules")
APP = """\
from flask import Flask, request, websocket

app = Flask(__name__)
app.config.from_prefixed_env()


@app.get("/")
def index():
    return [request.remote_addr, request.url]


@app.websocket("/echo")
async def echo():
    await websocket.send(await websocket.receive())
"""


class Machine:
    """A folder with the files of a page, and the programs that were started.

    :param folder: an empty folder.
    :param stack: its end stops the programs.
    """

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self.stack = stack
        self.port = free_port()
        self.front = free_port()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    @property
    def front_url(self) -> str:
        return f"http://127.0.0.1:{self.front}/"

    def adapt(self, text: str) -> str:
        """Return a file or a command with the ports and the folder of this machine."""
        text = text.replace("127.0.0.1:8000", f"127.0.0.1:{self.port}")
        text = text.replace("--port 8000", f"--port {self.port}")
        text = text.replace("listen 80;", f"listen 127.0.0.1:{self.front};")
        text = text.replace("*:80>", f"127.0.0.1:{self.front}>")
        return text.replace("/srv/shop", str(self.folder))

    def write(self, page: str) -> None:
        """Write the files of a page."""
        for _, block in read_blocks((DOCS / "deploying" / page).read_text(encoding="utf-8")):
            if block.file:
                (self.folder / block.file).write_text(self.adapt(block.text), encoding="utf-8")

    def start(self, command: str) -> PrintingProcess:
        """Start a program of this environment, or one of the system."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        process = PrintingProcess(["env", f"PATH={path}", "sh", "-c", command], self.folder)
        self.stack.callback(process.stop)
        return process

    def serve(self, settings: str = "") -> None:
        """Start ``flask serve`` with an application that shows what it knows of its client."""
        (self.folder / "shop.py").write_text(APP, encoding="utf-8")
        command = f"{settings} flask --app shop serve --workers 1 --port {self.port}"
        process = self.start(f"FLASK_SECRET_KEY=a-key {command}")
        self.wait_for(self.url, process)

    def wait_for(self, url: str, process: PrintingProcess) -> httpx.Response:
        """Wait for an answer with 200, and return it."""
        found: list[httpx.Response] = []

        def answers() -> bool:
            assert process.process.poll() is None, process.printed
            try:
                found.append(httpx.get(url, timeout=LONGEST))
            except httpx.TransportError:
                return False
            return found[-1].status_code == 200

        wait_until(answers, f"an answer of {url}")
        return found[-1]


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    with ExitStack() as stack:
        yield Machine(tmp_path, stack)


def commands_of(page: str) -> list[str]:
    """Return the commands of a page."""
    blocks = read_blocks((DOCS / "deploying" / page).read_text(encoding="utf-8"))
    texts = [block.text for _, block in blocks if block.language == "console"]
    return [line[2:] for text in texts for line in text.splitlines() if line.startswith("$ ")]


def find_command(page: str, beginning: str) -> str:
    (found,) = [line for line in commands_of(page) if line.startswith(beginning)]
    return found


def need(program: str) -> str:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"], "/usr/sbin"])
    found = shutil.which(program, path=path)
    if found is None:
        pytest.skip(f"{program} is not installed")
    return found


@pytest.mark.parametrize(
    ("page", "program", "beginning"),
    [
        ("flask-serve.md", "granian", "flask --app shop serve"),
        ("gunicorn.md", "gunicorn", "gunicorn shop:app"),
        ("gunicorn.md", "waitress-serve", "waitress-serve --listen"),
        ("uvicorn.md", "uvicorn", "uvicorn shop:app"),
        ("uvicorn.md", "gunicorn", "gunicorn --bind"),
        ("uvicorn.md", "hypercorn", "hypercorn --bind"),
        ("uwsgi.md", "uwsgi", "uwsgi --ini"),
    ],
    ids=lambda value: str(value).partition(" ")[0],
)
def test_a_server_serves_the_application_of_its_page(
    machine: Machine, page: str, program: str, beginning: str
) -> None:
    need(program)
    machine.write(page)
    process = machine.start(machine.adapt(find_command(page, beginning)))
    assert machine.wait_for(machine.url, process).text == "Welcome to the shop"
    if page == "uvicorn.md":
        with connect(machine.url.replace("http", "ws") + "echo") as channel:
            channel.send("again")
            assert channel.recv(LONGEST) == "again"
    if page == "flask-serve.md":
        assert httpx.get(machine.url + "healthz").text == "ok"


def check_proxy(machine: Machine, process: PrintingProcess) -> None:
    """Check that the application behind the proxy knows its clients."""
    answer = machine.wait_for(machine.front_url, process)
    assert answer.json() == ["127.0.0.1", machine.front_url]
    headers = {"X-Forwarded-For": "203.0.113.7"}  # the client's address is trusted here, too
    assert httpx.get(machine.front_url, headers=headers).json()[0] == "203.0.113.7"
    with connect(machine.front_url.replace("http", "ws") + "echo") as channel:
        channel.send("through the proxy")
        assert channel.recv(LONGEST) == "through the proxy"


def test_nginx_passes_requests_and_websockets_on(machine: Machine) -> None:
    nginx = need("nginx")
    machine.write("nginx.md")
    (machine.folder / "static").mkdir()
    (machine.folder / "static" / "a.txt").write_text("a file", encoding="utf-8")
    temporary = "".join(
        f"{kind}_temp_path {machine.folder}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;" if os.geteuid() == 0 else ""
    (machine.folder / "nginx.conf").write_text(
        f"daemon off; {user} pid {machine.folder}/pid; error_log stderr;"
        f"events {{}} http {{ access_log off; {temporary} include {machine.folder}/shop.conf; }}",
        encoding="utf-8",
    )
    trusted = re.search(r"export (FLASK_TRUSTED_PROXIES=.*)", "\n".join(commands_of("nginx.md")))
    assert trusted is not None
    machine.serve(trusted[1])
    command = f"{nginx} -p {machine.folder} -c {machine.folder}/nginx.conf"
    check_proxy(machine, machine.start(f"exec {command}"))
    assert httpx.get(machine.front_url + "static/a.txt").text == "a file"


def write_apache(machine: Machine, modules: list[str], site: str) -> str:
    """Write a configuration for Apache; return the command that starts it."""
    apache = need("apache2")
    lines = [f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in modules]
    missing = [name for name in modules if not (MODULES / f"mod_{name}.so").exists()]
    if missing:
        pytest.skip(f"Apache's modules {missing} are not installed")
    folder = machine.folder
    text = f"""
ServerRoot {folder}
PidFile {folder}/pid
DefaultRuntimeDir {folder}
Mutex file:{folder}
ErrorLog /dev/stderr
ServerName shop.example
Listen 127.0.0.1:{machine.front}
{chr(10).join(lines)}
Include {folder}/{site}
"""
    if os.geteuid() == 0:
        text += "User www-data\nGroup www-data\n"
    (folder / "apache.conf").write_text(text, encoding="utf-8")
    return f"exec {apache} -D FOREGROUND -f {folder}/apache.conf"


def test_apache_passes_requests_and_websockets_on(machine: Machine) -> None:
    machine.write("apache.md")
    enabled = find_command("apache.md", "a2enmod").split()[1:]
    basic = ["mpm_event", "authz_core"]
    command = write_apache(machine, [*basic, *enabled], "shop.conf")
    machine.serve("FLASK_TRUSTED_PROXIES='[\"127.0.0.1\"]'")
    check_proxy(machine, machine.start(command))


def test_apache_runs_the_application_with_mod_wsgi() -> None:
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    python = need(f"/usr/bin/{version}")
    packages = [sysconfig.get_path("purelib"), str(Path(flask.__file__).parents[1])]
    if not all(_is_public(Path(name)) for name in packages):
        pytest.skip("the user of Apache cannot read the packages of this environment")
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        machine = Machine(Path(name), stack)
        machine.folder.chmod(0o755)
        machine.write("apache.md")
        subprocess.run([python, "-m", "venv", "--without-pip", f"{name}/.venv"], check=True)
        site = machine.folder / ".venv" / "lib" / version / "site-packages"
        (site / "here.pth").write_text("\n".join(packages), encoding="utf-8")
        command = write_apache(
            machine, ["mpm_event", "authz_core", "alias", "wsgi"], "mod_wsgi.conf"
        )
        process = machine.start(command)
        assert machine.wait_for(machine.front_url, process).text == "Welcome to the shop"


def _is_public(path: Path) -> bool:
    return all(folder.stat().st_mode & 0o005 == 0o005 for folder in (path, *path.parents))


def test_systemd_accepts_the_service(machine: Machine) -> None:
    need("systemd-analyze")
    machine.write("systemd.md")
    binary = machine.folder / ".venv" / "bin" / "flask"
    binary.parent.mkdir(parents=True)
    binary.write_text("#!/bin/sh\n", encoding="utf-8")
    binary.chmod(0o755)
    done = subprocess.run(
        ["systemd-analyze", "verify", str(machine.folder / "shop.service")],
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )
    complaints = [line for line in done.stderr.splitlines() if "shop.service" in line]
    assert complaints == [], done.stderr
