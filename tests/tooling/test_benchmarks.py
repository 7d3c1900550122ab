"""The computations of benchmarks/ on measured values; nothing is timed here."""

from __future__ import annotations

import ast
import io
import json
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT))

from benchmarks import (  # noqa: E402
    asgi,
    calls,
    environments,
    profile_steps,
    report,
    run,
    startup,
    wire,
    worker,
    workloads,
    wsgi,
)
from benchmarks.answers import Answer, differences, masked  # noqa: E402
from benchmarks.peers import (  # noqa: E402
    ASGI_PEERS,
    PEERS,
    TYPED_ASGI_PEERS,
    TYPED_PEERS,
    bare_app,
)
from benchmarks.rounds import Measured, Table  # noqa: E402

HELLO = workloads.WORKLOADS["hello"]
JSON = workloads.WORKLOADS["json"]
ECHO = workloads.WORKLOADS["echo"]
REDIRECT = workloads.WORKLOADS["redirect"]


def answer(body: bytes = b"hi", status: str = "200 OK", **headers: str) -> list[Answer]:
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return [Answer(status, named, body)] * 3


class TestAnswers:
    @pytest.mark.parametrize(
        ("workload", "one", "two"),
        [
            pytest.param(HELLO, answer(), answer(X_Own="1"), id="other headers"),
            pytest.param(JSON, answer(b'{"a": 1}\n'), answer(b'{"a":1}'), id="JSON spaces"),
            pytest.param(
                ECHO,
                answer(Set_Cookie="visitor=a; Max-Age=3600; HttpOnly; SameSite=Lax"),
                answer(Set_Cookie="visitor=a; httponly; Max-Age=3600; samesite=lax"),
                id="order of a cookie's attributes",
            ),
            pytest.param(
                REDIRECT,
                answer(b"go", "302 FOUND", Location="/new"),
                answer(b"", "302 Found", location="http://localhost:8000/new"),
                id="absolute Location",
            ),
        ],
    )
    def test_frameworks_may_differ_in(
        self, workload: workloads.Workload, one: list[Answer], two: list[Answer]
    ) -> None:
        assert differences(workload, {"official": one, "falcon": two}, ["official"]) == []

    @pytest.mark.parametrize(
        ("workload", "one", "two"),
        [
            pytest.param(HELLO, answer(b"hi"), answer(b"ho"), id="body"),
            pytest.param(JSON, answer(b'{"a": 1}'), answer(b'{"a": 2}'), id="JSON value"),
            pytest.param(ECHO, answer(X_Version="1"), answer(), id="a header that is named"),
            pytest.param(
                ECHO, answer(Set_Cookie="visitor=a"), answer(Set_Cookie="visitor=b"), id="cookie"
            ),
        ],
    )
    def test_frameworks_must_agree_in(
        self, workload: workloads.Workload, one: list[Answer], two: list[Answer]
    ) -> None:
        assert differences(workload, {"official": one, "falcon": two}, ["official"]) != []

    def test_an_unexpected_status_is_reported_even_if_all_agree(self) -> None:
        crashed = answer(b"oops", "500 INTERNAL SERVER ERROR")
        found = differences(HELLO, {"this": crashed, "official": crashed}, [])
        assert len(found) == 6
        assert "expected 200" in found[0]

    def test_the_two_flasks_must_agree_in_every_header_and_their_order(self) -> None:
        one, two = answer(A="1", B="2"), answer(B="2", A="1")
        assert differences(HELLO, {"this": one, "falcon": two}, ["this"]) == []
        assert len(differences(HELLO, {"this": one, "official": two}, ["this", "official"])) == 3

    def test_dates_and_signature_times_are_masked_but_the_payload_is_not(self) -> None:
        first, later, other = (
            Answer("200 OK", (("Date", date), ("Set-Cookie", f"session={cookie}; Path=/")), b"")
            for date, cookie in (
                ("Mon, 01 Jan 2024 00:00:00 GMT", "eyJhIjoxfQ.aaaaaa.ssssss"),
                ("Mon, 01 Jan 2024 00:00:01 GMT", "eyJhIjoxfQ.bbbbbb.tttttt"),
                ("Mon, 01 Jan 2024 00:00:01 GMT", "eyJhIjoyfQ.bbbbbb.tttttt"),
            )
        )
        assert masked(first) == masked(later)
        assert masked(first) != masked(other)


