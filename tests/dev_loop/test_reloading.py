"""The development server while its application is edited: real processes, and no waits by time."""

from __future__ import annotations

import itertools
import json
import signal
import threading
from pathlib import Path

import httpx
import pytest
from dev_server import BROWSER, FLASK, KINDS, SCRIPT, DevServer, Start, write_app
from polling import LONGEST, wait_until

pytestmark = pytest.mark.slow


@pytest.fixture(params=KINDS)
def server(request: pytest.FixtureRequest, start: Start, tmp_path: Path) -> DevServer:
    arguments, name = KINDS[request.param]
    write_app(tmp_path, "first 0")
    server = start(*arguments, bytecode=True)
    server.wait_for_answer("first 0")
    server.wait_until(lambda: f" * Restarting with {name}\n" in server.printed)
    return server


def test_each_save_is_answered_by_new_code(server: DevServer) -> None:
    """All texts have one size, and two saves have one time, as far as bytecode files know."""
    for number in range(1, 5):
        write_app(server.folder, f"first {number}")
        server.wait_for_answer(f"first {number}")
    path = str(server.folder / "app.py")
    server.wait_until(lambda: f" * Detected change in {path!r}, reloading\n" in server.printed)


@pytest.mark.parametrize("mistake", ["x = (", "import not_there_at_all", "1/0"])
def test_code_that_cannot_be_imported_is_shown_until_the_next_save(
    server: DevServer, mistake: str
) -> None:
    write_app(server.folder, "second", mistake)
    page = server.wait_for_answer("could not be loaded")
    server.wait_for(r"[Ww]aiting for the next change\.")
    last = {"x = (": "SyntaxError", "1/0": "ZeroDivisionError"}.get(mistake, "ModuleNotFoundError")
    server.wait_until(lambda: last in server.printed)
    server.wait_until(lambda: 'app.py", line 14' in server.printed)
    if "app.run" not in page and "terminal shows why" not in page:  # a script has ended
        assert "line 14" in page
    assert "/.flask/reload.js" in page
    write_app(server.folder, "third")
    server.wait_for_answer("third")


def test_a_page_of_a_script_shows_a_syntax_error(start: Start, tmp_path: Path) -> None:
    write_app(tmp_path, "first")
    server = start(*SCRIPT)
    server.wait_for_answer("first")
    write_app(tmp_path, "second", "x = (")
    page = server.wait_for_answer("could not be loaded")
    assert "SyntaxError" in page
    assert "line 14" in page


def test_a_request_during_a_restart_waits_for_its_answer(server: DevServer) -> None:
    write_app(server.folder, "second", "import time; print('importing'); time.sleep(0.5)")
    server.wait_for("importing\n")
    assert server.ask().text == "second"


def test_a_request_that_has_begun_ends_before_a_restart(server: DevServer) -> None:
    more = "@app.route('/slow')\ndef slow():\n    print('slow')\n    __import__('time').sleep(0.15)"
    write_app(server.folder, "second", f"{more}\n    return 'whole answer'")
    server.wait_for_answer("second")
    answers: list[str] = []
    thread = threading.Thread(target=lambda: answers.append(server.ask("/slow").text))
    thread.start()
    server.wait_for("slow\n")
    write_app(server.folder, "third")
    thread.join(LONGEST)
    assert answers == ["whole answer"]
    server.wait_for_answer("third")


def test_ctrl_c_ends_all_processes(server: DevServer) -> None:
    server.interrupt()
    assert server.wait() == 0
    wait_until(lambda: not server.list_processes(), "the end of the processes")
    assert "Traceback" not in server.printed


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_when_the_first_process_ends_the_others_end(server: DevServer, number: int) -> None:
    server.process.send_signal(number)
    assert server.wait() == (0 if number == signal.SIGTERM else -number)
    wait_until(lambda: not server.list_processes(), "the end of the processes")


def test_functions_of_the_shutdown_run_at_each_restart(server: DevServer) -> None:
    more = "@app.after_serving\ndef note():\n    os.write(1, b'after serving\\n')"
    write_app(server.folder, "second", more)
    server.wait_for_answer("second")
    write_app(server.folder, "third")
    server.wait_for_answer("third")
    assert server.printed.count("after serving\n") == 1


@pytest.fixture
def flask_run(start: Start, tmp_path: Path) -> DevServer:
    write_app(tmp_path, "first")
    server = start(*FLASK)
    server.wait_for_answer("first")
    return server


def test_a_save_during_an_import_that_hangs_restarts(flask_run: DevServer) -> None:
    write_app(flask_run.folder, "second", "import time; print('hanging'); time.sleep(1000)")
    flask_run.wait_for("hanging\n")
    write_app(flask_run.folder, "third")
    flask_run.wait_for_answer("third")


def test_an_application_may_ask_for_a_restart(flask_run: DevServer) -> None:
    exiting = "@app.route('/exit/<int:code>')\ndef leave(code):\n    os._exit(code)"
    write_app(flask_run.folder, "second", exiting)
    flask_run.wait_for_answer("second")
    before = flask_run.ask("/process").text
    with pytest.raises(httpx.HTTPError):
        flask_run.ask("/exit/3")
    wait_until(lambda: (flask_run.answers("/process") or before) != before, "another process")
    with pytest.raises(httpx.HTTPError):
        flask_run.ask("/exit/4")
    assert flask_run.wait() == 4


