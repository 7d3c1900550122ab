"""Re-exports the classes of requests and responses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from werkzeug.wrappers import Request as RequestBase
from werkzeug.wrappers import Response as ResponseBase

from ._core.reexports import module_getattr
from ._http.request import Request
from ._http.response import Response

__all__ = ["Request", "RequestBase", "Response", "ResponseBase"]

if not TYPE_CHECKING:  # to type checkers the module has what it defines
    __getattr__ = module_getattr(__name__)
