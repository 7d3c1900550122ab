"""Class-based views."""

from __future__ import annotations

import typing as t

import pytest

from flask import Flask, request
from flask.views import MethodView, View, http_method_funcs


class Greeting(View):
    """Says hello."""

    def __init__(self, greeting: str = "hello") -> None:
        self.greeting = greeting

    def dispatch_request(self, name: str = "you") -> str:
        return f"{self.greeting} {name}"


class Verbs(MethodView):
    def get(self) -> str:
        return "get"

    def post(self) -> str:
        return "post"

    def propfind(self) -> str:
        return "propfind"


def test_a_view_is_routed_as_a_function(app: Flask) -> None:
    view = Greeting.as_view("greeting", "good day")
    app.add_url_rule("/", view_func=view)
    app.add_url_rule("/<name>", view_func=view)
    client = app.test_client()
    assert (client.get("/").text, client.get("/ann").text) == ("good day you", "good day ann")
    assert client.post("/").status_code == 405


def test_the_made_function_looks_like_the_class() -> None:
    view: t.Any = Greeting.as_view("a_name", greeting="x")
    assert (view.__name__, view.__doc__, view.__module__) == ("a_name", "Says hello.", __name__)
    assert (view.view_class, view.methods, view.provide_automatic_options) == (Greeting, None, None)


def test_a_view_without_dispatch_request_names_what_is_missing(app: Flask) -> None:
    with pytest.raises(NotImplementedError):
        View().dispatch_request()


@pytest.mark.parametrize("every", [True, False])
def test_an_object_is_made_for_each_request_or_once(app: Flask, every: bool) -> None:
    class Counting(View):
        init_every_request = every

        def __init__(self) -> None:
            made.append(self)

        def dispatch_request(self) -> str:
            return str(len(made))

    made: list[View] = []
    app.add_url_rule("/", view_func=Counting.as_view("counting"))
    client = app.test_client()
    answers = [client.get("/").text for _ in range(3)]
    assert answers == (["1", "2", "3"] if every else ["1", "1", "1"])


def test_decorators_are_applied_in_order_the_last_outermost(app: Flask) -> None:
    def around(mark: str) -> t.Callable[[t.Any], t.Any]:
        def decorate(view: t.Any) -> t.Any:
            names.append((mark, view.__name__))
            return lambda **kwargs: f"{mark}({view(**kwargs)})"

        return decorate

    class Decorated(View):
        decorators = [around("a"), around("b")]

        def dispatch_request(self) -> str:
            return "x"

    names: list[tuple[str, str]] = []
    view = Decorated.as_view("decorated")
    app.add_url_rule("/", view_func=view)
    assert app.test_client().get("/").text == "b(a(x))"
    assert [mark for mark, _ in names] == ["a", "b"]
    assert names[0] == ("a", "decorated")
    assert view.__name__ == "decorated"


@pytest.mark.parametrize(
    ("method", "status", "text"),
    [
        ("GET", 200, "get"),
        ("POST", 200, "post"),
        ("HEAD", 200, ""),
        ("OPTIONS", 200, ""),
        ("PUT", 405, None),
        ("PROPFIND", 405, None),
    ],
)
def test_a_method_for_each_verb(app: Flask, method: str, status: int, text: str | None) -> None:
    app.add_url_rule("/", view_func=Verbs.as_view("verbs"))
    response = app.test_client().open("/", method=method)
    assert response.status_code == status
    assert text is None or response.text == text
    if method == "OPTIONS":
        assert response.allow.as_set(True) == {"GET", "HEAD", "OPTIONS", "POST"}


class Reads(MethodView):
    def get(self) -> str:
        return "read"


class Writes(MethodView):
    def put(self) -> str:
        return "write"


class Both(Reads, Writes):
    def delete(self) -> str:
        return "delete"


class Named(MethodView):
    methods: t.ClassVar[t.Any] = ["GET", "PROPFIND"]

    def get(self) -> str:
        return "get"

    def propfind(self) -> str:
        return "propfind"


class Nothing(MethodView):
    pass


class OwnHead(Reads):
    def head(self) -> t.Any:
        return "", {"X-Own": "head"}


@pytest.mark.parametrize(
    ("kind", "methods"),
    [
        (Verbs, {"GET", "POST"}),
        (Both, {"GET", "PUT", "DELETE"}),
        (Named, {"GET", "PROPFIND"}),
        (Nothing, None),
        (OwnHead, {"GET", "HEAD"}),
    ],
)
def test_methods_are_worked_out(kind: type[MethodView], methods: set[str] | None) -> None:
    assert (None if kind.methods is None else set(kind.methods)) == methods


