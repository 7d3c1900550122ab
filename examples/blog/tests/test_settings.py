"""Where the settings come from."""

import pytest
from blog import create_app

KEY = {"SECRET_KEY": "test"}


def test_a_setting_has_a_default():
    assert create_app(KEY).config["BLOG_NAME"] == "Marginalia"


def test_the_environment_overrides_the_default(monkeypatch):
    monkeypatch.setenv("FLASK_BLOG_NAME", "Field notes")
    assert create_app(KEY).config["BLOG_NAME"] == "Field notes"


def test_the_argument_overrides_the_environment(monkeypatch):
    monkeypatch.setenv("FLASK_BLOG_NAME", "Field notes")
    app = create_app({**KEY, "BLOG_NAME": "Recipes"})
    assert app.config["BLOG_NAME"] == "Recipes"


def test_the_key_of_development_is_refused_in_production():
    with pytest.raises(RuntimeError, match="Set FLASK_SECRET_KEY"):
        create_app()


def test_a_request_for_another_host_is_refused():
    client = create_app({**KEY, "TRUSTED_HOSTS": ["blog.example"]}).test_client()
    assert client.get("/nothing", base_url="https://blog.example").status_code == 404
    assert client.get("/nothing", base_url="https://other.example").status_code == 400
