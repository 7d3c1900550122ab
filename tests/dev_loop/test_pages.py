"""Which responses get the script that reloads a page, and what open pages are notified of."""

from __future__ import annotations

import asyncio
import json
import re
import threading
import typing as t
from collections.abc import Callable, Iterator

import pytest
from werkzeug.test import Client

from flask import Flask, Response, send_file
from flask._development._browser_asgi import AsgiBrowserReload
from flask._development._browser_wsgi import BrowserReload
from flask._development._pages import EVENTS_PATH, MAX_PAGE, SCRIPT_PATH, Pages

PAGE = "<!doctype html><html><body><p>Hi</p></body></html>"
DOCUMENT = {"Sec-Fetch-Dest": "document", "Accept": "text/html"}
TAG = re.compile(rb'<script src="/\.flask/reload\.js\?v=[0-9a-f]{16}\.\d+"( nonce="n1")?></script>')

Answer = tuple[int, dict[str, str], bytes]
Ask = Callable[..., Answer]


def serve_wsgi(app: t.Any, pages: Pages) -> Ask:
    def ask(path: str = "/", method: str = "GET", headers: dict[str, str] | None = None) -> Answer:
        client = Client(BrowserReload(app, pages))
        with client.open(path, method=method, headers=headers or DOCUMENT) as answer:
            values = {name.lower(): value for name, value in answer.headers}
            return answer.status_code, values, answer.get_data()

    return ask


def serve_asgi(app: t.Any, pages: Pages) -> Ask:
    def ask(path: str = "/", method: str = "GET", headers: dict[str, str] | None = None) -> Answer:
        sent: list[t.Any] = []

        async def receive() -> t.Any:
            return {"type": "http.request", "body": b""}

        async def send(message: t.Any) -> None:
            sent.append(message)

        pairs = [(k.lower().encode(), v.encode()) for k, v in (headers or DOCUMENT).items()]
        scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1"}
        scope |= {"method": method, "path": path, "query_string": b"", "headers": pairs}
        scope |= {"scheme": "http", "root_path": "", "server": ("localhost", 80), "client": None}
        asyncio.run(AsgiBrowserReload(app, pages)(scope, receive, send))
        values = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return sent[0]["status"], values, b"".join(m.get("body", b"") for m in sent[1:])

    return ask


@pytest.fixture(params=[serve_wsgi, serve_asgi], ids=["wsgi", "asgi"])
def serve(request: pytest.FixtureRequest) -> Callable[[t.Any], Ask]:
    return lambda app: request.param(app, Pages())


def create(body: t.Any = PAGE, status: int = 200, **headers: str) -> Flask:
    app = Flask(__name__)

    @app.route("/", methods=["GET", "POST"])
    def index() -> Response:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return Response(body, status, {"Content-Type": "text/html", **names})

    return app


def test_a_page_gets_the_script_before_the_end_of_its_body(serve: t.Any) -> None:
    status, headers, body = serve(create())()
    assert status == 200
    assert TAG.sub(b"", body) == PAGE.encode()
    assert body.endswith(b"></script></body></html>")
    assert headers["content-length"] == str(len(body))


def test_a_page_without_a_body_element_gets_it_at_the_end(serve: t.Any) -> None:
    body = serve(create("<p>Hi</p>"))()[2]
    assert TAG.fullmatch(body.removeprefix(b"<p>Hi</p>"))


@pytest.mark.parametrize("status", [200, 404, 500])
def test_error_pages_get_it_too(serve: t.Any, status: int) -> None:
    assert TAG.search(serve(create(status=status))()[2])


@pytest.mark.parametrize(
    ("request_headers", "body", "has_script"),
    [
        ({"Sec-Fetch-Dest": "document"}, PAGE, True),
        ({"Sec-Fetch-Dest": "empty", "Accept": "text/html"}, PAGE, False),
        ({"Sec-Fetch-Dest": "iframe", "Accept": "text/html"}, PAGE, False),
        ({"Accept": "text/html,*/*"}, PAGE, True),
        ({"Accept": "text/html"}, "<p>part</p>", False),
        ({"Accept": "*/*"}, PAGE, False),
        ({"Accept": "application/json"}, PAGE, False),
        ({**DOCUMENT, "Range": "bytes=0-3"}, PAGE, False),
    ],
)
def test_only_a_page_for_a_window_of_a_browser_gets_it(
    serve: t.Any, request_headers: dict[str, str], body: str, has_script: bool
) -> None:
    assert bool(TAG.search(serve(create(body))(headers=request_headers)[2])) is has_script


