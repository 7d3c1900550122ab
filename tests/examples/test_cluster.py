"""The shop of several machines: its views, its stores, its tasks, and the cluster itself."""

from __future__ import annotations

import importlib
import importlib.util
import os
import shutil
import subprocess
import sys
import typing as t
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from importing import import_from
from polling import wait_until
from redis_server import PROGRAM, RedisServer

from flask import Flask
from flask.channels import Unavailable
from flask.testing import FlaskClient

FOLDER = Path(__file__).parents[2] / "examples" / "cluster"


@pytest.fixture
def webshop() -> Iterator[t.Any]:
    with import_from(FOLDER, "webshop") as webshop:
        yield webshop


@pytest.fixture
def app(webshop: t.Any) -> Iterator[Flask]:
    app: Flask = webshop.create_app(STOCK=10)
    yield app
    app._lifespan.stop(app)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def add(client: FlaskClient, key: str, item: str = "tea") -> t.Any:
    return client.put(f"/cart/{key}", json={"item": item})


def order(client: FlaskClient, key: str) -> t.Any:
    return client.put(f"/orders/{key}")


class TestTheViews:
    def test_the_page_has_the_items_and_no_inline_script(self, client: FlaskClient) -> None:
        page = client.get("/").text
        assert "Add coffee to the cart" in page
        assert "<script>" not in page  # the content security policy would refuse it
        for file in ("shop.js", "shop.css"):
            with client.get(f"/static/{file}") as response:
                assert response.status_code == 200

    def test_a_line_that_is_added_twice_counts_once(self, client: FlaskClient) -> None:
        assert [add(client, "a").status_code, add(client, "a").status_code] == [201, 201]
        add(client, "b", "cup")
        assert client.get("/cart").json["lines"] == [["a", "tea"], ["b", "cup"]]

    def test_concurrent_requests_lose_no_line(self, app: Flask, client: FlaskClient) -> None:
        add(client, "first")
        cookie = client.get_cookie("session")
        assert cookie is not None

        def add_one(number: int) -> int:
            other = app.test_client()
            other.set_cookie("session", cookie.value)
            return int(add(other, f"line{number}").status_code)

        with ThreadPoolExecutor(8) as threads:
            assert set(threads.map(add_one, range(30))) == {201}
        lines = client.get("/cart").json["lines"]
        assert {line for line, _ in lines} == {"first", *(f"line{n}" for n in range(30))}

    def test_an_order_that_is_repeated_has_its_effects_once(
        self, app: Flask, client: FlaskClient
    ) -> None:
        add(client, "a")
        add(client, "b", "cup")
        first = order(client, "o")
        assert first.json == {"key": "o", "lines": [["a", "tea"], ["b", "cup"]], "number": 1}
        assert order(client, "o").json == first.json
        cart = client.get("/cart").json
        assert (cart["lines"], cart["orders"]) == ([], ["o"])
        assert client.get("/stock").json["stock"] == {"tea": 9, "coffee": 10, "cup": 9}
        assert app.extensions["outbox"].mails == ["Order o: 2 items"]

    def test_an_order_is_completed_if_its_node_was_killed_in_the_middle(
        self, app: Flask, client: FlaskClient
    ) -> None:
        add(client, "a")
        with client.session_transaction() as session:
            customer = session["customer"]
        app.extensions["warehouse"].order(f"{customer}:o", [["a", "tea"]])  # and no more
        assert client.get("/cart").json["lines"] == [["a", "tea"]]
        assert order(client, "o").json["lines"] == [["a", "tea"]]
        assert client.get("/cart").json["lines"] == []
        assert client.get("/stock").json["stock"]["tea"] == 9

    def test_an_order_of_one_customer_is_not_that_of_another(
        self, app: Flask, client: FlaskClient
    ) -> None:
        add(client, "a")
        order(client, "o")
        assert order(app.test_client(), "o").json["lines"] == []

    @pytest.mark.parametrize(
        ("path", "body", "status"),
        [
            ("/cart/a", {"item": "gold"}, 400),
            ("/cart/a", {}, 400),
            ("/cart/a", [], 400),
            ("/cart/a", "tea", 400),
            (f"/cart/{'a' * 65}", {"item": "tea"}, 400),
            (f"/orders/{'a' * 65}", {}, 400),
            ("/cart/a", {"item": ["tea"]}, 400),
        ],
    )
    def test_wrong_input_is_refused(
        self, client: FlaskClient, path: str, body: object, status: int
    ) -> None:
        assert client.put(path, json=body).status_code == status
        assert client.get("/cart").json["lines"] == []

    def test_a_cart_is_bounded(
        self, webshop: t.Any, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(webshop.views, "MOST_LINES", 3)
        assert [add(client, f"{n}").status_code for n in range(4)] == [201, 201, 201, 409]

    def test_a_forged_request_is_refused(self, client: FlaskClient) -> None:
        headers = {"Sec-Fetch-Site": "cross-site"}
        assert client.put("/orders/o", headers=headers).status_code == 403

    def test_an_outage_is_a_503_that_says_when_to_try_again(
        self, app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def read() -> None:
            raise Unavailable("Redis does not answer.")

        monkeypatch.setattr(app.extensions["warehouse"], "read", read)
        response = client.get("/stock")
        assert (response.status_code, response.headers["Retry-After"]) == (503, "5")

    def test_orders_are_published_to_streams_and_websockets(
        self, webshop: t.Any, app: Flask, client: FlaskClient
    ) -> None:
        add(client, "a")
        change = {"number": 1, "stock": {"tea": 9, "coffee": 10, "cup": 10}}
        with client.websocket_connect("/stock/socket") as socket:
            with app.app_context(), webshop.channels.recorded() as messages:
                order(client, "o")
            assert [(message.channel, message.data) for message in messages] == [("stock", change)]
            assert socket.receive() == messages[0].json
        stream = client.get("/stock/events", buffered=False)
        assert stream.mimetype == "text/event-stream"
        stream.close()

    def test_each_answer_names_the_node_and_the_release(
        self, webshop: t.Any, tmp_path: Path
    ) -> None:
        (tmp_path / "release.txt").write_text("7\n")
        app = webshop.create_app(NODE=2, RELEASE_FILE=tmp_path / "release.txt")
        response = app.test_client().get("/release")
        assert response.json == {"node": "2", "release": "7"}
        assert (response.headers["X-Node"], response.headers["X-Release"]) == ("2", "7")


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.slow)])
def stores(webshop: t.Any, request: t.Any, tmp_path: Path) -> Iterator[tuple[t.Any, t.Any]]:
    if request.param == "memory":
        yield webshop.stores.MemoryWarehouse(2), webshop.stores.MemoryOutbox()
        return
    pytest.importorskip("redis")
    if PROGRAM is None:
        pytest.skip("redis-server is not installed; Debian's package has the same name")
    server = RedisServer(tmp_path, keeps_data=False)
    try:
        warehouse = webshop.stores.RedisWarehouse(server.url, 2)
        outbox = webshop.stores.RedisOutbox(server.url)
        yield warehouse, outbox
        for store in (warehouse, outbox):
            store._redis.close()
    finally:
        server.kill()


