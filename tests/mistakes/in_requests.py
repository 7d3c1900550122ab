"""Mistakes that a request shows: return values, hooks, parameters, templates, what a client sent."""

# ruff: noqa: E501 - the texts are written as a user sees them

from __future__ import annotations

from showing import Mistake

_ACCEPTED = (
    "The return type must be a string, dict, list, tuple with headers or status, Response instance,"
    " or WSGI callable"
)
GET = {"path": "/"}

RETURNED = [
    Mistake(
        "a view returns None",
        """
from flask import Flask
app = Flask(__name__)
@app.get("/")  # here
def index():
    "Hello"
""",
        """
TypeError: The view function for 'index' did not return a valid response. The function either returned None or ended without a return statement. The view of the endpoint 'index' is index() in {here}. Let every path through it end with a return statement.
""",
        keeps="TypeError: The view function for 'index' did not return a valid response. The function either returned None or ended without a return statement.",
        request=GET,
    ),
    Mistake(
        "a view returns an int",
        """
from flask import Flask
app = Flask(__name__)
@app.get("/")  # here
def index():
    return 42
""",
        f"""
TypeError: The view function did not return a valid response. {_ACCEPTED}, but it was a int. The view of the endpoint 'index' is index() in {{here}}. Return str(...), or jsonify(...) for a JSON number.
""",
        keeps=f"TypeError: The view function did not return a valid response. {_ACCEPTED}, but it was a int.",
        request=GET,
    ),
    Mistake(
        "a view returns the status first",
        """
from flask import Flask
app = Flask(__name__)
@app.get("/")  # here
def index():
    return 404, "Not here"
""",
        f"""
TypeError: The view function did not return a valid response. {_ACCEPTED}, but it was a int. The view of the endpoint 'index' is index() in {{here}}. If 404 is a status, write it after the body: return 'text', 404.
""",
        keeps=f"TypeError: The view function did not return a valid response. {_ACCEPTED}, but it was a int.",
        request=GET,
    ),
    Mistake(
        "a view returns a set",
        """
from flask import Flask
app = Flask(__name__)
@app.get("/")  # here
def index():
    return {"red", "green"}
""",
        f"""
TypeError: The view function did not return a valid response. {_ACCEPTED}, but it was a set. The view of the endpoint 'index' is index() in {{here}}. Return list(...), which is sent as JSON.
""",
        keeps=f"TypeError: The view function did not return a valid response. {_ACCEPTED}, but it was a set.",
        request=GET,
    ),
    Mistake(
        "a view returns a coroutine and a status",
        """
from flask import Flask
app = Flask(__name__)
async def load():  # there
    return "Hello"
@app.get("/")  # here
def index():
    return load(), 200
""",
        f"""
TypeError: The view function did not return a valid response. {_ACCEPTED}, but it was a coroutine. The view of the endpoint 'index' is index() in {{here}}. It is the coroutine of load() in {{there}}. Write 'await' in front of the call, in a view that is 'async def'.
""",
        keeps=f"TypeError: The view function did not return a valid response. {_ACCEPTED}, but it was a coroutine.",
        request=GET,
    ),
    Mistake(
        "a view returns an object",
        """
from flask import Flask
app = Flask(__name__)
class User:
    name = "Ada"
@app.get("/")  # here
def index():
    return User()
""",
        f"""
TypeError: The view function did not return a valid response. {_ACCEPTED}, but it was a User. The view of the endpoint 'index' is index() in {{here}}. Return a dict with the values of the object, which is sent as JSON, or a text.
""",
        keeps=f"TypeError: The view function did not return a valid response. {_ACCEPTED}, but it was a User.",
        request=GET,
    ),
    Mistake(
        "a comma at the end of the return statement",
        """
from flask import Flask
app = Flask(__name__)
@app.get("/")  # here
def index():
    return "Hello",
""",
        """
TypeError: The view function did not return a valid response tuple. The tuple must have the form (body, status, headers), (body, status), or (body, headers). The view of the endpoint 'index' is index() in {here}. The tuple has one value. A comma at the end of the line makes a tuple. For a JSON list, return list(...).
""",
        keeps="TypeError: The view function did not return a valid response tuple. The tuple must have the form (body, status, headers), (body, status), or (body, headers).",
        request=GET,
    ),
    Mistake(
        "a view returns a function that it should call",
        """
from flask import Flask
app = Flask(__name__)
def page():  # there
    return "Hello"
@app.get("/")  # here
def index():
    return page
""",
        f"""
TypeError: page() takes 0 positional arguments but 2 were given
The view function did not return a valid response. {_ACCEPTED}, but it was a function. The view of the endpoint 'index' is index() in {{here}}. It is the function page() in {{there}} itself. Call it: page(...).
""",
        keeps="TypeError: page() takes 0 positional arguments but 2 were given\nThe view function did not return a valid response.",
        request=GET,
    ),
    Mistake(
        "an error handler returns None",
        """
from flask import Flask
app = Flask(__name__)
@app.get("/")
def index():
    return str(1 / 0)
@app.errorhandler(ZeroDivisionError)  # here
def division(error):
    str(error)
""",
        """
TypeError: The view function for 'index' did not return a valid response. The function either returned None or ended without a return statement. The value was returned by division() in {here}, not by the view. Let every path through it end with a return statement.
""",
        keeps="TypeError: The view function for 'index' did not return a valid response.",
        request=GET,
    ),
    Mistake(
        "a before_request function returns an int",
        """
from flask import Flask
app = Flask(__name__)
@app.before_request  # here
def count():
    return 1
""",
        f"""
TypeError: The view function did not return a valid response. {_ACCEPTED}, but it was a int. The value was returned by count() in {{here}}, not by the view. Return str(...), or jsonify(...) for a JSON number.
""",
        keeps="TypeError: The view function did not return a valid response.",
        request=GET,
    ),
    Mistake(
        "an after_request function returns None",
        """
from flask import Flask
app = Flask(__name__)
@app.after_request  # here
def add_header(response):
    response.headers["X-Version"] = "1"
""",
        """
TypeError: The after_request function add_header() in {here} did not return a response. It returned None or ended without a return statement. Write 'return response' at its end.
""",
        request=GET,
    ),
    Mistake(
        "an after_request function returns a text",
        """
from flask import Flask
app = Flask(__name__)
@app.after_request  # here
async def replace(response):
    return "Hello"
""",
        """
TypeError: The after_request function replace() in {here} did not return a response. It returned 'Hello' (str). Return the response that it got, or make_response(...) for another one.
""",
        request=GET,
    ),
    Mistake(
        "an after_this_request function returns None",
        """
from flask import Flask, after_this_request
app = Flask(__name__)
@app.get("/")
def index():
    @after_this_request  # here
    def add_header(response):
        response.headers["X-Version"] = "1"
    return "Hello"
""",
        """
TypeError: The after_request function index.<locals>.add_header() in {here} did not return a response. It returned None or ended without a return statement. Write 'return response' at its end.
""",
        request=GET,
    ),
    Mistake(
        "JSON with a coroutine",
        """
from flask import Flask
app = Flask(__name__)
async def load():  # there
    return "Ada"
@app.get("/")  # here
def index():
    return {"name": load()}
""",
        """
TypeError: Object of type coroutine is not JSON serializable
It is the coroutine of load() in {there}. Write 'await' in front of the call. The view of the endpoint 'index' is index() in {here}.
""",
        keeps="TypeError: Object of type coroutine is not JSON serializable",
        request=GET,
    ),
    Mistake(
        "JSON with a set",
        """
from flask import Flask
app = Flask(__name__)
@app.get("/")  # here
def index():
    return {"colors": {"red"}}
""",
        """
TypeError: Object of type set is not JSON serializable
JSON has texts, numbers, booleans, None, lists and dicts. Return these, for example a dict with the attributes of the object, or list(...) instead of a set. The view of the endpoint 'index' is index() in {here}.
""",
        keeps="TypeError: Object of type set is not JSON serializable",
        request=GET,
    ),
]

