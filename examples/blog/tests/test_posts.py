"""Posts: read, write, edit, delete."""

import pytest

POST = {"title": "On <b>margins</b>", "text": "First.\r\n\r\nSecond & last."}


def test_an_empty_blog_invites_to_write(guest):
    assert "There are no posts yet." in guest.get("/").text


def test_a_post_is_published_and_escaped(ada, guest):
    page = ada.post("/write", data=POST, follow_redirects=True)
    assert page.request.path == "/post/1"
    text = guest.get("/post/1").text
    assert "<h1>On &lt;b&gt;margins&lt;/b&gt;</h1>" in text
    assert "<p>First.</p>" in text
    assert "<p>Second &amp; last.</p>" in text


def test_an_author_edits_a_post(ada):
    ada.post("/write", data=POST)
    assert "Second &amp; last.</textarea>" in ada.get("/post/1/edit").text
    page = ada.post("/post/1/edit", data={**POST, "title": "New"}, follow_redirects=True)
    assert "The post is saved." in page.text
    assert "<h1>New</h1>" in page.text


def test_an_author_deletes_a_post(ada):
    ada.post("/write", data=POST)
    page = ada.post("/post/1/delete", follow_redirects=True)
    assert "The post is deleted." in page.text
    assert ada.get("/post/1").status_code == 404


@pytest.mark.parametrize("path", ["/write", "/post/1/edit"])
@pytest.mark.parametrize(
    ("title", "text", "message"),
    [
        (" ", "Text.", "Enter 1 to 120 characters."),
        ("x" * 121, "Text.", "Enter 1 to 120 characters."),
        ("Title", "\r\n", "Enter 1 to 20,000 characters."),
    ],
)
def test_a_post_with_a_mistake_is_shown_again(ada, path, title, text, message):
    ada.post("/write", data=POST)
    page = ada.post(path, data={"title": title, "text": text})
    assert page.status_code == 200
    assert message in page.text


def test_only_the_author_sees_and_uses_the_form(ada, grace, guest):
    ada.post("/write", data=POST)
    assert "Edit this post" in ada.get("/post/1").text
    assert "Edit this post" not in grace.get("/post/1").text
    assert grace.get("/post/1/edit").status_code == 403
    assert grace.post("/post/1/delete").status_code == 403
    assert guest.post("/post/1/delete").location == "/sign-in"
    assert guest.get("/post/1").status_code == 200


def test_long_lists_have_pages(ada, guest):
    for number in range(1, 8):
        ada.post("/write", data={"title": f"Post {number}", "text": "Text."})
    first, second = guest.get("/").text, guest.get("/page/2").text
    assert "Post 7" in first and "Post 3" in first and "Post 2" not in first
    assert "Post 2" in second and "Post 1" in second and "Post 3" not in second
    assert 'href="/page/2"' in first and 'href="/page/2"' not in second
    assert guest.get("/page/3").status_code == 404