@pytest.mark.parametrize("method", ["POST", "HEAD", "OPTIONS"])
def test_other_methods_get_nothing(serve: t.Any, method: str) -> None:
    assert not TAG.search(serve(create())(method=method)[2])


UNCHANGED: list[dict[str, str]] = [
    {"Content_Type": "application/json"},
    {"Content_Type": "text/plain"},
    {"Content_Encoding": "gzip"},
    {"Content_Digest": "sha-256=:AA==:"},
    {"Cache_Control": "public, no-transform"},
    {"Content_Security_Policy": "default-src 'none'"},
    {"Content_Security_Policy": "script-src 'sha256-AA=='"},
    {"Content_Security_Policy": "script-src 'self'; connect-src https://api.example"},
    {"Content_Security_Policy": "script-src 'self' 'strict-dynamic'"},
    {"Content_Security_Policy": "default-src 'self', script-src 'none'"},
    {"Content_Security_Policy": "sandbox allow-scripts"},
]


@pytest.mark.parametrize("headers", UNCHANGED, ids=str)
def test_a_response_that_must_not_change_stays_as_it_is(
    serve: t.Any, headers: dict[str, str]
) -> None:
    assert serve(create(**headers))()[2] == PAGE.encode()


@pytest.mark.parametrize(
    ("policy", "nonce"),
    [
        ("default-src 'self'", None),
        ("default-src *", None),
        ("img-src 'none'", None),
        ("script-src 'self'; connect-src 'self'; default-src 'none'", None),
        ("script-src 'nonce-n1' 'strict-dynamic'", b"n1"),
        ("default-src 'self'; script-src 'self' 'nonce-n1'", b"n1"),
        ("script-src-elem 'nonce-n1'; script-src 'none'", b"n1"),
        ("script-src 'nonce-n1', script-src 'self'", b"n1"),
        ("sandbox allow-scripts allow-same-origin", None),
    ],
)
def test_the_script_obeys_the_policy_of_the_page(
    serve: t.Any, policy: str, nonce: bytes | None
) -> None:
    tag = TAG.search(serve(create(Content_Security_Policy=policy))()[2])
    assert tag
    assert (tag[1] is not None) is (nonce is not None)


def test_a_policy_in_the_page_itself_is_obeyed(serve: t.Any) -> None:
    page = f'<meta http-equiv="Content-Security-Policy" content="script-src none">{PAGE}'
    assert serve(create(page))()[2] == page.encode()


def test_a_stream_is_passed_on(serve: t.Any) -> None:
    def parts() -> Iterator[str]:
        yield "<body>"
        yield "</body>"

    _, headers, body = serve(create(parts()))()
    assert body == b"<body></body>"
    assert "content-length" not in headers


def test_a_large_page_is_passed_on(serve: t.Any) -> None:
    page = "<body>" + "x" * MAX_PAGE + "</body>"
    assert serve(create(page))()[2] == page.encode()


def test_a_file_offers_no_ranges_of_a_page_with_the_script(serve: t.Any, tmp_path: t.Any) -> None:
    (tmp_path / "page.html").write_text(PAGE)
    app = Flask(__name__)
    app.add_url_rule("/", "page", lambda: send_file(tmp_path / "page.html", conditional=True))
    _, headers, body = serve(app)()
    assert TAG.search(body)
    assert headers["content-length"] == str(len(body))
    assert "accept-ranges" not in headers
    _, headers, body = serve(app)(headers={**DOCUMENT, "Range": "bytes=0-3"})
    assert body == PAGE.encode()[:4]


