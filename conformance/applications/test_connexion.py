"""What an application described by OpenAPI does with Connexion, on its Flask part."""

from __future__ import annotations

import datetime
import decimal
import json

import connexion
import pytest
from connexion.exceptions import OAuthProblem
from connexion.frameworks.flask import FlaskJSONProvider
from connexion.lifecycle import ConnexionResponse
from connexion.resolver import Resolver

import flask


def read(number, q=None):
    return {"number": number, "q": q, "path": flask.request.path}


def write(body):
    return body, 201, {"X-Made": "yes"}


async def waited(word):
    return f"<p>{word}</p>"


def typed():
    return {"when": datetime.datetime(2024, 1, 2), "price": decimal.Decimal("1.5")}


def failing():
    raise KeyError("key")


def missing():
    flask.abort(404, "not here")


def answered():
    return ConnexionResponse(status_code=202, body="text", content_type="text/plain")


def of_flask():
    return flask.make_response(flask.jsonify(flask=True), 203)


def upload(files=None, body=None):
    return {"name": files.filename, "form": body}


def secret(user):
    return {"user": user}


def check(username, password, required_scopes=None):
    if password != "right":
        raise OAuthProblem("wrong password")
    return {"sub": username}


def operation(function, **more):
    return {
        "operationId": f"{__name__}.{function.__name__}",
        "responses": {"200": {"description": "ok"}},
        **more,
    }


def parameter(name, where, kind, required=True):
    return {"name": name, "in": where, "required": required, "schema": {"type": kind}}


JSON_BODY = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["a"],
                "properties": {"a": {"type": "integer"}},
            }
        }
    },
}
FORM_BODY = {
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "properties": {
                    "a": {"type": "string"},
                    "files": {"type": "string", "format": "binary"},
                },
            }
        }
    }
}
SPECIFICATION = {
    "openapi": "3.0.0",
    "info": {"title": "test", "version": "1"},
    "servers": [{"url": "/api"}],
    "components": {
        "securitySchemes": {
            "basic": {"type": "http", "scheme": "basic", "x-basicInfoFunc": f"{__name__}.check"}
        }
    },
    "paths": {
        "/items/{number}": {
            "get": operation(
                read,
                parameters=[
                    parameter("number", "path", "integer"),
                    parameter("q", "query", "integer", False),
                ],
            )
        },
        "/items": {"post": operation(write, requestBody=JSON_BODY)},
        "/words/{word}": {
            "get": operation(
                waited,
                parameters=[parameter("word", "path", "string")],
                responses={"200": {"description": "ok", "content": {"text/html": {}}}},
            )
        },
        "/typed": {"get": operation(typed)},
        "/failing": {"get": operation(failing)},
        "/missing": {"get": operation(missing)},
        "/answered": {"get": operation(answered)},
        "/flask": {"get": operation(of_flask)},
        "/upload": {"post": operation(upload, requestBody=FORM_BODY)},
        "/secret": {"get": operation(secret, security=[{"basic": []}])},
    },
}


@pytest.fixture
def application():
    app = connexion.FlaskApp(__name__, specification_dir=".")
    app.add_api(SPECIFICATION, resolver=Resolver())
    app.add_error_handler(KeyError, lambda request, error: ConnexionResponse(status_code=418))
    return app


@pytest.fixture
def client(application):
    return application.test_client()


def test_arguments_are_read_and_checked(client):
    answer = client.get("/api/items/3?q=4")
    assert answer.json() == {"number": 3, "q": 4, "path": "/api/items/3"}
    assert client.get("/api/items/3?q=x").status_code == 400
    assert client.get("/api/items/x").status_code == 404


def test_bodies_are_read_and_checked(client):
    answer = client.post("/api/items", json={"a": 1})
    assert (answer.status_code, answer.json(), answer.headers["X-Made"]) == (201, {"a": 1}, "yes")
    problem = client.post("/api/items", json={"a": "x"})
    assert (problem.status_code, problem.json()["title"]) == (400, "Bad Request")
    assert (
        client.post(
            "/api/items", content="{", headers={"Content-Type": "application/json"}
        ).status_code
        == 400
    )


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("words/a", 200, "<p>a</p>"),
        ("failing", 418, ""),
        ("answered", 202, "text"),
        ("flask", 203, '{"flask":true}\n'),
    ],
)
def test_answers(client, path, status, text):
    answer = client.get(f"/api/{path}")
    assert (answer.status_code, answer.text) == (status, text)


def test_types_are_written(client, application):
    assert client.get("/api/typed").json() == {"price": 1.5, "when": "2024-01-02T00:00:00Z"}
    assert isinstance(application.app.json, FlaskJSONProvider)
    assert json.loads(application.app.json.dumps({"a": decimal.Decimal(2)})) == {"a": 2}


def test_errors_are_problems(client):
    for path, status in (("/api/missing", 404), ("/nowhere", 404)):
        answer = client.get(path)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
    assert client.put("/api/items").status_code == 405


def test_a_file_is_uploaded(client):
    answer = client.post("/api/upload", data={"a": "1"}, files={"files": ("f.txt", b"data")})
    assert answer.json() == {"name": "f.txt", "form": {"a": "1"}}


def test_users_are_checked(client):
    assert client.get("/api/secret").status_code == 401
    assert client.get("/api/secret", auth=("ann", "wrong")).status_code == 401
    assert client.get("/api/secret", auth=("ann", "right")).json() == {"user": "ann"}


def test_routes_beside_the_specification(application):
    application.add_url_rule("/plain", "plain", lambda: "plain")

    @application.route("/more/<int:n>")
    def more(n):
        return {"n": n, "url": flask.url_for("plain")}

    client = application.test_client()
    assert client.get("/plain").text == "plain"
    assert client.get("/more/1").json() == {"n": 1, "url": "/plain"}
    assert client.get("/api/openapi.json").json()["info"]["title"] == "test"
