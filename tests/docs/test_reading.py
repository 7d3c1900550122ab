"""Pages are read and run as `pages` says, and a block that is wrong is found."""

from __future__ import annotations

from pathlib import Path

import pytest
from pages import read_blocks, read_sections
from programs import is_shown, missing_for, run_section

APP = """\
<!-- file: app.py -->
```python
from flask import Flask

app = Flask(__name__)


@app.get("/")
def index():
    return {"greeting": "Hello"}
```
"""

MORE = """\
<!-- continues: app.py -->
```python
@app.post("/items")
def add():
    return "added", 201
```
"""


def run(tmp_path: Path, text: str) -> None:
    """Run the sections of a page, each in its own folder, as the tests of the pages do."""
    page = tmp_path / "page.md"
    page.write_text(text, encoding="utf-8")
    for number, section in enumerate(read_sections(page)):
        folder = tmp_path / str(number)
        folder.mkdir()
        run_section(section, folder)


def hidden(*lines: str) -> str:
    return "\n".join(["<!-- test", *lines, "-->", ""])


def console(mark: str, *lines: str) -> str:
    return "\n".join([f"<!-- {mark} -->", "```console", *lines, "```", ""])


RIGHT = {
    "a hidden block has a client of a file's application": APP
    + hidden('assert client_of("app.py").get("/").json == {"greeting": "Hello"}'),
    "a hidden block loads a file": APP
    + hidden('assert load("app.py").index() == {"greeting": "Hello"}'),
    "a file can be continued": APP
    + MORE
    + hidden('assert client_of("app.py").post("/items").status_code == 201'),
    "a file can be continued in a later section": APP
    + "## Add\n"
    + MORE
    + hidden('assert client_of("app.py").post("/items").text == "added"'),
    "a file can be replaced": APP
    + hidden('load("app.py")')
    + APP.replace("Hello", "Hi")
    + hidden('assert client_of("app.py").get("/").json == {"greeting": "Hi"}'),
    "a hidden block sees the names of the blocks before it": "```python\nnumber = 7\n```\n"
    + hidden("assert number == 7", "more = number + 1")
    + hidden("assert more == 8"),
    "curl shows what the server sends": APP
    + console("requests: app.py", "$ curl http://127.0.0.1:5000/", '{"greeting":"Hello"}'),
    "curl shows headers, and a rest may be left out": APP
    + console(
        "requests: app.py",
        "$ curl -i http://localhost:5000/",
        "HTTP/1.1 200 OK",
        "Server: Werkzeug/...",
        "...",
        '{"greeting":"Hello"}',
    ),
    "an ASGI server answers": APP
    + console(
        "requests: app.py over ASGI", "$ curl http://127.0.0.1:5000/", '{"greeting":"Hello"}'
    ),
    "a command may have several lines": APP
    + console(
        "requests: app.py",
        "$ curl --request GET \\",
        "    http://127.0.0.1:5000/",
        '{"greeting":...',
    ),
}
"""Pages on which every block works."""

WRONG = {
    "a hidden block fails": APP + hidden('assert client_of("app.py").get("/").text == "x"'),
    "a visible block fails": "```python\n1 / 0\n```\n",
    "a visible block needs another one": "```python\nx = 1\n```\n\n```python\nprint(x)\n```\n",
    "a visible block needs a name that it does not create": "```python\nprint(client)\n```\n",
    "a file cannot be compiled": APP.replace("return {", "return ({"),
    "a file cannot be imported": APP.replace("from flask import Flask", ""),
    "a continued file cannot be imported": APP + MORE.replace("@app", "@other"),
    "a block continues a file that does not exist": MORE,
    "another answer is shown": APP
    + console("requests: app.py", "$ curl http://127.0.0.1:5000/", '{"greeting":"Hi"}'),
    "another status is shown": APP
    + console("requests: app.py", "$ curl -i http://127.0.0.1:5000/x", "HTTP/1.1 200 OK", "..."),
    "no block writes the file that serves": console(
        "requests: x.py", "$ curl http://127.0.0.1:5000/"
    ),
    "a command fails": console("requests: app.py", "$ curl http://127.0.0.1:1/").join([APP, ""]),
    "a command does not fail": APP + "<!-- fails -->\n```console\n$ true\n```\n",
}
"""Pages with one block that does not work."""


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT)
def test_a_page_runs(text: str, tmp_path: Path) -> None:
    run(tmp_path, text)


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG)
def test_a_block_that_does_not_work_is_found(text: str, tmp_path: Path) -> None:
    with pytest.raises((AssertionError, NameError, SyntaxError, ZeroDivisionError)):
        run(tmp_path, text)


def test_a_section_keeps_the_files_of_earlier_ones_and_not_their_names(tmp_path: Path) -> None:
    run(
        tmp_path,
        APP + hidden("x = 1") + "## Next\n" + hidden('assert client_of("app.py").get("/")'),
    )
    with pytest.raises(NameError):
        run(tmp_path / "0", hidden("x = 1") + "## Next\n" + hidden("print(x)"))


def test_what_a_section_needs_is_read_above_it_and_in_it(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "<!-- needs: flask -->\n## One\n\n<!-- needs: no_such_module, python3 -->\n"
        "```python\n```\n## Two\n```python\n```\n",
        encoding="utf-8",
    )
    one, two = read_sections(page)
    assert one.needs == ["flask", "no_such_module", "python3"]
    assert (missing_for(one), missing_for(two)) == (["no_such_module"], [])


def test_headings_and_comments_in_hidden_blocks_are_not_headings(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Page\n\n" + hidden("## not a heading", "x = 1"), encoding="utf-8")
    (section,) = read_sections(page)
    assert (section.title, section.blocks[0].language) == ("top", "test")


@pytest.mark.parametrize(
    ("shown", "printed", "expected"),
    [
        ([], ["anything"], True),
        (["a", "b"], ["a", "b"], True),
        (["a", "b"], ["a", "c"], False),
        (["a", "...", "b"], ["a", "x", "y", "b"], True),
        (["a", "...", "b"], ["a", "b", "c"], False),
        (["1 passed..."], ["1 passed in 0.01s"], True),
        (["a.c"], ["abc"], False),
        (["a", ""], ["a"], True),
        (["a"], ["a", "", ""], True),
        (["a", "", "b"], ["a", "b"], False),
    ],
)
def test_what_is_shown_is_compared_line_by_line(
    shown: list[str], printed: list[str], expected: bool
) -> None:
    assert is_shown(shown, printed) is expected


def test_a_block_knows_its_mark_and_its_line() -> None:
    text = "# Page\n\n<!-- file: a.py -->\n```python\nx = 1\n```\n\n```console\n$ true\n```\n"
    (_, first), (_, second) = read_blocks(text)
    assert (first.language, first.marked("file"), first.line) == ("python", "a.py", 5)
    assert (second.language, second.mark, second.line) == ("console", "", 9)


def test_a_directive_of_the_site_is_a_block_of_its_own() -> None:
    text = "```{toctree}\n:glob:\n\n*\n```\n\n```python\nx = 1\n```\n"
    assert [block.language for _, block in read_blocks(text)] == ["{toctree}", "python"]
