"""The page is shown whatever the error, its values and its source files do."""

from __future__ import annotations

import os
import time
import typing as t
from collections import ChainMap
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
from debug_requests import BROWSER, Ask

from flask import Flask
from flask._debug.faults import Collector
from flask._debug.masking import MASK, Secrets
from flask._debug.source import read_lines
from flask._debug.values import LONGEST, describe, describe_all

ATTACK = "</script><script>alert(1)</script><img src=x onerror='alert(2)'>\"&{{ 7 * 7 }}"
NOTHING = Secrets({})


class Raising:
    def __repr__(self) -> str:
        raise ValueError(ATTACK)


class Unprintable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


class Raised:
    """Raises an error with a text when it is described."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        raise ValueError(self.text)


class Leaving:
    def __repr__(self) -> str:
        raise SystemExit(1)


class Wrong:
    def __repr__(self) -> str:
        return 7  # type: ignore[return-value]


class Huge:
    def __repr__(self) -> str:
        return "x" * 10_000_000


class Endless:
    def __repr__(self) -> str:
        return repr(self)


class Attack(Exception):
    def __repr__(self) -> str:
        return ATTACK


class Liar:
    """Claims to be a dict, as proxies claim to be what they refer to."""

    @property
    def __class__(self) -> t.Any:  # type: ignore[override]
        return dict

    def __repr__(self) -> str:
        return "<a liar>"


class OwnDict(dict[str, object]):
    def items(self) -> t.Any:
        raise AssertionError("not called")


DEEP: list[t.Any] = []
DEEP.append(DEEP)


VALUES: list[tuple[t.Any, str]] = [
    (Raising(), f"<repr() of Raising raised ValueError: {ATTACK}>"),
    (Leaving(), "<repr() of Leaving raised SystemExit: 1>"),
    (Wrong(), "<repr() of Wrong raised TypeError: __repr__ returned non-string (type int)>"),
    (Endless(), "<repr() of Endless is too deep>"),
    (Liar(), "<a liar>"),
    (DEEP, "[[[[[…]]]]]"),
    (OwnDict(a=1), "OwnDict({'a': 1})"),
    (OwnDict(password="x"), f"OwnDict({{'password': {MASK}}})"),
    ({"a": {"token": "x"}, "tokens": 3}, f"{{'a': {{'token': {MASK}}}, 'tokens': 3}}"),
    ((1,), "(1,)"),
    ([(b"cookie", b"a=b"), (b"host", b"x")], f"[(b'cookie', {MASK}), (b'host', b'x')]"),
    (ChainMap({"password": "x"}, {"a": 1}), f"ChainMap({{'a': 1, 'password': {MASK}}})"),
    ({"HTTP_COOKIE": "a=b", "PATH_INFO": "/"}, f"{{'HTTP_COOKIE': {MASK}, 'PATH_INFO': '/'}}"),
    ((), "()"),
    (set(), "set()"),
    (frozenset({1}), "frozenset({1})"),
    (list(range(40)), f"[{', '.join(map(str, range(30)))}, … 10 more]"),
    ("\udc80", "'\\udc80'"),
    (None, "None"),
    ({"a": {"b": {"c": {"d": {"e": 1}}}}}, "{'a': {'b': {'c': {'d': {…}}}}}"),
    (dict.fromkeys(range(32)), f"{{{', '.join(f'{n}: None' for n in range(30))}, … 2 more}}"),
    (Raised(Unprintable()), "<repr() of Raised raised ValueError>"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize("number", range(len(VALUES)))
def test_how_a_value_is_described(number: int) -> None:
    value, text = VALUES[number]
    assert describe(value, NOTHING) == text


@pytest.mark.parametrize(
    "value", [Huge(), "y" * 10**7, b"y" * 10**7, {"k" * 10**6: "v" * 10**6}, ["z" * 999] * 10**5]
)
def test_a_description_is_short(value: object) -> None:
    text = describe(value, NOTHING)
    assert len(text) <= LONGEST + 10
    assert "…" in text


def test_a_number_with_too_many_digits_is_described() -> None:
    assert "ValueError" in describe(10**10_000, NOTHING)


class TestSlowValues:
    def test_a_slow_one_is_left_and_others_are_described(self) -> None:
        functions = [lambda: "first", lambda: time.sleep(0.5) or "slow", lambda: "last"]
        texts = describe_all(functions, seconds=0.05)
        assert texts[::2] == ["first", "last"]
        assert "takes longer" in texts[1]

    def test_after_three_slow_ones_the_others_are_left_out(self) -> None:
        functions = [lambda: time.sleep(0.5) or "slow"] * 3 + [lambda: "last"]
        texts = describe_all(functions, seconds=0.02)
        assert "left out" in texts[3]


class TestSecrets:
    SETTINGS = {
        "SECRET_KEY": "abcdef-ghi",
        "SECRET_KEY_FALLBACKS": ["older-secret"],
        "MAIL_PASSWORD": "it's 'quoted'",
        "API_TOKEN": b"\x00bytes-token",
        "DATABASE_URL": "postgresql://ann:p4ssw0rd@db/shop",
        "SESSION_COOKIE_NAME": "session",
        "PIN": 1234,
        "SHORT_SECRET": "dev",
    }

    @pytest.mark.parametrize(
        "text",
        [
            "abcdef-ghi",
            "older-secret",
            "it's 'quoted'",
            repr("it's 'quoted'"),
            repr(b"\x00bytes-token"),
            "p4ssw0rd",
        ],
    )
    def test_they_are_hidden_inside_other_texts(self, text: str) -> None:
        hidden = Secrets(self.SETTINGS).hide(f"before {text} after")
        assert text.strip("b'\"") not in hidden
        assert MASK in hidden

    @pytest.mark.parametrize("text", ["session", "a developer", "ann", "shop"])
    def test_other_settings_are_not(self, text: str) -> None:
        assert Secrets(self.SETTINGS).hide(text) == text

    def test_the_end_of_a_long_text_shows_no_part_of_a_secret(self) -> None:
        secrets = Secrets(self.SETTINGS)
        for length in range(LONGEST - 80, LONGEST + 20):
            text = describe("x" * length + "abcdef-ghi" + "y" * 300, secrets)
            assert "abcd" not in text
            assert "-ghi" not in text


@pytest.mark.parametrize("length", range(19_980, 20_005))
def test_the_end_of_what_is_read_shows_no_part_of_a_secret(length: int) -> None:
    secrets = Secrets({"SECRET_KEY": "abcdef-ghi"})
    text = "x" * length + "abcdef-ghi" * 9
    for value in (text, text.encode(), Raised(text)):
        assert "abc" not in describe(value, secrets)


def test_the_environment_of_the_process_shows_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        monkeypatch.delenv(name)
    monkeypatch.setenv("LANG", "C")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "abc")
    assert describe(os.environ, NOTHING) == (
        f"_Environ({{'LANG': 'C', 'AWS_SECRET_ACCESS_KEY': {MASK}}})"
    )


class TestFaults:
    def collect(self, error: BaseException) -> t.Any:
        return Collector(NOTHING).collect(error)

    def test_causes_in_a_loop_are_shown_once(self) -> None:
        first, second = ValueError("first"), TypeError("second")
        first.__cause__, second.__cause__ = second, first
        assert [fault.kind for fault in self.collect(first)] == ["ValueError", "TypeError"]

    def test_the_number_of_causes_is_bounded(self) -> None:
        error = first = ValueError(0)
        for number in range(100):
            error.__cause__ = error = ValueError(number)
        assert len(self.collect(first)) == 20

    def test_a_large_group_is_bounded(self) -> None:
        group = ExceptionGroup("many", [ValueError(number) for number in range(1000)])
        assert len(self.collect(group)) == 11

    def test_an_error_that_cannot_be_formatted_is_named(self) -> None:
        class Odd(Exception):
            @property
            def __notes__(self) -> t.Any:
                raise SystemError("no notes")

        assert "Odd" in Collector(NOTHING).format_text(Odd("text"))

    def test_secrets_are_hidden_in_source_lines(self) -> None:
        with pytest.raises(ValueError) as raised:
            raise ValueError("a secret of the source")
        secrets = Secrets({"SECRET_KEY": "a secret of the source"})
        fault = Collector(secrets).collect(raised.value)[0]
        assert fault.frames[0].code == f'raise ValueError("{MASK}")'

    def test_odd_notes_and_messages_are_shown(self) -> None:
        error = Unprintable()
        error.__notes__ = [1, "two", ATTACK * 1000]  # type: ignore[list-item]
        fault = self.collect(error)[0]
        assert fault.message == "(str() of this exception raised RuntimeError)"
        assert fault.notes[0] == "two"
        assert len(fault.notes[1]) < 6000
        error.__notes__ = 7  # type: ignore[assignment]
        assert self.collect(error)[0].notes == []

    def test_calls_at_one_line_are_counted(self) -> None:
        def recurse(number: int) -> None:
            if number:
                recurse(number - 1)
            else:
                raise ValueError

        with pytest.raises(ValueError) as raised:
            recurse(500)
        frames = self.collect(raised.value)[0].frames
        assert [frame.repeated for frame in frames] == [0, 499, 0]

    def test_of_many_different_calls_the_middle_is_left_out(self) -> None:
        def one(number: int) -> None:
            two(number)

        def two(number: int) -> None:
            if number:
                one(number - 1)
            else:
                raise ValueError

        with pytest.raises(ValueError) as raised:
            one(200)
        frames = self.collect(raised.value)[0].frames
        assert len(frames) == 50
        assert [frame.left_out for frame in frames if frame.left_out] == [404 - 51]


class TestSourceFiles:
    def read(self, path: Path, number: int = 1) -> list[str]:
        return [line.text for line in read_lines(str(path), number)]

    def test_a_missing_file_has_no_lines(self, tmp_path: Path) -> None:
        assert self.read(tmp_path / "missing.py") == []
        assert self.read(tmp_path) == []
        assert read_lines("<string>", 1) == []
        assert read_lines("null\0byte", 1) == []

    def test_a_number_beyond_the_end_has_no_lines(self, tmp_path: Path) -> None:
        (tmp_path / "short.py").write_text("one\n")
        assert self.read(tmp_path / "short.py", 2) == []
        assert self.read(tmp_path / "short.py", 0) == []

    def test_a_file_that_is_not_utf_8_is_shown(self, tmp_path: Path) -> None:
        (tmp_path / "wrong.py").write_bytes(b"name = 'caf\xe9'\n")
        assert self.read(tmp_path / "wrong.py") == ["name = 'caf\ufffd'"]

    def test_a_declared_encoding_is_used(self, tmp_path: Path) -> None:
        (tmp_path / "latin.py").write_bytes(b"# coding: latin-1\nname = 'caf\xe9'\n")
        assert self.read(tmp_path / "latin.py", 2)[1] == "name = 'café'"

    def test_a_changed_file_is_read_again(self, tmp_path: Path) -> None:
        file = tmp_path / "changed.py"
        for text in ("one", "two and more"):
            file.write_text(text)
            assert self.read(file) == [text]

    def test_a_huge_file_is_not_read(self, tmp_path: Path) -> None:
        (tmp_path / "huge.py").write_text("x\n" * 3_000_000)
        assert self.read(tmp_path / "huge.py") == []

    def test_a_long_line_is_cut(self, tmp_path: Path) -> None:
        (tmp_path / "long.py").write_text("x" * 100_000)
        assert len(self.read(tmp_path / "long.py")[0]) == 400


class TestThePage:
    @pytest.fixture
    def app(self, app: Flask) -> Flask:
        @app.route("/crash/<path:what>")
        def crash(what: str) -> None:
            names = (Raising(), Leaving(), Wrong(), Huge(), Endless(), Liar())  # noqa: F841
            error = Attack(ATTACK)
            error.add_note(ATTACK)
            raise error

        @app.route("/unprintable")
        def unprintable() -> None:
            raise Unprintable

        @app.route("/deep")
        def deep() -> None:
            deep()

        @app.route("/surrogate")
        def surrogate() -> None:
            raise ValueError("\udc80")

        return app

    def test_every_value_is_escaped(self, app: Flask, ask: Ask) -> None:
        answer = ask(
            app,
            f"/crash/{ATTACK.replace('?', '')}",
            query_string={ATTACK: ATTACK},
            headers={"X-Attack": ATTACK, "Cookie": f"a={ATTACK}"},
        )
        assert answer.status == 500
        assert "<script>alert" not in answer.text
        assert "<img" not in answer.text
        assert "49" not in answer.text.partition("<h1>")[2].partition("</header>")[0]
        assert answer.text.count("<script ") == 1

    @pytest.mark.parametrize("path", ["/unprintable", "/deep", "/surrogate", "/crash/x"])
    @pytest.mark.parametrize("accept", [BROWSER, "*/*", "application/json"])
    def test_every_error_has_a_page(self, app: Flask, ask: Ask, path: str, accept: str) -> None:
        answer = ask(app, path, accept)
        assert answer.status == 500
        assert "The debug page of this error failed" not in answer.text
        assert len(answer.text) < 500_000

    def test_an_error_of_the_page_is_shown_with_the_other_one(
        self, app: Flask, ask: Ask, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*arguments: object) -> None:
            raise OSError("no page")

        monkeypatch.setattr("flask._debug.report.read_request", fail)
        answer = ask(app, "/surrogate")
        assert (answer.status, answer.headers["Content-Type"][:10]) == (500, "text/plain")
        assert "OSError: no page" in answer.text
        assert "ValueError" in answer.text

    def test_a_long_url_is_shortened(self, app: Flask, ask: Ask) -> None:
        answer = ask(app, f"/crash/{'x' * 50_000}", query_string={"y": "z" * 50_000})
        assert answer.status == 500
        assert len(answer.text) < 150_000

    def test_a_package_without_metadata_has_an_unknown_version(
        self, app: Flask, ask: Ask, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(name: str) -> t.NoReturn:
            raise PackageNotFoundError(name)

        monkeypatch.setattr("flask._debug.report.version", fail)
        assert "Flask (unknown version)" in ask(app, "/surrogate").text
