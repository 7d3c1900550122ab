"""The access log of ``flask serve`` and the identifiers of requests, without a server."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import typing as t
from collections.abc import Iterator

import pytest

from flask import Flask, request, websocket
from flask.cli import _access_log
from flask.cli._access_log import AccessLog, add_request_ids
from flask.cli._serve_process import Worker, find_proxies
from flask.logging import RequestIdFilter, current_request_id, default_handler
from flask.security import Security, TrustedProxies

PLAIN = re.compile(r"\S+Z (\S+) (\S+) (\S+) (\S+) (\d+) [\d.]+ms (\S+)").fullmatch
RANDOM = re.compile("[0-9a-f]{32}").fullmatch
PROXY, CLIENT, EVIL = "10.0.0.1", "203.0.113.7", "198.51.100.9"


class Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@pytest.fixture
def log() -> Iterator[Lines]:
    handler = Lines()
    kept = _access_log.logger.handlers
    _access_log.logger.handlers = [handler]
    _access_log.logger.setLevel(logging.INFO)
    yield handler
    _access_log.logger.handlers = kept


@pytest.fixture
def restored() -> Iterator[None]:
    factory, formatter = logging.getLogRecordFactory(), default_handler.formatter
    yield
    logging.setLogRecordFactory(factory)
    default_handler.setFormatter(formatter)


def serve(app: t.Any, sent: list[dict[str, t.Any]] | None = None, **scope: t.Any) -> list[t.Any]:
    """Serve one connection; return what the application sends."""
    answers: list[t.Any] = []
    messages = list(sent or [{"type": "http.request", "body": b""}])

    async def receive() -> t.Any:
        if not messages and full["type"] == "websocket":
            await asyncio.Event().wait()  # the client stays
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    async def send(message: t.Any) -> None:
        answers.append(message)

    full = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "query_string": b"",
        "headers": [],
        "client": (PROXY, 1),
        "http_version": "1.1",
        "scheme": "http",
        "root_path": "",
        "server": ("localhost", 80),
        **scope,
    }
    asyncio.run(app(full, receive, send))
    return answers


def create_app() -> Flask:
    app = Flask("logged")

    @app.route("/", defaults={"path": ""})
    @app.route("/<path:path>")
    async def index(path: str) -> list[str | None]:
        return [request.headers.get("X-Request-Id"), request.remote_addr, current_request_id.get()]

    return app


def wrap(app: t.Any, log_format: str | None = "plain", allowed: t.Any = None) -> t.Any:
    worker = Worker(lambda: app, "asgi", 1, 1.0, 1.0, "/healthz", log_format, allowed)
    return worker.wrap(app)


# Lines -------------------------------------------------------------------------------------------


def test_a_plain_line_has_eight_words(log: Lines) -> None:
    serve(wrap(create_app()), path="/shop", method="GET")
    (line,) = log.lines
    match = PLAIN(line)
    assert match
    assert match.groups()[:4] == (PROXY, "GET", "/shop", "200")
    assert int(match[5]) > 32
    assert RANDOM(match[6])


def test_a_json_line_has_the_same_values(log: Lines) -> None:
    answers = serve(wrap(create_app(), "json"), path="/shop", query_string=b"token=secret")
    line = json.loads(log.lines[0])
    assert (line["client"], line["method"], line["path"]) == (PROXY, "GET", "/shop")
    assert (line["status"], line["bytes"]) == (200, len(answers[1]["body"]))
    assert line["duration_ms"] >= 0
    assert (b"x-request-id", line["request_id"].encode()) in answers[0]["headers"]
    assert "secret" not in log.lines[0]


PATHS = [
    "/a\nb",
    "/a\r\n1.2.3.4 GET /",
    '/"',
    "/\x1b[31m",
    "/\u2028",
    "/\udcff",
    "/a b",
    "/x" * 9000,
]


@pytest.mark.parametrize("path", PATHS, ids=range(len(PATHS)))
@pytest.mark.parametrize("log_format", ["plain", "json"])
def test_a_client_cannot_write_a_line(log: Lines, log_format: str, path: str) -> None:
    async def answer(scope: t.Any, receive: t.Any, send: t.Any) -> None:
        await send({"type": "http.response.start", "status": 204})
        await send({"type": "http.response.body"})

    serve(AccessLog(answer, log_format, None), path=path, method="GE\nT", client=("a\nb", 1))
    (line,) = log.lines
    assert line.isascii()
    assert line.isprintable()
    assert len(line) < 7000
    if log_format == "plain":
        assert PLAIN(line)
    else:
        assert json.loads(line)["path"] == path[:2000]


def test_an_error_a_disconnect_and_a_missing_client_are_logged(log: Lines) -> None:
    async def fail(scope: t.Any, receive: t.Any, send: t.Any) -> None:
        raise LookupError("on purpose")

    async def leave(scope: t.Any, receive: t.Any, send: t.Any) -> None:
        pass

    with pytest.raises(LookupError):
        serve(AccessLog(fail, "plain", None))
    serve(AccessLog(leave, "plain", None), client=None)
    found = [PLAIN(line) for line in log.lines]
    assert [match and match.group(1, 4) for match in found] == [(PROXY, "500"), ("-", "-")]


def test_a_websocket_is_one_line_when_it_ends(log: Lines) -> None:
    app = create_app()

    @app.websocket("/talk")
    async def talk() -> None:
        await websocket.accept()
        await websocket.send("four")
        await websocket.send(b"five5")

    sent = [{"type": "websocket.connect"}]
    answers = serve(wrap(app), sent, type="websocket", scheme="ws", path="/talk", subprotocols=[])
    match = PLAIN(log.lines[0])
    assert match
    assert match.group(2, 3, 4, 5) == ("WEBSOCKET", "/talk", "101", "9")
    assert (b"x-request-id", match[6].encode()) in answers[0]["headers"]


@pytest.mark.parametrize("extensions", [{}, {"websocket.http.response": {}}])
def test_a_refused_handshake_has_its_status(log: Lines, extensions: dict[str, t.Any]) -> None:
    sent = [{"type": "websocket.connect"}]
    scope = {
        "type": "websocket",
        "scheme": "ws",
        "path": "/none",
        "subprotocols": [],
        "extensions": extensions,
    }
    serve(wrap(create_app()), sent, **scope)
    match = PLAIN(log.lines[0])
    assert match
    assert match[4] == ("400" if extensions else "403")  # there is a view of that path


def test_a_health_check_is_not_logged(log: Lines) -> None:
    assert serve(wrap(create_app()), path="/healthz")[1]["body"] == b"ok"
    assert log.lines == []


def test_without_an_access_log_there_is_no_identifier(log: Lines) -> None:
    answers = serve(wrap(create_app(), None))
    assert json.loads(answers[1]["body"])[0] is None
    assert b"x-request-id" not in dict(answers[0]["headers"])
    assert log.lines == []


# Identifiers -------------------------------------------------------------------------------------

SENT: list[tuple[str, list[bytes], bool]] = [
    # the address that connects, the headers X-Request-Id, whether the identifier is kept
    (PROXY, [b"abc-1"], True),
    (EVIL, [b"abc-1"], False),
    (PROXY, [b"a" * 128], True),
    (PROXY, [b"a" * 129], False),
    (PROXY, [b""], False),
    (PROXY, [b"a b"], False),
    (PROXY, [b"a\x1b"], False),
    (PROXY, [b"\xe9"], False),
    (PROXY, [b"one", b"two"], False),
]


@pytest.mark.parametrize(("peer", "values", "is_kept"), SENT)
def test_an_identifier_comes_from_a_trusted_proxy_only(
    log: Lines, peer: str, values: list[bytes], is_kept: bool
) -> None:
    app = wrap(create_app(), allowed=["10.0.0.0/8"])
    headers = [(b"x-request-id", value) for value in values]
    answers = serve(app, headers=headers, client=(peer, 1))
    in_header, _, current = json.loads(answers[1]["body"])
    assert in_header == current
    assert (in_header == values[0].decode("latin-1")) is is_kept
    assert is_kept or RANDOM(in_header)
    assert log.lines[0].endswith(in_header)


def test_an_application_cannot_answer_with_another_identifier(log: Lines) -> None:
    app = create_app()

    @app.after_request
    def set_own(response: t.Any) -> t.Any:
        response.headers["X-Request-Id"] = "own"
        return response

    answers = serve(wrap(app))
    values = [value for name, value in answers[0]["headers"] if name == b"x-request-id"]
    assert len(values) == 1
    assert RANDOM(values[0].decode())


def test_records_of_a_request_have_its_identifier(log: Lines, restored: None) -> None:
    add_request_ids()
    app = create_app()
    records: list[t.Any] = []
    handler = logging.Handler()
    handler.emit = records.append  # type: ignore[method-assign]
    app.logger.addHandler(handler)
    app.logger.setLevel(logging.INFO)

    @app.get("/log")
    async def logs() -> str:
        app.logger.info("one")
        await asyncio.to_thread(app.logger.info, "two")
        return ""

    @app.get("/sync")
    def sync() -> str:
        app.logger.info("three")
        return ""

    try:
        served = wrap(app)
        serve(served, path="/log")
        serve(served, path="/sync")
        app.logger.info("outside")
    finally:
        app.logger.removeHandler(handler)
    first, second = (line.split()[-1] for line in log.lines)
    assert [record.request_id for record in records] == [first, first, second, "-"]
    assert default_handler.format(records[0]).endswith(f"one [{first}]")


def test_the_filter_gives_other_servers_the_attribute() -> None:
    record = logging.makeLogRecord({})
    assert RequestIdFilter().filter(record)
    assert vars(record)["request_id"] == "-"
    token = current_request_id.set("abc")
    assert RequestIdFilter().filter(record)
    assert vars(record)["request_id"] == "-"  # the first one stays
    other = logging.makeLogRecord({})
    RequestIdFilter().filter(other)
    current_request_id.reset(token)
    assert vars(other)["request_id"] == "abc"


# Proxies -----------------------------------------------------------------------------------------

FORWARDED = [(b"x-forwarded-for", f"{EVIL}, {CLIENT}, 10.0.0.9".encode())]


@pytest.mark.parametrize("with_security", [False, True])
@pytest.mark.parametrize(
    ("configured", "allowed", "address"),
    [
        (None, None, PROXY),
        (["10.0.0.0/8"], None, CLIENT),
        (None, ["10.0.0.0/8"], CLIENT),
        (["10.0.0.0/8"], [], PROXY),
        (["10.0.0.0/8"], 0, PROXY),
        (1, None, "10.0.0.9"),
        (2, None, CLIENT),
        (1, 2, CLIENT),
        (["192.0.2.0/24"], ["10.0.0.0/8"], CLIENT),
    ],
)
def test_forwarded_headers_are_read_once(
    log: Lines, configured: t.Any, allowed: t.Any, address: str, with_security: bool
) -> None:
    app = create_app()
    app.config["TRUSTED_PROXIES"] = configured
    if with_security:
        Security(app)
    answers = serve(wrap(app, allowed=allowed), headers=FORWARDED)
    assert json.loads(answers[1]["body"])[1] == address
    assert log.lines[0].split()[1] == address


def test_a_request_that_the_proxies_refuse_is_logged(log: Lines) -> None:
    headers = [*FORWARDED, (b"forwarded", b"for=192.0.2.1")]
    answers = serve(wrap(create_app(), allowed=["10.0.0.0/8"]), headers=headers)
    assert answers[0]["status"] == 400
    assert log.lines[0].split()[4] == "400"


def test_another_frameworks_application_has_no_settings() -> None:
    assert find_proxies(object(), None) is None
    assert isinstance(find_proxies(object(), 1), TrustedProxies)
