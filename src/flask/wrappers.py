"""The request and the response, as views meet them; a face to the two rooms behind it."""

from __future__ import annotations

from werkzeug.wrappers import Request as RequestBase
from werkzeug.wrappers import Response as ResponseBase

from ._request import Request
from ._response import Response

__all__ = ["Request", "RequestBase", "Response", "ResponseBase"]
