"""Functions for views: build URLs, redirect, abort, flash messages, send files.

They use the current context.
"""

from __future__ import annotations

import importlib
import os
import sys
import typing as t
from collections.abc import AsyncIterable, Callable, Iterable
from datetime import datetime
from typing import AnyStr

import werkzeug.utils
from werkzeug.exceptions import Aborter
from werkzeug.exceptions import abort as _wz_abort
from werkzeug.utils import redirect as _wz_redirect
from werkzeug.wrappers import Response as BaseResponse

from ._core.current import (
    current_app,
    get_app,
    get_app_context,
    get_request_context,
    get_set_app_context,
    request,
    request_ctx,
    session,
)
from ._core.environment import get_debug_flag, get_load_dotenv, get_root_path
from ._core.hook_scopes import _split_blueprint_path
from ._core.reexports import module_getattr
from ._http.static_files import (
    LONGEST_NAME,
    join_below,
    join_below_cached,
    limit_to_content_length,
    make_file_response,
)
from ._http.streaming import HEARTBEAT, stream_with_context
from .signals import message_flashed
from .wrappers import Response

if t.TYPE_CHECKING:
    from ._http.sse import ServerSentEvent

__all__ = [
    "ServerSentEvent",
    "_split_blueprint_path",
    "abort",
    "flash",
    "get_debug_flag",
    "get_flashed_messages",
    "get_load_dotenv",
    "get_root_path",
    "get_template_attribute",
    "importlib",
    "make_response",
    "redirect",
    "request",
    "send_file",
    "send_from_directory",
    "stream_events",
    "stream_with_context",
    "sys",
    "url_for",
]

if not t.TYPE_CHECKING:  # to type checkers the module has what it defines
    __getattr__ = module_getattr(__name__)


def make_response(*args: object) -> Response:
    """Convert the return value of a view to a response.

    A view may use it to set headers.

    :param args: nothing for an empty response, one value, or the parts of a tuple such as body
        and status.
    :raises RuntimeError: no application context is active.
    :raises TypeError: a view may not return this value.
    """
    app = get_app()
    response: Response
    if args:
        response = app.make_response(args[0] if len(args) == 1 else args)
    else:
        response = app.response_class()
    return response


def url_for(
    endpoint: str,
    *,
    _anchor: str | None = None,
    _method: str | None = None,
    _scheme: str | None = None,
    _external: bool | None = None,
    **values: object,
) -> str:
    """Build the URL of an endpoint; see ``Flask.url_for``.

    :param endpoint: the endpoint; a leading dot means the current blueprint.
    :param _anchor: added as ``#anchor``.
    :param _method: use a rule of the endpoint that accepts this HTTP method.
    :param _scheme: the scheme of an external URL.
    :param _external: with scheme and host. The default is false in a request, true elsewhere.
    :param values: the values of the rule's dynamic parts; others become the query string.
    :raises werkzeug.routing.BuildError: no rule fits the endpoint and the values.
    :raises RuntimeError: no application context is active.
    """
    context = get_request_context(None)
    if context is not None and not _external and _anchor is _method is _scheme is None:
        # PERF: the application's method does the same first; one call less.
        path: str | None = context._build_path(endpoint, values)
        if path is not None:
            return path
    url: str = current_app.url_for(
        endpoint, _external=_external, _scheme=_scheme, _method=_method, _anchor=_anchor, **values
    )
    return url


def redirect(
    location: str,
    code: int = 302,
    Response: type[BaseResponse] | None = None,
) -> BaseResponse:
    """Return a response that sends the client to another URL.

    :param location: the URL.
    :param code: the status: 301, 302, 303, 305, 307 or 308.
    :param Response: class of the response, if no application is current.
    """
    context = get_set_app_context(None) or get_request_context(None)
    if context is not None:
        response: BaseResponse = context.app.redirect(location, code=code)
        return response
    return _wz_redirect(location, code=code, Response=Response)


def abort(code: int | BaseResponse, *args: t.Any, **kwargs: t.Any) -> t.NoReturn:
    """Raise the HTTP exception for a status, or one with a response.

    :param code: a status, such as 404, or a response.
    :param args: arguments of the exception, with ``kwargs``; the first is the description.
    :raises werkzeug.exceptions.HTTPException: always.
    :raises LookupError: no exception has that status.
    """
    context = get_set_app_context(None) or get_request_context(None)
    if context is not None:
        aborter = context.app.aborter
        if type(aborter) is Aborter and type(code) is int and code in aborter.mapping:
            # PERF: Werkzeug's aborter does the same, after an import: 0.8 us less.
            raise aborter.mapping[code](*args, **kwargs)
        aborter(code, *args, **kwargs)
    _wz_abort(code, *args, **kwargs)


def get_template_attribute(template_name: str, attribute: str) -> t.Any:
    """Return a macro or a variable of a template.

    :raises jinja2.TemplateNotFound: there is no such template.
    :raises AttributeError: the template exports no such name.
    """
    return getattr(current_app.jinja_env.get_template(template_name).module, attribute)


def flash(message: str, category: str = "message") -> None:
    """Keep a message for the next request, in the session.

    :param message: shown to the user by a template that calls `get_flashed_messages`.
    :param category: any text, such as ``"error"``.
    :raises RuntimeError: no request is active, or the application has no secret key.
    """
    # A new list: the session notices only that a key is set.
    session["_flashes"] = [*session.get("_flashes", ()), (category, message)]
    if message_flashed.receivers:
        app = current_app._get_current_object()
        message_flashed.send(
            app, _async_wrapper=app.ensure_sync, message=message, category=category
        )


