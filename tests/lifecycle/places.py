"""The places of a request where code of an application runs.

Each function lets ``add`` run in its place when ``/`` is requested; the view is ``index``.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable

from flask import Flask, Response, after_this_request, request_finished


def in_a_hook_before(app: Flask, add: Callable[[], None]) -> None:
    app.before_request(add)


def in_the_view(app: Flask, add: Callable[[], None]) -> None:
    def view() -> str:
        add()
        return "text"

    app.view_functions["index"] = view


def in_a_hook_after(app: Flask, add: Callable[[], None]) -> None:
    @app.after_request
    def after(response: Response) -> Response:
        add()
        return response


def in_a_function_after_this_request(app: Flask, add: Callable[[], None]) -> None:
    @app.before_request
    def before() -> None:
        @after_this_request
        def after(response: Response) -> Response:
            add()
            return response


def in_a_receiver_of_request_finished(app: Flask, add: Callable[[], None]) -> None:
    def finished(sender: Flask, **extra: t.Any) -> None:
        add()

    app.extensions["receiver"] = finished
    request_finished.connect(finished, app)


def in_an_error_handler(app: Flask, add: Callable[[], None]) -> None:
    app.view_functions["index"] = lambda: 1 / 0

    @app.errorhandler(ZeroDivisionError)
    def handle(error: Exception) -> str:
        add()
        return "text"


def in_a_teardown_function(app: Flask, add: Callable[[], None]) -> None:
    def once(error: BaseException | None) -> None:
        app.teardown_request_funcs.clear()  # the task's own context ends, too
        add()

    app.teardown_request(once)


PLACES = [
    in_a_hook_before,
    in_the_view,
    in_a_hook_after,
    in_a_function_after_this_request,
    in_a_receiver_of_request_finished,
    in_an_error_handler,
    in_a_teardown_function,
]
