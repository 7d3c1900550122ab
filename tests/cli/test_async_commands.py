"""Commands and factories that are ``async def``."""

from __future__ import annotations

import asyncio
import functools
import signal
import threading
import typing as t

import click
import pytest
from click.testing import CliRunner

from flask import Blueprint, Flask, current_app, has_app_context
from flask.cli import AppGroup, FlaskGroup, ScriptInfo, cli, with_appcontext

Runs = t.Callable[..., str]


async def say(*args: t.Any, **kwargs: t.Any) -> None:
    await asyncio.sleep(0)
    click.echo(f"{current_app.name if has_app_context() else 'none'} {args} {kwargs}")


@pytest.fixture
def app() -> Flask:
    return Flask("shop")


@pytest.fixture
def run(app: Flask) -> Runs:
    def run(*args: str) -> str:
        result = app.test_cli_runner().invoke(args=args, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.output

    return run


def test_a_command_of_the_application(app: Flask, run: Runs) -> None:
    @app.cli.command("say")
    @click.argument("n", type=int)
    async def command(n: int) -> None:
        await say(n=n)

    assert run("say", "3") == "shop () {'n': 3}\n"


def test_a_command_of_a_blueprint(app: Flask, run: Runs) -> None:
    blueprint = Blueprint("blog", __name__)
    blueprint.cli.command("say")(say)
    app.register_blueprint(blueprint)
    assert run("blog", "say") == "shop () {}\n"


def test_a_command_without_parentheses(app: Flask, run: Runs) -> None:
    app.cli.command(say)
    assert run("say") == "shop () {}\n"


def test_what_click_wraps(app: Flask, run: Runs) -> None:
    @app.cli.command("say")
    @click.pass_context
    async def in_context(context: click.Context) -> None:
        await asyncio.sleep(0)
        click.echo(context.command.name)

    assert run("say") == "say\n"


WITHOUT_CONTEXT: list[t.Any] = [
    click.command("say"),
    lambda f: AppGroup().command("say", with_appcontext=False)(f),
    lambda f: click.command("say")(functools.wraps(f)(lambda: f())),
]
WITH_CONTEXT: list[t.Any] = [lambda f: click.command("say")(with_appcontext(f))]


@pytest.mark.parametrize("make", WITHOUT_CONTEXT + WITH_CONTEXT)
def test_a_command_that_is_added(app: Flask, run: Runs, make: t.Any) -> None:
    app.cli.add_command(make(say))
    name = "none" if make in WITHOUT_CONTEXT else "shop"
    assert run("say") == f"{name} () {{}}\n"


def test_groups_and_their_commands(app: Flask, run: Runs) -> None:
    @app.cli.group()
    async def outer() -> None:
        await asyncio.sleep(0)
        click.echo("outer")

    @click.group()
    async def sync() -> None:
        await say("sync")

    outer.command("say")(say)
    sync.command("say")(say)
    app.cli.add_command(sync)
    assert run("outer", "say") == "outer\nshop () {}\n"
    assert run("sync", "say") == "none ('sync',) {}\nnone () {}\n"


def test_an_error_is_the_commands_error(app: Flask) -> None:
    @app.cli.command("fail")
    async def fail() -> None:
        await asyncio.sleep(0)
        raise click.UsageError("not today")

    @app.cli.command("exit")
    async def leave() -> None:
        await asyncio.sleep(0)
        click.get_current_context().exit(7)

    result = app.test_cli_runner().invoke(args=["fail"])
    assert result.exit_code == 2
    assert "not today" in result.output
    assert app.test_cli_runner().invoke(args=["exit"]).exit_code == 7
    assert not has_app_context()


def test_commands_and_factory_have_one_loop() -> None:
    loops: list[t.Any] = []

    async def make() -> Flask:
        await asyncio.sleep(0)
        loops.append(asyncio.get_running_loop())
        app = Flask("made")

        @app.cli.command("say")
        async def command() -> None:
            loops.append(asyncio.get_running_loop())
            await say()

        return app

    group = FlaskGroup(name="tool", create_app=make)  # type: ignore[arg-type]
    assert CliRunner().invoke(group, ["say"], catch_exceptions=False).output == "made () {}\n"
    assert loops[0] is loops[1]


def test_ctrl_c_cancels_a_command(app: Flask) -> None:
    ended: list[str] = []

    @app.cli.command("wait")
    async def wait() -> None:
        main = threading.main_thread().ident
        threading.Timer(0, signal.pthread_kill, [main, signal.SIGINT]).start()
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("ended")

    result = app.test_cli_runner().invoke(args=["wait"])
    assert result.exit_code == 1
    assert "Aborted!" in result.output
    assert ended == ["ended"]


FACTORY = """\
import asyncio
from flask import Flask

async def create_app(name="made"):
    await asyncio.sleep(0)
    app = Flask(__name__)
    app.add_url_rule("/", name, lambda: "")
    app.cli.command("say")(lambda: print(name))
    return app

async def fail():
    await asyncio.sleep(0)
    raise TypeError("in the factory")
"""


@pytest.mark.parametrize(
    ("path", "name"),
    [("a_shop", "made"), ("a_shop:create_app", "made"), ("a_shop:create_app('x')", "x")],
)
def test_a_factory_that_is_async(project: t.Any, runner: CliRunner, path: str, name: str) -> None:
    project.write(a_shop=FACTORY)
    assert name in runner.invoke(cli, ["--app", path, "routes"]).output


def test_errors_of_a_factory_that_is_async(project: t.Any, runner: CliRunner) -> None:
    project.write(a_shop=FACTORY)
    result = runner.invoke(cli, ["--app", "a_shop:create_app(1, 2)", "routes"])
    assert "could not be called with the specified arguments" in result.output
    with pytest.raises(TypeError, match="in the factory"):
        ScriptInfo("a_shop:fail").load_app()
