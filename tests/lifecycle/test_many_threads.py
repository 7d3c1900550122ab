"""Sixteen threads send requests while registers, routes, settings and classes change.

Threads switch after a microsecond, so that a change is interrupted in all places. Each thread
checks what only it can know: the data of its own request, and the effect of its own change on its
own next request. So three kinds of faults show: an update of another thread that is lost, a fast
path that is stale, and a context that another request sees. The last tests make such faults.
"""

from __future__ import annotations

import sys
import threading
import time
import typing as t
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import nullcontext

import pytest
from crowd import Ask, asgi_loop, ask_by_wsgi, run_crowd
from werkzeug.routing import Rule

from flask import Flask, Response, current_app, g, request, session, url_for

pytestmark = pytest.mark.slow

ROUNDS = 12
"""How often each thread changes something."""
TICK = 0.02
"""Seconds between the moments in which threads change the same register."""
APPLICATIONS = 25
"""How many applications get sixteen first requests at once."""


@pytest.fixture(autouse=True)
def _short_switches() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.fixture(params=["wsgi", "asgi"])
def ask(request: pytest.FixtureRequest) -> Iterator[Ask]:
    """Sends a request by one of the two protocols."""
    if request.param == "wsgi":
        yield ask_by_wsgi
    else:
        with asgi_loop() as send:
            yield send


def make_app() -> Flask:
    """Make an application whose classes belong to it alone."""

    class OwnResponse(Response):
        pass

    class Own(Flask):
        response_class = OwnResponse

    app = Own("crowd", static_folder=None)
    app.secret_key = "a key for tests"
    app.add_url_rule("/echo/<token>", "echo", echo, methods=["GET", "POST"])
    app.add_url_rule("/echo/async/<token>", "echo_async", echo_async)
    app.add_url_rule("/text/<token>", "text", lambda token: token)
    app.teardown_request(check_own_data)
    return app


def echo(token: str) -> dict[str, t.Any]:
    """Answer with what the request sees before and after other threads have run."""
    assert "token" not in g
    g.token = token
    session["count"] = session.get("count", 0) + 1
    found = {see_own_data(token)}
    for _ in range(3):
        time.sleep(0)
        found.add(see_own_data(token))
    with current_app.app_context():
        assert "token" not in g
        g.token = "inner"
    found.add(see_own_data(token))
    return {"seen": sorted(found), "count": session["count"], "hooks": sorted(g.get("hooks", ()))}


async def echo_async(token: str) -> dict[str, t.Any]:
    """Do the same in an async view."""
    return echo(token)


def see_own_data(token: str) -> str:
    """Return all by which requests differ."""
    endpoint = request.endpoint or ""
    facts = (g.token, request.args["t"], request.headers["X-Token"], request.view_args)
    url = url_for(endpoint, token=g.token)
    return " ".join(map(str, (*facts, url, request.path))).replace(token, "mine")


def check_own_data(error: BaseException | None) -> None:
    """Check that teardown runs in the context of its own request."""
    assert error is None
    if "token" in g:
        assert g.token == request.args["t"]


def visit(
    ask: Ask, app: Flask, token: str, count: int = 0, kind: str = ""
) -> tuple[dict[str, t.Any], dict[str, str]]:
    """Send a request of a client that has counted so far; return JSON and headers."""
    path = f"/echo/{kind}{token}"
    headers = {"X-Token": token}
    if count:
        signer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
        headers["Cookie"] = f"session={signer.dumps({'count': count})}"
    status, sent, text = ask(app, f"{path}?t={token}", headers=headers)
    assert status == 200, (status, text)
    answer: dict[str, t.Any] = app.json.loads(text)
    url = f"/echo/{kind}mine"
    assert answer["seen"] == [f"mine mine mine {{'token': 'mine'}} {url} {url}"]
    assert answer["count"] == count + 1
    return answer, sent


# First requests ----------------------------------------------------------------------------------


def test_first_requests_at_once(ask: Ask) -> None:
    for _ in range(APPLICATIONS):
        app = make_app()
        started: list[int] = []
        app.before_serving(lambda started=started: started.append(1))

        def act(number: int, app: Flask = app, started: list[int] = started) -> None:
            visit(ask, app, f"first{number}x", number, "async/" if number % 4 == 3 else "")
            assert started == [1]

        run_crowd(act)
        assert started == [1]