def test_an_application_sees_that_the_reloader_runs_it(flask_run: DevServer) -> None:
    more = """
import werkzeug.serving
print("reloader", werkzeug.serving.is_running_from_reloader(), os.environ["WERKZEUG_RUN_MAIN"])
print("inherited", [name for name in os.environ if "RELOADER" in name])
"""
    write_app(flask_run.folder, "second", more)
    flask_run.wait_for("reloader True true\n")
    flask_run.wait_for(r"inherited \[\]\n")


def test_a_first_start_that_fails_ends_the_command(start: Start, tmp_path: Path) -> None:
    write_app(tmp_path, "first", "1/0")
    with pytest.raises(AssertionError, match="ended without"):
        start(*FLASK)


def test_extra_files_and_excluded_files(start: Start, tmp_path: Path) -> None:
    write_app(tmp_path, "first", "print('loaded', open('shop.toml').read())")
    (tmp_path / "shop.toml").write_text("a")
    (tmp_path / "notes.py").write_text("a = 1")
    server = start(*FLASK, "--extra-files", "shop.toml", "--exclude-patterns", "*/notes.py")
    server.wait_for_answer("first")
    process = server.ask("/process").text
    (tmp_path / "notes.py").write_text("a = 2000")
    (tmp_path / "README.txt").write_text("a")
    (tmp_path / "shop.toml").write_text("changed")
    server.wait_for("loaded changed\n")
    server.wait_for_answer("first")
    assert server.ask("/process").text != process
    assert "notes.py" not in server.printed
    assert "README.txt" not in server.printed


def test_a_module_that_is_imported_later_from_elsewhere_is_watched(
    start: Start, tmp_path: Path
) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "helper_module.py").write_text("TEXT = 'one'\n")
    more = f"""
@app.route("/late")
def late():
    import sys
    sys.path.append({str(tmp_path / "elsewhere")!r})
    import helper_module
    return helper_module.TEXT
"""
    write_app(folder, "first", more)
    server = start("-m", "flask", "--app", "project/app.py", *FLASK[2:])
    server.wait_for_answer("one", "/late")

    def is_new() -> bool:  # the process reports its modules once a second
        (tmp_path / "elsewhere" / "helper_module.py").write_text("TEXT = 'changed'\n")
        return "changed" in (server.answers("/late") or "")

    wait_until(is_new, "the new text")


def test_many_saves_in_a_row_end_with_the_last_one(flask_run: DevServer) -> None:
    for number in range(30):
        write_app(flask_run.folder, f"save {number:02}")
    flask_run.wait_for_answer("save 29")
    assert not flask_run.has_ended


def test_a_blocking_shutdown_is_ended(flask_run: DevServer) -> None:
    """The application has ten seconds; a thread that is not a daemon would wait forever."""
    more = "import threading\nthreading.Thread(target=threading.Event().wait).start()"
    write_app(flask_run.folder, "second", more)
    flask_run.wait_for_answer("second")
    write_app(flask_run.folder, "third")
    flask_run.wait_for_answer("third")
    flask_run.wait_for("It is killed.")


def test_the_reloader_of_werkzeug_can_still_be_chosen(start: Start, tmp_path: Path) -> None:
    pytest.importorskip("watchdog")
    write_app(tmp_path, "first")
    text = (tmp_path / "app.py").read_text()
    text = text.replace("debug=True", "reloader_type='watchdog', debug=True")
    (tmp_path / "app.py").write_text(text)
    server = start(*SCRIPT)
    server.wait_for(r"Restarting with watchdog")


def test_open_pages_are_notified_of_templates_and_static_files(server: DevServer) -> None:
    version = server.ask("/", **BROWSER).text.partition("?v=")[2].partition('"')[0]
    url = f"http://{server.address}/.flask/reload"
    with httpx.stream("GET", url, params={"v": version}, timeout=LONGEST) as answer:
        lines = answer.iter_lines()
        assert next(lines) == "retry: 100"
        for name, expected in (
            ("templates/shop/a.html", {"templates": 1, "static_files": []}),
            ("static/a.css", {"templates": 0, "static_files": ["a.css"]}),
        ):
            (server.folder / name).parent.mkdir(parents=True)
            (server.folder / name).write_text("a")
            some = itertools.islice(lines, 20)
            data = next(line for line in some if line.startswith("data: "))
            event = json.loads(data.removeprefix("data: "))
            assert {**event, **expected} == event
    assert "reload HTTP" not in server.printed


@pytest.mark.parametrize(
    ("options", "setting"),
    [
        (("--no-reload",), ""),
        ((), "app.config['BROWSER_AUTO_RELOAD'] = False"),
        (("--without-threads",), ""),
        (("--reload", "--no-debug"), ""),
    ],
    ids=str,
)
def test_pages_get_no_script_if_it_is_not_wanted(
    start: Start, tmp_path: Path, options: tuple[str, ...], setting: str
) -> None:
    write_app(tmp_path, "<body></body>", setting)
    server = start(*FLASK, *options)
    assert server.wait_for_answer("<body>") == "<body></body>"
    assert server.ask("/.flask/reload.js").status_code == 404
