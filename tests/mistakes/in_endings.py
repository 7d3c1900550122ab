"""Mistakes that show at the end of a request: in teardown functions and stored sessions."""

# ruff: noqa: E501 - the texts are written as a user sees them

from __future__ import annotations

from showing import Mistake

GET = {"path": "/"}

ENDINGS = [
    Mistake(
        "a teardown_request function without a parameter",
        """
from flask import Flask
app = Flask(__name__)
@app.teardown_request  # here
def close():
    pass
""",
        """
TypeError: close() takes 0 positional arguments but 1 was given
The teardown function close() in {here} is called with an error or None, as in 'def function(error)', but its parameters are ().
""",
        keeps="TypeError: close() takes 0 positional arguments but 1 was given",
        request=GET,
    ),
    Mistake(
        "an async teardown_appcontext function without a parameter",
        """
from flask import Flask
app = Flask(__name__)
@app.teardown_appcontext  # here
async def close():
    pass
""",
        """
TypeError: close() takes 0 positional arguments but 1 was given
The teardown function close() in {here} is called with an error or None, as in 'def function(error)', but its parameters are ().
""",
        keeps="TypeError: close() takes 0 positional arguments but 1 was given",
        request=GET,
    ),
    Mistake(
        "a session with an object",
        """
from flask import Flask, session
app = Flask(__name__)
app.secret_key = "dev"
class User:
    id = 1
@app.get("/")  # here
def index():
    session["name"] = "Ada"
    session["user"] = User()
    return "Hello"
""",
        """
TypeError: Object of type User is not JSON serializable
The value of session['user'] cannot be stored, because a session is stored as JSON. Store a text, a number or a dict instead, such as the identifier of the object. The view of the endpoint 'index' is index() in {here}.
""",
        keeps="TypeError: Object of type User is not JSON serializable",
        request=GET,
    ),
    Mistake(
        "a session with an object inside a list",
        """
from flask import Flask, session
app = Flask(__name__)
app.secret_key = "dev"
@app.get("/")  # here
def index():
    session["cart"] = [object()]
    return "Hello"
""",
        """
TypeError: Object of type object is not JSON serializable
The value cannot be stored, because a session is stored as JSON. Store a text, a number or a dict instead, such as the identifier of the object. The view of the endpoint 'index' is index() in {here}.
""",
        keeps="TypeError: Object of type object is not JSON serializable",
        request=GET,
    ),
]
