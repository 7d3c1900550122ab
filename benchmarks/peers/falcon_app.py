"""The workloads on Falcon, each in the way that its documentation shows.

Falcon's default media type is JSON. Texts are served by a second app whose default is HTML,
so that no responder pays for setting it. `url_for10` and `async_view` have no counterpart.
"""

from __future__ import annotations

from typing import Any

import falcon
import jinja2

from benchmarks.peers.data import REFUSAL, ROWS, STATIC, TEMPLATES, THING, chunks


class Hello:
    """A text."""

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        """Answer a GET."""
        response.text = "Hello, World!"


class Thing:
    """A small JSON object."""

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        """Answer a GET."""
        response.media = THING


class User:
    """An int parameter answered as JSON."""

    def on_get(self, request: falcon.Request, response: falcon.Response, user_id: int) -> None:
        """Answer a GET."""
        response.media = {"id": user_id, "name": "Ada"}


class Orders:
    """A JSON body and a query value, answered as JSON."""

    def on_post(self, request: falcon.Request, response: falcon.Response) -> None:
        """Answer a POST."""
        data = request.get_media()
        response.media = {
            "name": data["name"],
            "count": data["count"],
            "category": request.get_param("category"),
        }


class Form:
    """Five urlencoded fields."""

    def on_post(self, request: falcon.Request, response: falcon.Response) -> None:
        """Answer a POST."""
        form = request.get_media()
        response.text = "|".join(
            (form["name"], form["city"], form["email"], form["age"], form["note"])
        )


class Upload:
    """A field and a file, read back."""

    def on_post(self, request: falcon.Request, response: falcon.Response) -> None:
        """Answer a POST."""
        title = filename = ""
        content = b""
        for part in request.get_media():
            if part.name == "title":
                title = part.text
            else:
                filename = part.filename
                content = part.stream.read()
        response.text = f"{title} {filename} {len(content)} {content[-4:].hex()}"


class Table:
    """A Jinja2 table; the template is looked up once."""

    template: jinja2.Template

    def __init__(self) -> None:
        environment = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True)
        self.template = environment.get_template("table.html")

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        """Answer a GET."""
        response.text = self.template.render(title="Prices", rows=ROWS)


class Echo:
    """A cookie and a header read, two headers and a cookie set."""

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        """Answer a GET."""
        visitor = request.cookies.get("visitor", "")
        request_id = request.get_header("X-Request-Id")
        response.text = f"{visitor} {request_id}"
        response.set_header("X-Request-Id", request_id)
        response.set_header("X-Version", "1")
        response.set_cookie(
            "visitor",
            visitor,
            max_age=3600,
            secure=False,
            http_only=True,
            same_site="Lax",
            path="/",
        )


class Old:
    """A redirect."""

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        """Answer a GET."""
        raise falcon.HTTPFound("/new")


class Pair:
    """Two text parameters."""

    def on_get(
        self, request: falcon.Request, response: falcon.Response, first: str, second: str
    ) -> None:
        """Answer a GET."""
        response.text = f"{first}-{second}"


class Around:
    """A hook before and a hook after, which see every request of their app.

    Falcon's middleware and not its `@falcon.before`: like Flask's hooks it runs around error
    answers too and can end a request, and it is the faster of the two.
    """

    def process_resource(
        self,
        request: falcon.Request,
        response: falcon.Response,
        resource: Any,
        params: dict[str, Any],
    ) -> None:
        """Run before the responder."""

    def process_response(
        self, request: falcon.Request, response: falcon.Response, resource: Any, succeeded: bool
    ) -> None:
        """Run after the responder."""


class Teardown:
    """A hook that runs at the end, whatever happened."""

    def process_response(
        self, request: falcon.Request, response: falcon.Response, resource: Any, succeeded: bool
    ) -> None:
        """Run after the responder, also when it raised."""


class Refuse:
    """An error that goes through an error handler."""

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        """Answer a GET."""
        raise falcon.HTTPBadRequest(description=REFUSAL)


def refused(
    request: falcon.Request,
    response: falcon.Response,
    error: falcon.HTTPBadRequest,
    params: dict[str, Any],
) -> None:
    """Answer an HTTPBadRequest with JSON of our own."""
    response.status = falcon.HTTP_400
    response.media = {"error": error.description}


class Stream:
    """A streamed body."""

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        """Answer a GET."""
        response.content_type = falcon.MEDIA_TEXT
        response.stream = (chunk.encode() for chunk in chunks())


class Class:
    """A class with an int parameter, which in Falcon every view is."""

    def on_get(self, request: falcon.Request, response: falcon.Response, item_id: int) -> None:
        """Answer a GET."""
        response.text = f"item {item_id}"


def applications() -> dict[str, Any]:
    """Return the application of each workload."""
    texts = falcon.App(media_type=falcon.MEDIA_HTML)
    for path, resource in {
        "/": Hello(),
        "/form": Form(),
        "/upload": Upload(),
        "/table": Table(),
        "/echo": Echo(),
        "/old": Old(),
        "/stream": Stream(),
        "/class/{item_id:int}": Class(),
    }.items():
        texts.add_route(path, resource)
    texts.add_static_route("/static", STATIC)

    objects = falcon.App()
    for path, resource in {
        "/json": Thing(),
        "/users/{user_id:int}": User(),
        "/orders": Orders(),
        "/refuse": Refuse(),
    }.items():
        objects.add_route(path, resource)
    objects.add_error_handler(falcon.HTTPBadRequest, refused)

    routes = falcon.App(media_type=falcon.MEDIA_HTML)
    for number in range(1000):
        routes.add_route(f"/r{number}/{{first}}/{{second}}", Pair())

    hooked = falcon.App(
        media_type=falcon.MEDIA_HTML, middleware=[Teardown(), Around(), Around(), Around()]
    )
    hooked.add_route("/hooked/", Hello())

    text_names = (
        "hello form upload template echo redirect static static304 notfound stream100 method_view"
    )
    return {
        **dict.fromkeys(text_names.split(), texts),
        **dict.fromkeys(("json", "param", "post_json", "abort_handler"), objects),
        "routes1000": routes,
        "hooked": hooked,
    }