def row(**bests: float) -> dict[str, Measured]:
    return {peer: Measured(100, [best * 1.5, best, best * 2]) for peer, best in bests.items()}


class TestRatios:
    def test_the_rival_is_the_fastest_peer_of_another_kind(self) -> None:
        found = report.ratios(row(this=2.0, official=60.0, falcon=4.0, bottle=8.0, bare=0.1))
        assert found == {"rival": "falcon", "to_rival": 0.5, "official_to_this": 30.0}

    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            ({"this": 2.0}, {"rival": None, "to_rival": None, "official_to_this": None}),
            ({"falcon": 2.0}, {"rival": "falcon", "to_rival": None, "official_to_this": None}),
            ({}, {"rival": None, "to_rival": None, "official_to_this": None}),
        ],
    )
    def test_a_ratio_is_missing_where_a_peer_is(
        self, given: dict[str, float], expected: dict[str, Any]
    ) -> None:
        assert report.ratios(row(**given)) == expected

    def test_the_table_shows_best_and_median_and_a_dash_for_a_missing_peer(self) -> None:
        table: Table = {"hello": row(this=2.0, falcon=4.0), "async_view": row(this=31.4)}
        assert report.peers_table(table, ["this", "falcon"])[2:] == [
            "| hello | 2.00 / 3.00 | 4.00 / 6.00 | 0.50 (falcon) |  |",
            "| async_view | 31.4 / 47.1 | - |  |  |",
        ]

    def test_two_trees_are_compared_within_each_round(self) -> None:
        new, old = Measured(1, [1.0, 2.0, 9.0]), Measured(1, [2.0, 4.0, 9.0])
        assert report.paired_ratios(new, old) == [0.5, 0.5, 1.0]
        assert report.pair_table({"hello": {"this": new, "abc": old}}, "this", "abc")[2:] == [
            "| hello | 1.00 / 2.00 | 2.00 / 4.00 | 0.50 | 0.50 |"
        ]

    def test_the_json_holds_all_rounds(self) -> None:
        text = report.as_json({"hello": row(this=2.0)}, {"cores": 2}, {}, {"hello": "a text"})
        assert json.loads(text)["workloads"]["hello"]["peers"]["this"] == {
            "best_us": 2.0,
            "median_us": 3.0,
            "calls_per_round": 100,
            "rounds_us": [3.0, 2.0, 4.0],
        }

    def test_the_machine_is_described_without_its_name_or_folders(self) -> None:
        described = "\n".join(report.machine_lines(report.machine(), {"this": "Flask 3.1.3"}))
        assert "cores" in described
        assert str(ROOT) not in described


