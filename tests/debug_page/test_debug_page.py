"""What the debug page shows, over both protocols."""

from __future__ import annotations

import inspect
import json
import re
import typing as t

import pytest
from debug_requests import BROWSER, Ask

from flask import Flask, jsonify, render_template_string, request, url_for
from flask.views import MethodView

TEXT = "text/plain"
FILE = r"test_debug_page\.py:\d+"


def divide(number: int) -> float:
    divisor = 0
    return number / divisor  # the failing line


@pytest.fixture
def app(app: Flask) -> Flask:
    @app.route("/crash/<int:number>", methods=["GET", "POST"])
    def crash(number: int) -> str:
        return str(divide(number))

    return app


class TestTheKindOfPage:
    @pytest.mark.parametrize(
        ("accept", "media_type"),
        [
            (BROWSER, "text/html; charset=utf-8"),
            ("text/html", "text/html; charset=utf-8"),
            ("*/*", "text/html; charset=utf-8"),
            ("", "text/html; charset=utf-8"),
            ("text/plain", "text/plain; charset=utf-8"),
            ("image/png", "text/html; charset=utf-8"),
            ("application/json", "application/problem+json"),
            ("application/json, text/plain, */*", "application/problem+json"),
            ("application/problem+json", "application/problem+json"),
            ("application/vnd.api+json", "application/problem+json"),
            ("application/json;q=0.5, text/html", "text/html; charset=utf-8"),
        ],
    )
    def test_it_is_chosen_by_the_accept_header(
        self, app: Flask, ask: Ask, accept: str, media_type: str
    ) -> None:
        answer = ask(app, "/crash/1", accept)
        assert (answer.status, answer.headers["Content-Type"]) == (500, media_type)
        assert int(answer.headers["Content-Length"]) == len(answer.text.encode())
        assert "ZeroDivisionError" in answer.text

    @pytest.mark.parametrize("agent", ["curl/8.5.0", "Wget/1.21", "HTTPie/3.2.2"])
    def test_a_program_of_the_terminal_gets_text(self, app: Flask, ask: Ask, agent: str) -> None:
        kinds = [
            ask(app, "/crash/1", accept, headers={"User-Agent": agent}).headers["Content-Type"]
            for accept in ("*/*", BROWSER, "application/json")
        ]
        assert [kind.partition(";")[0] for kind in kinds] == [
            "text/plain",
            "text/html",
            "application/problem+json",
        ]

    def test_nothing_of_it_is_kept_by_caches(self, app: Flask, ask: Ask) -> None:
        for accept in (BROWSER, TEXT, "application/json"):
            assert ask(app, "/crash/1", accept).headers["Cache-Control"] == "no-store"


class TestText:
    def test_the_failing_line_of_the_user_comes_first(self, app: Flask, ask: Ask) -> None:
        lines = ask(app, "/crash/1", TEXT).text.splitlines()
        assert lines[:2] == ["ZeroDivisionError: division by zero", ""]
        assert re.search(rf"{FILE} in divide$", lines[2])
        assert lines[3] == "    return number / divisor  # the failing line"
        assert lines[5] == "GET http://localhost/crash/1"
        assert "Traceback (most recent call last):" in lines
        assert "asgi/_debug_page" not in "".join(lines[6:])


class TestJson:
    def test_it_is_problem_details_with_the_frames(self, app: Flask, ask: Ask) -> None:
        problem = json.loads(ask(app, "/crash/1", "application/json").text)
        assert problem["status"] == 500
        assert problem["title"] == "Internal Server Error"
        assert problem["detail"] == "ZeroDivisionError: division by zero"
        assert problem["location"]["function"] == "divide"
        assert problem["location"]["code"] == "return number / divisor  # the failing line"
        assert problem["request"] == {"method": "GET", "url": "http://localhost/crash/1"}
        libraries = [frame["library"] for frame in problem["errors"][0]["frames"]]
        assert libraries[:3] == [None, None, "flask"]
        assert problem["traceback"][-1] == "ZeroDivisionError: division by zero"


