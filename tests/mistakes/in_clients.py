"""Mistakes in what a client sends, as the page and the log show them."""

# ruff: noqa: E501 - the texts are written as a user sees them

from __future__ import annotations

from showing import Mistake

FORM = """
from flask import Flask, request
app = Flask(__name__)
@app.post("/")
def save():
    return request.form["name"]  # here
"""
JSON = """
from flask import Flask, request
app = Flask(__name__)
@app.post("/")
def save():
    return request.get_json()  # here
"""
UPLOAD = """
from flask import Flask, request
app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = 10
@app.post("/")
def save():
    return request.get_data()  # here
"""
GET = {"path": "/"}
POST = {"path": "/", "method": "POST"}
_KEY_ERROR = (
    "werkzeug.exceptions.BadRequestKeyError: 400 Bad Request: The browser (or proxy) sent a request"
    " that this server could not understand."
)
_NOT_JSON = (
    "Did not attempt to load JSON data because the request Content-Type was not"
    " &#39;application/json&#39;."
)

SENT = [
    Mistake(
        "a misspelled key of a form",
        FORM,
        f"""
{_KEY_ERROR}
request.form has no key 'name'. Its keys: 'naame', 'email'. Did you mean 'naame'? It is read in {{here}}. If the key may be missing, write request.form.get('name').
KeyError: 'name'
""",
        keeps=_KEY_ERROR,
        request={**POST, "data": {"naame": "Ada", "email": "ada@example.com"}},
        debug=True,
    ),
    Mistake(
        "a key of the query that is read from the form",
        FORM,
        f"""
{_KEY_ERROR}
request.form has no key 'name'. It is empty. The key is in request.args. It is read in {{here}}. If the key may be missing, write request.form.get('name').
KeyError: 'name'
""",
        keeps=_KEY_ERROR,
        request={**POST, "query_string": {"name": "Ada"}},
        debug=True,
    ),
    Mistake(
        "JSON that is read as a form",
        FORM,
        f"""
{_KEY_ERROR}
request.form has no key 'name'. It is empty. The body is JSON: read it with request.get_json(). It is read in {{here}}. If the key may be missing, write request.form.get('name').
KeyError: 'name'
""",
        keeps=_KEY_ERROR,
        request={**POST, "json": {"name": "Ada"}},
        debug=True,
    ),
    Mistake(
        "a key of the query that a link does not have",
        """
from flask import Flask, request
app = Flask(__name__)
@app.get("/")
def search():
    return request.args["query"]  # here
""",
        f"""
{_KEY_ERROR}
request.args has no key 'query'. Its keys: 'q'. It is read in {{here}}. If the key may be missing, write request.args.get('query').
KeyError: 'query'
""",
        keeps=_KEY_ERROR,
        request={"path": "/?q=flask"},
        debug=True,
    ),
    Mistake(
        "a missing key of a form, in production",
        FORM,
        """
400 BAD REQUEST
<!doctype html>
<html lang=en>
<title>400 Bad Request</title>
<h1>Bad Request</h1>
<p>The browser (or proxy) sent a request that this server could not understand.</p>
""",
        keeps="400 BAD REQUEST",
        request={**POST, "data": {"naame": "Ada"}},
    ),
    Mistake(
        "a form without enctype",
        """
from flask import Flask, request
app = Flask(__name__)
@app.post("/")
def save():
    return request.files["photo"]
""",
        """
flask.debughelpers.DebugFilesKeyError: You tried to access the file 'photo' in the request.files dictionary but it does not exist. The mimetype for the request is 'application/x-www-form-urlencoded' instead of 'multipart/form-data' which means that no file contents were transmitted. To fix this error you should provide enctype="multipart/form-data" in your form.

The browser instead transmitted some file names. This was submitted: 'me.png'
""",
        keeps="flask.debughelpers.DebugFilesKeyError: You tried to access the file 'photo'",
        request={**POST, "data": {"photo": "me.png"}},
        debug=True,
    ),
    Mistake(
        "JSON with the content type of a text",
        JSON,
        f"""
POST '/': 415 Unsupported Media Type. It was 'text/plain'. Send 'Content-Type: application/json', or read a form with request.form. The body is read in {{here}}.
415 UNSUPPORTED MEDIA TYPE
<!doctype html>
<html lang=en>
<title>415 Unsupported Media Type</title>
<h1>Unsupported Media Type</h1>
<p>{_NOT_JSON}<br>It was &#39;text/plain&#39;. Send &#39;Content-Type: application/json&#39;, or read a form with request.form. The body is read in {{here}}.</p>
""",
        request={**POST, "data": "{}", "content_type": "text/plain"},
        debug=True,
    ),
    Mistake(
        "JSON without a content type, in a test",
        JSON,
        f"""
POST '/': 415 Unsupported Media Type. The request has no Content-Type header. Send 'Content-Type: application/json', as the test client does with 'json=...' and curl with '--json'. The body is read in {{here}}.
415 UNSUPPORTED MEDIA TYPE
<!doctype html>
<html lang=en>
<title>415 Unsupported Media Type</title>
<h1>Unsupported Media Type</h1>
<p>{_NOT_JSON}</p>
""",
        request={**POST, "data": "{}"},
        testing=True,
    ),
    Mistake(
        "JSON with the content type of a text, in production",
        JSON,
        f"""
415 UNSUPPORTED MEDIA TYPE
<!doctype html>
<html lang=en>
<title>415 Unsupported Media Type</title>
<h1>Unsupported Media Type</h1>
<p>{_NOT_JSON}</p>
""",
        keeps="415 UNSUPPORTED MEDIA TYPE",
        request={**POST, "data": "{}", "content_type": "text/plain"},
    ),
    Mistake(
        "a body that is not JSON, in a test",
        JSON,
        """
POST '/': 400 Bad Request. Failed to decode JSON object: Expecting value: line 1 column 10 (char 9). The body is read in {here}.
400 BAD REQUEST
<!doctype html>
<html lang=en>
<title>400 Bad Request</title>
<h1>Bad Request</h1>
<p>The browser (or proxy) sent a request that this server could not understand.</p>
""",
        request={**POST, "data": '{"name": }', "content_type": "application/json"},
        testing=True,
    ),
    Mistake(
        "an upload that is too large",
        UPLOAD,
        """
POST '/': 413 Request Entity Too Large. The body has 12 bytes. The limit is 10 bytes: MAX_CONTENT_LENGTH in the configuration, or request.max_content_length. The body is read in {here}.
413 REQUEST ENTITY TOO LARGE
<!doctype html>
<html lang=en>
<title>413 Request Entity Too Large</title>
<h1>Request Entity Too Large</h1>
<p>The data value transmitted exceeds the capacity limit.<br>The body has 12 bytes. The limit is 10 bytes: MAX_CONTENT_LENGTH in the configuration, or request.max_content_length. The body is read in {here}.</p>
""",
        request={**POST, "data": "Hello world!"},
        debug=True,
    ),
    Mistake(
        "a form with too many fields",
        FORM,
        """
POST '/': 413 Request Entity Too Large. The body is larger than one of the limits of the configuration: MAX_FORM_MEMORY_SIZE = 500,000, MAX_FORM_PARTS = 1,000. They limit the bytes of a body, the bytes of a text field of a multipart form, and the number of fields and files. The body is read in {here}.
413 REQUEST ENTITY TOO LARGE
<!doctype html>
<html lang=en>
<title>413 Request Entity Too Large</title>
<h1>Request Entity Too Large</h1>
<p>The data value transmitted exceeds the capacity limit.<br>The body is larger than one of the limits of the configuration: MAX_FORM_MEMORY_SIZE = 500,000, MAX_FORM_PARTS = 1,000. They limit the bytes of a body, the bytes of a text field of a multipart form, and the number of fields and files. The body is read in {here}.</p>
""",
        request={
            **POST,
            "data": {f"field{number}": "" for number in range(1200)},
            "content_type": "multipart/form-data",
        },
        debug=True,
    ),
    Mistake(
        "an upload that is too large, in production",
        UPLOAD,
        """
413 REQUEST ENTITY TOO LARGE
<!doctype html>
<html lang=en>
<title>413 Request Entity Too Large</title>
<h1>Request Entity Too Large</h1>
<p>The data value transmitted exceeds the capacity limit.</p>
""",
        keeps="413 REQUEST ENTITY TOO LARGE",
        request={**POST, "data": "Hello world!"},
    ),
    Mistake(
        "a preflight of another origin",
        FORM,
        """
A page of 'http://localhost:5173' may not send POST '/': the answer to its preflight (OPTIONS) allows no other origin, so the browser refuses the request and shows the reason only in its console. To allow it, write flask.security.Security(app, origins=['http://localhost:5173']), or use an extension such as Flask-CORS.
""",
        request={
            "path": "/",
            "method": "OPTIONS",
            "headers": {
                "Origin": "http://localhost:5173",
                "Access-Control-Request-Method": "POST",
            },
        },
        debug=True,
    ),
    Mistake(
        "a preflight of an origin that is not allowed",
        f"""{FORM}
from flask.security import Security
Security(app, origins=["http://localhost:3000"])
""",
        """
A preflight from 'http://localhost:5173' to '/' was refused: add the origin to origins of Security().
403 FORBIDDEN
The origin may not use this URL. 'http://localhost:5173' is not in origins of Security().
""",
        request={
            "path": "/",
            "method": "OPTIONS",
            "headers": {
                "Origin": "http://localhost:5173",
                "Access-Control-Request-Method": "POST",
            },
        },
        debug=True,
    ),
    Mistake(
        "a preflight with a header and a method that are not allowed",
        f"""{FORM}
from flask.security import Security
Security(app, origins=["http://localhost:5173"], allow_headers=["X-Token"])
""",
        """
A preflight from 'http://localhost:5173' to '/' was refused: the header 'x-tokn' is not in allow_headers of Security().
A preflight from 'http://localhost:5173' to '/' was refused: the route has no method 'DELETE'. Its methods are OPTIONS, POST.
""",
        request={
            "path": "/",
            "method": "OPTIONS",
            "headers": {
                "Origin": "http://localhost:5173",
                "Access-Control-Request-Method": "DELETE",
                "Access-Control-Request-Headers": "X-Tokn",
            },
        },
        debug=True,
    ),
]

WITHOUT_PLACE = [
    "a missing key of a form, in production",
    "JSON with the content type of a text, in production",
    "an upload that is too large, in production",
    "a base template that does not exist",
    "a misspelled test in a file",
    "a preflight of another origin",
    "a preflight of an origin that is not allowed",
    "a preflight with a header and a method that are not allowed",
]
"""Rows whose text has not the marked line: production shows no place, a template is the place, and
no line of the program asks for a preflight."""
