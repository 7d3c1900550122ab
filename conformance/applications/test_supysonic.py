"""What Supysonic, a music server, answers: its pages and the interface of Subsonic."""

from __future__ import annotations

import re

import pytest
from supysonic.config import DefaultConfig
from supysonic.db import release_database
from supysonic.managers.user import UserManager
from supysonic.web import create_application


@pytest.fixture
def client(tmp_path):
    config = DefaultConfig()
    config.TESTING = True
    config.BASE = {**config.BASE, "database_uri": f"sqlite:///{tmp_path / 'data.db'}"}
    config.WEBAPP = {
        **config.WEBAPP,
        "cache_dir": str(tmp_path),
        "mount_webui": True,
        "mount_api": True,
    }
    app = create_application(config)
    with app.app_context():
        UserManager.add("alice", "Alic3", admin=True)
        UserManager.add("bob", "B0b")
    yield app.test_client()
    release_database()


def log_in(client, name="alice", password="Alic3"):
    return client.post("/user/login", data={"user": name, "password": password})


def test_pages_need_a_user(client):
    answer = client.get("/")
    assert answer.status_code == 302 and "/user/login" in answer.location
    assert b"Wrong username or password" in log_in(client, password="x").data
    assert log_in(client).status_code == 302
    assert "alice" in client.get("/", follow_redirects=True).text
    client.get("/user/logout")
    assert client.get("/").status_code == 302


@pytest.mark.parametrize(
    "path",
    [
        "/user",
        "/user/me",
        "/user/add",
        "/user/me/changepass",
        "/user/changepass",
        "/folder",
        "/folder/add",
        "/playlist",
        "/user/me/changemail",
        "/user/nobody",
        "/playlist/nothing",
    ],
)
@pytest.mark.parametrize("name", ["alice", "bob", ""])
def test_pages(client, path, name):
    if name:
        log_in(client, name, {"alice": "Alic3", "bob": "B0b"}[name])
    answer = client.get(path, follow_redirects=True)
    assert answer.status_code in (200, 404)
    assert answer.history or name


def test_forms(client):
    log_in(client)
    form = {"user": "carol", "passwd": "x", "passwd_confirm": "x", "mail": "c@c.test"}
    text = client.post("/user/add", data=form, follow_redirects=True).text
    assert "carol" in text
    assert client.post("/user/add", data=form).status_code == 200


REST = {"u": "alice", "p": "Alic3", "c": "tests", "v": "1.10.2"}


@pytest.mark.parametrize("form", ["xml", "json", "jsonp"])
@pytest.mark.parametrize(
    "name",
    [
        "ping",
        "getLicense",
        "getMusicFolders",
        "getIndexes",
        "getArtists",
        "getGenres",
        "getPlaylists",
        "getUser",
        "getUsers",
        "getStarred",
        "getAlbumList",
        "search2",
        "getSong",
        "getNowPlaying",
        "getRandomSongs",
        "getChatMessages",
        "stream",
        "unknown",
    ],
)
def test_the_interface(client, name, form):
    options = {**REST, "f": form, "callback": "call"}
    answer = client.get(f"/rest/{name}.view", query_string=options)
    posted = client.post(f"/rest/{name}.view", data=options)
    assert answer.mimetype == posted.mimetype
    text = re.sub(r"\s+", " ", answer.text)
    assert re.sub(r"\s+", " ", posted.text) == text
    assert "subsonic-response" in text
    wrong = client.get(f"/rest/{name}.view", query_string={**options, "p": "x"})
    assert wrong.status_code == 401 or "failed" in wrong.text


def test_messages_are_kept(client):
    client.get("/rest/addChatMessage.view", query_string={**REST, "message": "hello"})
    messages = client.get("/rest/getChatMessages.view", query_string={**REST, "f": "json"}).json
    assert "hello" in str(messages)
    made = client.get("/rest/createPlaylist.view", query_string={**REST, "name": "list"})
    assert made.status_code == 200
    assert "list" in client.get("/rest/getPlaylists.view", query_string=REST).text
    refused = client.get(
        "/rest/getUser.view", query_string={**REST, "u": "bob", "p": "B0b", "username": "alice"}
    )
    assert "failed" in refused.text