# Changes meanwhile -------------------------------------------------------------------------------


class Crowd:
    """What the threads of one test share: an application, and locks for changes that do not add up.

    :param ask: sends a request.
    """

    def __init__(self, ask: Ask) -> None:
        self.ask = ask
        self.app = make_app()
        self.lock = threading.Lock()
        self.hook_lock = threading.Lock()

    def run(self, *acts: Callable[[Crowd, str], None]) -> None:
        """Let each thread take all of the steps in turn, some of them at the same time."""

        def act(number: int) -> None:
            for step in range(ROUNDS):
                acts[(number + step) % len(acts)](self, f"t{number}r{step}x")

        run_crowd(act)


def register_hooks(crowd: Crowd, token: str) -> None:
    """Append a hook to a list; replace the list by one without it."""

    def hook() -> None:
        g.setdefault("hooks", set()).add(token)

    register = crowd.app.before_request_funcs
    with crowd.hook_lock:
        register.setdefault(None, []).append(hook)
    assert token in visit(crowd.ask, crowd.app, token)[0]["hooks"]
    with crowd.hook_lock:  # not list.remove: a loop over the list would leave out a hook
        register[None] = [other for other in register[None] if other is not hook]
    assert token not in visit(crowd.ask, crowd.app, token)[0]["hooks"]


def register_hooks_of_new_scopes(crowd: Crowd, token: str) -> None:
    """Add the lists of a blueprint that has had no hooks, in the same moment as other threads."""
    tick = int(time.monotonic() / TICK) + 2
    scope = f"scope{tick}"  # the same for all threads of this moment
    endpoint = f"{scope}.{token}"
    add_route(crowd.app, f"/scoped/{token}/<token>", endpoint)
    ran: list[str] = []
    seen = visit_route(crowd, f"/scoped/{token}", token)  # so that hooks are looked up before
    time.sleep(max(0, tick * TICK - time.monotonic()))
    crowd.app.before_request_funcs.setdefault(scope, []).append(lambda: ran.append(token))
    crowd.app.after_request_funcs[scope].append(lambda response: ran.append(token) or response)
    crowd.app.teardown_request_funcs.setdefault(scope, []).append(lambda error: ran.append(token))
    assert visit_route(crowd, f"/scoped/{token}", token) == seen
    assert len(ran) >= 3, ran


def register_routes(crowd: Crowd, token: str) -> None:
    """Add a rule, replace its view, build its URL."""
    assert crowd.ask(crowd.app, f"/new/{token}/a?t={token}")[0] == 404
    add_route(crowd.app, f"/new/{token}/<token>", token)
    assert visit_route(crowd, f"/new/{token}", token) == f"/new/{token}/{token}"
    crowd.app.view_functions[token] = lambda token: "replaced"
    assert visit_route(crowd, f"/new/{token}", token) == "replaced"
    add_route(crowd.app, f"/newer/{token}", token)  # builds differ: fewer arguments
    with crowd.app.test_request_context():
        assert url_for(token) == f"/newer/{token}"


def add_route(app: Flask, rule: str, endpoint: str) -> None:
    """Add a route as an extension does after the first request."""
    app.view_functions[endpoint] = lambda token: url_for(request.endpoint or "", token=token)
    app.url_map.add(Rule(rule, endpoint=endpoint, methods=["GET"]))


def visit_route(crowd: Crowd, path: str, token: str) -> str:
    """Send a request to a route of `add_route`; return the text."""
    status, _, text = crowd.ask(crowd.app, f"{path}/{token}?t={token}")
    assert status == 200, (status, path)
    return text


def change_settings(crowd: Crowd, token: str) -> None:
    """Set limits and cookie names of all requests, while only this thread looks at them."""
    app = crowd.app
    with crowd.lock:
        app.config["SESSION_COOKIE_NAME"] = token
        assert visit(crowd.ask, app, token)[1]["Set-Cookie"].startswith(f"{token}=")
        app.config["SESSION_COOKIE_NAME"] = "session"
        assert visit(crowd.ask, app, token)[1]["Set-Cookie"].startswith("session=")
        key, app.config["TESTING"] = app.config["TESTING"], token
        assert app.testing == token
        app.config["TESTING"] = key


