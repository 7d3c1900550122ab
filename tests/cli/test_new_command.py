"""``flask new``: the files, refused names, and what the new application does."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from polling import LONGEST

from flask.cli import cli

ROOT = Path(__file__).parents[2]
KINDS = {"pages": (), "api": ("--api",)}


def create(runner, *args: str) -> Path:
    result = runner.invoke(cli, ["new", *args])
    assert result.exit_code == 0, result.output
    return Path(args[0]).absolute()


def files_of(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


COMMON = {
    ".gitignore",
    "README.md",
    "instance/config.toml",
    "pyproject.toml",
    "tests/conftest.py",
    "wsgi.py",
    "corner_shop/__init__.py",
}
OWN = {
    "pages": {
        "corner_shop/pages.py",
        "corner_shop/static/icon.svg",
        "corner_shop/static/style.css",
        "corner_shop/templates/base.html",
        "corner_shop/templates/pages/index.html",
        "tests/test_pages.py",
    },
    "api": {"corner_shop/notes.py", "tests/test_notes.py"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_it_writes_the_files(project, runner, kind: str) -> None:
    folder = create(runner, "corner-shop", *KINDS[kind])
    assert files_of(folder) == COMMON | OWN[kind]
    for path in files_of(folder):
        text = (folder / path).read_text("utf-8")
        assert re.search(r"@\w+@|PACKAGE|\t|[ \t]$", text, re.MULTILINE) is None, path
        assert text.endswith("\n") and not text.endswith("\n\n")


def test_it_prints_the_next_steps(project, runner) -> None:
    assert runner.invoke(cli, ["new", "corner-shop"]).output == (
        "Created corner-shop/ with the package 'corner_shop'. Begin to read in\n"
        "corner-shop/corner_shop/pages.py.\n"
        "\n"
        "Next steps:\n"
        "\n"
        "    cd corner-shop\n"
        "    flask run --debug         serve it on http://127.0.0.1:5000\n"
        "    pip install pytest mypy\n"
        "    python -m pytest          run its tests\n"
        "    python -m mypy            check its types\n"
        "    flask doctor              what to set before production\n"
    )


@pytest.mark.parametrize("kind", KINDS)
def test_the_secret_key_is_random_private_and_only_in_an_ignored_file(
    project, runner, kind: str
) -> None:
    folders = [create(runner, name, *KINDS[kind]) for name in ("one", "two")]
    keys = []
    for folder in folders:
        config = folder / "instance" / "config.toml"
        key = tomllib.loads(config.read_text())["SECRET_KEY"]
        assert re.fullmatch("[0-9a-f]{64}", key)
        keys.append(key)
        assert "/instance/" in (folder / ".gitignore").read_text().splitlines()
        others = [folder / path for path in files_of(folder) - {"instance/config.toml"}]
        assert not any(key in path.read_text("utf-8") for path in others)
        if os.name == "posix":
            assert stat.S_IMODE(config.stat().st_mode) == 0o600
    assert keys[0] != keys[1]


@pytest.mark.parametrize("args", [[], ["--api"]])
def test_its_requirements_are_those_of_this_package(project, runner, args: list[str]) -> None:
    own = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    folder = create(runner, "shop", *args)
    made = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]
    flask, *others = made["dependencies"]
    assert re.fullmatch(rf"flask>={re.escape(own['version'])},<\d+\.\d+", flask)
    assert others == (own["optional-dependencies"]["api"] if args else [])
    assert made["name"] == "shop"
    readme = (folder / "README.md").read_text("utf-8")
    assert f"pip install ./flask-{own['version']}-py3-none-any.whl\n" in readme


def test_html_has_no_inline_scripts_or_styles(project, runner) -> None:
    folder = create(runner, "shop")
    for path in folder.rglob("*.html"):
        assert re.search(r"<script|<style|\sstyle=|\son\w+=", path.read_text("utf-8")) is None


# Names and folders --------------------------------------------------------------------------------

CHARACTERS = "a name consists of lower-case letters, digits, '_' and '-', and begins with a letter"


@pytest.mark.parametrize(
    ("name", "reason", "suggestion"),
    [
        ("class", "this is a keyword of Python", "my-class"),
        ("json", "a module of Python has this name", "my-json"),
        ("flask", "an installed package has this name", "my-flask"),
        ("werkzeug", "an installed package has this name", "my-werkzeug"),
        ("tests", "another file or folder of the application has this name", "my-tests"),
        ("instance", "another file or folder of the application has this name", "my-instance"),
        ("wsgi", "another file or folder of the application has this name", "my-wsgi"),
        ("My Shop", CHARACTERS, "my-shop"),
        ("3shop", CHARACTERS, "shop"),
        ("shöp", CHARACTERS, "sh-p"),
        ("../shop", CHARACTERS, "shop"),
        ("a/b", CHARACTERS, "a-b"),
        ("Json", CHARACTERS, "my-app"),
        (".", CHARACTERS, "shop"),
        ("", CHARACTERS, "shop"),
        ("-shop", CHARACTERS, "shop"),
        ("shop\n", CHARACTERS, "shop"),
    ],
)
def test_a_name_is_refused_with_a_reason_and_another_name(
    project, runner, name: str, reason: str, suggestion: str
) -> None:
    result = runner.invoke(cli, ["new", "--", name])
    assert result.exit_code == 2
    text = " ".join(result.stderr.split())
    assert reason in text
    assert text.endswith(f"Choose another name, such as: flask new {suggestion}")
    assert list(project.root.iterdir()) == []


@pytest.mark.parametrize("name", ["shop", "shop2", "corner_shop", "corner-shop", "match"])
def test_a_name_is_accepted(project, runner, name: str) -> None:
    assert (create(runner, name) / name.replace("-", "_") / "__init__.py").is_file()


def test_a_folder_with_files_is_not_touched(project, runner) -> None:
    project.write_file("shop/mine.txt", "mine")
    result = runner.invoke(cli, ["new", "shop"])
    assert result.exit_code == 1
    assert result.stderr == (
        "Error: 'shop' is a folder with files already, and nothing was changed. Choose another"
        " name, or move it away.\n"
    )
    assert files_of(project.root) == {"shop/mine.txt"}


def test_a_file_is_not_touched(project, runner) -> None:
    project.write_file("shop", "mine")
    result = runner.invoke(cli, ["new", "shop"])
    assert result.exit_code == 1
    assert "'shop' is a file already" in result.stderr
    assert (project.root / "shop").read_text() == "mine"


def test_an_empty_folder_is_used(project, runner) -> None:
    (project.root / "shop").mkdir()
    assert "wsgi.py" in files_of(create(runner, "shop"))


def test_an_api_needs_msgspec(project, runner, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *args: None if name == "msgspec" else find_spec(name, *args),
    )
    result = runner.invoke(cli, ["new", "shop", "--api"])
    assert result.exit_code == 2
    assert "pip install 'msgspec>=0.22' 'flask-swagger-ui>=5.0'" in result.stderr
    assert not (project.root / "shop").exists()


def test_a_faulty_application_in_the_folder_does_not_matter(project, runner) -> None:
    project.write(app="1/0")
    assert "wsgi.py" in files_of(create(runner, "shop"))


# The application ----------------------------------------------------------------------------------


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=2 * LONGEST,
        check=False,
    )
    return done


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_its_own_tests_pass(project, runner, kind: str) -> None:
    done = run(create(runner, "corner-shop", *KINDS[kind]), "pytest", "-q", "-W", "error")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^[5-9] passed|^1\d passed", done.stdout, re.MULTILINE)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_its_types_and_its_style_are_right(project, runner, kind: str) -> None:
    pytest.importorskip("mypy")
    folder = create(runner, "corner-shop", *KINDS[kind])
    done = run(folder, "mypy")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    done = run(folder, "ruff", "check", "--select", "B,E,F,I,PL,RUF,SIM,UP,W,PT", "--ignore",
               "PLR2004", "--line-length", "100", ".")  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    done = run(folder, "ruff", "format", "--check", "--line-length", "100", ".")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "path"), [("pages", "/"), ("api", "/docs")])
def test_flask_finds_the_application_and_it_serves(project, runner, kind: str, path: str) -> None:
    folder = create(runner, "corner-shop", *KINDS[kind])
    code = (
        "from wsgi import app\n"
        f"response = app.test_client().get({path!r})\n"
        "assert response.status_code == 200, response.status\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    listed = run(folder, "flask", "routes")
    assert listed.returncode == 0 and "/" in listed.stdout
    doctor = run(folder, "flask", "doctor", "--ignore", "trusted-hosts-missing,other-flask")
    assert doctor.returncode == 0, doctor.stdout


@pytest.mark.slow
def test_the_wheel_creates_the_application_too(tmp_path: Path) -> None:
    done = run(ROOT, "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(tmp_path), ".")
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    here = ROOT / "src"
    wanted = {path.relative_to(here).as_posix() for path in here.rglob("*.tmpl")}
    assert len(wanted) > 10
    assert wanted <= set(zipfile.ZipFile(wheel).namelist())

    target = tmp_path / "installed"
    done = run(ROOT, "pip", "install", "--quiet", "--no-deps", "--target", str(target), str(wheel))
    assert done.returncode == 0, done.stdout + done.stderr
    environment = {**os.environ, "PYTHONPATH": str(target)}
    for command in (["new", "shop"], ["new", "notes-api", "--api"], ["doctor", "--help"]):
        subprocess.run(
            [sys.executable, "-m", "flask", *command], cwd=tmp_path, env=environment, check=True
        )
    code = "import flask, wsgi; print(flask.__file__, wsgi.app.test_client().get('/').status)"
    shown = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path / "shop",
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout == f"{target / 'flask' / '__init__.py'} 200 OK\n"
