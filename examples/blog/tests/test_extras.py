"""The feed, the API, and live comments."""

import pytest

POST = {"title": "Tea & cake", "text": "A recipe."}


@pytest.fixture(autouse=True)
def post(ada):
    """Each test has a post by Ada."""
    ada.post("/write", data=POST)


def test_a_feed_reader_loads_the_feed_once(guest):
    feed = guest.get("/feed.xml")
    assert feed.mimetype == "application/atom+xml"
    assert "<title>Tea &amp; cake</title>" in feed.text
    assert '<link href="https://localhost/post/1"/>' in feed.text
    again = guest.get("/feed.xml", headers={"If-None-Match": feed.headers["ETag"]})
    assert again.status_code == 304


def test_the_api_lists_the_newest_posts(ada, guest):
    ada.post("/write", data={**POST, "title": "Newer"})
    (newest,) = guest.get("/api/posts?limit=1").json
    assert newest["title"] == "Newer"
    assert newest["author"] == "Ada"
    assert newest["url"] == "https://localhost/post/2"
    assert newest["published"].endswith("Z")


def test_the_api_says_what_is_wrong(guest):
    response = guest.get("/api/posts?limit=0")
    assert response.status_code == 422
    assert response.json["errors"][0]["detail"] == "Must be at least 1."


def test_a_comment_is_shown_with_its_post(ada, grace):
    form = {"text": "More <i>cake</i>"}
    page = grace.post("/post/1/comments", data=form, follow_redirects=True)
    assert "More &lt;i&gt;cake&lt;/i&gt;" in page.text
    ada.post("/post/1/delete")
    assert ada.get("/post/1").status_code == 404


def test_an_empty_comment_is_refused(grace):
    page = grace.post("/post/1/comments", data={"text": " "})
    assert "Enter 1 to 2,000 characters." in page.text


def test_an_open_page_gets_earlier_and_new_comments(app, ada, guest):
    ada.post("/post/1/comments", data={"text": "Earlier."})
    stream = guest.get("/post/1/comments/after/0", buffered=False)
    parts = iter(stream.response)
    wait_for(b"Earlier.", parts)
    for text in ("New.", "Newest."):
        ada.post("/post/1/comments", data={"text": text})
        wait_for(text.encode(), parts)
    stream.close()


def wait_for(text, parts):
    """Read parts of a stream until one of them has the text."""
    assert any(text in part for part in parts)
