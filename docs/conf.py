"""The documentation site: `make docs`. `collect` brings its pages together, and `api_pages` makes
the pages of the reference."""

from __future__ import annotations

import sys
import tomllib
import typing as t
from pathlib import Path

if t.TYPE_CHECKING:
    from sphinx.application import Sphinx

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests" / "docs")]

from api_pages import add_reference  # noqa: E402
from collect import read_pages, write_pages  # noqa: E402

with (HERE.parent / "pyproject.toml").open("rb") as file:
    _project = tomllib.load(file)["project"]

project = "Flask, rebuilt"
author = "The maintainers"
release = version = _project["version"]
html_title = project

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_copybutton"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
myst_heading_anchors = 4
myst_enable_extensions = ["attrs_inline"]

html_theme = "pydata_sphinx_theme"
html_theme_options = {
    "header_links_before_dropdown": 8,
    "navigation_with_keys": False,
    "show_prev_next": True,
    "show_toc_level": 2,
    "footer_start": [],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
html_context = {"default_mode": "auto"}
html_static_path = [str(HERE / "_static")]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_favicon = str(HERE / "_static" / "icon.svg")
html_show_sourcelink = False
html_copy_source = False
html_show_sphinx = False
highlight_language = "none"

# Docstrings name other objects in single backticks.
default_role = "py:obj"
smartquotes = False  # "--app" stays two hyphens
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
toc_object_entries_show_parents = "hide"
# Names such as "Blueprint" in a type are those of the class and of its private base.
# A block that is no whole file of its language, such as JSON with "...", has fewer colors.
suppress_warnings = ["ref.python", "misc.highlighting_failure"]

# A prompt is not copied, and neither is the output of a command.
copybutton_prompt_text = r"\$ |>>> |\.\.\. "
copybutton_prompt_is_regexp = True
copybutton_line_continuation_character = "\\"


def setup(app: Sphinx) -> None:
    """Collect the pages before Sphinx looks for them."""
    pages = read_pages()
    add_reference(pages.texts)
    write_pages(Path(app.srcdir), pages)
