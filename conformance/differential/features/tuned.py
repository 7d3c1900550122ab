"""Classes that are the framework's but for one part each, some of them changed late."""

from __future__ import annotations

from typing import Any

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Rule

from flask import Flask, Request, Response
from flask.json.provider import DefaultJSONProvider
from flask.sessions import SecureCookieSessionInterface

from .record import note


class Versioned(Request):
    """A request below ``/v1`` is one to the path without it."""

    def __init__(self, environ: dict[str, Any], *args: Any, **options: Any) -> None:
        path = environ.get("PATH_INFO", "")
        super().__init__({**environ, "PATH_INFO": path.removeprefix("/v1")}, *args, **options)


class Forcing(Response):
    """Says itself how an HTTP exception looks, and how a cookie is set."""

    @classmethod
    def force_type(cls, response: Any, environ: Any = None) -> Any:
        """A 403 and a 404 are one line."""
        if isinstance(response, HTTPException) and response.code in {403, 404}:
            note(f"forced {response.code}")
            return cls(f"forced {response.code}\n", response.code)
        return super().force_type(response, environ)

    def set_cookie(self, key: str, value: str = "", **options: Any) -> None:  # type: ignore[override]
        """A cookie is named in the events."""
        note(f"set_cookie {key} {sorted(options)}")
        super().set_cookie(key, value, **options)


class Saving(SecureCookieSessionInterface):
    """A session that was sent is sent back, whether somebody looked at it or not."""

    def should_set_cookie(self, app: Flask, session: Any) -> bool:
        """Yes."""
        return True


class Wrapping(DefaultJSONProvider):
    """Every answer in JSON has an envelope."""

    def _prepare_response_obj(self, args: Any, kwargs: Any) -> Any:
        return {"data": super()._prepare_response_obj(args, kwargs)}


class Marking(Rule):
    """A URL that is built ends with a mark."""

    def build(self, *args: Any, **kwargs: Any) -> Any:
        """Append to the query, or begin one."""
        built = super().build(*args, **kwargs)
        return built and (built[0], built[1] + ("&" if "?" in built[1] else "?") + "marked")


class TunedFlask(Flask):
    """An application with these classes."""

    json_provider_class = Wrapping
    request_class = Versioned
    response_class = Forcing
    session_interface = Saving()
    url_rule_class = Marking


# Late, as applications do it that were handed a class.
Saving.salt = "tuned"
Forcing.autocorrect_location_header = True
Wrapping.sort_keys = False