def get_flashed_messages(
    with_categories: bool = False, category_filter: Iterable[str] = ()
) -> list[str] | list[tuple[str, str]]:
    """Remove the flashed messages from the session and return them.

    Another call in the same request returns the same messages.

    :param with_categories: return pairs of category and message.
    :param category_filter: return only messages of these categories; empty means all.
    :raises RuntimeError: no request is active.
    """
    context = request_ctx._get_current_object()
    if context.flashes is None:
        context.flashes = session.pop("_flashes") if "_flashes" in session else []
    flashes: list[tuple[str, str]] = context.flashes
    wanted = set(category_filter)
    if wanted:
        flashes = [pair for pair in flashes if pair[0] in wanted]
    return flashes if with_categories else [pair[1] for pair in flashes]


def _prepare_send_file_kwargs(**kwargs: object) -> dict[str, t.Any]:
    """Add the application's settings to the arguments of Werkzeug's ``send_file``."""
    environ = request.environ  # first, so the error without a request is about the request
    if kwargs.get("max_age") is None:
        kwargs["max_age"] = current_app.get_send_file_max_age
    kwargs.update(
        environ=environ,
        use_x_sendfile=current_app.config["USE_X_SENDFILE"],
        response_class=current_app.response_class,
        _root_path=current_app.root_path,
    )
    return kwargs


def stream_events(
    events: Iterable[object] | AsyncIterable[object],
    *,
    retry: int | None = None,
    heartbeat: float | None = HEARTBEAT,
) -> Response:
    """Create a response of server-sent events; the request stays current.

    When the client disconnects, the generator is closed and its ``finally`` blocks run.

    :param events: a generator, synchronous or asynchronous. It yields `str` values,
        `ServerSentEvent` objects, or other values, which are sent as JSON.
    :param retry: milliseconds after which the client should reconnect.
    :param heartbeat: seconds without an event after which a comment is sent; ``None``: never. With
        a heartbeat, and always under ASGI, the steps of a synchronous generator run in a thread.
    :raises RuntimeError: no request is active.
    """
    from ._http.sse import encode_events  # deferred: most applications send no events

    response: Response = current_app.response_class(
        stream_with_context(encode_events(events, retry, heartbeat)), mimetype="text/event-stream"
    )
    response.headers["Cache-Control"] = "no-cache"
    response.headers["X-Accel-Buffering"] = "no"  # otherwise nginx buffers events
    return response


def send_file(
    path_or_file: os.PathLike[AnyStr] | str | t.IO[bytes],
    mimetype: str | None = None,
    as_attachment: bool = False,
    download_name: str | None = None,
    conditional: bool = True,
    etag: bool | str = True,
    last_modified: datetime | int | float | None = None,
    max_age: int | Callable[[str | None], int | None] | None = None,
) -> Response:
    """Return a response with the content of a file.

    Never pass a path from a user. Use `send_from_directory` for it.

    :param path_or_file: a path, relative to the application's root path, or a binary file object.
    :param mimetype: guessed from the name by default.
    :param as_attachment: let the browser save the file instead of showing it.
    :param download_name: the name under which the browser saves it; required for a file object.
    :param conditional: support ranges and conditions (RFC 9110 sections 13 and 14).
    :param etag: ``True``: create an entity tag from the file's size and time; or the tag itself.
    :param last_modified: the time of the file by default.
    :param max_age: seconds that caches may keep it; by default the application's setting.
    :raises FileNotFoundError: there is no such file.
    """
    context = get_request_context(None)
    if (
        type(path_or_file) is str
        and (conditional is True and etag is True)
        and mimetype is download_name is last_modified is None
        and not as_attachment
        and context is not None
    ):
        app = get_app_context().app
        path = os.path.join(app.root_path, path_or_file)
        fast = make_file_response(app, context._environ, path, max_age)
        if fast is not None:
            return fast  # type: ignore[return-value]
    response = werkzeug.utils.send_file(
        **_prepare_send_file_kwargs(
            max_age=max_age,
            last_modified=last_modified,
            etag=etag,
            conditional=conditional,
            download_name=download_name,
            as_attachment=as_attachment,
            mimetype=mimetype,
            path_or_file=path_or_file,
        )
    )
    return t.cast("Response", limit_to_content_length(response))


def send_from_directory(
    directory: os.PathLike[str] | str, path: os.PathLike[str] | str, **kwargs: t.Any
) -> Response:
    """Return a response with a file in a folder.

    :param directory: a trusted folder, relative to the application's root path.
    :param path: the path from the client; it must not lead out of the folder.
    :param kwargs: as for `send_file`.
    :raises werkzeug.exceptions.NotFound: there is no such file below the folder.
    """
    context = get_request_context(None)
    if (
        type(directory) is str
        and type(path) is str
        and context is not None
        and (not kwargs or (len(kwargs) == 1 and "max_age" in kwargs))
    ):
        app = (get_set_app_context(None) or context).app
        is_short = len(path) <= LONGEST_NAME and len(directory) <= LONGEST_NAME
        join = join_below_cached if is_short else join_below
        joined = join(app.root_path, directory, path)
        if joined is not None:
            max_age = kwargs.get("max_age")
            # PERF: not request.environ, which adds the request to the dict: 0.2 us.
            fast = make_file_response(app, context._environ, joined, max_age)
            if fast is not None:
                return fast  # type: ignore[return-value]
    response = werkzeug.utils.send_from_directory(
        directory, path, **_prepare_send_file_kwargs(**kwargs)
    )
    return t.cast("Response", limit_to_content_length(response))
