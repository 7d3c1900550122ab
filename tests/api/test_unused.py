"""Applications that do not use ``flask.api`` pay nothing, and those that do need msgspec."""

from __future__ import annotations

import subprocess
import sys

import pytest


def run(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout


@pytest.mark.slow
def test_an_application_does_not_import_it() -> None:
    """Item 1."""
    code = """if True:
    import sys
    from flask import Flask
    app = Flask("app")
    app.get("/")(lambda: {"a": 1})
    assert app.test_client().get("/").json == {"a": 1}
    assert app.test_client().get("/nothing").status_code == 404
    loaded = [name for name in sys.modules if name.startswith(("flask.api", "msgspec"))]
    print(loaded)
    """
    assert run(code) == "[]\n"


@pytest.mark.slow
def test_without_msgspec_the_error_names_the_package() -> None:
    """Item 2."""
    code = """if True:
    import sys
    sys.modules["msgspec"] = None
    try:
        import flask.api
    except ModuleNotFoundError as error:
        print(error)
    """
    assert "pip install 'msgspec>=0.22' 'flask-swagger-ui>=5'" in run(code)


@pytest.mark.slow
def test_pydantic_is_not_imported() -> None:
    code = "import sys, flask.api; print('pydantic' in sys.modules)"
    assert run(code) == "False\n"
