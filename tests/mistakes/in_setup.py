"""Mistakes in set-up: routes, decorators, blueprints, configuration."""

# ruff: noqa: E501 - the texts are written as a user sees them

from __future__ import annotations

from showing import Mistake

MISTAKES = [
    Mistake(
        "a misspelled configuration file",
        """
from flask import Flask
app = Flask(__name__)
app.config.from_pyfile("configs.py")
""",
        """
FileNotFoundError: [Errno 2] Unable to load configuration file (No such file or directory): '{folder}/configs.py'
The folder {folder} has no file 'configs.py'. Did you mean 'config.py'?
""",
        keeps="FileNotFoundError: [Errno 2] Unable to load configuration file (No such file or directory): '",
        files={"config.py": "DEBUG = False"},
    ),
    Mistake(
        "a misspelled data file of the configuration",
        """
import json
from flask import Flask
app = Flask(__name__)
app.config.from_file("instance/config.json", json.load)
""",
        """
FileNotFoundError: [Errno 2] Unable to load configuration file (No such file or directory): '{folder}/instance/config.json'
The folder {folder}/instance has no file 'config.json'. Did you mean 'Config.json'?
""",
        keeps="FileNotFoundError: [Errno 2] Unable to load configuration file (No such file or directory): '",
        files={"instance/Config.json": "{}"},
    ),
    Mistake(
        "a configuration file in a folder that does not exist",
        """
from flask import Flask
app = Flask(__name__)
app.config.from_pyfile("settings/config.py")
""",
        """
FileNotFoundError: [Errno 2] Unable to load configuration file (No such file or directory): '{folder}/settings/config.py'
""",
        keeps="FileNotFoundError: [Errno 2] Unable to load configuration file (No such file or directory): '",
    ),
    Mistake(
        "@app.route without parentheses",
        """
from flask import Flask
app = Flask(__name__)
@app.route  # here
def index():
    return "Hello"
""",
        """
TypeError: The decorator 'route' needs an argument, but decorates index() in {here}, without parentheses. Write it as in '@app.route("/...")'.
""",
    ),
    Mistake(
        "@app.route() with empty parentheses",
        """
from flask import Flask
app = Flask(__name__)
@app.route()  # here
def index():
    return "Hello"
""",
        """
TypeError: The decorator 'route' needs an argument, but is used with empty parentheses in {here}. Write it as in '@app.route("/...")'.
""",
    ),
    Mistake(
        "@bp.get without parentheses",
        """
from flask import Blueprint
bp = Blueprint("shop", __name__)
@bp.get  # here
def index():
    return "Hello"
""",
        """
TypeError: The decorator 'get' needs an argument, but decorates index() in {here}, without parentheses. Write it as in '@bp.get("/...")'.
""",
    ),
    Mistake(
        "@app.errorhandler without parentheses",
        """
from flask import Flask
app = Flask(__name__)
@app.errorhandler  # here
def missing(error):
    return "Not here", 404
""",
        """
TypeError: The decorator 'errorhandler' needs an argument, but decorates missing() in {here}, without parentheses. Write it as in '@app.errorhandler(404)'.
""",
    ),
    Mistake(
        "@app.before_request() with parentheses",
        """
from flask import Flask
app = Flask(__name__)
@app.before_request()  # here
def load_user():
    pass
""",
        """
TypeError: The decorator 'before_request' takes no arguments, but is used with parentheses in {here}. Remove them: write '@app.before_request' in the line before the function.
""",
    ),
    Mistake(
        "before_request gets the result of the function",
        """
from flask import Flask
app = Flask(__name__)
def load_user():
    pass
app.before_request(load_user())  # here
""",
        """
TypeError: 'before_request' needs a function, but got None in {here}. Write '@app.before_request' in the line before the function. Pass the function itself, without calling it. If another decorator is below this one, it must return a function.
""",
    ),
    Mistake(
        "two views with the same name",
        """
from flask import Flask
app = Flask(__name__)
@app.get("/")  # here
def index():
    return "Hello"
@app.get("/about")  # there
def index():
    return "About"
""",
        """
AssertionError: View function mapping is overwriting an existing endpoint function: index
The endpoint 'index' belongs to index() in {here}. The second view is index() in {there}. Rename one of the two functions, or give the second route another name: endpoint="index_2".
""",
        keeps="AssertionError: View function mapping is overwriting an existing endpoint function: index",
    ),
    Mistake(
        "a decorator without functools.wraps",
        """
from flask import Flask
app = Flask(__name__)
def login_required(view):
    def wrapper():  # here
        return view()
    return wrapper
@app.get("/")
@login_required
def index():
    return "Hello"
@app.get("/about")
@login_required
def about():
    return "About"
""",
        """
AssertionError: View function mapping is overwriting an existing endpoint function: wrapper
The endpoint 'wrapper' belongs to login_required.<locals>.wrapper() in {here}. A decorator returned this function twice, once for index() in {file}, line 7, once for about() in {file}, line 11. Every view that it decorates has the name 'wrapper'. Write '@functools.wraps(f)' above 'def wrapper' in the decorator, so that each view keeps its own name.
""",
        keeps="AssertionError: View function mapping is overwriting an existing endpoint function: wrapper",
    ),
    Mistake(
        "two decorated views with the same name",
        """
import functools
from flask import Flask
app = Flask(__name__)
def login_required(view):
    @functools.wraps(view)
    def wrapper():
        return view()
    return wrapper
@app.get("/")  # there
@login_required
def index():
    return "Hello"
@app.get("/about")  # here
@login_required
def index():
    return "About"
""",
        """
AssertionError: View function mapping is overwriting an existing endpoint function: index
The endpoint 'index' belongs to index() in {there}. The second view is index() in {here}. Rename one of the two functions, or give the second route another name: endpoint="index_2".
""",
        keeps="AssertionError: View function mapping is overwriting an existing endpoint function: index",
    ),
    Mistake(
        "two classes with the same name",
        """
from flask import Flask
from flask.views import MethodView
app = Flask(__name__)
class Users(MethodView):
    def get(self):  # here
        return "Users"
class Posts(MethodView):
    def get(self):  # there
        return "Posts"
app.add_url_rule("/users", view_func=Users.as_view("pages"))
app.add_url_rule("/posts", view_func=Posts.as_view("pages"))
""",
        """
AssertionError: View function mapping is overwriting an existing endpoint function: pages
The endpoint 'pages' belongs to the class app.Users (its first method: {here}). The second view is the class app.Posts (its first method: {there}). Rename one of the two functions, or give the second route another name: endpoint="pages_2".
""",
        keeps="AssertionError: View function mapping is overwriting an existing endpoint function: pages",
    ),
    Mistake(
        "a decorator that returns nothing",
        """
from flask import Flask
app = Flask(__name__)
def login_required(view):
    def wrapper():
        return view()
@app.get("/")  # here
@login_required
def index():
    return "Hello"
""",
        """
AssertionError: expected view func if endpoint is not provided. The route '/' in {here} has no view. Pass view_func=..., or write '@app.route(...)' above the function. A decorator between them must return a function, and not None.
""",
        keeps="AssertionError: expected view func if endpoint is not provided.",
    ),
    Mistake(
        "the view as the second argument of add_url_rule",
        """
from flask import Flask
app = Flask(__name__)
def index():  # there
    return "Hello"
app.add_url_rule("/", index)  # here
""",
        """
TypeError: add_url_rule('/', ...) in {here} got index() in {there} as its second argument, which is the name of the endpoint. Write add_url_rule('/', view_func=index).
""",
    ),
    Mistake(
        "the result of the view instead of the view",
        """
from flask import Flask
app = Flask(__name__)
def index():
    return "Hello"
app.add_url_rule("/", view_func=index())  # here
""",
        """
TypeError: The route '/' in {here} has 'Hello' (str) as its view, which cannot be called. Pass the function itself, without parentheses, as in 'view_func=index'. If another decorator is below '@app.route(...)', it must return a function.
""",
    ),
    Mistake(
        "a path without a slash",
        """
from flask import Flask
app = Flask(__name__)
@app.get("about")  # here
def about():
    return "About"
""",
        """
ValueError: URL rule 'about' must start with a slash.
The path 'about' of the route, for about() in {here}, is not valid. Write '/about'.
""",
        keeps="ValueError: URL rule 'about' must start with a slash.",
    ),
    Mistake(
        "a path with an open bracket",
        """
from flask import Flask
app = Flask(__name__)
@app.get("/user/<name")  # here
def user(name):
    return name
""",
        """
ValueError: malformed url rule: '/user/<name'
The path '/user/<name' of the route, for user() in {here}, is not valid. Write variable parts as in '/user/<name>' or '/post/<int:post_id>'.
""",
        keeps="ValueError: malformed url rule: '/user/<name'",
    ),
    Mistake(
        "a converter that does not exist",
        """
from flask import Flask
app = Flask(__name__)
@app.get("/user/<itn:number>")  # here
def user(number):
    return str(number)
""",
        """
LookupError: the converter 'itn' does not exist
The path '/user/<itn:number>' of the route, for user() in {here}, is not valid. The converters are 'any', 'default', 'float', 'int', 'path', 'string', 'uuid'. Did you mean 'int'?
""",
        keeps="LookupError: the converter 'itn' does not exist",
    ),
    Mistake(
        "methods as a text",
        """
from flask import Flask
app = Flask(__name__)
@app.route("/", methods="POST")
def save():
    return "Saved"
""",
        """
TypeError: Allowed methods must be a list of strings, for example: @app.route(..., methods=["POST"])
""",
        keeps='TypeError: Allowed methods must be a list of strings, for example: @app.route(..., methods=["POST"])',
    ),
    Mistake(
        "register_blueprint gets a module",
        """
import shop
from flask import Flask
app = Flask(__name__)
app.register_blueprint(shop)  # here
""",
        """
TypeError: register_blueprint() in {here} needs a blueprint, but got the module 'shop'. It contains a blueprint: write register_blueprint(shop.pages).
""",
        files={"shop.py": "from flask import Blueprint\npages = Blueprint('shop', __name__)\n"},
    ),
    Mistake(
        "two blueprints with the same name",
        """
from flask import Blueprint, Flask
app = Flask(__name__)
app.register_blueprint(Blueprint("shop", "shop.pages"))
app.register_blueprint(Blueprint("shop", "shop.admin"))
""",
        """
ValueError: The name 'shop' is already registered for a different blueprint. Use 'name=' to provide a unique name. It is that of the module 'shop.pages'; this one is of 'shop.admin'.
""",
        keeps="ValueError: The name 'shop' is already registered for a different blueprint. Use 'name=' to provide a unique name.",
    ),
    Mistake(
        "a route that is added after the first request",
        """
from flask import Flask
app = Flask(__name__)
app.test_client().get("/")
@app.get("/late")  # here
def late():
    return "Late"
""",
        """
AssertionError: The setup method 'get' can no longer be called on the application. It has already handled its first request, any changes will not be applied consistently.
Make sure all imports, decorators, functions, etc. needed to set up the application are done before running it.
'get' was called in {here}. Call it where the module is imported or in the factory, not in a view and not after a request of a test client.
""",
        keeps="AssertionError: The setup method 'get' can no longer be called on the application. It has already handled its first request,",
    ),
    Mistake(
        "a configuration key in lower case",
        """
from flask import Flask
app = Flask(__name__)
app.config.from_mapping(secret_key="dev")  # here
""",
        """
{here}: The configuration ignores 'secret_key', because its keys are in upper case. Write 'SECRET_KEY'.
""",
    ),
    Mistake(
        "a configuration file with a key in lower case",
        """
from flask import Flask
app = Flask(__name__)
app.config.from_pyfile("settings.py")  # here
""",
        """
{here}: The configuration ignores 'secret_key' of {folder}/settings.py, because its keys are in upper case. Write 'SECRET_KEY'.
""",
        files={"settings.py": "import os\nsecret_key = 'dev'\nhelper = 1\n"},
    ),
    Mistake(
        "a configuration key in lower case that is assigned",
        """
from flask import Flask
app = Flask(__name__)
app.config["secret_key"] = "dev"
@app.get("/")
def index():
    return "Hello"
""",
        """
The setting 'secret_key' has no effect, because the keys of the configuration are in upper case. Write app.config['SECRET_KEY'].
""",
        request={"path": "/"},
        debug=True,
    ),
    Mistake(
        "a misspelled configuration key that is read",
        """
from flask import Flask
app = Flask(__name__)
app.debug = True
app.config["SECRET_KY"]
""",
        """
KeyError: 'SECRET_KY'
The configuration has no key 'SECRET_KY'. Did you mean 'SECRET_KEY'?
""",
        keeps="KeyError: 'SECRET_KY'",
    ),
]
