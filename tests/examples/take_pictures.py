"""Take the pictures of the examples in ``docs/images``; needs chromium.

    python tests/examples/take_pictures.py [NAME ...]

Look at each picture before you commit it.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from browser import Browser, Page  # noqa: E402
from processes import PrintingProcess  # noqa: E402

WIDTH, HEIGHT = 1000, 640


def _show_hello(page: Page) -> None:
    page.run("document.getElementById('text').value = 'it works'")
    page.run("document.querySelector('#shout button').click()")
    page.wait_for("document.getElementById('shouted').textContent === 'IT WORKS'")
    page.wait_for("document.getElementById('ticks').textContent.startsWith('Event ')")


def _show_chat(page: Page) -> None:
    page.run("document.getElementById('name').value = 'Ann'")
    page.run("document.forms[0].submit()")
    page.wait_for("document.getElementById('state')?.textContent === 'Connected'")
    for count, text in enumerate(("Hello!", "Is anyone here?", "The tea is ready."), start=1):
        page.run(f"document.getElementById('text').value = {text!r}")
        page.run("document.getElementById('say').requestSubmit()")
        page.wait_for(f"document.querySelectorAll('.text').length === {count}")


def _show_dashboard(page: Page) -> None:
    page.run("document.getElementById('work').click()")
    page.wait_for("document.querySelector('#lines path')?.getAttribute('d').split('L').length > 6")


def _show_cart(page: Page) -> None:
    page.run("document.querySelector('button').click()")
    page.wait_for("document.getElementById('cart').textContent === 'tea'")


PICTURES: dict[str, tuple[str, str, Callable[[Page], object]]] = {
    "hello": ("hello/app.py", "/", _show_hello),
    "members": ("members/app.py", "/join", lambda page: None),
    "shop-api": (
        "shop_api/shop",
        "/v2/docs",
        lambda page: page.wait_for("document.querySelectorAll('.opblock').length > 3"),
    ),
    "chat": ("chat/app.py", "/", _show_chat),
    "dashboard": ("dashboard/app.py", "/", _show_dashboard),
    "cluster": ("cluster/webshop", "/", _show_cart),
}
"""For each picture the example, the page, and what is done before it is taken."""


def main(names: list[str]) -> None:
    """Take the pictures with these names; without names, all."""
    os.environ["FLASK_SECRET_KEY"] = "a key for pictures"
    for name in names or PICTURES:
        example, path, prepare = PICTURES[name]
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            os.environ["FLASK_DATABASE"] = str(folder / "data.sqlite")
            command = ["-m", "flask", "--app", str(ROOT / "examples" / example)]
            server = PrintingProcess([sys.executable, *command, "run", "--port", "0"], folder)
            stack.callback(server.stop)
            base = server.wait_for(r"Running on (http://127\.0\.0\.1:\d+)")
            browser = Browser(folder)
            stack.callback(browser.stop)
            page = browser.open(base + path, width=WIDTH, height=HEIGHT)
            prepare(page)
            page.save_picture(ROOT / "docs" / "images" / f"example-{name}.png")


if __name__ == "__main__":
    main(sys.argv[1:])
