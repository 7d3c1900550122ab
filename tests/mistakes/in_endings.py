"""Mistakes around the view: in statuses, teardown functions, sessions, streams, context processors."""

# ruff: noqa: E501 - the texts are written as a user sees them

from __future__ import annotations

from showing import Mistake

GET = {"path": "/"}

ENDINGS = [
    Mistake(
        "a view returns a media type in place of the status",
        """
from flask import Flask
app = Flask(__name__)
@app.get("/")  # here
def index():
    return "Hello", "text/plain"
""",
        """
ValueError: The status of a response is a code of three digits, alone or with a reason in Latin-1 characters, as in 404 or '404 Not Found', but it was 'text/plain'. The view of the endpoint 'index' is index() in {here}. For a header, return a dict: return body, {'Content-Type': 'text/plain'}.
""",
        request=GET,
    ),
    Mistake(
        "a view returns a status that is no status",
        """
from flask import Flask
app = Flask(__name__)
@app.get("/")  # here
def index():
    return {"id": 1}, "created"
""",
        """
ValueError: The status of a response is a code of three digits, alone or with a reason in Latin-1 characters, as in 404 or '404 Not Found', but it was 'created'. The view of the endpoint 'index' is index() in {here}.
""",
        request=GET,
    ),
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
    Mistake(
        "a context processor returns None",
        """
from flask import Flask, render_template_string
app = Flask(__name__)
@app.context_processor  # here
def add_names():
    pass
@app.get("/")
def index():
    return render_template_string("Hello")
""",
        """
TypeError: 'NoneType' object is not iterable
The context processor add_names() in {here} did not return a dict. Let every path through it end with 'return {...}', with the names for templates.
""",
        keeps="TypeError: 'NoneType' object is not iterable",
        request=GET,
    ),
    Mistake(
        "a url_value_preprocessor function with one parameter",
        """
from flask import Flask
app = Flask(__name__)
@app.url_value_preprocessor  # here
def read_language(values):
    pass
""",
        """
TypeError: read_language() takes 1 positional argument but 2 were given
The url_value_preprocessor function read_language() in {here} is called with endpoint and values, as in 'def function(endpoint, values)', but its parameters are (values).
""",
        keeps="TypeError: read_language() takes 1 positional argument but 2 were given",
        request=GET,
    ),
    Mistake(
        "a streamed generator reads the request",
        """
from flask import Flask, request
app = Flask(__name__)
@app.get("/")
def index():
    def lines():
        yield request.path
    return lines()
""",
        """
RuntimeError: Working outside of request context.

You used something that belongs to the current HTTP request, but no request is active here.
Do it in a view or a hook, or, in a test, inside "with app.test_request_context():".
For a generator that is streamed use stream_with_context, in a thread copy_current_request_context.
""",
        keeps="RuntimeError: Working outside of request context.",
        request=GET,
    ),
]
