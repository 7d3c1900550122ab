"""Programs without a mistake. Nothing is shown, although each of them looks like one."""

from __future__ import annotations

from showing import Mistake

_OPTIONS = {
    "path": "/",
    "method": "OPTIONS",
    "headers": {"Origin": "http://localhost:5173", "Access-Control-Request-Method": "POST"},
}
_HELLO = """
from flask import Flask
app = Flask(__name__)
@app.get("/")
def index():
    return "Hello"
"""

CORRECT = [
    Mistake(
        "a hook adds the headers of CORS",
        f"""{_HELLO}
@app.after_request
def allow(response):
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response
""",
        "",
        request=_OPTIONS,
        debug=True,
    ),
    Mistake("a preflight in production", _HELLO, "", request=_OPTIONS),
    Mistake(
        "OPTIONS without an origin",
        _HELLO,
        "",
        request={"path": "/", "method": "OPTIONS"},
        debug=True,
    ),
    Mistake(
        "names in lower case beside settings",
        """
from flask import Flask
class Settings:
    debug = False
    DEBUG = debug
    helper = 1
app = Flask(__name__)
app.config.from_object(Settings)
app.config.from_mapping({"helper": 1}, other=2)
""",
        "",
    ),
    Mistake(
        "a template that the view does not need",
        """
from flask import Flask, render_template
from jinja2 import TemplateNotFound
app = Flask(__name__)
@app.get("/")
def index():
    try:
        return render_template("index.html")
    except TemplateNotFound as error:
        assert not hasattr(error, "__notes__")
        return str(error)
""",
        "",
        request={"path": "/"},
        debug=True,
    ),
    Mistake(
        "hooks that are objects, and a view that is one",
        """
from functools import partial
from flask import Flask
class Hook:
    def __call__(self, *response):
        return response[0] if response else None
app = Flask(__name__)
app.before_request(Hook())
app.after_request(Hook())
app.before_request(partial(Hook()))
app.add_url_rule("/", "index", partial(str, "Hello"))
""",
        "",
        request={"path": "/"},
        debug=True,
    ),
    Mistake(
        "an after_request function that returns another application",
        f"""{_HELLO}
from werkzeug.wrappers import Response
@app.after_request
def replace(response):
    return Response("Other")
""",
        "",
        request={"path": "/"},
        debug=True,
    ),
    Mistake(
        "the same view for two routes",
        f"""{_HELLO}
app.add_url_rule("/home", view_func=index)
app.add_url_rule("/named", "index")
""",
        "",
        request={"path": "/home"},
    ),
]
