"""Mistakes that a type checker must find: each marked line is an error, the others are not."""

from __future__ import annotations

from flask import Flask, Response, request, url_for

app = Flask(__name__)


@app.route("/int")  # mistake: a view may not return a number
def returns_int() -> int:
    return 1


@app.after_request  # mistake: it takes the response
def after() -> Response:
    return Response()


@app.teardown_request  # mistake: the error is an argument
def teardown() -> None: ...


request.method + 1  # mistake: the method is text
url_for(7)  # mistake: an endpoint is text
print(request.no_such_attribute)  # mistake: there is none
app.no_such_method()  # mistake: there is none


@app.template_filter("kept")
def kept(text: str) -> str:
    return text


kept(7)  # mistake: the decorator keeps the type
