"""The connection and the command."""

import sqlite3

import pytest
from blog import database


def test_a_request_has_one_connection_and_closes_it(app):
    with app.app_context():
        opened = database.connection()
        assert database.connection() is opened
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        opened.execute("SELECT 1")


def test_the_command_keeps_what_is_in_the_database(runner, ada):
    ada.post("/write", data={"title": "Kept", "text": "Still here."})
    result = runner.invoke(args=["init-db"])
    assert result.output == "The database is ready: blog.sqlite\n"
    assert "Kept" in ada.get("/").text
