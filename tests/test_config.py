"""The configuration and its loaders."""

from __future__ import annotations

import json
import os
import tomllib
import typing as t
from datetime import timedelta
from pathlib import Path

import pytest

from flask import Config, Flask
from flask.config import ConfigAttribute

PY_FILE = "KEY = 'from file'\nlower = 1\nMixed = 2\nNUMBER = 1 + 1\n"


class Settings:
    KEY = "from object"
    lower = 1
    Mixed = 2

    @property
    def COMPUTED(self) -> str:
        return "computed"


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "settings.py").write_text(PY_FILE)
    (tmp_path / "settings.json").write_text('{"KEY": "from json", "lower": 1}')
    (tmp_path / "settings.toml").write_text('KEY = "from toml"\n')
    return Config(tmp_path, {"KEY": "default"})


def upper_only(config: Config) -> dict[str, t.Any]:
    assert "lower" not in config
    assert "Mixed" not in config
    return dict(config)


def test_it_is_a_dict_with_defaults(config: Config) -> None:
    assert config == {"KEY": "default"}
    assert Config("/x") == {}
    assert repr(config) == "<Config {'KEY': 'default'}>"
    assert isinstance(config, dict)


def test_objects_and_classes_give_their_upper_case_attributes(config: Config) -> None:
    config.from_object(Settings)
    assert upper_only(config)["KEY"] == "from object"
    assert isinstance(config["COMPUTED"], property)
    config.from_object(Settings())
    assert config["COMPUTED"] == "computed"
    config.from_object(f"{__name__}.Settings")
    assert isinstance(config["COMPUTED"], property)
    with pytest.raises(ImportError):
        config.from_object("no_such_module.Settings")


def test_a_python_file_gives_its_upper_case_names(config: Config) -> None:
    assert config.from_pyfile("settings.py") is True
    assert upper_only(config) == {"KEY": "from file", "NUMBER": 2}
    assert config.from_pyfile(Path(config.root_path) / "settings.py") is True


def test_a_python_file_with_an_error_is_reported(config: Config) -> None:
    (Path(config.root_path) / "wrong.py").write_text("KEY = \n")
    with pytest.raises(SyntaxError):
        config.from_pyfile("wrong.py")


