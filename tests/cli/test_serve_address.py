"""``flask serve`` checks where it listens: two lines say what is wrong and what to do."""

from __future__ import annotations

import errno
import socket
import typing as t
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from flask_serve_process import needs_granian
from polling import free_port

from flask import Flask
from flask.cli import ScriptInfo, _address, cli
from flask.cli._address import check_address, check_socket


@pytest.fixture
def busy() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def invoke(*args: str) -> Result:
    info = ScriptInfo(create_app=lambda: Flask("an_app"))
    return CliRunner().invoke(cli, ["serve", *args], obj=info)


def message_of(call: t.Callable[[], object]) -> list[str]:
    with pytest.raises(click.ClickException) as raised:
        call()
    return raised.value.message.splitlines()


@needs_granian
def test_a_busy_port_is_two_lines_with_a_free_port(busy: int) -> None:
    result = invoke("--port", str(busy))
    assert result.exit_code == 1
    first, second = result.output.splitlines()
    assert first == f"Error: Another program listens on port {busy} of 127.0.0.1 already."
    suggested = int(second.rpartition(" ")[2])
    assert second.startswith("Stop that program, or choose another port, for example: flask serve")
    assert suggested > busy


def test_a_port_that_is_free_is_accepted_and_stays_free() -> None:
    port = free_port()
    assert check_address("127.0.0.1", port) == "127.0.0.1"
    socket.create_server(("127.0.0.1", port)).close()


def test_a_name_becomes_an_address_because_granian_needs_one() -> None:
    assert check_address("localhost", 0) in {"127.0.0.1", "::1"}


HOSTS = [("203.0.113.7", "is not an address of this machine"), ("no host", "has no address")]


@pytest.mark.parametrize(("host", "words"), HOSTS)
def test_a_foreign_address_is_two_lines(host: str, words: str) -> None:
    first, second = message_of(lambda: check_address(host, 8000))
    assert words in first
    assert "flask serve --host 0.0.0.0" in second


NUMBERS = [
    (errno.EACCES, "no permission to listen on port 80", "flask serve --port 8000"),
    (errno.ENOBUFS, "cannot listen on port 80", "--host and --port"),
]


@pytest.mark.parametrize(("number", "words", "advice"), NUMBERS)
def test_other_errors_of_the_system_are_two_lines(
    monkeypatch: pytest.MonkeyPatch, number: int, words: str, advice: str
) -> None:
    def fail(*_: object) -> None:
        raise OSError(number, "reason")

    monkeypatch.setattr(_address, "_bind", fail)
    first, second = message_of(lambda: check_address("127.0.0.1", 80))
    assert words in first
    assert advice in second


def test_there_may_be_no_free_port_to_suggest(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.EADDRINUSE, "reason")

    monkeypatch.setattr(_address, "_bind", fail)
    assert message_of(lambda: check_address("127.0.0.1", 65_535))[1].endswith("another port.")


@pytest.mark.parametrize("port", ["-1", "65536", "http"])
def test_a_port_that_does_not_exist_is_refused(port: str) -> None:
    assert invoke("--port", port).exit_code == 2


# Unix sockets ------------------------------------------------------------------------------------


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return Path("sock")  # the absolute path may be too long


def test_a_socket_that_no_program_listens_on_is_removed(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    check_socket(path)
    assert not path.exists()


def test_a_busy_socket_stays(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        first, second = message_of(lambda: check_socket(path))
    assert "Another program listens on the Unix socket 'sock'" in first
    assert "--uds" in second
    assert path.exists()


def test_a_file_is_never_removed(path: Path) -> None:
    path.write_text("precious")
    assert "exists and is no socket" in message_of(lambda: check_socket(path))[0]
    assert path.read_text() == "precious"


@pytest.mark.parametrize(
    ("name", "words"), [("none/sock", "No such file"), ("x" * 200, "too long")]
)
def test_a_socket_that_cannot_be_created_is_two_lines(path: Path, name: str, words: str) -> None:
    first, second = message_of(lambda: check_socket(Path(name)))
    assert words in first
    assert "--uds" in second


@needs_granian
def test_the_command_checks_its_socket(path: Path) -> None:
    path.write_text("")
    result = invoke("--uds", "sock")
    assert result.exit_code == 1
    assert len(result.output.splitlines()) == 2
