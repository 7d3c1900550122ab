"""The classes of requests and responses.

They define no members themselves. So each override that is put on one of them, such as by a patch,
is a new member, which `ClassGuard` notices.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from werkzeug.wrappers import Request as RequestBase
from werkzeug.wrappers import Response as ResponseBase

from ._core.awaitables import NOT_AWAITABLE
from ._core.reexports import module_getattr
from ._http.request import Request as RequestImplementation
from ._http.response import Response as ResponseImplementation

__all__ = ["Request", "RequestBase", "Response", "ResponseBase"]

if not TYPE_CHECKING:  # to type checkers the module has what it defines
    __getattr__ = module_getattr(__name__)


class Request(RequestImplementation):
    """An HTTP request, with the result of routing.

    Its attributes are computed from the WSGI environment at the first access.

    :param environ: the WSGI environment (PEP 3333).
    :param populate_request: store this object as ``environ["werkzeug.request"]``.
    :param shallow: do not allow to read the body.
    """


class Response(ResponseImplementation):
    """An HTTP response; HTML by default.

    :param response: the body: ``str``, ``bytes``, or an iterable of either, asynchronous or not.
    :param status: a code, or a line such as ``"404 Gone Fishing"``; 200 by default.
    :param headers: a mapping, pairs, or ``Headers``.
    :param mimetype: media type; a charset is added for text.
    :param content_type: the whole header, instead of ``mimetype``.
    :param direct_passthrough: pass the body to the server unchecked.
    """


NOT_AWAITABLE.update((Response, ResponseBase))
