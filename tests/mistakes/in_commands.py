"""Mistakes that the command line shows: a wrong ``FLASK_APP``, factories, and whole programs."""

# ruff: noqa: E501 - the texts are written as a user sees them

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent

_USAGE = """
Usage: python -m flask routes [OPTIONS]
Try 'python -m flask routes --help' for help.

Error: """
HELLO = """
from flask import Flask
app = Flask(__name__)
@app.get("/")
def index():
    return "Hello"
"""


@dataclass
class Command:
    """A command, and the whole text that it prints.

    :param name: the mistake, in words.
    :param arguments: of the interpreter.
    :param files: the files of the current folder.
    :param shown: the text. ``{folder}`` is the folder.
    :param status: the exit status.
    """

    name: str
    arguments: list[str]
    files: dict[str, str]
    shown: str
    status: int = 2
    varying: dict[str, str] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        for path, text in self.files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(dedent(text).lstrip(), "utf-8")

    def text(self, folder: Path) -> str:
        """Return the text with the folder filled in."""
        return self.shown.strip().replace("{folder}", str(folder))

    def matches(self, shown: str, folder: Path) -> bool:
        """Return whether a text is that of this row."""
        pattern = re.escape(self.text(folder))
        for name, part in self.varying.items():
            pattern = pattern.replace(re.escape(f"{{{name}}}"), part)
        return re.fullmatch(pattern, shown) is not None


def _flask(app: str | None) -> list[str]:
    return ["-m", "flask", *(["--app", app] if app else []), "routes"]


