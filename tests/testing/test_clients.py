"""Test an application without a server."""

from __future__ import annotations

import typing as t

import click
import pytest
from werkzeug.test import ClientRedirectError
from werkzeug.wrappers import Request as BaseRequest

from flask import Flask, current_app, g, redirect, request, session
from flask.testing import EnvironBuilder, FlaskClient, FlaskCliRunner


@pytest.fixture
def app(app: Flask) -> Flask:
    @app.route("/", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    def echo() -> dict[str, t.Any]:
        return {
            "method": request.method,
            "url": request.url,
            "args": request.args.to_dict(flat=False),
            "body": request.get_data(as_text=True),
            "type": request.mimetype,
            "cookies": dict(request.cookies),
            "agent": request.user_agent.string,
            "address": request.remote_addr,
        }

    return app


# Settings, what the builder is given, and the URL that is asked.
URLS: list[tuple[dict[str, str], tuple[t.Any, ...], dict[str, t.Any], str]] = [
    ({}, (), {}, "http://localhost/"),
    ({}, ("/x",), {}, "http://localhost/x"),
    ({}, ("/x?a=1",), {}, "http://localhost/x?a=1"),
    ({}, ("/x",), {"query_string": {"a": 1}}, "http://localhost/x?a=1"),
    ({}, ("http://other.test/x?a=1",), {}, "http://other.test/x?a=1"),
    ({}, ("https://other.test:8443/",), {}, "https://other.test:8443/"),
    ({"SERVER_NAME": "x.test:5000"}, ("/",), {}, "http://x.test:5000/"),
    ({"SERVER_NAME": "x.test"}, ("/",), {"subdomain": "s"}, "http://s.x.test/"),
    ({"APPLICATION_ROOT": "/root"}, ("/x",), {}, "http://localhost/root/x"),
    ({"PREFERRED_URL_SCHEME": "https"}, ("/x",), {}, "https://localhost/x"),
    ({}, ("/x",), {"url_scheme": "https"}, "https://localhost/x"),
    ({}, ("/x",), {"base_url": "http://b.test/base/"}, "http://b.test/base/x"),
    ({}, ("//host/x",), {}, "http://host/x"),
]


@pytest.mark.parametrize(("settings", "args", "kwargs", "url"), URLS, ids=str)
def test_the_url_of_the_request(
    app: Flask, settings: dict[str, str], args: t.Any, kwargs: dict[str, t.Any], url: str
) -> None:
    app.config.update(settings)
    builder = EnvironBuilder(app, *args, **kwargs)
    assert builder.app is app
    assert builder.get_request().url == url
    with app.test_request_context(*args, **kwargs):
        assert request.url == url


@pytest.mark.parametrize("option", [{"subdomain": "s"}, {"url_scheme": "https"}], ids=str)
def test_a_base_url_sets_scheme_host_and_path(app: Flask, option: dict[str, str]) -> None:
    with pytest.raises(AssertionError, match='"base_url"'):
        EnvironBuilder(app, base_url="http://x.test", **option)


def test_a_query_in_path_and_argument_is_a_value_error(client: FlaskClient) -> None:
    with pytest.raises(ValueError):
        client.get("/?a=1", query_string="b=2")


def test_data_and_json_exclude_each_other(client: FlaskClient) -> None:
    with pytest.raises(TypeError):
        client.post("/", data="x", json={})


def test_json_is_written_by_the_provider(app: Flask, client: FlaskClient) -> None:
    app.json.sort_keys = False  # type: ignore[attr-defined]
    answer = client.post("/", json={"b": 1, "a": 2}).json
    assert answer is not None
    assert (answer["body"], answer["type"]) == ('{"b": 1, "a": 2}', "application/json")
    builder = EnvironBuilder(app, json={"b": 1, "a": 2})
    assert builder.json_dumps({"b": 1}) == '{"b": 1}'


@pytest.mark.parametrize("verb", ["get", "post", "put", "patch", "delete"])
def test_every_verb(client: FlaskClient, verb: str) -> None:
    answer = getattr(client, verb)("/").json
    assert answer["method"] == verb.upper()
    assert answer["address"] == "127.0.0.1"
    assert answer["agent"].startswith("Werkzeug/")


def test_head_options_and_trace(client: FlaskClient) -> None:
    assert client.head("/").data == b""
    assert client.options("/").allow.as_set(True) >= {"GET", "POST", "OPTIONS"}
    assert client.trace("/").status_code == 405


def test_the_environment_may_be_changed_for_all_requests_and_for_one(client: FlaskClient) -> None:
    client.environ_base["REMOTE_ADDR"] = "10.0.0.1"
    client.environ_base["HTTP_USER_AGENT"] = "agent"
    answer = client.get("/").json
    assert answer is not None
    assert (answer["address"], answer["agent"]) == ("10.0.0.1", "agent")
    answer = client.get("/", environ_base={"REMOTE_ADDR": "10.0.0.2"}).json
    assert answer is not None
    assert answer["address"] == "10.0.0.2"


def test_a_builder_an_environment_and_a_request_may_be_sent(
    app: Flask, client: FlaskClient
) -> None:
    builder = EnvironBuilder(app, "/", method="PUT", data=b"x")
    environ = EnvironBuilder(app, "/", method="PUT", data=b"x").get_environ()
    made = BaseRequest(EnvironBuilder(app, "/", method="PUT", data=b"x").get_environ())
    for given in (builder, environ, made):
        answer = client.open(given).json
        assert answer is not None
        assert (answer["method"], answer["body"]) == ("PUT", "x")


def test_cookies_are_kept_unless_switched_off(app: Flask) -> None:
    app.add_url_rule("/set", "set", lambda: ("", {"Set-Cookie": "a=1"}))
    client = app.test_client()
    client.get("/set")
    answer = client.get("/").json
    assert answer is not None
    assert answer["cookies"] == {"a": "1"}
    client.set_cookie("b", "2")
    client.delete_cookie("a")
    assert client.get_cookie("a") is None
    assert client.get("/").json["cookies"] == {"b": "2"}  # type: ignore[index]
    off = app.test_client(use_cookies=False)
    off.get("/set")
    assert off.get("/").json["cookies"] == {}  # type: ignore[index]


def test_redirects_are_followed_with_their_history(app: Flask, client: FlaskClient) -> None:
    app.add_url_rule("/one", "one", lambda: redirect("/two"))
    app.add_url_rule("/two", "two", lambda: redirect("/?done"))
    app.add_url_rule("/loop", "loop", lambda: redirect("/loop"))
    response = client.get("/one", follow_redirects=True)
    assert [past.request.path for past in response.history] == ["/one", "/two"]
    assert (response.status_code, response.request.path) == (200, "/")
    with pytest.raises(ClientRedirectError):
        client.get("/loop", follow_redirects=True)


def test_a_response_has_its_request(client: FlaskClient) -> None:
    response = client.get("/?a=1")
    assert (response.request.path, response.request.args["a"]) == ("/", "1")
    assert isinstance(response.text, str)
    assert response.json == response.get_json()


def test_in_a_with_block_the_last_context_stays(app: Flask) -> None:
    ended: list[str] = []

    @app.route("/set/<value>")
    def put(value: str) -> str:
        g.value = session["value"] = value
        return value

    app.teardown_appcontext(lambda exc: ended.append(g.value))
    with app.test_client() as client:
        client.get("/set/one")
        assert (g.value, session["value"], request.path) == ("one", "one", "/set/one")
        client.get("/set/two")
        assert g.value == "two"
        assert current_app == app
        with pytest.raises(RuntimeError, match="Cannot nest client invocations"), client:
            pass
    with pytest.raises(RuntimeError):
        _ = g.value
    assert set(ended) == {"one", "two"}


def test_after_a_with_block_that_failed_nothing_stays(app: Flask) -> None:
    with pytest.raises(ZeroDivisionError), app.test_client() as client:
        client.get("/")
        raise ZeroDivisionError
    from flask import has_request_context

    assert not has_request_context()


def test_a_session_is_opened_and_saved(app: Flask) -> None:
    app.add_url_rule("/read", "read", lambda: str(session.get("a")))
    client = app.test_client()
    with client.session_transaction() as kept:
        kept["a"] = [1]
    with client.session_transaction("/elsewhere") as kept:
        assert kept["a"] == [1]
        kept["a"] = 2
    assert client.get("/read").text == "2"


def test_a_transaction_that_fails_saves_nothing(app: Flask) -> None:
    client = app.test_client()
    with pytest.raises(ZeroDivisionError), client.session_transaction() as kept:
        kept["a"] = 1
        raise ZeroDivisionError
    with client.session_transaction() as kept:
        assert "a" not in kept


def test_a_transaction_needs_cookies_and_a_session(app: Flask) -> None:
    with (
        pytest.raises(TypeError, match="Cookies are disabled"),
        app.test_client(use_cookies=False).session_transaction(),
    ):
        pass
    app.secret_key = None
    with (
        pytest.raises(RuntimeError, match="Session backend did not open a session"),
        app.test_client().session_transaction(),
    ):
        pass


def test_a_null_session_is_not_saved(app: Flask) -> None:
    from flask.sessions import SecureCookieSessionInterface

    class Nulls(SecureCookieSessionInterface):
        def open_session(self, *args: t.Any) -> t.Any:
            return self.make_null_session(app)

        def save_session(self, *args: t.Any) -> None:
            pytest.fail("must not be saved")

    app.session_interface = Nulls()
    with app.test_client().session_transaction() as kept:
        assert len(kept) == 0


def test_a_transaction_in_a_with_block_keeps_the_context(app: Flask) -> None:
    with app.test_client() as client:
        client.get("/?x=1")
        before = request._get_current_object()  # type: ignore[attr-defined]
        with client.session_transaction() as kept:
            kept["a"] = 1
        assert request._get_current_object() is before  # type: ignore[attr-defined]


def test_a_cookie_of_a_subdomain_comes_back_to_it() -> None:
    app = Flask("app", subdomain_matching=True)
    app.config.update(SERVER_NAME="x.test", SECRET_KEY="k", SESSION_COOKIE_DOMAIN=".x.test")
    app.add_url_rule("/", "view", lambda: str(session.get("a")), subdomain="<s>")
    app.view_functions["view"] = lambda s: str(session.get("a"))
    client = app.test_client()
    with client.session_transaction(subdomain="one") as kept:
        kept["a"] = "kept"
    assert client.get("/", subdomain="two").text == "kept"


@pytest.mark.parametrize("buffered", [True, False])
def test_a_buffered_response_is_read_and_closed(app: Flask, buffered: bool) -> None:
    from flask import Response

    closed: list[str] = []

    @app.route("/stream")
    def stream() -> Response:
        response = Response(iter("ab"))
        response.call_on_close(lambda: closed.append("closed"))
        return response

    response = app.test_client().get("/stream", buffered=buffered)
    assert closed == (["closed"] if buffered else [])
    assert response.text == "ab"
    response.close()


def test_errors_come_to_the_test(app: Flask) -> None:
    app.testing = True
    app.add_url_rule("/fail", "fail", lambda: 1 / 0)  # type: ignore[arg-type, return-value]
    with pytest.raises(ZeroDivisionError):
        app.test_client().get("/fail")


# The runner ----------------------------------------------------------------------------------


def test_the_runner_runs_commands_with_the_application(app: Flask) -> None:
    @app.cli.command("name")
    @click.argument("word")
    def name(word: str) -> None:
        click.echo(f"{current_app.name} {word}")

    @click.command("sync")
    def sync() -> None:
        click.echo("sync")

    runner = app.test_cli_runner()
    assert isinstance(runner, FlaskCliRunner)
    assert runner.app is app
    assert runner.invoke(args=["name", "x"]).output == f"{app.name} x\n"
    assert runner.invoke(name, ["y"]).output == f"{app.name} y\n"
    assert runner.invoke(sync).output == "sync\n"
    assert runner.invoke(args=["no-such-command"]).exit_code == 2


def test_the_runners_object_may_be_given(app: Flask) -> None:
    from flask.cli import ScriptInfo, pass_script_info

    @click.command("who")
    @pass_script_info
    def who(info: ScriptInfo) -> None:
        click.echo(info.load_app().name)

    other = Flask("the_other_application")
    runner = app.test_cli_runner(env={"X": "1"})
    assert runner.invoke(who).output == f"{app.name}\n"
    given = ScriptInfo(create_app=lambda: other)
    assert runner.invoke(who, obj=given).output == "the_other_application\n"


def test_the_runner_class_may_be_replaced(app: Flask) -> None:
    class Own(FlaskCliRunner):
        pass

    app.test_cli_runner_class = Own
    assert isinstance(app.test_cli_runner(), Own)