def test_a_cached_page_is_sent_again_since_its_version_is_old(
    serve: t.Any, tmp_path: t.Any
) -> None:
    (tmp_path / "page.html").write_text(PAGE)
    app = Flask(__name__)
    app.add_url_rule("/", "page", lambda: send_file(tmp_path / "page.html"))
    ask = serve(app)
    tag = ask()[1]["etag"]
    assert ask(headers={**DOCUMENT, "If-None-Match": tag})[0] == 200
    assert ask(headers={"If-None-Match": tag})[0] == 304


def test_the_script_is_a_file_of_the_same_origin(serve: t.Any) -> None:
    status, headers, body = serve(create())(SCRIPT_PATH)
    assert (status, headers["content-type"]) == (200, "text/javascript; charset=utf-8")
    assert b"EventSource" in body


@pytest.mark.parametrize("error", [RuntimeError("before"), GeneratorExit()])
def test_a_body_is_closed_when_the_application_fails(error: BaseException) -> None:
    closed = []

    class Body:
        def __iter__(self) -> t.Any:
            raise error

        def close(self) -> None:
            closed.append(True)

    with pytest.raises(type(error)):
        BrowserReload(lambda environ, start: Body(), Pages())(
            {"REQUEST_METHOD": "GET", "HTTP_SEC_FETCH_DEST": "document", "PATH_INFO": "/"}, print
        )
    assert closed == [True]


# What pages are notified of ----------------------------------------------------------------------


def read_event(pages: Pages, since: str) -> dict[str, t.Any] | None:
    event = pages.read(since)
    if event is None:
        return None
    data = re.search(r"^data: (.*)$", event[1].decode(), re.MULTILINE)
    assert data is not None
    value: dict[str, t.Any] = json.loads(data[1])
    assert value.pop("version") == event[0] == pages.version
    return value


def test_a_page_gets_what_has_changed_since_its_version() -> None:
    pages = Pages()
    first = pages.version
    assert read_event(pages, first) is None
    pages.publish([["static", "a.css"], ["template", "a.html"]])
    second = pages.version
    pages.publish([["static", "b.js"]])
    assert read_event(pages, first) == {"templates": 1, "static_files": ["a.css", "b.js"]}
    assert read_event(pages, second) == {"templates": 0, "static_files": ["b.js"]}
    assert read_event(pages, pages.version) is None


@pytest.mark.parametrize("since", ["", "other.0", "other.x", ".", "{}.99", "{}.-1", "{}.x"])
def test_a_page_of_another_process_is_stale(since: str) -> None:
    pages = Pages()
    assert read_event(pages, since.format(pages.version.partition(".")[0])) == {"isStale": True}


def test_only_the_last_changes_are_kept() -> None:
    pages = Pages()
    first = pages.version
    for number in range(1000):
        pages.publish([["static", f"{number}.css"]])
    assert read_event(pages, first) == {"isStale": True}
    token = first.partition(".")[0]
    assert read_event(pages, f"{token}.998") == {
        "templates": 0,
        "static_files": ["998.css", "999.css"],
    }


def test_a_stream_over_wsgi_begins_with_what_the_page_has_missed() -> None:
    pages = Pages()
    since = pages.version
    pages.publish([["template", "a.html"]])
    client = Client(BrowserReload(create(), pages))
    answer = client.get(f"{EVENTS_PATH}?v={since}", buffered=False)
    assert answer.mimetype == "text/event-stream"
    parts = iter(answer.response)
    assert next(parts) == b"retry: 100\n\n"
    assert b'"templates": 1' in next(parts)
    threading.Thread(target=pages.close).start()
    assert list(parts) in ([], [b": \n\n"])
    answer.close()


def test_a_stream_over_asgi_ends_when_the_server_stops() -> None:
    pages = Pages()
    middleware = AsgiBrowserReload(create(), pages)
    sent: list[bytes] = []

    async def receive() -> t.Any:
        await asyncio.Event().wait()

    async def send(message: t.Any) -> None:
        sent.append(message.get("body", b""))
        if len(sent) == 2:
            pages.publish([["static", "a.css"]])
        elif b"a.css" in sent[-1]:
            pages.close()

    scope = {"type": "http", "path": EVENTS_PATH, "headers": []}
    scope["query_string"] = f"v={pages.version}".encode()
    asyncio.run(asyncio.wait_for(middleware(scope, receive, send), 60))
    assert any(b"a.css" in part for part in sent)
