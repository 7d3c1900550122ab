"""Media types of uploaded files and of answers."""

from __future__ import annotations

import io
import re
import typing as t

import pytest
from described import document_of
from protocol_client import Client

from flask.api import Annotated, File, Form, Query, Returns, Struct, Upload, media, typed

IMAGES = media("image/png", "image/svg*")


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a.png"], ["a.png"]),
        (["a.png", "b.svg"], ["a.png", "b.svg"]),
        ([], []),
        (["a.txt"], [0]),
        (["a.png", "b.html", "c.svg", "d"], [1, 3]),
    ],
)
def test_each_file_has_one_of_the_media_types(
    client: Client, names: list[str], expected: list[t.Any]
) -> None:
    @client.app.post("/")
    @typed
    def upload(images: Annotated[list[File], IMAGES] = []) -> list[str | None]:  # noqa: B006
        return [image.filename for image in images]

    answer = client.post("/", data={"images": [(io.BytesIO(b"x"), name) for name in names]})
    if answer.status_code == 200:
        assert answer.json == expected
        return
    assert [entry["pointer"] for entry in answer.json["errors"]] == [f"#/{i}" for i in expected]
    assert {entry["code"] for entry in answer.json["errors"]} == {"media_type"}
    detail = "Must be a file of one of the types: image/png, image/svg*."
    assert {entry["detail"] for entry in answer.json["errors"]} == {detail}


def test_a_file_of_another_media_type_is_named(client: Client) -> None:
    @client.app.post("/")
    @typed
    def upload(image: Annotated[File | None, IMAGES] = None) -> str:
        return "none" if image is None else image.mimetype

    assert client.post("/", data={"image": (io.BytesIO(b""), "")}).text == "none"
    assert client.post("/", data={"image": (io.BytesIO(b"x"), "a.png")}).text == "image/png"
    answer = client.post("/", data={"image": (io.BytesIO(b"x"), "a.pdf")})
    assert answer.status_code == 422
    assert [(entry["in"], entry["name"]) for entry in answer.json["errors"]] == [("form", "image")]


class Article(Struct, rename="camel"):
    title: str
    main_photo: Annotated[Upload, media("image/png")] | None = None
    more_photos: list[Annotated[Upload, IMAGES]] = []


def test_a_file_in_a_model_has_its_media_types(client: Client) -> None:
    @client.app.post("/")
    @typed
    def publish(article: Form[Article]) -> int:
        return len(article.more_photos)

    def send(**files: str) -> t.Any:
        parts = {name: [(io.BytesIO(b"x"), file)] for name, file in files.items()}
        return client.post("/", data={"title": "Tea", **parts})

    content = document_of(client.app)["paths"]["/"]["post"]["requestBody"]["content"]
    assert content["multipart/form-data"]["encoding"] == {
        "mainPhoto": {"contentType": "image/png"},
        "morePhotos": {"contentType": "image/png, image/svg*"},
    }
    assert send().json == 0
    assert send(mainPhoto="a.png", morePhotos="b.svg").json == 1
    errors = send(mainPhoto="a.svg", morePhotos="b.txt").json["errors"]
    assert [(each["name"], each.get("pointer"), each["code"]) for each in errors] == [
        ("mainPhoto", None, "media_type"),
        ("morePhotos", "#/0", "media_type"),
    ]


def test_other_parameters_have_no_media_type() -> None:
    def view(page: Annotated[Query[int], IMAGES] = 1) -> None: ...

    with pytest.raises(TypeError, match=re.escape("has media(), which only a body or a file has")):
        typed(view)


def test_a_view_chooses_one_of_several_media_types(client: Client) -> None:
    @client.app.get("/<name>")
    @typed
    def show(name: str) -> Returns[Annotated[bytes, media("image/png", "image/gif")]]:
        return (b"x", {"Content-Type": "image/gif"}) if name == "gif" else b"x"

    assert client.get("/png").content_type == "image/png"
    assert client.get("/gif").content_type == "image/gif"
