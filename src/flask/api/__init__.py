"""Typed APIs: validation from type hints, OpenAPI 3.1, problem details, an offline docs page.

Nothing outside this package imports it: an application that does not use it pays nothing.
"""

from __future__ import annotations

import typing as t
from typing import Annotated as Annotated

try:
    from msgspec import Meta as Meta
    from msgspec import Struct as Struct
except ModuleNotFoundError as error:
    if error.name != "msgspec":
        raise
    raise ModuleNotFoundError(
        "flask.api needs msgspec, which is not installed. Install it, and the assets of the docs"
        " page, with: pip install 'msgspec>=0.22' 'flask-swagger-ui>=5'",
        name="msgspec",
    ) from None

from . import _preparation as _preparation
from . import _pydantic as _pydantic
from ._api import API as API
from ._changes import Changes as Changes
from ._markers import Body as Body
from ._markers import Cookie as Cookie
from ._markers import File as File
from ._markers import Form as Form
from ._markers import Header as Header
from ._markers import Patch as Patch
from ._markers import Query as Query
from ._markers import Returns as Returns
from ._markers import Upload as Upload
from ._markers import media as media
from ._markers import named as named
from ._markers import status as status
from ._names import component as component
from ._problems import MESSAGES as MESSAGES
from ._problems import Invalid as Invalid
from ._problems import Problem as Problem
from ._security import ApiKey as ApiKey
from ._security import Basic as Basic
from ._security import Bearer as Bearer
from ._security import OAuth2 as OAuth2
from ._security import OpenID as OpenID
from ._security import Requirement as Requirement
from ._security import Scheme as Scheme
from ._security import documents as documents
from ._settings import defaults as defaults
from ._shapes import Malformed as Malformed
from ._shapes import Rejected as Rejected
from ._shapes import Shape as Shape
from ._shapes import register_shape as register_shape
from ._typed import typed as typed

if t.TYPE_CHECKING:
    from ._client import TypedClient as TypedClient


def __getattr__(name: str) -> t.Any:
    if name == "TypedClient":  # it imports Werkzeug's test client, which servers do not need
        from ._client import TypedClient

        return TypedClient
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
