"""Tests of the notes application."""

from __future__ import annotations

import pytest
from notes import create_app


@pytest.fixture
def client(tmp_path):
    app = create_app(TESTING=True, DATABASE=str(tmp_path / "test.sqlite"))
    assert app.test_cli_runner().invoke(args=["create-tables"]).exit_code == 0
    return app.test_client()


def test_a_new_database_has_no_notes(client):
    assert "nothing yet" in client.get("/").text


def test_a_note_is_stored_and_shown_escaped(client):
    page = client.post("/", data={"text": "<b>milk</b>"}, follow_redirects=True)
    assert page.request.path == "/"
    assert "&lt;b&gt;milk&lt;/b&gt;" in page.text
    assert client.get("/1").json == {"id": 1, "text": "<b>milk</b>"}


@pytest.mark.parametrize("form", [{}, {"text": " "}])
def test_a_note_without_text_is_refused(client, form):
    assert client.post("/", data=form).status_code == 400


def test_a_missing_note_is_a_404(client):
    assert client.get("/9").status_code == 404
