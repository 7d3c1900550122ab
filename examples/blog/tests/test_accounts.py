"""Sign up, sign in, sign out."""

import pytest
from blog import database


def test_a_new_author_is_signed_in(guest):
    form = {"name": "Ada", "password": "correct horse"}
    page = guest.post("/sign-up", data=form, follow_redirects=True)
    assert page.request.path == "/"
    assert "Welcome, Ada." in page.text
    assert "Sign out Ada" in page.text


@pytest.mark.parametrize(
    ("name", "password", "message"),
    [
        ("", "correct horse", "Enter 1 to 40 characters."),
        ("x" * 41, "correct horse", "Enter 1 to 40 characters."),
        ("Grace", "short", "Enter 8 to 200 characters."),
        ("ada", "correct horse", "This name is taken."),
    ],
)
def test_an_account_with_a_mistake_is_not_created(guest, ada, name, password, message):
    page = guest.post("/sign-up", data={"name": name, "password": password})
    assert message in page.text
    assert 'aria-invalid="true"' in page.text


def test_a_password_is_saved_as_a_hash(app, ada):
    with app.app_context():
        author = database.find_one("SELECT * FROM author")
    assert author["name"] == "Ada"
    assert "correct horse" not in author["password_hash"]


def test_an_author_signs_out_and_in_again(ada):
    assert "You are signed out." in ada.post("/sign-out", follow_redirects=True).text
    assert "Sign out Ada" not in ada.get("/").text
    form = {"name": "ada", "password": "correct horse"}
    page = ada.post("/sign-in", data=form, follow_redirects=True)
    assert "Welcome back, Ada." in page.text


@pytest.mark.parametrize("name", ["Ada", "Unknown"])
def test_a_failed_sign_in_does_not_say_which_part_is_wrong(guest, ada, name):
    page = guest.post("/sign-in", data={"name": name, "password": "wrong"})
    assert "This name and this password do not match." in page.text


def test_after_signing_in_an_author_is_back_on_the_page(guest, ada):
    page = guest.get("/write", follow_redirects=True)
    assert "Sign in first." in page.text
    assert page.request.full_path == "/sign-in?next=/write"
    form = {"name": "Ada", "password": "correct horse"}
    response = guest.post("/sign-in?next=/write", data=form)
    assert response.location == "/write"
