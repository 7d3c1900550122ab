"""The docs page and its files. ``checks/test_browser.py`` opens it in a browser."""

from __future__ import annotations

import gzip
import importlib.util
import re
import typing as t
from pathlib import Path

import pytest
from described import PROTOCOLS, Ask
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client

from flask import Blueprint, Flask
from flask.api import typed
from flask.api._api import API
from flask.api._docs_page import FILES, get_version, read_file

POLICY = (
    "default-src 'none'; connect-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline';"
    " img-src 'self' data:"
)

both_protocols = pytest.mark.parametrize("ask", PROTOCOLS.values(), ids=PROTOCOLS)


def make_app(**options: t.Any) -> Flask:
    app = Flask("shop", root_path=str(Path(__file__).parent))
    app.add_url_rule("/", "show", typed(lambda: ""))
    API(app, title="Shop & <more>", **options)
    return app


def links_of(page: str) -> list[str]:
    return re.findall(r'(?:src|href|data-\w+)="([^"]*)"', page)


@both_protocols
def test_the_page_loads_only_files_of_this_process(ask: Ask) -> None:
    """Item 16."""
    app = make_app()
    page = ask(app, "/docs")
    assert (page.status_code, page.mimetype) == (200, "text/html")
    assert page.headers["Content-Security-Policy"] == POLICY
    assert "<title>Shop &amp; &lt;more&gt;</title>" in page.text
    assert not re.search(r"<script(?![^>]* src=)|<style|\son\w+=|https?:", page.text)
    links = links_of(page.text)
    assert len(links) == 8
    for link in links:
        assert ask(app, link).status_code == 200, link


@pytest.mark.parametrize("root", ["/shop", "/a/b"])
def test_all_links_are_below_the_path_where_the_application_is_mounted(root: str) -> None:
    client = Client(DispatcherMiddleware(Flask("other"), {root: make_app()}))
    links = links_of(client.get(f"{root}/docs").text)
    assert all(link.startswith(f"{root}/") for link in links)
    assert {client.get(link).status_code for link in links} == {200}


@both_protocols
@pytest.mark.parametrize("name", FILES)
def test_a_file_is_compressed_if_the_client_accepts_it_and_kept_forever(
    ask: Ask, name: str
) -> None:
    app = make_app()
    url = f"/docs/{get_version()}/{name}"
    for accepted in ("gzip, br", "identity", "gzip;q=0"):
        answer = ask(app, url, headers={"Accept-Encoding": accepted})
        assert answer.headers["Content-Type"] == FILES[name][1]
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["Vary"] == "Accept-Encoding"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        is_compressed = answer.headers.get("Content-Encoding") == "gzip"
        assert is_compressed is (accepted == "gzip, br" and not name.endswith(".png"))
        assert (gzip.decompress(answer.data) if is_compressed else answer.data) == read_file(name)


@pytest.mark.parametrize(
    "path",
    [
        "0123456789abcdef/page.js",
        "{version}/index.html",
        "{version}/swagger-ui-standalone-preset.js",
        "{version}/..%2f_api.py",
        "{version}/%2e%2e/_api.py",
        "{version}/",
        "{version}",
    ],
)
def test_no_other_file_is_served(path: str) -> None:
    client = make_app().test_client()
    assert client.get(f"/docs/{path.format(version=get_version())}").status_code == 404


def test_the_hash_in_the_urls_changes_with_the_files(monkeypatch: pytest.MonkeyPatch) -> None:
    before = get_version()
    get_version.cache_clear()
    monkeypatch.setattr("flask.api._docs_page.read_file", lambda name: name.encode())
    try:
        assert get_version() != before
    finally:
        get_version.cache_clear()
    monkeypatch.undo()
    assert get_version() == before


def test_the_start_script_asks_no_validator() -> None:
    assert b"validatorUrl: null" in read_file("page.js")


def test_the_page_can_be_turned_off_or_moved() -> None:
    off = make_app(docs=None).test_client()
    assert [off.get(path).status_code for path in ("/docs", "/openapi.json")] == [404, 200]
    moved = make_app(docs="/help/", url="/help/api.json").test_client()
    page = moved.get("/help")
    assert page.status_code == 200
    assert {moved.get(link).status_code for link in links_of(page.text)} == {200}
    root = Flask("shop")
    API(root, title="Shop", docs="/")
    assert 'data-document="/openapi.json"' in root.test_client().get("/").text


def test_the_page_can_be_guarded_and_its_files_are_public() -> None:
    from flask import abort, request

    seen: list[str] = []

    def login_required(view: t.Any) -> t.Any:
        def guarded(**values: t.Any) -> t.Any:
            return view(**values) if "Authorization" in request.headers else abort(401)

        return guarded

    def note(view: t.Any) -> t.Any:
        def noted(**values: t.Any) -> t.Any:
            seen.append(request.path)
            return view(**values)

        return noted

    client = make_app(docs_decorators=[login_required, note]).test_client()
    assert [client.get(path).status_code for path in ("/docs", "/openapi.json")] == [401, 401]
    assert seen == ["/docs", "/openapi.json"]  # the last decorator is the outermost
    allowed = client.get("/docs", headers={"Authorization": "Basic YTpi"})
    assert allowed.status_code == 200
    assert client.get(f"/docs/{get_version()}/page.js").status_code == 200


def test_a_template_replaces_the_page(tmp_path: Path) -> None:
    (tmp_path / "docs.html").write_text(
        '{{ title }} <a href="{{ document_url }}"></a> {{ asset_url("page.css") }}'
    )
    app = Flask("shop", template_folder=str(tmp_path))
    API(app, title="Shop & <more>", docs_template="docs.html")
    page = app.test_client().get("/docs")
    assert page.text == (
        f'Shop &amp; &lt;more&gt; <a href="/openapi.json"></a> /docs/{get_version()}/page.css'
    )
    assert "Content-Security-Policy" not in page.headers


def test_an_oauth_server_sends_the_browser_back_to_a_page_with_the_same_policy() -> None:
    client = make_app().test_client()
    page = client.get("/docs/oauth2-redirect?code=<script>")
    assert page.headers["Content-Security-Policy"] == POLICY
    assert links_of(page.text) == [f"/docs/{get_version()}/oauth2-redirect.js"]
    assert "<script>" not in page.text


def test_hooks_of_blueprints_do_not_run_for_the_page() -> None:
    shop = Blueprint("shop", __name__, url_prefix="/v1")
    shop.before_request(lambda: "refused")
    shop.add_url_rule("/", "show", typed(lambda: ""))
    app = Flask("app")
    app.register_blueprint(shop)
    API(app, title="Shop", url="/v1/openapi.json", docs="/v1/docs")
    client = app.test_client()
    assert client.get("/v1/").text == "refused"
    assert "swagger-ui" in client.get("/v1/docs").text


def test_without_swagger_ui_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *more: None if name == "flask_swagger_ui" else find_spec(name, *more),
    )
    with pytest.raises(
        ModuleNotFoundError, match="pip install 'flask-swagger-ui>=5', or turn the page off"
    ):
        API(Flask("shop"), title="Shop")
    API(Flask("shop"), title="Shop", docs=None)


def test_the_page_is_installed_with_the_package() -> None:
    static = Path(__file__).parents[2] / "src" / "flask" / "api" / "static"
    names = {path.name for path in static.iterdir()}
    assert names == {"page.css", "page.html", "page.js", "redirect.html"}
