"""The dashboard: with a test client, and in a browser with four processes and Redis."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest
from examples_serving import served_with_redis
from importing import import_from
from polling import wait_until

from flask import Flask
from flask.testing import FlaskClient

PATH = Path(__file__).parents[2] / "examples" / "dashboard" / "app.py"


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[FlaskClient]:
    with import_from(PATH.parent, PATH.stem) as module:
        monkeypatch.setattr(module, "INTERVAL", 0.02)
        app: Flask = module.create_app()
        yield app.test_client()
        app._lifespan.stop(app)


def test_the_page_has_a_chart_and_a_table(client: FlaskClient) -> None:
    page = client.get("/").text
    assert 'role="img"' in page
    assert 'scope="col"' in page
    assert "://" not in page  # nothing comes from another host


def test_requests_are_counted_published_and_kept(client: FlaskClient) -> None:
    for _ in range(5):
        assert client.get("/work").text == "done"
    seen: list[dict[str, t.Any]] = []

    def has_counted() -> bool:
        seen[:] = client.get("/recent").json
        return sum(sample["requests"] for sample in seen) >= 5

    wait_until(has_counted)
    assert {frozenset(sample) for sample in seen} == {frozenset(["process", "requests", "at"])}


def test_the_samples_are_streamed(client: FlaskClient) -> None:
    response = client.get("/load", buffered=False)
    lines: list[str] = []
    for chunk in response.response:
        lines += (chunk if isinstance(chunk, str) else chunk.decode()).split("\n")
        data = [json.loads(line[6:]) for line in lines if line.startswith("data: ")]
        if data:
            break
    response.close()
    assert data[0]["requests"] >= 0


@pytest.mark.slow
def test_four_processes_in_a_browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with served_with_redis("dashboard", tmp_path, monkeypatch) as (browser, base):
        pages = [
            browser.open(base, width=width, scheme=scheme)
            for width in (1280, 390)
            for scheme in ("light", "dark")
        ]
        for page in pages:
            page.wait_for("document.getElementById('processes').textContent === '4'")
            page.wait_for("document.querySelectorAll('#lines path').length === 4")
        pages[0].run("document.getElementById('work').click()")
        pages[0].wait_for("!document.getElementById('work').disabled")
        for page in pages:
            page.wait_for("Number(document.getElementById('peak').textContent) >= 50")
            assert page.run("document.getElementById('rows').children.length") == 4
            assert page.run("document.getElementById('state').textContent") == "Live"
            assert not page.has_overflow()
            assert page.complaints == []