class TestTheStores:
    def test_a_line_belongs_to_one_order(self, stores: tuple[t.Any, t.Any]) -> None:
        warehouse, _ = stores
        assert warehouse.order("o1", [["a", "tea"], ["b", "cup"]])["lines"] == [
            ["a", "tea"],
            ["b", "cup"],
        ]
        second = warehouse.order("o2", [["b", "cup"], ["c", "cup"]])
        assert second["lines"] == [["c", "cup"]]
        assert second["stock"] == {"tea": 1, "coffee": 2, "cup": 0}
        assert warehouse.order("o1", [["d", "tea"]])["number"] == 1
        assert warehouse.read() == {"number": 2, "stock": second["stock"]}

    def test_what_is_sold_out_is_left_out(self, stores: tuple[t.Any, t.Any]) -> None:
        warehouse, _ = stores
        placed = warehouse.order("o1", [[f"{n}", "tea"] for n in range(3)])
        assert placed["lines"] == [["0", "tea"], ["1", "tea"]]
        assert warehouse.order("o2", [["2", "tea"]])["lines"] == []

    def test_a_mail_is_sent_once(self, stores: tuple[t.Any, t.Any]) -> None:
        _, outbox = stores
        outbox.note_attempt("o1")
        assert [outbox.send("o1", "text"), outbox.send("o1", "text")] == [True, False]
        assert outbox.send("o2", "text")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_task_has_the_application_context_and_its_effect_once(webshop: t.Any, app: Flask) -> None:
    pytest.importorskip("celery", reason="celery is not installed: pip install --group cluster")
    tasks = importlib.import_module("webshop.tasks")
    celery = tasks.create_celery(app, "memory://")
    celery.conf.task_always_eager = True
    for _ in range(2):
        tasks.send_mail.delay("o1", "text").get()
    outbox = app.extensions["outbox"]
    assert (outbox.attempts, outbox.mails) == (["o1", "o1"], ["text"])


def find_missing() -> list[str]:
    path = os.pathsep.join([os.environ["PATH"], "/usr/sbin"])
    programs = [name for name in ("redis-server", "nginx") if not shutil.which(name, path=path)]
    packages = ("celery", "granian", "greenlet", "redis", "wsproto")
    return programs + [name for name in packages if importlib.util.find_spec(name) is None]


@pytest.mark.slow
def test_nothing_is_lost_when_nodes_redis_and_the_worker_are_killed() -> None:
    missing = find_missing()
    if missing:
        pytest.skip(f"Not installed: {', '.join(missing)}; see examples/cluster/README.md")
    command = [sys.executable, "run.py", "--requests", "300", "--customers", "10", "--rate", "60"]
    done = subprocess.run(
        command, cwd=FOLDER, capture_output=True, text=True, timeout=900, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "All figures are right." in done.stdout


@pytest.mark.slow
def test_a_missing_program_is_named() -> None:
    done = subprocess.run(
        [sys.executable, "run.py"],
        cwd=FOLDER,
        env={**os.environ, "PATH": "/nowhere"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert "Not installed: redis-server" in done.stdout
    assert done.stderr == ""


@pytest.mark.slow
def test_the_servers_end_if_the_program_is_killed(tmp_path: Path) -> None:
    missing = find_missing()
    if missing:
        pytest.skip(f"Not installed: {', '.join(missing)}; see examples/cluster/README.md")
    command = [sys.executable, "-u", "run.py", "--serve"]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}  # a killed program removes nothing
    with subprocess.Popen(
        command, cwd=FOLDER, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        port = int(line.partition("127.0.0.1:")[2].split()[0])
        children = [int(pid) for pid in _children_of(process.pid)]
        assert len(children) == 7  # nginx, three nodes, Redis, the worker, and the guard
        assert port
        process.kill()
    wait_until(lambda: not any(Path(f"/proc/{pid}/cmdline").exists() for pid in children))


def _children_of(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
