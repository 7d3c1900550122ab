"""What several test files use: an application, and clients that send requests to it."""

import pytest
from blog import create_app


@pytest.fixture
def app(tmp_path):
    """An application with an empty database of its own."""
    app = create_app(
        {
            "DATABASE": str(tmp_path / "blog.sqlite"),
            "PREFERRED_URL_SCHEME": "https",
            "SECRET_KEY": "test",
            "TESTING": True,
        }
    )
    result = app.test_cli_runner().invoke(args=["init-db"])
    assert result.exit_code == 0, result.output
    return app


@pytest.fixture
def runner(app):
    """Runs the commands of the application."""
    return app.test_cli_runner()


@pytest.fixture
def guest(app):
    """A client that is not signed in."""
    return app.test_client()


@pytest.fixture
def ada(app):
    """A client that is signed in as Ada."""
    return sign_up(app, "Ada")


@pytest.fixture
def grace(app):
    """A client that is signed in as Grace."""
    return sign_up(app, "Grace")


def sign_up(app, name):
    """Create an account; return a client that is signed in."""
    client = app.test_client()
    client.post("/sign-up", data={"name": name, "password": "correct horse"})
    return client
