"""The registers of hooks are live: whatever changes one, the next request sees it."""

from __future__ import annotations

import copy
import pickle
import threading
import typing as t
from collections import defaultdict

import pytest
from meanwhile import change_after_first_call

from flask import Blueprint, Flask, Response, after_this_request, request_started, session
from flask._core.hook_registers import EndpointHooks

Change = t.Callable[[t.Any, t.Callable[[], str]], object]


def replace(register: t.Any, hook: t.Callable[[], str]) -> None:
    register[None] = [hook]


def extend_in_place(register: t.Any, hook: t.Callable[[], str]) -> None:
    register |= {None: [hook]}


ADDING: dict[str, Change] = {
    "an item": replace,
    "a list that is created": lambda register, hook: register[None].append(hook),
    "setdefault": lambda register, hook: register.setdefault(None, []).append(hook),
    "a list that is kept": lambda register, hook: (
        (mine := t.cast("list[t.Any]", [])),
        register.setdefault(None, mine),
        mine.append(hook),
    ),
    "update": lambda register, hook: register.update({None: [hook]}),
    "an update in place": extend_in_place,
}
REMOVING: dict[str, t.Callable[[t.Any], object]] = {
    "pop": lambda register: register.pop(None),
    "popitem": lambda register: register.popitem(),
    "del": lambda register: register.__delitem__(None),
    "clear": lambda register: register.clear(),
    "an empty list": lambda register: register[None].clear(),
    "a removed function": lambda register: register[None].pop(),
}


@pytest.mark.parametrize("add", ADDING.values(), ids=ADDING)
@pytest.mark.parametrize("remove", REMOVING.values(), ids=REMOVING)
def test_a_changed_register_takes_effect(
    app: Flask, add: Change, remove: t.Callable[[t.Any], object]
) -> None:
    app.add_url_rule("/", "view", lambda: "view")
    client = app.test_client()
    texts = [client.get("/").text]
    add(app.before_request_funcs, lambda: "hook")
    texts.append(client.get("/").text)
    remove(app.before_request_funcs)
    texts.append(client.get("/").text)
    assert texts == ["view", "hook", "view"]


def test_a_register_that_was_replaced_is_live_too(app: Flask) -> None:
    app.add_url_rule("/", "view", lambda: "view")
    client = app.test_client()
    texts = [client.get("/").text]
    app.before_request_funcs = {}
    texts.append(client.get("/").text)
    app.before_request_funcs[None] = [lambda: "hook"]
    texts.append(client.get("/").text)
    del app.before_request_funcs[None]
    texts.append(client.get("/").text)
    assert texts == ["view", "view", "hook", "view"]


@pytest.mark.parametrize("place", ["signal", "before", "view", "after"])
def test_hooks_that_are_added_during_a_request_run_in_it(app: Flask, place: str) -> None:
    ran: list[str] = []

    def add(*given: object) -> None:
        app.before_request_funcs.setdefault(None, []).append(lambda: ran.append("before"))
        app.after_request_funcs.setdefault(None, []).append(lambda r: ran.append("after") or r)
        app.teardown_request_funcs.setdefault(None, []).append(lambda e: ran.append("end"))

    def run(at: str) -> None:
        if at == place and not ran:
            add()

    if place == "before":
        app.before_request(lambda: run("before"))
    if place == "after":
        app.after_request(lambda response: run("after") or response)  # type: ignore[func-returns-value]
    app.add_url_rule("/", "view", lambda: run("view") or "ok")
    client = app.test_client()
    if place == "signal":
        with request_started.connected_to(add, app):
            client.get("/")
    else:
        client.get("/")
    expected = {
        "signal": ["before", "after", "end"],
        "before": ["before", "after", "end"],
        "view": ["after", "end"],
        "after": ["end"],
    }
    assert ran == expected[place]


def test_a_hook_may_remove_itself(app: Flask) -> None:
    ran: list[str] = []

    def once() -> None:
        ran.append("once")
        app.before_request_funcs[None].remove(once)

    app.before_request(once)
    app.before_request(lambda: ran.append("always"))
    app.add_url_rule("/", "view", lambda: "ok")
    client = app.test_client()
    client.get("/")
    client.get("/")
    # As in official Flask: the list is shorter now, so the loop misses the next function once.
    assert ran == ["once", "always"]


