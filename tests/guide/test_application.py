"""The guide's larger application: typed routes, JSON, templates, blueprints, over real HTTP."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from polling import LONGEST, free_port

from .conftest import FLASK, Server, user_environment

pytestmark = pytest.mark.slow

FILES = {
    "app.py": """\
from flask import (
    Flask, abort, current_app, flash, g, jsonify, make_response, redirect, render_template,
    request, session, url_for,
)
from werkzeug.routing import BaseConverter

from users import users_bp


class YearConverter(BaseConverter):
    regex = r'\\d{4}'
    def to_python(self, value):
        return int(value)


app = Flask(__name__)
app.secret_key = 'for the guide alone'
app.url_map.converters['year'] = YearConverter

@app.route('/')
def hello():
    return 'Hello, World!'

@app.route('/path')
def path():
    return 'a path'

@app.route('/submit', methods=['POST'])
def submit():
    data = request.json
    return jsonify({'received': data}), 201

@app.route('/user/<id>')
def user(id):
    return f'{type(id).__name__} {id}'

@app.route('/number/<int:id>')
def number(id):
    return f'{type(id).__name__} {id}'

@app.route('/price/<float:amount>')
def price(amount):
    return f'{type(amount).__name__} {amount}'

@app.route('/files/<path:filename>')
def files(filename):
    return filename

@app.route('/key/<uuid:key>')
def key(key):
    return f'{type(key).__name__} {key}'

@app.route('/colour/<any(red, blue):name>')
def colour(name):
    return name

@app.route('/in/<year:y>')
def year(y):
    return f'{type(y).__name__} {y}'

@app.route('/search')
def search():
    return jsonify(name=request.args.get('name'), page=request.args.get('page', 1, type=int))

@app.route('/form', methods=['GET', 'POST'])
def form():
    if request.method == 'POST':
        session['name'] = request.form['name']
        flash('saved <now>')
        return redirect(url_for('welcome'))
    return '<form method=post><input name=name></form>'

@app.route('/upload', methods=['POST'])
def upload():
    stored = request.files['file']
    return {'name': stored.filename, 'size': len(stored.read())}

@app.route('/welcome')
def welcome():
    if 'name' not in session:
        abort(403)
    return render_template('hello.html', name=session['name'])

@app.route('/hello/<name>')
def hello_name(name):
    return render_template('hello.html', name=name)

@app.route('/with-header')
def with_header():
    response = make_response('made', 202)
    response.headers['X-Made'] = 'yes'
    response.set_cookie('seen', '1')
    return response

@app.route('/crash')
def crash():
    secret_of_the_app = 1
    return secret_of_the_app / 0

@app.before_request
def remember():
    g.before = 'before'

@app.after_request
def add_header(response):
    response.headers['X-Before'] = g.before
    return response

@app.errorhandler(404)
def missing(error):
    return jsonify(error='nothing here', app=current_app.name), 404

app.register_blueprint(users_bp, url_prefix='/api')

@app.cli.command('greet')
def greet():
    print('greetings from', current_app.name)

if __name__ == '__main__':
    app.run(debug=True)
""",
    "users.py": """\
from flask import Blueprint, jsonify, url_for

users_bp = Blueprint('users', __name__)
admin_bp = Blueprint('admin', __name__, url_prefix='/admin')

@users_bp.route('/users')
def all_users():
    return jsonify(['ada', 'grace'])

@users_bp.get('/users/<int:id>')
def one_user(id):
    return {'id': id, 'url': url_for('.one_user', id=id), 'all': url_for('users.all_users')}

@admin_bp.route('/')
def admin():
    return 'admin'

users_bp.register_blueprint(admin_bp)
""",
    "templates/base.html": """\
