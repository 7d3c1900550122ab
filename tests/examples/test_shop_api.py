"""The example with a typed API on SQLAlchemy, over both protocols."""

from __future__ import annotations

import importlib
import io
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest
from importing import import_from

from flask import Flask
from flask.api import Problem, TypedClient
from flask.testing import FlaskClient

pytest.importorskip("flask_sqlalchemy")

PATH = Path(__file__).parents[2] / "examples" / "shop_api"


@pytest.fixture(scope="module")
def shop() -> Iterator[t.Any]:
    with import_from(PATH, "shop") as shop:
        yield shop


@pytest.fixture
def app(shop: t.Any, tmp_path: Path) -> Iterator[Flask]:
    uri = f"sqlite:///{tmp_path}/shop.db"
    app: Flask = shop.create_app(SQLALCHEMY_DATABASE_URI=uri, TESTING=True)
    with app.app_context():
        shop.db.create_all()
        shop.add_samples()
    yield app
    with app.app_context():
        for engine in shop.db.engines.values():
            engine.dispose()


@pytest.fixture
def tokens(shop: t.Any, app: Flask) -> dict[str, dict[str, str]]:
    """Headers with a token, by the name of the account."""
    create = importlib.import_module("shop.accounts").create_account
    with app.app_context():
        return {
            name: {"Authorization": f"Bearer {create(name, name == 'staff')}"}
            for name in ("ann", "bob", "staff")
        }


@pytest.fixture(params=[False, True], ids=["wsgi", "asgi"])
def client(app: Flask, request: t.Any) -> FlaskClient:
    return app.test_client(asgi=request.param)


@pytest.fixture(params=[False, True], ids=["wsgi", "asgi"])
def ask(shop: t.Any, app: Flask, request: t.Any) -> TypedClient:
    return t.cast("TypedClient", shop.second.client(app, asgi=request.param))


TEA = {"lines": [{"product_id": 1, "count": 3}], "payment": {"method": "card", "token": "tok_1234"}}


def test_products_are_searched_page_by_page(ask: TypedClient, shop: t.Any) -> None:
    from shop.models import Search
    from shop.products import search

    first = ask(search, by=Search(size=2))
    assert (first.page, first.total) == (1, 3)
    assert [product.name for product in first.items] == ["Green tea", "Cup"]
    assert [product.name for product in ask(search, by=Search(page=2, size=2)).items] == ["Teapot"]
    assert [product.name for product in ask(search, by=Search(q="TEA")).items] == [
        "Green tea",
        "Teapot",
    ]
    assert ask(search, by=Search(q="%")).items == []


def test_the_staff_adds_changes_and_removes_a_product(
    ask: TypedClient, tokens: dict[str, t.Any]
) -> None:
    from shop.models import NewProduct
    from shop.products import add, change, remove, show

    from flask.api import Changes

    ask = ask.with_(headers=tokens["staff"])
    milk = ask(add, product=NewProduct("Milk", 120, description="Fresh"))
    assert ask.response is not None
    assert ask.response.headers["Location"] == f"/v2/products/{milk.id}"
    changed = ask(change, id=milk.id, change=Changes({"description": None, "stock": 5}))
    assert (changed.price, changed.description, changed.stock) == (120, None, 5)
    assert ask(show, id=milk.id) == changed
    ask(remove, id=milk.id)
    with pytest.raises(Problem) as caught:
        ask(show, id=milk.id)
    assert caught.value.code == 404


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer 1.wrong"}, 401),
        ({"Authorization": "Bearer 99.wrong"}, 401),
        ({"Authorization": "Bearer " + "9" * 60 + ".x"}, 401),
        ({"Authorization": "Bearer ²."}, 401),
        ({"Authorization": "Basic YW5uOng="}, 401),
    ],
)
def test_a_client_without_a_token_is_refused_before_its_body_is_read(
    client: FlaskClient, tokens: dict[str, t.Any], headers: dict[str, str], status: int
) -> None:
    answer = client.post("/v2/products/", data="not JSON", headers=headers)
    assert answer.status_code == status
    assert (
        answer.headers["WWW-Authenticate"].lower().strip() == "bearer"
    )  # older releases of Werkzeug add a space
    assert answer.content_type == "application/problem+json"


def test_a_customer_is_not_the_staff(client: FlaskClient, tokens: dict[str, t.Any]) -> None:
    assert client.delete("/v2/products/1", headers=tokens["ann"]).status_code == 403


def test_tokens_are_stored_as_hashes(shop: t.Any, app: Flask, tokens: dict[str, t.Any]) -> None:
    from shop.database import AccountRow

    with app.app_context():
        row = shop.db.session.get(AccountRow, 1)
        assert row is not None
        assert len(row.token_hash) == 64
        assert row.token_hash not in tokens["ann"]["Authorization"]


def test_an_order_is_placed_followed_and_cancelled(
    client: FlaskClient, tokens: dict[str, t.Any]
) -> None:
    ann, staff = tokens["ann"], tokens["staff"]
    placed = client.post("/v2/orders/", json=TEA, headers=ann)
    assert placed.status_code == 201
    assert placed.json["state"] == "placed"
    assert placed.json["payment"] == TEA["payment"]
    assert placed.json["lines"] == [{"product_id": 1, "count": 3, "price": 450}]
    url = placed.headers["Location"]
    assert client.get("/v2/products/1").json["stock"] == 37
    assert client.get(url, headers=tokens["bob"]).status_code == 404
    assert client.get(url, headers=staff).json == placed.json
    assert client.get("/v2/orders/", headers=ann).json["items"] == [placed.json]
    assert client.get("/v2/orders/", headers=tokens["bob"]).json["total"] == 0
    assert client.delete(url, headers=ann).status_code == 204
    assert client.get("/v2/products/1").json["stock"] == 40
    refused = client.put(url, json={"state": "paid"}, headers=staff)
    assert (refused.status_code, refused.json["state"]) == (409, "cancelled")
    events = client.get(f"{url}/events", headers=ann)
    assert events.content_type.startswith("text/event-stream")
    assert [line for line in events.text.splitlines() if line.startswith("event:")] == [
        "event: placed",
        "event: cancelled",
    ]
    later = client.get(f"{url}/events", headers={**ann, "Last-Event-ID": "1"})
    assert "event: placed" not in later.text
    assert "event: cancelled" in later.text


