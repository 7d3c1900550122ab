"""Hooks on every level, each of which can be told to raise or to answer.

The request's header ``X-Do`` names what shall happen, for example
``before app raises, after child none``. Levels: app, parent, child blueprint.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Flask, Response, after_this_request, g, jsonify, request

from .record import error, flags, note


class HookError(Exception):
    """Raised by a hook that was told to."""


def told(moment: str) -> str | None:
    """Note the moment; raise or answer if the request says so."""
    note(moment)
    if flags([f"{moment} raises"]):
        raise HookError(moment)
    if flags([f"{moment} aborts"]):
        from flask import abort

        abort(403)
    if flags([f"{moment} answers"]):
        return f"answered by {moment}"
    return None


def before(moment: str, asynchronous: bool) -> Callable[[], Any]:
    """A before_request function of either kind."""

    async def hook_async() -> Any:
        return told(moment)

    return hook_async if asynchronous else lambda: told(moment)


def after(moment: str, asynchronous: bool) -> Callable[[Response], Any]:
    """An after_request function; it can lose or replace the response."""

    def hook(response: Response) -> Any:
        told(moment)
        response.headers.add("X-After", f"{moment} saw {response.status_code}")
        if flags([f"{moment} none"]):
            return None
        if flags([f"{moment} replaces"]):
            return Response(f"replaced by {moment}")
        return response

    async def hook_async(response: Response) -> Any:
        return hook(response)

    return hook_async if asynchronous else hook


def teardown(moment: str, asynchronous: bool) -> Callable[[BaseException | None], Any]:
    """A teardown function; it tells which exception it was given."""

    def hook(failure: BaseException | None) -> None:
        note(f"{moment} got {error(failure) if failure is not None else None}")
        if flags([f"{moment} raises"]):
            raise HookError(moment)

    async def hook_async(failure: BaseException | None) -> None:
        hook(failure)

    return hook_async if asynchronous else hook


def equip(target: Flask | Blueprint, level: str, asynchronous: bool) -> None:
    """Every hook of one level, each twice, so that the order shows."""
    for number in ("1", "2"):
        moment = f"{level} {number}"
        target.before_request(before(f"before {moment}", asynchronous))
        target.after_request(after(f"after {moment}", asynchronous))
        target.teardown_request(teardown(f"teardown {moment}", asynchronous))

    def preprocess(endpoint: str | None, values: dict[str, Any] | None) -> None:
        told(f"preprocess {level}")
        if values is not None:
            values.setdefault("seen", "")
            values["seen"] += f"{level} "

    target.url_value_preprocessor(preprocess)
    target.context_processor(processor(level))


def processor(level: str) -> Callable[[], dict[str, Any]]:
    """A context processor that notes its level."""

    def process() -> dict[str, Any]:
        note(f"processor {level}")
        return {"level": level}

    return process


def for_the_app(target: Blueprint, asynchronous: bool) -> None:
    """The hooks that a blueprint adds to the whole app."""
    target.before_app_request(before("before app by child", asynchronous))
    target.after_app_request(after("after app by child", asynchronous))
    target.teardown_app_request(teardown("teardown app by child", asynchronous))
    target.app_url_value_preprocessor(lambda endpoint, values: note(f"app preprocess {endpoint}"))
    target.app_context_processor(lambda: {"from_child": "yes"})


def view(**values: object) -> Any:
    """Tell what the hooks left; itself a moment that can raise."""
    answer = told("view")
    if flags(["later raises", "later runs", "later none"]):

        @after_this_request
        def later(response: Response) -> Any:
            note("later")
            if flags(["later raises"]):
                raise HookError("later")
            response.headers["X-Later"] = "yes"
            return None if flags(["later none"]) else response

    g.seen = values.get("seen")
    return answer or jsonify(values=values, blueprints=request.blueprints)


async def view_async(**values: object) -> Any:
    """The same, awaited."""
    return view(**values)


def install(app: Flask, asynchronous: bool = False) -> None:
    """Routes below ``/hooks``; the hooks of the app touch every request."""
    parent = Blueprint("parent", __name__, url_prefix="/hooks/parent")
    child = Blueprint("child", __name__, url_prefix="/child")
    equip(app, "app", asynchronous)
    equip(parent, "parent", asynchronous)
    equip(child, "child", asynchronous)
    for_the_app(child, asynchronous)
    for number in ("1", "2"):
        app.teardown_appcontext(teardown(f"teardown context {number}", asynchronous))

    function = view_async if asynchronous else view
    child.add_url_rule("/<int:n>", "view", function, methods=["GET", "POST"])
    child.add_url_rule("", "root", function)
    parent.add_url_rule("/<name>", "view", function, methods=["GET", "POST"])
    app.add_url_rule("/hooks/view", "hooks_view", function, methods=["GET", "POST"])
    parent.register_blueprint(child)
    parent.register_blueprint(child, name="twin", url_prefix="/twin")
    app.register_blueprint(parent)

    @app.errorhandler(403)
    def forbidden(failure: Exception) -> Any:
        return told("handler 403") or (f"handled {error(failure)}", 403)

    if app.config.get("HANDLE_HOOK_ERRORS"):

        @app.errorhandler(HookError)
        def hook_error(failure: Exception) -> Any:
            return told("handler HookError") or f"handled {error(failure)}"
