"""Mistakes around templates: files, filters and tests that do not exist."""

from __future__ import annotations

from showing import Mistake

PAGE = """
from flask import Flask, render_template
app = Flask(__name__)
@app.get("/")
def index():
    return render_template("index.html")  # here
"""
GET = {"path": "/"}

TEMPLATES = [
    Mistake(
        "a misspelled filter",
        """
from flask import Flask, render_template_string
app = Flask(__name__)
@app.get("/")
def index():
    return render_template_string("{{ 'a'|upppr }}")
""",
        """
jinja2.exceptions.TemplateAssertionError: No filter named 'upppr'.
Templates have no filter 'upppr'. Did you mean 'upper'?
""",
        keeps="jinja2.exceptions.TemplateAssertionError: No filter named 'upppr'.",
        request=GET,
    ),
    Mistake(
        "a misspelled filter of the application, where a condition is true",
        """
from flask import Flask, render_template_string
app = Flask(__name__)
@app.template_filter("as_money")
def as_money(value):
    return f"{value} EUR"
@app.get("/")
def index():
    return render_template_string("{% if 1 %}{{ 1|asmoney }}{% endif %}")
""",
        """
jinja2.exceptions.TemplateRuntimeError: No filter named 'asmoney' found.
Templates have no filter 'asmoney'. Did you mean 'as_money'?
""",
        keeps="jinja2.exceptions.TemplateRuntimeError: No filter named 'asmoney' found.",
        request=GET,
    ),
    Mistake(
        "a misspelled test in a file",
        PAGE,
        """
jinja2.exceptions.TemplateAssertionError: No test named 'ood'.
Templates have no test 'ood'. Did you mean 'odd'?
""",
        keeps="jinja2.exceptions.TemplateAssertionError: No test named 'ood'.",
        request=GET,
        files={"templates/index.html": "<p>\n{{ 1 is ood }}"},
    ),
    Mistake(
        "a filter that was not registered",
        """
from flask import Flask, render_template_string
app = Flask(__name__)
@app.get("/")
def index():
    return render_template_string("{{ [1]|map('zzzzz')|list }}")
""",
        """
jinja2.exceptions.TemplateRuntimeError: No filter named 'zzzzz'.
Templates have no filter 'zzzzz'. To add it, write '@app.template_filter("zzzzz")' above a function.
""",
        keeps="jinja2.exceptions.TemplateRuntimeError: No filter named 'zzzzz'.",
        request=GET,
    ),
    Mistake(
        "a misspelled template",
        PAGE,
        """
jinja2.exceptions.TemplateNotFound: index.html
The template is used in {here}. Searched for 'index.html' in:
  {folder}/templates (application 'app')
Did you mean 'indexx.html'?
""",
        keeps="jinja2.exceptions.TemplateNotFound: index.html",
        request=GET,
        files={"templates/indexx.html": ""},
        debug=True,
    ),
    Mistake(
        "a template in another folder",
        PAGE,
        """
jinja2.exceptions.TemplateNotFound: index.html
The template is used in {here}. Searched for 'index.html' in:
  {folder}/templates (application 'app')
Did you mean 'pages/index.html'?
""",
        keeps="jinja2.exceptions.TemplateNotFound: index.html",
        request=GET,
        files={"templates/pages/index.html": ""},
        debug=True,
    ),
    Mistake(
        "template instead of templates",
        PAGE,
        """
jinja2.exceptions.TemplateNotFound: index.html
The template is used in {here}. Searched for 'index.html' in:
  {folder}/templates (application 'app'): the folder does not exist
{folder} has a folder 'template'. Rename it to 'templates', or pass template_folder='template'.
""",
        keeps="jinja2.exceptions.TemplateNotFound: index.html",
        request=GET,
        files={"template/index.html": ""},
        testing=True,
    ),
    Mistake(
        "a template beside the program",
        PAGE,
        """
jinja2.exceptions.TemplateNotFound: index.html
The template is used in {here}. Searched for 'index.html' in:
  {folder}/templates (application 'app'): the folder does not exist
The file 'index.html' is in {folder}. Move it to the folder 'templates' there.
""",
        keeps="jinja2.exceptions.TemplateNotFound: index.html",
        request=GET,
        files={"index.html": ""},
        debug=True,
    ),
    Mistake(
        "a base template that does not exist",
        PAGE,
        """
jinja2.exceptions.TemplateNotFound: base.html
The template is used in {folder}/templates/index.html, line 2. Searched for 'base.html' in:
  {folder}/templates (application 'app')
Did you mean 'bases.html'?
""",
        keeps="jinja2.exceptions.TemplateNotFound: base.html",
        request=GET,
        files={
            "templates/index.html": "{# page #}\n{% extends 'base.html' %}",
            "templates/bases.html": "",
        },
        debug=True,
    ),
]