def shown_text(page: str) -> str:
    """Return the text of a page, with one space between words."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page.partition("<body>")[2]))


class TestHtml:
    def test_error_and_place_come_first(self, app: Flask, ask: Ask) -> None:
        text = shown_text(ask(app, "/crash/1").text)
        assert re.match(
            rf" ZeroDivisionError division by zero \S*{FILE} in divide"
            " GET http://localhost/crash/1 ",
            text,
        )

    def test_frames_of_libraries_are_folded(self, app: Flask, ask: Ask) -> None:
        page = ask(app, "/crash/1").text
        groups = re.findall(r'<details class="library"><summary>([^<]*)', page)
        assert [re.sub(r"\d+", "N", group.strip()) for group in groups][:1] == ["N calls in flask"]
        assert len(re.findall(r'<details class="frame" open>', page)) == 1

    def test_the_failing_expression_is_marked(self, app: Flask, ask: Ask) -> None:
        page = ask(app, "/crash/1").text
        assert "return <mark>number / divisor</mark>  # the failing line" in page
        assert "(failing line)" in page

    def test_variables_are_shown(self, app: Flask, ask: Ask) -> None:
        text = shown_text(ask(app, "/crash/8").text)
        assert " number 8 " in text
        assert " divisor 0 " in text

    def test_the_request_is_shown(self, app: Flask, ask: Ask) -> None:
        @app.before_request
        def parse() -> None:
            assert request.form

        answer = ask(
            app,
            "/crash/1?page=2",
            method="POST",
            data={"user": "ann", "password": "hunter2"},
            headers={"X-Own": "own", "Authorization": "Basic abc", "Cookie": "theme=b; session=s3"},
        )
        text = shown_text(answer.text)
        for part in (
            "endpoint crash",
            "rule /crash/&lt;int:number&gt;",
            "argument number 1",
            "page 2",
            "user ann",
            "password ••••••",
            "X-Own own",
            "Authorization ••••••",
            "theme b",
            "session ••••••",
            "Cookie ••••••",
        ):
            assert part in text
        for secret in ("hunter2", "Basic abc", "s3"):
            assert secret not in text

    def test_secrets_of_the_request_are_hidden_in_all_texts(self, app: Flask, ask: Ask) -> None:
        @app.post("/login")
        def login() -> None:
            user, value = request.form["user"], request.form["password"]
            headers, url = dict(request.headers), request.url  # noqa: F841
            raise ValueError(f"{value} of {user}: {request.headers['Authorization']}")

        for accept in (BROWSER, TEXT, "application/json"):
            text = ask(
                app,
                "/login?token=tok%20en/7",
                accept,
                method="POST",
                data={"user": "ann", "password": "it's hunter2"},
                headers={"Authorization": "Bearer abc.def", "Cookie": "session=signed.text"},
            ).text
            assert "of ann" in text
            for secret in ("hunter2", "abc.def", "signed.text", "tok%20en", "tok en", "tok+en"):
                assert secret not in text

    def test_a_parsed_json_document_is_shown(self, app: Flask, ask: Ask) -> None:
        @app.post("/json")
        def read() -> t.Any:
            return jsonify(request.get_json()["missing"])

        answer = ask(app, "/json", method="POST", json={"user": "ann", "api_key": "12345"})
        text = shown_text(answer.text)
        assert " JSON &#39;user&#39; &#39;ann&#39; " in text
        assert "12345" not in text

    def test_a_form_that_the_view_has_not_read_is_not_read(self, app: Flask, ask: Ask) -> None:
        text = shown_text(ask(app, "/crash/1", method="POST", data={"user": "ann"}).text)
        assert " Form " not in text

    def test_notes_causes_and_contexts_are_shown(self, app: Flask, ask: Ask) -> None:
        @app.get("/chain")
        def chain() -> None:
            try:
                try:
                    divide(1)
                except ZeroDivisionError as error:
                    error.add_note(" ".join(["a", "note", "of", "the", "first"]))
                    raise KeyError("second") from error
            except KeyError:
                raise ValueError("third")  # noqa: B904

        text = shown_text(ask(app, "/chain").text)
        order = [
            text.index(part)
            for part in (
                " ValueError third ",
                "Raised while this was being handled: KeyError",
                "Caused by: ZeroDivisionError",
                "a note of the first",
            )
        ]
        assert order == sorted(order)

    def test_a_suppressed_context_is_not_shown(self, app: Flask, ask: Ask) -> None:
        @app.get("/chain")
        def chain() -> None:
            try:
                divide(1)
            except ZeroDivisionError:
                raise ValueError("second") from None

        text = shown_text(ask(app, "/chain").text)
        assert "ValueError second" in text
        assert "division by zero" not in text

    def test_the_members_of_a_group_are_shown(self, app: Flask, ask: Ask) -> None:
        @app.get("/group")
        def group() -> None:
            raise ExceptionGroup("two", [ValueError("one"), ExceptionGroup("b", [TypeError("c")])])

        text = shown_text(ask(app, "/group").text)
        for part in ("ValueError one", "ExceptionGroup b (1 sub-exception)", "TypeError c"):
            assert f"In this group: {part}" in text

    def test_an_error_in_a_library_begins_with_the_users_line(self, app: Flask, ask: Ask) -> None:
        @app.get("/link")
        def link() -> str:
            return url_for("nowhere")

        text = shown_text(ask(app, "/link").text)
        assert re.match(rf" BuildError Could not build url .*? \S*{FILE} in \S*link GET ", text)
        assert "which raised the error at werkzeug/routing/map.py" in text

    def test_a_template_without_a_file_begins_with_what_renders_it(
        self, app: Flask, ask: Ask
    ) -> None:
        @app.get("/template")
        def template() -> str:
            return render_template_string("{{ user.name }}", title="Ann")

        text = shown_text(ask(app, "/template").text)
        assert re.match(rf" UndefinedError .*? \S*{FILE} in \S*template GET ", text)
        assert "lipsum" not in text

    def test_a_template_with_a_file_begins_with_its_line(
        self, app: Flask, ask: Ask, tmp_path: t.Any
    ) -> None:
        (tmp_path / "page.html").write_text("<p>\n{{ user.name.upper() }}\n</p>")
        app.jinja_loader.searchpath.append(str(tmp_path))  # type: ignore[union-attr]

        @app.get("/template")
        def template() -> str:
            from flask import render_template

            return render_template("page.html", title="Ann")

        text = shown_text(ask(app, "/template").text)
        assert "page.html:2 in top-level template code GET" in text
        assert "{{ user.name.upper() }}" in text
        assert "title &#39;Ann&#39;" in text

    def test_a_syntax_error_shows_the_line_that_cannot_be_compiled(
        self, app: Flask, ask: Ask, tmp_path: t.Any
    ) -> None:
        file = tmp_path / "wrong.py"
        file.write_text("one = 1\ntwo = = 2\n")

        @app.get("/syntax")
        def syntax() -> None:
            compile(file.read_text(), str(file), "exec")

        text = shown_text(ask(app, "/syntax").text)
        assert re.match(r" SyntaxError .*? \S*wrong\.py:2 GET ", text)
        assert "two = = 2" in text


def test_a_class_based_view_is_located(app: Flask, ask: Ask) -> None:
    class Crash(MethodView):
        def get(self) -> float:
            return divide(1)

    app.add_url_rule("/class", view_func=Crash.as_view("crash_class"))
    text = shown_text(ask(app, "/class").text)
    number = inspect.getsourcelines(Crash)[1]
    assert re.search(rf"view \S*test_debug_page\.py:{number} ", text)


def test_a_json_document_that_is_no_object_is_shown(app: Flask, ask: Ask) -> None:
    @app.post("/list")
    def read() -> None:
        raise ValueError(len(request.get_json()))

    text = shown_text(ask(app, "/list", method="POST", json=[1, 2]).text)
    assert " JSON document [1, 2] " in text


def test_many_parameters_are_bounded(app: Flask, ask: Ask) -> None:
    query = "&".join(f"name{number}=1" for number in range(500))
    text = shown_text(ask(app, f"/crash/1?{query}").text)
    assert "name99 1" in text
    assert "name101 1" not in text
    assert "more are not shown" in text


class TestTheHostOfTheUrl:
    """A foreign web site that gives its name the address of this machine learns no values."""

    @pytest.mark.parametrize(
        ("host", "is_shown"),
        [
            ("localhost", True),
            ("localhost:5000", True),
            ("shop.localhost", True),
            ("127.0.0.1:5000", True),
            ("192.168.0.7", True),
            ("[::1]:5000", True),
            ("shop.test", True),
            ("trusted.test", True),
            ("evil.test", False),
            ("localhost.evil.test", False),
            ("127.0.0.1.evil.test", False),
        ],
    )
    def test_variables_and_request_are_shown_to_own_hosts(
        self, app: Flask, ask: Ask, host: str, is_shown: bool
    ) -> None:
        app.config["SERVER_NAME"] = "shop.test"
        app.config["TRUSTED_HOSTS"] = ["trusted.test"] if host == "trusted.test" else None
        for accept in (BROWSER, TEXT, "application/json"):
            answer = ask(app, "/crash/1", accept, headers={"Host": host, "X-Own": "a value"})
            assert answer.status == 500
            assert "ZeroDivisionError" in answer.text
            if accept == BROWSER:
                assert ("a value" in answer.text) is is_shown
                assert (">divisor<" in answer.text) is is_shown