class TestCalls:
    @pytest.mark.parametrize(
        ("counted", "wrong"), [(100, False), (130, False), (131, True), (50, False)]
    )
    def test_a_workload_may_need_tolerance_times_the_recorded_calls(
        self, counted: int, wrong: bool
    ) -> None:
        assert bool(calls.exceeded({"hello": counted}, {"hello": 100}, 1.3)) is wrong

    def test_a_workload_without_a_recorded_figure_is_a_fault(self) -> None:
        assert "no recorded figure" in calls.exceeded({"new": 1}, {"hello": 100}, 1.3)[0]

    def test_functions_entered_and_generators_resumed_count_but_the_harness_does_not(self) -> None:
        def helper() -> None:
            pass

        def application(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
            helper()
            start_response("200 OK", [])
            yield b"one"
            yield b"two"

        # three resumptions of the generator (two chunks and the end) and the helper
        assert wsgi.count_calls(application, HELLO.request) == 4

    def test_a_profile_names_what_ran_with_its_calls_and_instructions(self) -> None:
        def helper() -> int:
            return 1

        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            start_response("200 OK", [])
            return [b"x" * (helper() + helper())]

        found = wsgi.count_steps(application, HELLO.request)
        assert [(name.rpartition(".")[2], calls) for name, calls, _ in found] == [
            ("application", 1),
            ("helper", 2),
        ]
        assert found == wsgi.count_steps(application, HELLO.request)
        assert found[0][2] > found[1][2] > 0
        report = profile_steps.table("hello", {"this": found})
        assert f"| this | {found[0][2] + found[1][2]} | 3 |" in report


class TestRequests:
    def test_the_environ_of_a_minimal_get_has_21_keys(self) -> None:
        environ = wsgi.environ_of(HELLO.request)
        assert len(environ) == 21
        assert environ["PATH_INFO"] == "/"

    def test_content_headers_are_not_given_the_http_prefix(self) -> None:
        environ = wsgi.environ_of(workloads.WORKLOADS["form"].request)
        assert environ["CONTENT_TYPE"] == "application/x-www-form-urlencoded"
        assert int(environ["CONTENT_LENGTH"]) == len(environ["wsgi.input"].read())
        assert "HTTP_CONTENT_TYPE" not in environ

    def test_one_request_gives_status_headers_and_the_whole_body(self) -> None:
        status, headers, body = wsgi.ask(bare_app.hello, HELLO.request)
        assert (status, dict(headers)["Content-Length"], body) == ("200 OK", "13", b"Hello, World!")

    def test_the_iterable_is_closed_even_if_it_raises(self) -> None:
        closed = []

        class Broken:
            def __iter__(self) -> Iterator[bytes]:
                raise RuntimeError("midway")

            def close(self) -> None:
                closed.append(True)

        with pytest.raises(RuntimeError, match="midway"):
            wsgi.ask(lambda environ, start_response: Broken(), HELLO.request)
        assert closed == [True]

    @pytest.mark.parametrize(
        ("follow", "header", "value"),
        [
            ("cookies", "Cookie", "session=abc"),
            ("validators", "If-None-Match", '"v1"'),
            ("nothing", "Cookie", None),
        ],
    )
    def test_later_requests_carry_what_the_first_answer_gave(
        self, follow: str, header: str, value: str | None
    ) -> None:
        first = ("200 OK", [("Set-Cookie", "session=abc; Path=/"), ("ETag", '"v1"')], b"")
        assert worker._following(follow, HELLO.request, first).headers.get(header) == value

    def test_workloads_are_chosen_by_name_and_a_wrong_name_is_an_error(self) -> None:
        assert [one.name for one in workloads.chosen("json, hello")] == ["json", "hello"]
        assert workloads.chosen(None) == list(workloads.WORKLOADS.values())
        with pytest.raises(ValueError, match="no workload hallo; there are: hello"):
            workloads.chosen("hallo")


class TestASGI:
    @staticmethod
    async def echo(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            raise RuntimeError("no lifespan here")
        message = await receive()
        start = {"type": "http.response.start", "status": 201, "headers": [(b"x-own", b"1")]}
        await send(start)
        await send({"type": "http.response.body", "body": message["body"], "more_body": True})
        await send({"type": "http.response.body", "body": scope["query_string"]})

    def test_one_request_gives_status_headers_and_the_whole_body(self) -> None:
        request = workloads.Request("POST", "/", "a=1", {"X-One": "1"}, b"sent ")
        assert asgi.ask(self.echo, request) == ("201 Created", [("x-own", "1")], b"sent a=1")
        assert asgi.time_calls(self.echo, request, 3) > 0

    def test_functions_entered_count_but_the_harness_does_not(self) -> None:
        assert asgi.count_calls(self.echo, workloads.Request("GET", "/")) == 1

    def test_the_scope_has_the_requests_own_headers_in_lower_case(self) -> None:
        scope = asgi.scope_of(workloads.Request("GET", "/", headers={"X-One": "1"}))
        assert (b"x-one", b"1") in scope["headers"]


class TestWire:
    def test_rates_are_compared_with_this_package_on_the_same_server(self) -> None:
        entries = [
            wire.Entry("raw callable", "wsgi", "granian", [400.0]),
            wire.Entry("this", "wsgi", "granian", [900.0, 200.0, 100.0]),
            wire.Entry("other", "wsgi", "granian", [50.0]),
            wire.Entry("other", "asgi", "granian", []),
        ]
        assert [line.split(" | ")[3:] for line in wire.table(entries)[2:]] == [
            ["400 / 400", "2.00", "1.00 |"],
            ["900 / 200", "1.00", "0.50 |"],
            ["50 / 50", "0.25", "0.12 |"],
            ["-", "", " |"],
        ]

    def test_without_wrk_the_error_names_what_to_install(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(wire.shutil, "which", lambda _: None)
        assert wire.main([]) == 1
        assert "apt-get install wrk" in capsys.readouterr().err


class TestEnvironments:
    def test_unpacking_takes_the_wanted_files_only(self, tmp_path: Path) -> None:
        names = ["p-1/src/secret.py", "p-1/tests/test_a.py", "p-1/testsuite.py"]
        with _archive(names) as archive:
            count = environments.unpack(archive, tmp_path, strip=1, only=["tests"])
        assert count == 1
        assert [file.name for file in tmp_path.rglob("*.py")] == ["test_a.py"]

    def test_unpacking_refuses_a_name_that_leads_out_of_the_folder(self, tmp_path: Path) -> None:
        with (
            _archive(["p-1/tests/../../../out.py"]) as archive,
            pytest.raises(ValueError, match="leads out of its folder"),
        ):
            environments.unpack(archive, tmp_path / "in", strip=1)

    def test_a_wheels_digest_follows_its_sources_and_nothing_else(self, tmp_path: Path) -> None:
        (tmp_path / "src").mkdir()
        (tmp_path / "pyproject.toml").write_text("[project]")
        empty = environments.digest_of(tmp_path)
        (tmp_path / "notes.txt").write_text("not in the wheel")
        assert environments.digest_of(tmp_path) == empty
        (tmp_path / "src" / "new.py").write_text("")
        assert environments.digest_of(tmp_path) != empty

    def test_a_failed_command_is_reported_with_its_output(self) -> None:
        with pytest.raises(environments.CommandFailed, match=r"(?s)exited with 3.*the reason"):
            environments.run([sys.executable, "-c", "print('the reason'); raise SystemExit(3)"])


def test_an_unknown_peer_is_reported_before_anything_is_installed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run.main(["--peers", "falkon"]) == 1
    assert "no peer falkon" in capsys.readouterr().err


def test_every_peer_names_only_workloads_that_there_are() -> None:
    assert set(bare_app.applications()) <= set(workloads.WORKLOADS)
    groups = (PEERS, ASGI_PEERS, TYPED_PEERS, TYPED_ASGI_PEERS)
    assert {kind.module for group in groups for kind in group.values()} == {
        file.stem for file in (ROOT / "benchmarks" / "peers").glob("*_app*.py")
    }


def test_the_start_up_table_and_its_tasks_have_the_same_names() -> None:
    source = ast.parse(startup.TASK_FILE.read_text(encoding="utf-8"))
    tables = [
        node.value
        for node in source.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "TASKS"
    ]
    assert isinstance(tables[0], ast.Dict)
    names = [key.value for key in tables[0].keys if isinstance(key, ast.Constant)]
    assert names == list(startup.TASKS)


def _archive(names: list[str]) -> tarfile.TarFile:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name in names:
            archive.addfile(tarfile.TarInfo(name), io.BytesIO())
    packed.seek(0)
    return tarfile.open(fileobj=packed)
