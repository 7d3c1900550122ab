"""The values of ``--cert``, ``--key``, ``--extra-files`` and ``--exclude-patterns``."""

from __future__ import annotations

import os
import ssl
import sys
import types
from pathlib import Path

import click
import pytest

from flask.cli import CertParamType, SeparatedPathType, run_command

CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)


@pytest.fixture(autouse=True)
def files(project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write_file("cert.pem", "")
    project.write_file("key.pem", "")
    importable = types.ModuleType("importable")
    vars(importable).update(context=CONTEXT, number=1)
    monkeypatch.setitem(sys.modules, "importable", importable)
    monkeypatch.setitem(sys.modules, "cryptography", types.ModuleType("cryptography"))


def read(*args: str) -> object:
    """What ``flask run`` makes of ``--cert`` and ``--key``."""
    context = run_command.make_context("run", list(args))
    assert "key" not in context.params
    return context.params["cert"]


def refusal(*args: str) -> click.BadParameter:
    with pytest.raises(click.BadParameter) as refused:
        read(*args)
    return refused.value


@pytest.mark.parametrize("value", ["importable.context", "importable:context"])
def test_a_certificate_may_be_an_imported_context(value: str) -> None:
    assert read("--cert", value) is CONTEXT


@pytest.mark.parametrize("value", ["adhoc", "ADHOC"])
def test_a_certificate_may_be_made_on_the_spot(value: str) -> None:
    assert read("--cert", value) == "adhoc"


def test_a_certificate_file_comes_with_its_key_in_either_order(project) -> None:
    pair = (str(project.root / "cert.pem"), str(project.root / "key.pem"))
    assert read("--cert", "cert.pem", "--key", "key.pem") == pair
    assert read("--key", "key.pem", "--cert", "cert.pem") == pair


def test_an_existing_file_wins_over_the_other_readings(project) -> None:
    path = project.write_file("adhoc", "")
    assert CertParamType().convert("adhoc", None, None) == str(path)


def test_no_certificate_is_no_certificate() -> None:
    assert read() is None


@pytest.mark.parametrize("done", [CONTEXT, "adhoc"])
def test_converting_a_certificate_twice_changes_nothing(done: object) -> None:
    assert CertParamType().convert(done, None, None) == done


@pytest.mark.parametrize(
    ("args", "option", "message"),
    [
        ("--cert cert.pem", "key", 'Required when using "--cert".'),
        ("--key key.pem", "key", '"--cert" must also be specified.'),
        ("--cert adhoc --key key.pem", "key", 'When "--cert" is "adhoc", "--key" is not used.'),
        (
            "--key key.pem --cert importable.context",
            "key",
            'When "--cert" is an SSLContext object, "--key" is not used.',
        ),
        ("--cert missing.pem", "cert", "File 'missing.pem' does not exist."),
        ("--cert importable.number", "cert", "File 'importable.number' does not exist."),
        ("--cert importable.missing", "cert", "File 'importable.missing' does not exist."),
        ("--cert .relative", "cert", "File '.relative' does not exist."),
        ("--cert=", "cert", "File '' is a directory."),
        ("--cert cert.pem --key missing.pem", "key", "File 'missing.pem' does not exist."),
    ],
)
def test_a_wrong_certificate_is_refused_with_the_reason(
    args: str, option: str, message: str
) -> None:
    error = refusal(*args.split(" "))
    assert error.message == message
    assert error.param is not None and error.param.name == option


def test_a_certificate_on_the_spot_needs_cryptography(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography", None)
    message = "Using ad-hoc certificates requires the cryptography library."
    assert refusal("--cert", "adhoc").message == message


def test_a_certificate_needs_a_python_with_ssl(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ssl", None)
    message = 'Using "--cert" requires Python to be compiled with SSL support.'
    assert refusal("--cert", "cert.pem", "--key", "key.pem").message == message
    assert read() is None


@pytest.mark.parametrize(
    ("parts", "type_", "expected"),
    [
        (["a"], SeparatedPathType(), ["a"]),
        (["a", "b"], SeparatedPathType(), ["a", "b"]),
        (["a", "", "b"], SeparatedPathType(), ["a", "", "b"]),
        (["a", "b"], SeparatedPathType(path_type=Path), [Path("a"), Path("b")]),
        (["cert.pem", "key.pem"], SeparatedPathType(exists=True), ["cert.pem", "key.pem"]),
    ],
)
def test_several_paths_are_split_as_in_path(
    parts: list[str], type_: SeparatedPathType, expected: list[object]
) -> None:
    assert type_.convert(os.pathsep.join(parts), None, None) == expected


@pytest.mark.parametrize("value", [["a", "b"], ("a", "b")])
def test_paths_that_are_split_already_stay_so(value: object) -> None:
    assert SeparatedPathType().convert(value, None, None) == ["a", "b"]


def test_each_of_several_paths_is_checked() -> None:
    with pytest.raises(click.BadParameter, match="Path 'missing' does not exist"):
        SeparatedPathType(exists=True).convert(f"cert.pem{os.pathsep}missing", None, None)
