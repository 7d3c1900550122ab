"""An application with templates in a dictionary."""

from __future__ import annotations

import pytest
from jinja2 import DictLoader

from flask import (
    Flask,
)

TEMPLATES = {
    "hello.html": "hello {{ name }}",
    "context.html": "{{ value }}",
    "escape.html": "{{ value }}",
    "escape.htm": "{{ value }}",
    "escape.xml": "{{ value }}",
    "escape.xhtml": "{{ value }}",
    "escape.svg": "{{ value }}",
    "escape.HTML": "{{ value }}",
    "escape.html.j2": "{{ value }}",
    "escape.txt": "{{ value }}",
    "escape": "{{ value }}",
    "macro.html": "{% macro greet(name) %}hi {{ name }} {{ g.x }} {{ processed }}{% endmacro %}"
    "{% set version = 7 %}",
    "import.html": "{% from 'macro.html' import greet %}{{ greet('ann') }}",
    "loop.html": "{% for n in numbers %}{{ n }}{{ request.path }} {% endfor %}",
}


@pytest.fixture
def app(app: Flask) -> Flask:
    app.jinja_loader = DictLoader(TEMPLATES)
    return app
