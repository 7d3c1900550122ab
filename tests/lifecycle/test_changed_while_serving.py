"""Changes after the first request take effect under servers and under test clients."""

from __future__ import annotations

import asyncio
import sys
import threading
import typing as t
from collections.abc import Callable, Iterator

import pytest
from werkzeug.test import EnvironBuilder, run_wsgi_app

from flask import Flask, Request, Response, request, url_for
from flask._app import serving as serving_module

Serve = Callable[..., tuple[int, bytes]]


def serve_wsgi(app: Flask, path: str = "/", host: str = "localhost") -> tuple[int, bytes]:
    environ = EnvironBuilder(path, base_url=f"http://{host}").get_environ()
    body, status, _ = run_wsgi_app(app, environ)
    return int(status[:3]), b"".join(body)


def serve_asgi(app: Flask, path: str = "/", host: str = "localhost") -> tuple[int, bytes]:
    messages: list[t.Any] = []

    async def receive() -> t.Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: t.Any) -> None:
        messages.append(message)

    scope: dict[str, t.Any] = {
        "type": "http",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", host.encode())],
        "http_version": "1.1",
    }

    async def go() -> None:
        await app(scope, receive, send)

    asyncio.run(go())
    return messages[0]["status"], b"".join(message.get("body", b"") for message in messages)


@pytest.fixture(params=[serve_wsgi, serve_asgi], ids=["wsgi", "asgi"])
def serve(request: pytest.FixtureRequest) -> Serve:
    """Answers a request as a server calls the application, without a test client."""
    served: Serve = request.param
    return served


@pytest.fixture
def serving(serve: Serve) -> Flask:
    """An application that has answered requests, also by the fast path."""
    app = Flask("serving")
    app.add_url_rule("/", "index", lambda: url_for("index"))
    for _ in range(3):
        assert serve(app) == (200, b"/")
    return app


# The URL map -------------------------------------------------------------------------------------


def test_a_map_that_matches_hosts_from_now_on(serve: Serve, serving: Flask) -> None:
    serving.url_map.host_matching = True
    assert serve(serving)[0] == 404  # the rules of before have no host
    serving.url_map.host_matching = False
    assert serve(serving) == (200, b"/")


def test_a_map_with_a_default_subdomain_from_now_on(serve: Serve, serving: Flask) -> None:
    serving.url_map.default_subdomain = "www"
    assert serve(serving)[0] == 404  # the rule is for the subdomain "" of before
    serving.url_map.default_subdomain = ""
    assert serve(serving)[0] == 200


def test_a_map_whose_bind_is_replaced_later_is_used(
    serve: Serve, serving: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    bind = serving.url_map.bind_to_environ

    def bind_below(environ: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
        return bind({**environ, "SCRIPT_NAME": "/below"}, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(serving.url_map, "bind_to_environ", bind_below)
        assert serve(serving) == (200, b"/below/")
    assert serve(serving) == (200, b"/")


# The application ---------------------------------------------------------------------------------

STEPS = [
    *("preprocess_request", "process_response", "finalize_request", "do_teardown_request"),
    *("do_teardown_appcontext", "create_url_adapter", "app_context", "url_for"),
    *("inject_url_defaults", "dispatch_request", "make_response", "full_dispatch_request"),
    *("ensure_sync", "wsgi_app", "request_context"),
]


@pytest.mark.parametrize("name", STEPS)
def test_a_step_that_is_replaced_on_the_application_is_called_at_once(
    serve: Serve, serving: Flask, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    original = getattr(serving, name)

    def replacement(*args: t.Any, **kwargs: t.Any) -> t.Any:
        seen.append(name)
        return original(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(serving, name, replacement)
        assert serve(serving) == (200, b"/")
    assert set(seen) == {name}
    seen.clear()
    assert serve(serving) == (200, b"/")
    assert seen == []


# Classes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        *((Flask, name) for name in STEPS),
        *((Request, name) for name in ("__init__", "close")),
        *((Response, name) for name in ("__init__", "get_wsgi_headers", "get_app_iter")),
    ],
)
def test_a_method_that_is_replaced_on_a_class_is_called_at_once(
    serve: Serve, serving: Flask, kind: t.Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    serving.after_request_funcs.setdefault(None, []).append(lambda response: response)
    serving.before_request_funcs.setdefault(None, []).append(lambda: request.path and None)
    seen: list[str] = []
    original = getattr(kind, name)

    def replacement(self: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
        seen.append(name)
        return original(self, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(kind, name, replacement)
        assert serve(serving) == (200, b"/")
        assert name in seen
    seen.clear()
    assert serve(serving) == (200, b"/")
    assert seen == []


# Several threads ---------------------------------------------------------------------------------


def test_a_change_while_fast_paths_are_computed_is_not_lost(
    serve: Serve, serving: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    compute = serving_module.compute_fast_paths
    seen: list[bool] = []

    def late(*args: t.Any, **kwargs: t.Any) -> str:
        return "late"

    def compute_and_be_overtaken(*arguments: t.Any) -> t.Any:
        fast = compute(*arguments)
        if not seen:  # another thread replaces a step just now
            seen.append(True)
            change = threading.Thread(target=setattr, args=(serving, "url_for", late))
            change.start()
            change.join()
        return fast

    monkeypatch.setattr(serving_module, "compute_fast_paths", compute_and_be_overtaken)
    serving.url_for = serving.url_for  # type: ignore[method-assign]
    assert not serving._fast_paths.is_computed
    assert serve(serving) == (200, b"late")
    assert not serving._fast_paths.urls


@pytest.fixture
def switching_often() -> Iterator[None]:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.slow
@pytest.mark.usefixtures("switching_often")
def test_steps_that_are_replaced_under_load_are_called(serve: Serve, serving: Flask) -> None:
    is_over = threading.Event()

    def load() -> None:
        while not is_over.is_set():
            serve_wsgi(serving)

    threads = [threading.Thread(target=load) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for number in range(30):
            text = f"/{number}"
            serving.url_for = lambda *args, text=text, **kwargs: text  # type: ignore[assignment, misc]
            assert serve(serving) == (200, text.encode())
            del serving.url_for
            assert serve(serving) == (200, b"/")
    finally:
        is_over.set()
        for thread in threads:
            thread.join()
