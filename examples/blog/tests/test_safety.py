"""What attackers try."""

import pytest


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}]
)
def test_a_form_of_another_site_is_refused(ada, headers):
    form = {"title": "Forged", "text": "Not by Ada."}
    assert ada.post("/write", data=form, headers=headers).status_code == 403
    assert "Forged" not in ada.get("/").text


@pytest.mark.parametrize(
    "address", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_signing_in_never_leads_to_another_site(guest, ada, address):
    form = {"name": "Ada", "password": "correct horse"}
    response = guest.post("/sign-in", query_string={"next": address}, data=form)
    assert response.location == "/"


def test_a_form_that_is_too_large_is_refused(ada):
    form = {"title": "Large", "text": "x" * 300_000}
    assert ada.post("/write", data=form).status_code == 413


def test_pages_run_no_scripts_of_others(guest):
    assert "script-src 'self'" in guest.get("/").headers["Content-Security-Policy"]