MISTAKES = [
    Command(
        "a misspelled module",
        _flask("helo"),
        {"hello.py": HELLO},
        f"""{_USAGE}Could not import 'helo'. There is no 'helo.py' and no package 'helo' in {{folder}}. Did you mean 'hello'?""",
    ),
    Command(
        "a module in another folder",
        _flask("shop"),
        {"hello.py": HELLO, "notes.py": ""},
        f"""{_USAGE}Could not import 'shop'. There is no 'shop.py' and no package 'shop' in {{folder}}. 'hello' creates an application: write 'flask --app hello run'.""",
    ),
    Command(
        "a misspelled module of a package",
        _flask("shop.pagse"),
        {"shop/__init__.py": "", "shop/pages.py": HELLO},
        f"""{_USAGE}Could not import 'shop.pagse'. There is no 'pagse.py' and no package 'pagse' in {{folder}}/shop. Did you mean 'shop.pages'?""",
    ),
    Command(
        "no application in the folder",
        _flask(None),
        {"notes.py": ""},
        f"""{_USAGE}Could not locate a Flask application. Use the 'flask --app' option, 'FLASK_APP' environment variable, or a 'wsgi.py' or 'app.py' file in the current directory. The current directory is {{folder}}. No file in it contains 'Flask('. Change to the folder of the application, or create one with: flask new NAME""",
    ),
    Command(
        "an application in a file with another name",
        _flask(None),
        {"hello.py": HELLO},
        f"""{_USAGE}Could not locate a Flask application. Use the 'flask --app' option, 'FLASK_APP' environment variable, or a 'wsgi.py' or 'app.py' file in the current directory. The current directory is {{folder}}. 'hello' creates an application: write 'flask --app hello run'.""",
    ),
    Command(
        "a misspelled name of the application",
        _flask("hello:ap"),
        {"hello.py": HELLO},
        f"""{_USAGE}Failed to find attribute 'ap' in 'hello'. The module is {{folder}}/hello.py. Did you mean 'app'?""",
    ),
    Command(
        "a name that is not like any other",
        _flask("hello:server"),
        {"hello.py": HELLO},
        f"""{_USAGE}Failed to find attribute 'server' in 'hello'. The module is {{folder}}/hello.py. It has the applications 'app'.""",
    ),
    Command(
        "a name that is not an application",
        _flask("hello:index"),
        {"hello.py": HELLO},
        f"""{_USAGE}A valid Flask application was not obtained from 'hello:index'. The factory index() in {{folder}}/hello.py, line 3 returned an object of the class 'str'.""",
    ),
    Command(
        "a factory that returns nothing",
        _flask("shop"),
        {"shop.py": "from flask import Flask\n\ndef create_app():\n    app = Flask(__name__)\n"},
        f"""{_USAGE}Failed to find Flask application or factory in module 'shop'. Use 'shop:name' to specify one. The factory create_app() in {{folder}}/shop.py, line 3 returned None or ended without a return statement. Write 'return app' at its end.""",
    ),
    Command(
        "a factory that returns nothing and is named",
        _flask("shop:make"),
        {"shop.py": "from flask import Flask\n\ndef make():\n    app = Flask(__name__)\n"},
        f"""{_USAGE}A valid Flask application was not obtained from 'shop:make'. The factory make() in {{folder}}/shop.py, line 3 returned None or ended without a return statement. Write 'return app' at its end.""",
    ),
    Command(
        "a factory with another name",
        _flask("shop"),
        {"shop.py": "from flask import Flask\n\ndef build_app():\n    return Flask(__name__)\n"},
        f"""{_USAGE}Failed to find Flask application or factory in module 'shop'. Use 'shop:name' to specify one. The module is {{folder}}/shop.py. If build_app() in {{folder}}/shop.py, line 3 is the factory, write 'shop:build_app'.""",
    ),
    Command(
        "a factory that needs arguments",
        _flask("shop"),
        {"shop.py": "from flask import Flask\n\ndef create_app(name):\n    return Flask(name)\n"},
        f"""{_USAGE}Detected factory 'create_app' in module 'shop', but could not call it without arguments. Use 'shop:create_app(args)' to specify arguments. It is create_app(name) in {{folder}}/shop.py, line 3.""",
    ),
    Command(
        "two applications in a module",
        _flask("shop"),
        {"shop.py": "from flask import Flask\npages = Flask('a')\nadmin = Flask('b')\n"},
        f"""{_USAGE}Detected multiple Flask applications in module 'shop'. Use 'shop:name' to specify the correct one. They are: 'pages', 'admin'.""",
    ),
    Command(
        "an import of a package that is not installed",
        _flask("shop"),
        {"shop.py": "import missing_package\n"},
        f"""{_USAGE}While importing 'shop', an ImportError was raised:

Traceback (most recent call last):
  File "{{folder}}/shop.py", line 1, in <module>
    import missing_package
ModuleNotFoundError: No module named 'missing_package'

The module 'missing_package' is not installed in the environment {{path}}. If it belongs to a package, activate the environment that has it, or install it: {{path}} -m pip install ...""",
        varying={"path": r"\S+"},
    ),
    Command(
        "python app.py with a route without parentheses",
        ["app.py"],
        {
            "app.py": "from flask import Flask\napp = Flask(__name__)\n@app.route\ndef index():\n"
            "    return 'Hello'\napp.run()\n"
        },
        """
Traceback (most recent call last):
  File "{folder}/app.py", line 3, in <module>
    @app.route
     ^^^^^^^^^
{frames}
TypeError: The decorator 'route' needs an argument, but decorates index() in {folder}/app.py, line 3, without parentheses. Write it as in '@app.route("/...")'.""",
        status=1,
        varying={"frames": r"(?s:.+)"},
    ),
    Command(
        "pytest with a view that returns None",
        ["-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=line", "test_app.py"],
        {
            "app.py": "from flask import Flask\napp = Flask(__name__)\n@app.get('/')\n"
            "def index():\n    'Hello'\n",
            "test_app.py": "from app import app\n\ndef test_index():\n    app.testing = True\n"
            "    app.test_client().get('/')\n",
        },
        """
{before}TypeError: The view function for 'index' did not return a valid response. The function either returned None or ended without a return statement. The view of the endpoint 'index' is index() in {folder}/app.py, line 3. Let every path through it end with a return statement.{after}""",
        status=1,
        varying={"before": r"(?s:.+)", "after": r"(?s:.+)"},
    ),
]