<!doctype html>
<title>{% block title %}{% endblock %}</title>
{% for message in get_flashed_messages() %}<p>{{ message }}</p>{% endfor %}
{% block body %}{% endblock %}
""",
    "templates/hello.html": """\
{% extends 'base.html' %}
{% block title %}Hello{% endblock %}
{% block body %}<h1>Hello, {{ name }}!</h1><link href="{{ url_for('static', filename='a.css') }}">
{% endblock %}
""",
    "static/a.css": "h1 { color: green }\n",
}


def write(folder: Path) -> Path:
    """Write the files; the folder they are in."""
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("guide"))


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    """The application as ``flask run`` serves it, debug off."""
    server = Server([FLASK, "run", "--port", str(free_port())], folder)
    try:
        server.wait_until_it_serves()
        yield server
    finally:
        server.kill()


KEY = "c0ffee00-0000-4000-8000-000000000001"

TEXTS: list[tuple[str, int, str]] = [
    ("/", 200, "Hello, World!"),
    ("/path", 200, "a path"),
    ("/user/7", 200, "str 7"),
    ("/user/a%20b%C3%BC", 200, "str a b\u00fc"),
    ("/number/7", 200, "int 7"),
    ("/price/1.50", 200, "float 1.5"),
    ("/files/a/b/c.txt", 200, "a/b/c.txt"),
    (f"/key/{KEY}", 200, f"UUID {KEY}"),
    ("/colour/red", 200, "red"),
    ("/in/2024", 200, "int 2024"),
    ("/api/admin/", 200, "admin"),
    ("/static/a.css", 200, FILES["static/a.css"]),
    ("/form", 200, "<form method=post><input name=name></form>"),
]


@pytest.mark.parametrize(("path", "status", "text"), TEXTS)
def test_a_route_answers_with_text(server: Server, path: str, status: int, text: str) -> None:
    response = server.ask(path)
    assert (response.status_code, response.text) == (status, text)
    assert response.headers["X-Before"] == "before"


@pytest.mark.parametrize(
    "path",
    ["/number/x", "/number/-1", "/price/2", "/key/1", "/colour/green", "/in/24", "/api", "/user/"],
)
def test_what_does_not_fit_a_converter_is_not_found(server: Server, path: str) -> None:
    response = server.ask(path)
    assert response.status_code == 404
    assert response.json() == {"error": "nothing here", "app": "app"}


JSON: list[tuple[str, str, dict[str, Any], int, Any]] = [
    ("POST", "/submit", {"json": {"a": [1, None]}}, 201, {"received": {"a": [1, None]}}),
    ("GET", "/search?name=ada&page=2", {}, 200, {"name": "ada", "page": 2}),
    ("GET", "/search?page=x", {}, 200, {"name": None, "page": 1}),
    ("GET", "/api/users", {}, 200, ["ada", "grace"]),
    ("GET", "/api/users/3", {}, 200, {"id": 3, "url": "/api/users/3", "all": "/api/users"}),
    (
        "POST",
        "/upload",
        {"files": {"file": ("f.txt", b"12345")}},
        200,
        {"name": "f.txt", "size": 5},
    ),
]


@pytest.mark.parametrize(("method", "path", "options", "status", "data"), JSON)
def test_a_route_answers_with_json(
    server: Server, method: str, path: str, options: dict[str, Any], status: int, data: Any
) -> None:
    response = server.ask(path, method, **options)
    assert (response.status_code, response.json()) == (status, data)
    assert response.headers["Content-Type"] == "application/json"


def test_a_405_lists_the_methods_of_the_route(server: Server) -> None:
    response = server.ask("/submit")
    assert response.status_code == 405
    assert set(response.headers["Allow"].split(", ")) == {"POST", "OPTIONS"}


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"content": b"{'a'", "headers": {"Content-Type": "application/json"}}, 400),
        ({"content": b"{}", "headers": {"Content-Type": "text/plain"}}, 415),
    ],
)
def test_json_that_is_none_is_refused(server: Server, options: dict[str, Any], status: int) -> None:
    assert server.ask("/submit", "POST", **options).status_code == status


def test_a_template_escapes_what_it_is_given(server: Server) -> None:
    response = server.ask("/hello/%3Cb%3E")
    assert "<h1>Hello, &lt;b&gt;!</h1>" in response.text
    assert '<link href="/static/a.css">' in response.text
    assert response.text.startswith("<!doctype html>\n<title>Hello</title>")


def test_a_session_a_flash_and_a_redirect_work_together(server: Server) -> None:
    with httpx.Client(base_url=server.url, timeout=LONGEST) as browser:
        assert browser.get("/welcome").status_code == 403
        posted = browser.post("/form", data={"name": "Ada & co"})
        assert (posted.status_code, posted.headers["Location"]) == (302, "/welcome")
        assert "HttpOnly" in posted.headers["Set-Cookie"]
        first, second = browser.get("/welcome").text, browser.get("/welcome").text
        assert "<h1>Hello, Ada &amp; co!</h1>" in first
        assert "<p>saved &lt;now&gt;</p>" in first
        assert "<p>" not in second


def test_a_tampered_session_is_an_empty_one(server: Server) -> None:
    response = server.ask("/welcome", cookies={"session": "eyJuYW1lIjoiYWRhIn0.Zm9yZ2Vk.Zm9yZ2Vk"})
    assert response.status_code == 403


def test_a_response_that_a_view_creates_arrives_whole(server: Server) -> None:
    response = server.ask("/with-header")
    assert (response.status_code, response.text) == (202, "made")
    assert (response.headers["X-Made"], response.cookies["seen"]) == ("yes", "1")


def test_a_static_file_is_not_sent_twice(server: Server) -> None:
    first = server.ask("/static/a.css")
    again = server.ask("/static/a.css", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_crash_shows_nothing_of_the_app_and_the_next_request_is_served(server: Server) -> None:
    response = server.ask("/crash")
    assert response.status_code == 500
    assert "<title>500 Internal Server Error</title>" in response.text
    for internal in ("Traceback", "ZeroDivisionError", "secret_of_the_app", "app.py"):
        assert internal not in response.text
    assert server.ask("/").text == "Hello, World!"
    server.wait_for(r"GET /crash HTTP/1\.1.* 500")
    assert server.printed.count("ZeroDivisionError: division by zero") == 1
    assert server.printed.count("Exception on /crash [GET]") == 1


def test_with_debug_a_crash_shows_the_debugger_with_the_traceback(
    folder: Path, start: Callable[..., Server]
) -> None:
    server = start([FLASK, "run", "--debug", "--port", str(free_port())], folder)
    server.wait_until_it_serves()
    response = server.ask("/crash")
    assert response.status_code == 500
    assert "Werkzeug Debugger" in response.text
    assert "ZeroDivisionError: division by zero" in response.text
    assert "secret_of_the_app / 0" in response.text
    assert server.ask("/").text == "Hello, World!"


def test_python_app_py_serves_the_larger_application(
    folder: Path, start: Callable[..., Server], tmp_path: Path
) -> None:
    # A free port: port 5000 belongs to the guide's first file.
    text = FILES["app.py"].replace("debug=True", f"debug=True, port={free_port()}")
    (write(tmp_path) / "app.py").write_text(text)
    server = start([sys.executable, "app.py"], tmp_path)
    server.wait_until_it_serves()
    assert server.ask("/api/users").json() == ["ada", "grace"]
    assert "<h1>Hello, x!</h1>" in server.ask("/hello/x").text


def command(folder: Path, *words: str, text: str = "") -> str:
    """What a ``flask`` command that ends by itself prints."""
    done = subprocess.run(
        [FLASK, *words],
        cwd=folder,
        env=user_environment(),
        input=text,
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_flask_routes_lists_every_route(folder: Path) -> None:
    rows = {line.split()[0]: line.split()[1:] for line in command(folder, "routes").splitlines()}
    assert rows["Endpoint"] == ["Methods", "Rule"]
    assert rows["submit"] == ["POST", "/submit"]
    assert rows["form"] == ["GET,", "POST", "/form"]
    assert rows["files"] == ["GET", "/files/<path:filename>"]
    assert rows["users.one_user"] == ["GET", "/api/users/<int:id>"]
    assert rows["users.admin.admin"] == ["GET", "/api/admin/"]
    assert rows["static"] == ["GET", "/static/<path:filename>"]


def test_flask_shell_has_the_application_and_its_context(folder: Path) -> None:
    asked = "print(app.name, g, len(app.view_functions) > 10)\nfrom flask import current_app\n"
    printed = command(folder, "shell", text=asked + "print(current_app.secret_key)\n")
    assert "app <flask.g of 'app'> True" in printed
    assert "for the guide alone" in printed


def test_a_command_of_the_application_runs_in_its_context(folder: Path) -> None:
    assert command(folder, "greet") == "greetings from app\n"