def test_an_order_is_placed_completely_or_not_at_all(
    client: FlaskClient, tokens: dict[str, t.Any]
) -> None:
    lines = [{"product_id": 1}, {"product_id": 3, "count": 4}]
    answer = client.post("/v2/orders/", json={**TEA, "lines": lines}, headers=tokens["ann"])
    assert answer.status_code == 409
    assert (answer.json["product_id"], answer.json["left"]) == (3, 3)
    assert client.get("/v2/products/1").json["stock"] == 40
    assert client.get("/v2/orders/", headers=tokens["ann"]).json["total"] == 0


@pytest.mark.parametrize(
    ("payment", "pointer"),
    [
        ({"method": "cash"}, "#/payment/method"),
        ({"method": "card", "token": "4242"}, "#/payment/token"),
        ({"method": "invoice", "company": "X", "due_in_days": 15}, "#/payment/due_in_days"),
        ({"method": "voucher"}, "#/payment/code"),
    ],
)
def test_a_payment_is_one_of_three(
    client: FlaskClient, tokens: dict[str, t.Any], payment: object, pointer: str
) -> None:
    answer = client.post("/v2/orders/", json={**TEA, "payment": payment}, headers=tokens["ann"])
    assert answer.status_code == 422
    assert [entry["pointer"] for entry in answer.json["errors"]] == [pointer]


def test_a_product_of_an_order_is_not_removed(
    client: FlaskClient, tokens: dict[str, t.Any]
) -> None:
    client.post("/v2/orders/", json=TEA, headers=tokens["ann"])
    answer = client.delete("/v2/products/1", headers=tokens["staff"])
    assert (answer.status_code, answer.json["orders"]) == (409, 1)


def test_a_photo_is_uploaded(client: FlaskClient, tokens: dict[str, t.Any]) -> None:
    def upload(content: bytes, name: str) -> t.Any:
        data = {"image": (io.BytesIO(content), name), "alt": "A cup"}
        return client.put("/v2/products/2/photo", data=data, headers=tokens["staff"])

    def send(body: bytes) -> int:
        headers = {**tokens["staff"], "Content-Type": "multipart/form-data; boundary=x"}
        return client.put("/v2/products/2/photo", data=body, headers=headers).status_code

    assert client.get("/v2/products/2/photo").content_type == "image/png"
    assert client.get("/v2/products/9/photo").status_code == 404
    assert upload(b"JPEG", "cup.jpg").status_code == 204
    shown = client.get("/v2/products/2/photo")
    assert (shown.data, shown.content_type) == (b"JPEG", "image/jpeg")
    product = client.get("/v2/products/2").json
    assert (product["has_photo"], product["description"]) == (True, "A cup")
    assert upload(b"text", "cup.txt").json["errors"][0]["code"] == "media_type"
    part = b'--x\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n'
    part += b"Content-Type: image/png\r\n\r\n%b\r\n--x--"
    assert send(part % (b"x" * 1_900_000)) == 204
    assert send(part % (b"x" * 2_000_000)) == 413


def test_all_products_are_exported_as_lines(ask: TypedClient) -> None:
    from shop.products import export

    assert [product.name for product in ask(export)] == ["Green tea", "Cup", "Teapot"]


def test_the_first_version_still_works(client: FlaskClient) -> None:
    products = client.get("/v1/products/").json
    assert products[0] == {"id": 1, "title": "Green tea", "price": 4.5}
    assert client.get("/v1/products/1").json == products[0]


def test_each_version_has_its_document_and_its_page(client: FlaskClient) -> None:
    first, second = (client.get(f"/{version}/openapi.json").json for version in ("v1", "v2"))
    assert list(first["paths"]) == ["/v1/products/", "/v1/products/{id}"]
    assert first["paths"]["/v1/products/"]["get"]["deprecated"] is True
    assert all(path.startswith("/v2/") for path in second["paths"])
    page = second["paths"]["/v2/products/"]["get"]["responses"]["200"]["content"]
    assert page["application/json"]["schema"] == {"$ref": "#/components/schemas/Page_Product"}
    payment = second["components"]["schemas"]["NewOrder"]["properties"]["payment"]
    assert payment["discriminator"]["propertyName"] == "method"
    for version in ("v1", "v2"):
        assert "swagger-ui" in client.get(f"/{version}/docs").text


def test_unknown_urls_are_problems(client: FlaskClient) -> None:
    assert client.get("/v3/").content_type == "application/problem+json"
    page = client.get("/v3/", headers={"Accept": "text/html"})
    assert page.content_type.startswith("text/html")


def test_accounts_are_created_on_the_command_line(app: Flask, client: FlaskClient) -> None:
    runner = app.test_cli_runner()
    token = runner.invoke(args=["create-account", "cat", "--staff"]).output.strip()
    headers = {"Authorization": f"Bearer {token}"}
    assert client.delete("/v2/products/1", headers=headers).status_code == 204
