"""A 404 and a 405 in debug mode: nearest routes, small differences, and who aborted."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest
from debug_requests import BROWSER, Ask, ask_asgi, ask_wsgi
from werkzeug.exceptions import NotFound

from flask import Blueprint, Flask, abort, request
from flask.views import MethodView

USUAL_404 = (
    "<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n"
    "<p>The requested URL was not found on the server. If you entered the URL manually please check"
    " your spelling and try again.</p>\n"
)
USUAL_405 = (
    "<!doctype html>\n<html lang=en>\n<title>405 Method Not Allowed</title>\n"
    "<h1>Method Not Allowed</h1>\n"
    "<p>The method is not allowed for the requested URL.</p>\n"
)
FILE = r"\S*test_routing_pages\.py:\d+"


@pytest.fixture
def app(app: Flask, tmp_path: Path) -> Flask:
    app.static_folder = str(tmp_path)
    (tmp_path / "css").mkdir()
    (tmp_path / "css" / "style.css").write_text("")

    @app.route("/about")
    def about() -> str:
        return "about"

    @app.route("/items/")
    def items() -> str:
        return "items"

    @app.route("/items/<int:number>", methods=["GET", "PUT"])
    def item(number: int) -> str:
        abort(404, "No <b>such</b> item.")

    @app.delete("/items/<int:number>")
    def remove(number: int) -> str:
        abort(405)

    class Users(MethodView):
        def get(self) -> str:
            return "users"

    app.add_url_rule("/users", view_func=Users.as_view("users"))
    blueprint = Blueprint("auth", __name__, url_prefix="/auth")

    @blueprint.route("/login")
    def login() -> str:
        return "login"

    app.register_blueprint(blueprint)
    return app


def line_of(text: str, usual: str = USUAL_404) -> str:
    """Return the line that debug mode adds to the usual body."""
    assert text.startswith(usual)
    match = re.fullmatch(r"<p>Debug mode: (.*)</p>\n", text.removeprefix(usual))
    assert match
    return match[1].replace("&#39;", "'").replace("&lt;", "<").replace("&gt;", ">")


def page_text(text: str) -> str:
    shown = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", text.partition("<body>")[2]))
    return shown.replace("&#39;", "'").replace("&lt;", "<").replace("&gt;", ">").strip()


# What is requested, and what the line says at its beginning.
DIFFERENCES = [
    ("/about/", r"The route '/about' has no trailing slash, but the URL has one\."),
    ("/users//", r"The route '/users' has no trailing slash"),
    ("/About", r"The route '/about' differs in upper and lower case\."),
    ("/login", r"The route '/auth/login' belongs to the blueprint 'auth', so its URL begins with"),
    ("/abut", rf"Nearest routes: GET /about \({FILE}\)\.$"),
    ("/item/7", rf"Nearest routes: (GET PUT|DELETE) /items/<int:number> \({FILE}\),"),
    ("/user", rf"Nearest routes: GET /users \({FILE}\)"),
    ("/stat/css/style.css", r"Nearest routes: GET /static/<path:filename> \(static files\)"),
    ("/items/abc", r"The route '/items/<int:number>' does not accept 'abc' for '<int:number>'\."),
    ("/other/7", r"None of the \d+ routes is similar"),
    ("/a", r"None of the \d+ routes is similar"),
    ("/zzzzzzzzzzzz", r"None of the \d+ routes is similar to the path\."),
]


@pytest.mark.parametrize(("path", "pattern"), DIFFERENCES, ids=lambda value: value)
@pytest.mark.parametrize("accept", ["*/*", "application/json", ""])
def test_a_404_without_html_gets_one_line(
    app: Flask, ask: Ask, path: str, pattern: str, accept: str
) -> None:
    if "//" in path:
        app.url_map.merge_slashes = False
    answer = ask(app, path, accept)
    assert (answer.status, answer.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert re.match(pattern, line_of(answer.text)), answer.text


@pytest.mark.parametrize(("path", "pattern"), DIFFERENCES[2:6], ids=lambda value: value)
def test_a_404_for_a_browser_is_a_page(app: Flask, ask: Ask, path: str, pattern: str) -> None:
    answer = ask(app, path)
    assert (answer.status, answer.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert int(answer.headers["Content-Length"]) == len(answer.text.encode())
    assert answer.text.startswith("<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n")
    text = page_text(answer.text)
    assert text.startswith("Not Found The requested URL was not found on the server.")
    assert f"GET {path}" in text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "Nearest routes" in text
    assert "</body>" not in answer.text  # as usual; extensions add their parts before it


def test_an_application_without_a_url_adapter_says_so(ask: Ask) -> None:
    class Strict(Flask):
        def create_url_adapter(self, request: object) -> t.NoReturn:
            raise NotFound

    app = Strict("strict")
    app.debug = True
    assert line_of(ask(app, "/", "*/*").text) == (
        "The application has no URL adapter for this request."
    )


def test_subdomains_are_shown(ask: Ask) -> None:
    app = Flask("domains", subdomain_matching=True)
    app.debug = True
    app.config["SERVER_NAME"] = "localhost"
    app.add_url_rule("/about", "about", lambda: "", subdomain="shop")
    line = line_of(ask(app, "/about", "*/*").text)
    assert re.match(rf"Nearest routes: GET shop\./about \({FILE}\)", line)


def test_an_endpoint_without_a_view_is_shown(ask: Ask) -> None:
    app = Flask("endpoints")
    app.debug = True
    app.add_url_rule("/about", "about")
    assert "GET /about (no view)" in line_of(ask(app, "/abut", "*/*").text)


def test_a_callable_object_is_shown_by_its_class(ask: Ask) -> None:
    class View:
        def __call__(self) -> str:
            return ""

    app = Flask("objects")
    app.debug = True
    app.add_url_rule("/about", "about", View())
    assert re.search(r"GET /about \(\S*View\)", line_of(ask(app, "/abut", "*/*").text))


def test_a_prefix_that_the_server_adds_is_found(app: Flask) -> None:
    client = app.test_client()
    environ = {"SCRIPT_NAME": "/shop"}
    text = client.get("/shop/shop/about", environ_overrides=environ).text
    assert "mounted at &#39;/shop&#39;, and the path repeats" in text


def test_an_application_without_routes_says_so(ask: Ask) -> None:
    app = Flask("empty", static_folder=None)
    app.debug = True
    assert "The application has no routes." in line_of(ask(app, "/", "*/*").text)


class TestA405:
    @pytest.mark.parametrize("accept", [BROWSER, "*/*"])
    def test_it_lists_methods_and_view(self, app: Flask, ask: Ask, accept: str) -> None:
        answer = ask(app, "/items/3", accept, method="POST")
        assert answer.status == 405
        allowed = set(answer.headers["Allow"].split(", "))
        assert allowed == {"GET", "HEAD", "OPTIONS", "PUT", "DELETE"}
        if accept == BROWSER:
            text = page_text(answer.text)
        else:
            text = line_of(answer.text, USUAL_405)
        assert "This URL allows DELETE, GET, PUT, but not POST." in text
        assert re.search(FILE, text)
        assert "'item'" in text or "'remove'" in text

    def test_a_class_based_view_is_named_by_its_class(self, app: Flask, ask: Ask) -> None:
        line = line_of(ask(app, "/users", "*/*", method="POST").text, USUAL_405)
        assert re.search(rf"GET /users \({FILE}\)", line)

    def test_a_405_of_a_view_names_its_line(self, app: Flask, ask: Ask) -> None:
        line = line_of(ask(app, "/items/3", "*/*", method="DELETE").text, USUAL_405)
        assert re.search(rf"raised at {FILE} in \S*remove while the view of 'remove' ran", line)


class TestAnAbort:
    def test_it_names_view_and_line(self, app: Flask, ask: Ask) -> None:
        text = ask(app, "/items/3", "*/*").text
        assert "<p>No &lt;b&gt;such&lt;/b&gt; item.</p>" in text
        assert re.search(rf"The error was raised at {FILE} in \S*item while the view of", text)
        assert "Nearest routes" not in text

    def test_a_browser_gets_a_page(self, app: Flask, ask: Ask) -> None:
        answer = ask(app, "/items/3")
        assert page_text(answer.text).startswith("Not Found No <b>such</b> item.")
        assert re.search(rf"raised at {FILE} in", page_text(answer.text))

    def test_a_missing_static_file_names_the_folder_and_a_near_one(
        self, app: Flask, ask: Ask
    ) -> None:
        line = line_of(ask(app, "/static/style.css", "*/*").text)
        assert line.startswith("There is no file 'style.css' in '")
        assert line.endswith("There is 'css/style.css'.")

    def test_one_in_a_hook_before_routing_failed_names_the_hook(self, app: Flask, ask: Ask) -> None:
        @app.before_request
        def refuse() -> None:
            abort(404)

        line = line_of(ask(app, "/nowhere", "*/*").text)
        assert re.match(rf"No view ran\. {FILE} in \S*refuse raised the error\.", line)

    def test_an_exception_that_is_raised_again_has_each_time_its_own_text(
        self, app: Flask, ask: Ask
    ) -> None:
        shared = NotFound()

        @app.route("/shared/<name>")
        def find(name: str) -> str:
            raise shared

        first, second = (ask(app, f"/shared/{name}", BROWSER).text for name in ("one", "two"))
        assert "/shared/one" in first
        assert "/shared/one" not in second


class TestWhatStays:
    def test_a_handler_of_the_application_replaces_the_page(self, app: Flask, ask: Ask) -> None:
        @app.errorhandler(404)
        def handle(error: NotFound) -> t.Any:
            return error.get_body(), 404

        assert ask(app, "/nowhere").text == USUAL_404

    @pytest.mark.parametrize("settings", [{"DEBUG": False}, {"TESTING": True}], ids=str)
    @pytest.mark.parametrize("accept", [BROWSER, "*/*"])
    def test_without_debug_mode_or_in_tests_the_body_is_the_usual_one(
        self, app: Flask, ask: Ask, settings: dict[str, bool], accept: str
    ) -> None:
        app.config.update(settings)
        assert ask(app, "/nowhere", accept).text == USUAL_404
        assert ask(app, "/about", accept, method="POST").text == USUAL_405

    def test_other_errors_have_the_usual_body(self, app: Flask, ask: Ask) -> None:
        @app.route("/teapot")
        def teapot() -> None:
            abort(418)

        assert "Debug mode" not in ask(app, "/teapot", "*/*").text

    def test_an_exception_with_its_own_body_keeps_it(self, app: Flask, ask: Ask) -> None:
        class Missing(NotFound):
            def get_body(self, *arguments: object) -> str:
                return "own body"

        @app.route("/own")
        def own() -> None:
            raise Missing

        @app.route("/response")
        def response() -> None:
            abort(app.make_response(("own response", 404)))

        assert ask(app, "/own").text == "own body"
        assert ask(app, "/response").text == "own response"

    def test_hooks_see_the_response_and_may_change_it(self, app: Flask, ask: Ask) -> None:
        @app.after_request
        def change(response: t.Any) -> t.Any:
            assert isinstance(response, app.response_class)
            response.headers["X-Path"] = request.path
            return response

        assert ask(app, "/nowhere").headers["X-Path"] == "/nowhere"

    def test_a_test_client_gets_it_too(self, app: Flask) -> None:
        assert "Nearest routes" in app.test_client().get("/abut").text

    def test_if_the_explanation_fails_the_body_is_the_usual_one(
        self, app: Flask, ask: Ask, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*arguments: object) -> t.NoReturn:
            raise OSError("no explanation")

        monkeypatch.setattr("flask._debug.routing._explain_routing", fail)
        logged: list[object] = []
        monkeypatch.setattr(app.logger, "exception", lambda *arguments: logged.append(arguments))
        assert ask(app, "/nowhere").text == USUAL_404
        assert len(logged) == 1

    def test_a_subclass_gets_the_exception_itself(self, app: Flask, ask: Ask) -> None:
        answers: list[object] = []
        usual = app.handle_http_exception
        app.handle_http_exception = lambda e: answers.append(usual(e)) or answers[-1]  # type: ignore
        ask(app, "/nowhere")
        assert [type(answer) for answer in answers] == [NotFound]


@pytest.mark.parametrize("ask", [ask_wsgi, ask_asgi])
def test_hostile_paths_are_escaped_and_bounded(app: Flask, ask: Ask) -> None:
    for path in ("/<script>alert(1)</script>", "/" + "a" * 60_000, "/%00%FF", "/{{7*7}}"):
        for accept in (BROWSER, "*/*"):
            answer = ask(app, path, accept)
            assert answer.status == 404
            assert "<script>alert" not in answer.text
            assert len(answer.text) < 20_000 + len(path)


def test_the_number_of_compared_routes_is_bounded(
    app: Flask, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flask._debug.routing._MOST_COMPARED", 100)
    for number in range(200):
        app.add_url_rule(f"/many/{number:05}", f"many{number}", lambda: "")
    line = line_of(ask(app, "/many/00007x", "*/*").text)
    assert "/many/00007 " in line
    assert line.count("/many/") == 5
    assert "/many/00150 " not in line_of(ask(app, "/many/00150x", "*/*").text)