def change_classes(crowd: Crowd, token: str) -> None:
    """Override a step on the class, and a class of the application; undo both."""
    app, kind = crowd.app, type(crowd.app)

    def process_response(self: Flask, response: t.Any) -> t.Any:
        response.headers["X-Step"] = token
        return Flask.process_response(self, response)

    class Marked(app.response_class):  # type: ignore[name-defined, misc]
        default_mimetype = f"text/{token}"

    with crowd.lock:
        kind.process_response = process_response  # type: ignore[method-assign]
        assert visit(crowd.ask, app, token)[1]["X-Step"] == token
        del kind.process_response  # type: ignore[misc]
        assert "X-Step" not in visit(crowd.ask, app, token)[1]
        before = app.response_class
        app.response_class = Marked
        assert crowd.ask(app, f"/text/{token}")[1]["Content-Type"].startswith(f"text/{token}")
        app.response_class = before
        assert crowd.ask(app, f"/text/{token}")[1]["Content-Type"].startswith("text/html")


def only_visit(crowd: Crowd, token: str) -> None:
    """Send requests of all kinds, and no change."""
    for count in range(3):
        visit(crowd.ask, crowd.app, token, 0, "async/" if count == 1 else "")


COMBINATIONS: dict[str, tuple[Callable[[Crowd, str], None], ...]] = {
    "requests alone": (only_visit,),
    "hooks": (register_hooks, only_visit),
    "hooks of new scopes": (register_hooks_of_new_scopes,),
    "routes": (register_routes, only_visit),
    "hooks and routes": (register_hooks, register_routes, register_hooks_of_new_scopes),
}


@pytest.mark.parametrize("name", COMBINATIONS)
def test_changes_take_effect_at_once(ask: Ask, name: str) -> None:
    crowd = Crowd(ask)
    crowd.run(*COMBINATIONS[name])
    assert crowd.app.before_request_funcs.get(None, []) == []


@pytest.mark.parametrize("act", [change_settings, change_classes])
def test_what_all_requests_share_changes_while_hooks_and_routes_do(
    ask: Ask, act: Callable[[Crowd, str], None]
) -> None:
    Crowd(ask).run(act, register_routes, register_hooks_of_new_scopes)


# Faults that these tests show --------------------------------------------------------------------


class LosingRegister(dict[t.Any, t.Any]):
    """A register whose ``setdefault`` takes two steps, so that the list of one thread is lost."""

    def setdefault(self, key: object, default: object = None) -> t.Any:
        """Look, and set what is missing."""
        if key not in self:
            time.sleep(0)
            self[key] = default
        return self[key]


def lose_updates(app: Flask) -> None:
    """Let threads that add the first hook of a scope overwrite each other's list."""
    app.before_request_funcs = LosingRegister()
    app.after_request_funcs = defaultdict(list)


def keep_tables_stale(app: Flask) -> None:
    """Let a thread that adds a rule not wait for one that fills the table."""
    app.url_map._lock = nullcontext()  # type: ignore[attr-defined]


def keep_fast_paths_stale(app: Flask) -> None:
    """Let the fast paths stay as they are when an attribute is set."""
    app._discard_fast_paths = lambda: None  # type: ignore[method-assign]


def share_context(app: Flask) -> None:
    """Let all requests have the same ``g``."""
    shared = app.app_ctx_globals_class()
    app.app_ctx_globals_class = lambda: shared  # type: ignore[assignment, misc]


@pytest.mark.parametrize(
    ("fault", "act"),
    [
        (lose_updates, register_hooks_of_new_scopes),
        (keep_tables_stale, register_routes),
        (keep_fast_paths_stale, change_classes),
        (share_context, only_visit),
    ],
)
def test_a_fault_shows(
    ask: Ask, fault: Callable[[Flask], None], act: Callable[[Crowd, str], None]
) -> None:
    crowd = Crowd(ask)
    crowd.app.logger.disabled = True
    try:
        fault(crowd.app)
        with pytest.raises((AssertionError, RuntimeError)):
            for _ in range(5):
                crowd.run(act)
    finally:
        crowd.app.logger.disabled = False
