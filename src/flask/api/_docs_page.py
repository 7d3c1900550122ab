"""The docs page: Swagger UI, served from the installed ``flask-swagger-ui`` package.

Page and start script are our own. No request leaves the machine: the page's policy forbids it.
"""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import string
import typing as t
from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources

from markupsafe import escape
from werkzeug.exceptions import NotFound

from ..wrappers import Response

POLICY: t.Final = (
    "default-src 'none'; connect-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline';"
    " img-src 'self' data:"
)
"""The content security policy of the page."""

_SWAGGER = "flask_swagger_ui"

FILES: t.Final[Mapping[str, tuple[str, str]]] = {
    "favicon-32x32.png": (_SWAGGER, "image/png"),
    "oauth2-redirect.js": (_SWAGGER, "text/javascript; charset=utf-8"),
    "page.css": ("flask.api", "text/css; charset=utf-8"),
    "page.js": ("flask.api", "text/javascript; charset=utf-8"),
    "swagger-ui.css": (_SWAGGER, "text/css; charset=utf-8"),
    "swagger-ui-bundle.js": (_SWAGGER, "text/javascript; charset=utf-8"),
}
"""The files of the page, each with its package and its content type. No other file is served."""

_FOLDERS = {_SWAGGER: "dist", "flask.api": "static"}

_compressed = dict.fromkeys(FILES, b"")
"""The compressed files; a file is compressed when a client first asks for it."""


def check_assets() -> None:
    """Check that Swagger UI is installed.

    :raises ModuleNotFoundError: it is not. The error says what to do.
    """
    if importlib.util.find_spec(_SWAGGER) is None:
        raise ModuleNotFoundError(
            "The docs page needs flask-swagger-ui, which is not installed. Install it with: pip"
            " install 'flask-swagger-ui>=5', or turn the page off with API(docs=None).",
            name=_SWAGGER,
        )


def read_file(name: str) -> bytes:
    """Return the content of a file of the page.

    :param name: a key of `FILES`.
    """
    package = FILES[name][0]
    return (resources.files(package) / _FOLDERS[package] / name).read_bytes()


@cache
def get_version() -> str:
    """Return a hash of all files, which is a part of their URLs."""
    digest = hashlib.sha256()
    for name in FILES:
        digest.update(read_file(name))
    return digest.hexdigest()[:16]


def serve_file(version: str, name: str, accepts_gzip: bool) -> Response:
    """Return the response with a file, which clients may keep forever.

    :param version: the hash in the URL.
    :param name: the name in the URL.
    :param accepts_gzip: whether the client accepts the content coding ``gzip``.
    :raises NotFound: there is no such file, or it has another hash.
    """
    if name not in FILES or version != get_version():
        raise NotFound
    if accepts_gzip and not name.endswith(".png"):
        # mtime=0: the same bytes in each process
        _compressed[name] = _compressed[name] or gzip.compress(read_file(name), mtime=0)
        response = Response(_compressed[name], content_type=FILES[name][1])
        response.headers["Content-Encoding"] = "gzip"
    else:
        response = Response(read_file(name), content_type=FILES[name][1])
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def render_page(title: str, document: str, redirect: str, asset: Callable[[str], str]) -> Response:
    """Return the response with the docs page.

    :param title: the name of the API.
    :param document: the URL of its document.
    :param redirect: the URL to which an OAuth 2.0 server sends the browser back.
    :param asset: returns the URL of a file.
    """
    return _fill(
        "page.html",
        title=title,
        document=document,
        redirect=redirect,
        icon=asset("favicon-32x32.png"),
        swagger_style=asset("swagger-ui.css"),
        swagger_script=asset("swagger-ui-bundle.js"),
        page_style=asset("page.css"),
        page_script=asset("page.js"),
    )


def render_redirect(title: str, asset: Callable[[str], str]) -> Response:
    """Return the response to a browser that an OAuth 2.0 server sends back to the page.

    :param title: the name of the API.
    :param asset: returns the URL of a file.
    """
    return _fill("redirect.html", title=title, redirect_script=asset("oauth2-redirect.js"))


def _fill(name: str, **values: str) -> Response:
    """Return a page of our own with values in it, under the page's policy."""
    text = (resources.files("flask.api") / "static" / name).read_text("utf-8")
    escaped = {key: str(escape(value)) for key, value in values.items()}
    response = Response(string.Template(text).substitute(escaped), mimetype="text/html")
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
