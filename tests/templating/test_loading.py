"""Templates: where they are found, and the environment that loads them."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from jinja2 import DictLoader

from flask import (
    Blueprint,
    Flask,
    render_template,
    render_template_string,
)
from flask.templating import (
    DispatchingJinjaLoader,
    Environment,
)


@pytest.fixture
def folders(tmp_path: Path) -> Flask:
    """An application and two blueprints, each with a folder of templates."""
    for name in ("app", "one", "two"):
        folder = tmp_path / name / "templates"
        folder.mkdir(parents=True)
        (folder / f"{name}.html").write_text(name)
        (folder / "all.html").write_text(name)
        if name != "app":
            (folder / "blueprints.html").write_text(name)
    app = Flask("folders", root_path=str(tmp_path / "app"))
    for name in ("one", "two"):
        blueprint = Blueprint(
            name, "x", template_folder="templates", root_path=str(tmp_path / name)
        )
        blueprint.add_url_rule(
            f"/{name}/<template>", "show", lambda template: render_template(template)
        )
        app.register_blueprint(blueprint)
    app.register_blueprint(Blueprint("none", "x"))
    return app


# Folders and loaders ------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["one", "two"])
@pytest.mark.parametrize(
    ("template", "found"),
    [
        ("all.html", "app"),
        ("blueprints.html", "one"),
        ("one.html", "one"),
        ("two.html", "two"),
        ("app.html", "app"),
    ],
)
def test_the_application_comes_first_and_then_blueprints_as_registered(
    folders: Flask, place: str, template: str, found: str
) -> None:
    assert folders.test_client().get(f"/{place}/{template}").text == found


def test_all_templates_can_be_listed(folders: Flask) -> None:
    assert sorted(folders.jinja_env.list_templates()) == [
        *("all.html", "app.html", "blueprints.html", "one.html", "two.html"),
    ]
    assert isinstance(folders.jinja_env.loader, DispatchingJinjaLoader)


def test_an_application_without_a_folder_has_no_templates() -> None:
    app = Flask("app", template_folder=None)
    assert app.jinja_loader is None
    assert app.jinja_env.list_templates() == []


# The environment -----------------------------------------------------------------------------


def test_the_environment_is_made_once_with_the_options_of_then(app: Flask) -> None:
    app.jinja_options = {"trim_blocks": True, "extensions": ["jinja2.ext.do"]}
    assert app.jinja_env is app.jinja_env
    assert isinstance(app.jinja_env, Environment)
    assert app.jinja_env.trim_blocks
    assert app.jinja_env.app is app  # type: ignore[attr-defined]
    with app.app_context():
        assert render_template_string("{% do [] %}x") == "x"


def test_the_environment_class_and_loader_may_be_replaced() -> None:
    class OwnEnvironment(Environment):
        pass

    class Own(Flask):
        jinja_environment = OwnEnvironment
        jinja_options: t.ClassVar[t.Any] = {"autoescape": False}

        def create_global_jinja_loader(self) -> t.Any:
            return DictLoader({"x.html": "{{ v }} of the loader"})

    app = Own("own")
    with app.app_context():
        assert isinstance(app.jinja_env, OwnEnvironment)
        assert render_template("x.html", v="<") == "< of the loader"


@pytest.mark.parametrize(
    ("setting", "debug", "expected"),
    [(None, False, False), (None, True, True), (True, False, True), (False, True, False)],
)
def test_auto_reload_follows_the_setting_and_then_debug(
    app: Flask, setting: bool | None, debug: bool, expected: bool
) -> None:
    app.config.update(TEMPLATES_AUTO_RELOAD=setting, DEBUG=debug)
    assert app.jinja_env.auto_reload is expected


def test_debug_that_is_switched_later_switches_reloading(app: Flask) -> None:
    assert not app.jinja_env.auto_reload
    app.debug = True
    assert app.jinja_env.auto_reload
    app.debug = False
    assert not app.jinja_env.auto_reload
    app.config["TEMPLATES_AUTO_RELOAD"] = False
    app.debug = True
    assert not app.jinja_env.auto_reload


# Options ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", [True, False])
def test_reloading_may_be_an_option(app: Flask, given: bool) -> None:
    app.jinja_options = {"auto_reload": given}
    app.config["TEMPLATES_AUTO_RELOAD"] = not given
    assert app.jinja_env.auto_reload is given


def test_the_loader_may_be_an_option(app: Flask) -> None:
    app.jinja_options = {"loader": DictLoader({"a": "from the option"})}
    app.add_url_rule("/", "view", lambda: render_template("a"))
    assert app.test_client().get("/").text == "from the option"