CALLED = [
    Mistake(
        "request is not imported",
        """
from flask import Flask
app = Flask(__name__)
@app.get("/")
def index():
    return request.path
""",
        """
NameError: name 'request' is not defined
'request' is not imported. Write 'from flask import request' at the top of {file}.
""",
        keeps="NameError: name 'request' is not defined",
        request=GET,
    ),
    Mistake(
        "a view without the parameter of its route",
        """
from flask import Flask
app = Flask(__name__)
@app.get("/<name>")  # here
def hello():
    return "Hello"
""",
        """
TypeError: hello() got an unexpected keyword argument 'name'
The route '/<name>' passes 'name' to hello() in {here}, whose parameters are (). Write 'def hello(name)', or change the route.
""",
        keeps="TypeError: hello() got an unexpected keyword argument 'name'",
        request={"path": "/Ada"},
    ),
    Mistake(
        "a view with a parameter that its route does not have",
        """
from flask import Flask
app = Flask(__name__)
@app.get("/")  # here
async def hello(request):
    return "Hello"
""",
        """
TypeError: hello() missing 1 required positional argument: 'request'
The route '/' passes no arguments to hello() in {here}, whose parameters are (request). Write 'def hello()', or change the route.
""",
        keeps="TypeError: hello() missing 1 required positional argument: 'request'",
        request=GET,
    ),
    Mistake(
        "a method of a class without the parameter of its route",
        """
from flask import Flask
from flask.views import MethodView
app = Flask(__name__)
class User(MethodView):
    def get(self):  # here
        return "Hello"
app.add_url_rule("/<name>", view_func=User.as_view("user"))
""",
        """
TypeError: User.get() got an unexpected keyword argument 'name'
The route '/<name>' passes 'name' to User.get() in {here}, whose parameters are (). Write 'def get(self, name)', or change the route.
""",
        keeps="TypeError: User.get() got an unexpected keyword argument 'name'",
        request={"path": "/Ada"},
    ),
    Mistake(
        "a before_request function with a parameter",
        """
from flask import Flask
app = Flask(__name__)
@app.before_request  # here
def load_user(request):
    pass
""",
        """
TypeError: load_user() missing 1 required positional argument: 'request'
The before_request function load_user() in {here} is called with no arguments, as in 'def function()'. It reads flask.request, but its parameters are (request).
""",
        keeps="TypeError: load_user() missing 1 required positional argument: 'request'",
        request=GET,
    ),
    Mistake(
        "an after_request function without a parameter",
        """
from flask import Flask
app = Flask(__name__)
@app.after_request  # here
async def add_header():
    pass
""",
        """
TypeError: add_header() takes 0 positional arguments but 1 was given
The after_request function add_header() in {here} is called with the response, as in 'def function(response)', but its parameters are ().
""",
        keeps="TypeError: add_header() takes 0 positional arguments but 1 was given",
        request=GET,
    ),
    Mistake(
        "an error handler without a parameter",
        """
from flask import Flask
app = Flask(__name__)
@app.errorhandler(404)  # here
def missing():
    return "Not here", 404
""",
        """
TypeError: missing() takes 0 positional arguments but 1 was given
The error handler missing() in {here} is called with the error, as in 'def function(error)', but its parameters are ().
""",
        keeps="TypeError: missing() takes 0 positional arguments but 1 was given",
        request=GET,
    ),
    Mistake(
        "a session without a secret key",
        """
from flask import Flask, session
app = Flask(__name__)
@app.get("/")
def index():
    session["user"] = 1
    return "Hello"
""",
        """
RuntimeError: The session is unavailable because no secret key was set. Set the secret_key on the application to something unique and secret. For example, write app.secret_key = '...' with the output of: python -c "import secrets; print(secrets.token_hex())"
""",
        keeps="RuntimeError: The session is unavailable because no secret key was set.",
        request=GET,
    ),
    Mistake(
        "url_for with a misspelled endpoint",
        """
from flask import Flask, url_for
app = Flask(__name__)
@app.get("/")
def index():
    return url_for("indexx")
""",
        """
werkzeug.routing.exceptions.BuildError: Could not build url for endpoint 'indexx'. Did you mean 'index' instead?
""",
        keeps="werkzeug.routing.exceptions.BuildError: Could not build url for endpoint 'indexx'. Did you mean 'index' instead?",
        request=GET,
    ),
    Mistake(
        "a session that does not fit in a cookie",
        """
import random
from flask import Flask, session
app = Flask(__name__)
app.secret_key = "dev"
app.config["MAX_COOKIE_SIZE"] = 1500
numbers = random.Random(1)
@app.get("/")  # here
def index():
    session["cart"] = "".join(numbers.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=2000))
    session["user"] = 1
    return "Hello"
""",
        """
{here}: The session does not fit in a cookie: {number} bytes, and browsers ignore more than 1500 (MAX_COOKIE_SIZE). Its largest keys: 'cart' (2002 bytes), 'user' (1 bytes). Remove them, or store sessions on the server: SESSION_STORE = 'sqlite:///sessions.sqlite'. The view of the endpoint 'index' is index() in {here}.
{werkzeug}: The 'session' cookie is too large: the value was {number} bytes but the header required {number} extra bytes. The final size was {number} bytes but the limit is 1500 bytes. Browsers may silently ignore cookies larger than this.
""",
        request=GET,
    ),
]
