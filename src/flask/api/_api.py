"""``API``: the document and the docs page of an application, and options of its problems."""

from __future__ import annotations

import hashlib
import typing as t
from collections.abc import Callable, Collection, Mapping, Sequence

import msgspec

from .._core.current import request
from ..helpers import url_for
from ..templating import render_template
from ..wrappers import Response
from ._docs_page import check_assets, get_version, render_page, render_redirect, serve_file
from ._document import make_document
from ._names import Schema

if t.TYPE_CHECKING:
    from ..app import Flask
    from ..blueprints import Blueprint
    from ._client import TypedClient

View: t.TypeAlias = Callable[..., t.Any]

_MOST_ROOTS: t.Final = 8
"""How many documents are kept: one for each path below which servers mount the application."""


class API:
    """Describes typed operations of an application in an OpenAPI document.

    ``API(app, title="Shop", version="1.4")``, or `init_app` later. An application may have several
    objects, for example one for each version of its interface, with a ``url`` and ``docs`` each.

    :param app: the application.
    :param title: the name of the API.
    :param version: the version of the API.
    :param description: what it is for, in CommonMark.
    :param url: the path of the document.
    :param docs: the path of the docs page; ``None``: there is none.
    :param docs_decorators: applied to the views of the page and of the document, the last one is
        the outermost. For example ``[login_required]``.
    :param docs_template: a template that replaces the page. It is rendered with ``title``,
        ``document_url`` and ``asset_url``, which returns the URL of a file of Swagger UI. Its
        response has no content security policy.
    :param blueprints: describe only the operations of these blueprints, and of those that are
        nested in them. An operation's usual tag is the nested blueprint.
    :param tags: descriptions of tags, in CommonMark, in the order of the document.
    :param extra: further members of the document, merged last.
    :param problems: errors of all URLs below this prefix are problem details, unknown URLs too.
    :param problem_base: the ``type`` of a problem is this URI and the name of its class.
    :param translate: translates the messages of errors during a request, such as ``gettext``.
    :raises ValueError: a path does not begin with a slash, or the page and the document have the
        same one.
    """

    def __init__(
        self,
        app: Flask | None = None,
        *,
        title: str,
        version: str = "1.0",
        description: str | None = None,
        url: str = "/openapi.json",
        docs: str | None = "/docs",
        docs_decorators: Sequence[Callable[[View], View]] = (),
        docs_template: str | None = None,
        blueprints: Collection[Blueprint] | None = None,
        tags: Mapping[str, str] | None = None,
        extra: Mapping[str, object] | None = None,
        problems: str | None = None,
        problem_base: str | None = None,
        translate: Callable[[str], object] | None = None,
    ) -> None:
        for name, path in {"url": url, "docs": docs, "problems": problems}.items():
            if path is not None and not path.startswith("/"):
                raise ValueError(f"API({name}={path!r}): a path begins with a slash.")
        if url == docs:
            raise ValueError(f"API(url={url!r}, docs={docs!r}): the page needs a path of its own.")
        self.title = title
        self.version = version
        self.description = description
        self.url = url
        self.docs = docs.rstrip("/") or "/" if docs is not None else None
        self.docs_decorators = docs_decorators
        self.docs_template = docs_template
        self.blueprints = blueprints
        self.tags: Mapping[str, str] = tags or {}
        self.extra: Mapping[str, object] = extra or {}
        self.problems = problems
        self.problem_base = problem_base
        self.translate = translate
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Add the document and the docs page to an application.

        It also adds the command ``flask openapi``. The routes may be added before or after it.

        :param app: the application.
        :raises ValueError: another ``API`` object of the application has the same paths.
        :raises ModuleNotFoundError: Swagger UI is not installed.
        """
        apis: list[API] = app.extensions.setdefault("flask.api", [])
        for other in apis:
            for path in {self.url, self.docs} & {other.url, other.docs} - {None}:
                raise ValueError(
                    f"API(title={self.title!r}) and API(title={other.title!r}) both use the path"
                    f" {path!r}. Give one of them another `url` and another `docs`."
                )
        if self.docs is not None:
            check_assets()
        apis.append(self)
        _Served(self, app, "" if len(apis) == 1 else f"_{len(apis)}").add_rules()
        if "openapi" not in app.cli.commands:
            from ._command import openapi_command

            app.cli.add_command(openapi_command)

    def document(self, app: Flask, script_root: str = "") -> Schema:
        """Return the OpenAPI document.

        :param app: the application.
        :param script_root: the path below which a server mounts the application.
        :raises ValueError: two models, or two security schemes, have the same name.
        """
        return make_document(self, app, script_root)

    def client(self, app: Flask, asgi: bool = False) -> TypedClient:
        """Return a test client that calls typed views.

        ``client(create, order=NewOrder("tea"))`` sends the request and returns the decoded answer.

        :param app: the application.
        :param asgi: send the requests over ASGI.
        """
        from ._client import TypedClient

        return TypedClient(app, asgi=asgi)


class _Served:
    """The views of an ``API`` object on one application."""

    def __init__(self, api: API, app: Flask, suffix: str) -> None:
        self.api = api
        self.app = app
        self.suffix = suffix
        self.documents: dict[str, tuple[bytes, str]] = {}

    def add_rules(self) -> None:
        api = self.api
        self._add(api.url, "document", self._guard(self.show_document))
        if api.docs is None:
            return
        base = api.docs.rstrip("/")
        self._add(api.docs, "docs", self._guard(self.show_page))
        self._add(f"{base}/<version>/<name>", "docs_file", self.show_file)
        self._add(f"{base}/oauth2-redirect", "docs_redirect", self.show_redirect)

    def _add(self, path: str, name: str, view: View) -> None:
        self.app.add_url_rule(path, self._endpoint(name), view)

    def _endpoint(self, name: str) -> str:
        return f"openapi_{name}{self.suffix}"

    def _guard(self, method: Callable[[], t.Any]) -> View:
        """Return a view with the decorators; it is a function, because they may set attributes."""

        def view() -> t.Any:
            return method()

        guarded: View = view
        for decorator in self.api.docs_decorators:
            guarded = decorator(guarded)
        return guarded

    def show_document(self) -> t.Any:
        body, etag = self._get_document(request.script_root)
        response = Response(body, mimetype="application/json")
        response.headers["Cache-Control"] = "no-cache"
        response.set_etag(etag)
        return response.make_conditional(request.environ)

    def _get_document(self, script_root: str) -> tuple[bytes, str]:
        found = self.documents.get(script_root)
        if found is None:
            body = msgspec.json.encode(self.api.document(self.app, script_root))
            found = body, hashlib.sha256(body).hexdigest()[:32]
            # A proxy's header decides the root, so it is bounded by count and by length.
            if len(self.documents) < _MOST_ROOTS and len(script_root) < 200:
                self.documents[script_root] = found
        return found

    def show_page(self) -> t.Any:
        document = url_for(self._endpoint("document"))
        if self.api.docs_template is not None:
            return render_template(
                self.api.docs_template,
                title=self.api.title,
                document_url=document,
                asset_url=self._asset_url,
            )
        redirect = url_for(self._endpoint("docs_redirect"))
        return render_page(self.api.title, document, redirect, self._asset_url)

    def show_redirect(self) -> Response:
        return render_redirect(self.api.title, self._asset_url)

    def show_file(self, version: str, name: str) -> Response:
        return serve_file(version, name, request.accept_encodings["gzip"] > 0)

    def _asset_url(self, name: str) -> str:
        return url_for(self._endpoint("docs_file"), version=get_version(), name=name)
