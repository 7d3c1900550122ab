"""openapi-spec-validator accepts the document of the checked application."""

from __future__ import annotations

import pytest
from checked_app import app as small_app
from serving import load_app

validator = pytest.importorskip(
    "openapi_spec_validator", reason="openapi-spec-validator is not installed"
)

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("app", [small_app, load_app()], ids=["small", "chosen"])
def test_the_document_is_valid(app: object) -> None:
    """Item 15. With ``API_CHECKS`` set, the documents of all other tests are validated too."""
    for api in app.extensions["flask.api"]:  # type: ignore[attr-defined]
        validator.validate(api.document(app))


def test_a_wrong_document_is_not_accepted() -> None:
    (api,) = small_app.extensions["flask.api"]
    document = api.document(small_app)
    document["paths"]["/orders/"]["get"]["responses"] = {"200": {}}
    with pytest.raises(validator.validation.exceptions.OpenAPIValidationError):
        validator.validate(document)