def test_the_rule_of_a_request_may_be_changed(app: Flask) -> None:
    ran: list[str] = []
    blueprint = Blueprint("b", __name__)
    blueprint.add_url_rule("/b", "view", lambda: "b")
    blueprint.after_request(lambda response: ran.append("after") or response)
    blueprint.teardown_request(lambda error: ran.append("end"))
    app.register_blueprint(blueprint)
    app.add_url_rule("/", "view", lambda: "app")

    def change() -> None:
        from flask import request

        request.url_rule = next(rule for rule in app.url_map.iter_rules() if rule.rule == "/b")

    app.before_request(change)
    assert app.test_client().get("/").text == "b"
    assert ran == ["after", "end"]


def test_what_an_awaited_view_adds_is_called(app: Flask) -> None:
    async def wait() -> str:
        session["a"] = 1

        @after_this_request
        def mark(response: Response) -> Response:
            response.headers["X-Mark"] = "yes"
            return response

        return "ok"

    app.add_url_rule("/", "view", lambda: wait())
    response = app.test_client().get("/")
    assert response.headers["X-Mark"] == "yes"
    assert "session=" in response.headers["Set-Cookie"]


def test_bound_methods_are_hooks(app: Flask) -> None:
    class Extension:
        def __init__(self) -> None:
            self.ran: list[str] = []

        def before(self) -> None:
            self.ran.append("before")

        async def after(self, response: Response) -> Response:
            self.ran.append("after")
            return response

        def __eq__(self, other: object) -> bool:
            raise AssertionError("a hook's object is not compared")

        __hash__ = None  # type: ignore[assignment]

    first, second = Extension(), Extension()
    for extension in (first, second):
        app.before_request(extension.before)
        app.after_request(extension.after)
    app.add_url_rule("/", "view", lambda: "ok")
    client = app.test_client()
    client.get("/")
    client.get("/")
    assert first.ran == second.ran == ["before", "after"] * 2


def test_a_copy_of_a_register_is_an_ordinary_one(app: Flask) -> None:
    app.before_request(len)  # type: ignore[arg-type]
    register: t.Any = app.before_request_funcs
    assert isinstance(register, defaultdict)
    assert repr(register) == repr(defaultdict(list, {None: [len]}))
    for made in (copy.copy(register), register.copy(), copy.deepcopy(register)):
        assert type(made) is defaultdict
        assert made == register
    assert pickle.loads(pickle.dumps(register)) == register


def test_registers_may_change_while_threads_serve(app: Flask) -> None:
    app.add_url_rule("/", "view", lambda: "view")
    app.add_url_rule("/other", "other", lambda: "view")
    failures: list[object] = []

    def serve(path: str) -> None:
        client = app.test_client()
        for _ in range(50):
            try:
                if client.get(path).text not in {"view", "hook"}:
                    failures.append("text")
            except Exception as error:
                failures.append(error)

    threads = [threading.Thread(target=serve, args=(path,)) for path in ("/", "/other") * 4]
    for thread in threads:
        thread.start()
    for _ in range(50):
        app.before_request_funcs[None] = [lambda: "hook"]
        del app.before_request_funcs[None]
    for thread in threads:
        thread.join()
    assert failures == []
    assert app.test_client().get("/").text == "view"


def test_a_list_that_is_added_while_hooks_are_looked_for_is_found(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    blueprint = Blueprint("shop", __name__)
    blueprint.add_url_rule("/", "view", lambda: "view")
    app.register_blueprint(blueprint)

    def add_hook() -> None:
        app.before_request_funcs["shop"].append(lambda: "hook")

    wait = change_after_first_call(monkeypatch, EndpointHooks, "update", add_hook)
    client = app.test_client()
    client.get("/")  # the hook may be too late for this request
    wait()
    assert client.get("/").text == "hook"


@pytest.mark.parametrize("method", ["setdefault", "__getitem__"])
def test_threads_that_add_the_list_of_a_scope_get_the_same_one(app: Flask, method: str) -> None:
    register = app.before_request_funcs
    lists: list[t.Any] = []

    class Key(str):
        """Lets another thread be first, after the look-up that finds no list."""

        hashed = 0

        def __hash__(self) -> int:
            self.hashed += 1
            if self.hashed == 2:
                lists.append(register.setdefault("shop", []))
            return hash(str(self))

        __eq__ = str.__eq__

    lists.append(
        register.setdefault(Key("shop"), []) if method == "setdefault" else register[Key("shop")]
    )
    assert lists[0] is lists[1] is register["shop"]