@pytest.mark.parametrize(
    "load",
    [
        pytest.param(lambda c, **kw: c.from_pyfile("missing.py", **kw), id="from_pyfile"),
        pytest.param(lambda c, **kw: c.from_file("missing.json", json.load, **kw), id="from_file"),
        pytest.param(lambda c, **kw: c.from_envvar("MISSING_FILE", **kw), id="from_envvar"),
    ],
)
def test_a_missing_file_is_an_error_or_silent(
    config: Config, load: t.Callable[..., bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MISSING_FILE", "missing.py")
    with pytest.raises(OSError, match="Unable to load configuration file") as caught:
        load(config)
    assert "missing." in str(caught.value)
    assert load(config, silent=True) is False
    assert config == {"KEY": "default"}


def test_a_variable_names_the_file(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THE_FILE", "settings.py")
    assert config.from_envvar("THE_FILE") is True
    assert config["KEY"] == "from file"


def test_a_missing_variable_is_an_error_or_silent(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_SUCH_VARIABLE", raising=False)
    with pytest.raises(RuntimeError, match="'NO_SUCH_VARIABLE' is not set"):
        config.from_envvar("NO_SUCH_VARIABLE")
    assert config.from_envvar("NO_SUCH_VARIABLE", silent=True) is False


def test_any_file_with_a_loader(config: Config) -> None:
    assert config.from_file("settings.json", json.load) is True
    assert config["KEY"] == "from json"
    assert "lower" not in config
    assert config.from_file("settings.toml", tomllib.load, text=False) is True
    assert config["KEY"] == "from toml"


def test_a_directory_is_no_configuration_file(config: Config) -> None:
    (Path(config.root_path) / "folder").mkdir()
    with pytest.raises(IsADirectoryError, match="Unable to load configuration file"):
        config.from_file("folder", json.load)
    assert config.from_file("folder", json.load, silent=True) is False


@pytest.mark.parametrize(
    ("args", "kwargs"),
    [
        (({"KEY": "mapped", "lower": 1},), {}),
        (((("KEY", "mapped"), ("lower", 1)),), {}),
        ((), {"KEY": "mapped", "lower": 1}),
        (({"KEY": "loses"},), {"KEY": "mapped"}),
    ],
    ids=str,
)
def test_mappings(config: Config, args: t.Any, kwargs: t.Any) -> None:
    assert config.from_mapping(*args, **kwargs) is True
    assert upper_only(config) == {"KEY": "mapped"}


def test_two_mappings_are_a_type_error(config: Config) -> None:
    with pytest.raises(TypeError):
        config.from_mapping({}, {})  # type: ignore[call-arg]


# Variable, value, and what the configuration then has.
ENVIRONMENT: list[tuple[str, str, dict[str, t.Any]]] = [
    ("X_STRING", "text", {"STRING": "text"}),
    ("X_NUMBER", "7", {"NUMBER": 7}),
    ("X_FLOAT", "1.5", {"FLOAT": 1.5}),
    ("X_TRUE", "true", {"TRUE": True}),
    ("X_PYTHON_TRUE", "True", {"PYTHON_TRUE": "True"}),
    ("X_NULL", "null", {"NULL": None}),
    ("X_LIST", "[1, 2]", {"LIST": [1, 2]}),
    ("X_DICT", '{"a": 1}', {"DICT": {"a": 1}}),
    ("X_lower", "1", {"lower": 1}),
    ("X_A__b__c", "1", {"A": {"b": {"c": 1}}}),
    ("X_EMPTY", "", {"EMPTY": ""}),
    ("Y_OTHER", "1", {}),
]


@pytest.mark.parametrize(("name", "value", "expected"), ENVIRONMENT)
def test_prefixed_variables(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, expected: dict[str, t.Any]
) -> None:
    monkeypatch.setenv(name, value)
    config = Config("/x")
    assert config.from_prefixed_env("X") is True
    assert config == expected


def test_nested_variables_change_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASK_D__new", "1")
    monkeypatch.setenv("FLASK_D__old__inner", "2")
    config = Config("/x", {"D": {"kept": 0, "old": {"kept": 0}}})
    config.from_prefixed_env()
    assert config == {"D": {"kept": 0, "new": 1, "old": {"kept": 0, "inner": 2}}}


def test_variables_are_read_by_the_given_function(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X_A", "1")
    config = Config("/x")
    config.from_prefixed_env("X", loads=lambda text: f"<{text}>")
    assert config == {"A": "<1>"}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, {"type": "fs", "a_b": 1}),
        ({"lowercase": False}, {"TYPE": "fs", "A_B": 1}),
        ({"trim_namespace": False}, {"store_type": "fs", "store_a_b": 1}),
        ({"lowercase": False, "trim_namespace": False}, {"STORE_TYPE": "fs", "STORE_A_B": 1}),
    ],
    ids=str,
)
def test_a_namespace(options: dict[str, bool], expected: dict[str, t.Any]) -> None:
    config = Config("/x", {"STORE_TYPE": "fs", "STORE_A_B": 1, "OTHER": 2, "XSTORE_C": 3})
    assert config.get_namespace("STORE_", **options) == expected


def test_attributes_of_the_application_live_in_the_configuration(app: Flask) -> None:
    app.testing = True
    app.secret_key = "s"
    app.permanent_session_lifetime = 60  # type: ignore[assignment]
    assert (app.config["TESTING"], app.config["SECRET_KEY"]) == (True, "s")
    assert app.config["PERMANENT_SESSION_LIFETIME"] == 60
    assert app.permanent_session_lifetime == timedelta(minutes=1)
    app.config["PERMANENT_SESSION_LIFETIME"] = timedelta(days=1)
    assert app.permanent_session_lifetime == timedelta(days=1)


def test_an_attribute_of_a_subclass(app: Flask) -> None:
    class Own(Flask):
        place = ConfigAttribute[str]("PLACE")
        size = ConfigAttribute[int]("SIZE", get_converter=int)

    assert isinstance(Own.place, ConfigAttribute)
    own = Own("own")
    own.place, own.config["SIZE"] = "here", "7"
    assert (own.place, own.size, own.config["PLACE"]) == ("here", 7, "here")
    assert Own.place.__name__ == "PLACE"


def test_every_built_in_key_has_its_default(app: Flask) -> None:
    expected = {
        "APPLICATION_ROOT": "/",
        "ASGI_BODY_MEMORY_SIZE": 67_108_864,
        "ASGI_QUEUE_SIZE": 1_000,
        "ASGI_THREADS": 40,
        "BACKGROUND_TASK_SHUTDOWN_TIMEOUT": 5,
        "BROWSER_AUTO_RELOAD": True,
        "CANCEL_ON_DISCONNECT": False,
        "DEBUG": False,
        "EXPLAIN_TEMPLATE_LOADING": False,
        "MAX_CONTENT_LENGTH": None,
        "MAX_COOKIE_SIZE": 4093,
        "MAX_FILE_MEMORY_SIZE": 2_097_152,
        "MAX_FORM_MEMORY_SIZE": 500_000,
        "MAX_FORM_PARTS": 1_000,
        "PERMANENT_SESSION_LIFETIME": timedelta(days=31),
        "PREFERRED_URL_SCHEME": "http",
        "PROPAGATE_EXCEPTIONS": None,
        "PROVIDE_AUTOMATIC_OPTIONS": True,
        "SECRET_KEY": None,
        "SECRET_KEY_FALLBACKS": None,
        "SEND_FILE_MAX_AGE_DEFAULT": None,
        "SERVER_NAME": None,
        "SESSION_CONFLICT": "merge",
        "SESSION_COOKIE_DOMAIN": None,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_NAME": "session",
        "SESSION_COOKIE_PARTITIONED": False,
        "SESSION_COOKIE_PATH": None,
        "SESSION_COOKIE_SAMESITE": None,
        "SESSION_COOKIE_SECURE": False,
        "SESSION_OVERFLOW": "warn",
        "SESSION_REFRESH_EACH_REQUEST": True,
        "SESSION_STORE": None,
        "SESSION_STORE_ERRORS": "503",
        "SESSION_STORE_LIFETIME": timedelta(days=1),
        "TEMPLATES_AUTO_RELOAD": None,
        "TESTING": False,
        "TRAP_BAD_REQUEST_ERRORS": None,
        "TRAP_HTTP_EXCEPTIONS": False,
        "TRUSTED_HOSTS": None,
        "USE_X_SENDFILE": False,
        "WEBSOCKET_MAX_MESSAGE_SIZE": 1024 * 1024,
        "TRUSTED_PROXIES": None,
        "TRUSTED_PROXY_HEADER": None,
        "API_VALIDATE_RESPONSES": None,
        "API_VALIDATION_STATUS": 422,
        "WEBSOCKET_ORIGINS": None,
    }
    assert dict(Flask("fresh").config) == expected
    assert dict(Flask.default_config) == {**expected, "DEBUG": None}


def test_the_configuration_class_and_its_defaults_may_be_replaced() -> None:
    class OwnConfig(Config):
        pass

    class Own(Flask):
        config_class = OwnConfig
        default_config = {**Flask.default_config, "MINE": 1}

    app = Own("own")
    assert isinstance(app.config, OwnConfig)
    assert app.config["MINE"] == 1


@pytest.mark.parametrize("relative", [False, True])
def test_relative_files_start_from_root_or_instance(tmp_path: Path, relative: bool) -> None:
    root, instance = tmp_path / "root", tmp_path / "instance"
    for folder in (root, instance):
        folder.mkdir()
        (folder / "c.py").write_text(f"WHERE = {folder.name!r}")
    app = Flask(
        "app",
        root_path=str(root),
        instance_path=str(instance),
        instance_relative_config=relative,
    )
    app.config.from_pyfile("c.py")
    assert app.config["WHERE"] == ("instance" if relative else "root")
    assert os.fspath(app.config.root_path) == str(instance if relative else root)


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"A": "1", "A__B": "2"}, ("'X_A'", "'X_A__B'")),
        ({"A": "text", "A__B__C": "2"}, ("'X_A'", "'X_A__B__C'")),
        ({"A": "BC", "A__B__C": "2"}, ("'X_A'", "'X_A__B__C'")),
        ({"A": "[1]", "A__0": "2"}, ("'X_A'", "'X_A__0'")),
        ({"A": "null", "A__B": "2"}, ("'X_A'", "'X_A__B'")),
        ({"A": '{"B": 1}', "A__B__C": "2"}, ("'X_A'", "'X_A__B__C'")),
        ({"A__B": "1", "A__B__C": "2"}, ("'X_A__B'", "'X_A__B__C'")),
        ({"A": "{}", "A__B": "1", "A__B__C__D": "2"}, ("'X_A__B'", "'X_A__B__C__D'")),
        ({"DEBUG__B": "1"}, ("'X_DEBUG__B'", "'DEBUG'")),
        ({"TESTING__B__C": "1"}, ("'X_TESTING__B__C'", "'TESTING'")),
    ],
)
def test_variables_that_contradict_each_other_are_both_named(
    app: Flask, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], named: tuple[str, str]
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(f"X_{name}", value)
    with pytest.raises(TypeError) as raised:
        app.config.from_prefixed_env("X")
    assert all(name in str(raised.value) for name in named)
    assert isinstance(raised.value.__cause__, TypeError)


def test_variables_that_agree_are_merged(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X_A", '{"B": 1, "C": {}}')
    monkeypatch.setenv("X_A__B", "2")
    monkeypatch.setenv("X_A__C__D", "3")
    app.config.from_prefixed_env("X")
    assert app.config["A"] == {"B": 2, "C": {"D": 3}}


def test_an_error_of_a_configuration_of_its_own_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    class Strict(Config):
        def __setitem__(self, key: str, value: object) -> None:
            raise TypeError("read only")

    monkeypatch.setenv("X_A", "1")
    with pytest.raises(TypeError, match=r"^read only$"):
        Strict("").from_prefixed_env("X")