def test_named_methods_are_served(app: Flask) -> None:
    app.add_url_rule("/", view_func=Named.as_view("named"))
    assert app.test_client().open("/", method="PROPFIND").text == "propfind"


def test_a_separate_head_view_is_not_the_get_view(app: Flask) -> None:
    app.add_url_rule("/", view_func=OwnHead.as_view("own"))
    assert app.test_client().head("/").headers["X-Own"] == "head"


def test_a_routed_verb_without_a_method_is_an_assertion_error(app: Flask) -> None:
    app.testing = True
    app.add_url_rule("/", view_func=Reads.as_view("reads"), methods=["GET", "PATCH"])
    with pytest.raises(AssertionError, match="Unimplemented method 'PATCH'"):
        app.test_client().patch("/")


def test_a_method_may_be_added_to_the_class_later(app: Flask) -> None:
    class Grows(MethodView):
        def get(self) -> str:
            return "get"

    app.add_url_rule("/", view_func=Grows.as_view("grows"), methods=["GET", "POST"])
    Grows.post = lambda self: "post"  # type: ignore[attr-defined]
    assert app.test_client().post("/").text == "post"


def test_options_may_be_a_method_and_automatic_ones_switched_off(app: Flask) -> None:
    class Own(MethodView):
        def options(self) -> str:
            return f"own {request.method}"

    class Off(MethodView):
        provide_automatic_options = False

        def get(self) -> str:
            return "get"

    app.add_url_rule("/own", view_func=Own.as_view("own"))
    app.add_url_rule("/off", view_func=Off.as_view("off"))
    assert app.test_client().options("/own").text == "own OPTIONS"
    assert app.test_client().options("/off").status_code == 405


def test_a_subclass_may_replace_dispatch_request(app: Flask) -> None:
    class Traced(Verbs):
        def dispatch_request(self, **kwargs: t.Any) -> t.Any:
            return f"traced {super().dispatch_request(**kwargs)}"

    app.add_url_rule("/", view_func=Traced.as_view("traced"))
    assert app.test_client().get("/").text == "traced get"


def test_a_decorator_may_put_a_subclass_in_place(app: Flask) -> None:
    class Louder(Greeting):
        def dispatch_request(self, name: str = "you") -> str:
            return super().dispatch_request(name).upper()

    view: t.Any = Greeting.as_view("greeting")
    view.view_class = Louder
    app.add_url_rule("/", view_func=view)
    assert app.test_client().get("/").text == "HELLO YOU"


def test_the_method_names_are_those_of_http() -> None:
    assert http_method_funcs == {
        *("get", "post", "head", "options", "delete", "put", "trace", "patch"),
    }


def test_an_override_of_ensure_sync_gets_both_methods_of_a_class_based_view() -> None:
    asked: list[str] = []

    class Asking(Flask):
        def ensure_sync(self, func: t.Any) -> t.Any:
            asked.append(func.__name__)
            return super().ensure_sync(func)

    app = Asking(__name__)
    app.add_url_rule("/", view_func=Answers.as_view("view"))
    asked.clear()
    assert app.test_client().get("/").text == "got"
    assert asked == ["view", "dispatch_request", "get"]


class Answers(MethodView):
    def get(self) -> str:
        return "got"


def replace_dispatch_request(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Answers, "dispatch_request", lambda self: "replaced")


def replace_get(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Answers, "get", lambda self: "replaced")


def replace_get_by_an_async_method(patch: pytest.MonkeyPatch) -> None:
    async def get(self: Answers) -> str:
        return "replaced"

    patch.setattr(Answers, "get", get)


def replace_both_on_each_object(patch: pytest.MonkeyPatch) -> None:
    def begin(self: t.Any) -> None:
        self.dispatch_request = lambda: "replaced"

    patch.setattr(Answers, "__init__", begin)


@pytest.mark.parametrize("is_asgi", [False, True])
@pytest.mark.parametrize(
    "replace",
    [
        replace_dispatch_request,
        replace_get,
        replace_get_by_an_async_method,
        replace_both_on_each_object,
    ],
)
def test_methods_of_a_class_may_be_replaced_after_the_first_request(
    monkeypatch: pytest.MonkeyPatch,
    replace: t.Callable[[pytest.MonkeyPatch], None],
    is_asgi: bool,
) -> None:
    app = Flask(__name__)
    app.add_url_rule("/", view_func=Answers.as_view("view"))
    client = app.test_client(asgi=is_asgi)
    assert client.get("/").text == "got"
    replace(monkeypatch)
    assert client.get("/").text == "replaced"
