"""The fast paths of templates: the Jinja internals they use, and equal results."""

from __future__ import annotations

import typing as t
from pathlib import Path

import jinja2
import markupsafe
import pytest
from markupsafe import Markup

from flask import Flask, render_template_string
from flask._templating.compiler import escape_for_output
from flask._templating.template import Template
from flask.templating import Environment


@pytest.fixture
def app() -> Flask:
    return Flask("app")


def by_jinja(source: str, **names: t.Any) -> str:
    """Render with Jinja alone."""
    return jinja2.Environment(autoescape=True).from_string(source).render(**names)


def ours(app: Flask, source: str, **names: t.Any) -> str:
    return app.jinja_env.from_string(source).render(**names)


lean = pytest.mark.skipif(
    not hasattr(markupsafe, "_escape_inner"), reason="MarkupSafe 2 has no function that is private"
)


@lean
def test_the_jinja_internals_that_the_fast_path_uses_exist(app: Flask) -> None:
    template = app.jinja_env.from_string("{{ a }}")
    assert isinstance(template, Template)
    assert template.root_render_func.__globals__["escape"] is escape_for_output


class Html:
    def __html__(self) -> str:
        return "<i>"


class LazyHtml:
    def __html__(self) -> t.Any:
        return Html()


class Text(str):
    pass


@lean
@pytest.mark.parametrize(
    "value",
    ["<a & 'b' \"c\">", 1, 1.5, None, Markup("<b>"), Html(), LazyHtml(), Text("<"), b"<", ["<"]],
)
def test_values_go_out_as_markupsafe_escapes_them(app: Flask, value: t.Any) -> None:
    assert str(escape_for_output(value)) == str(markupsafe.escape(value))
    source = "{{ v }}|{{ v|e }}|{{ v ~ '<' }}"
    assert ours(app, source, v=value) == by_jinja(source, v=value)


@pytest.mark.parametrize(
    "source",
    [
        "{% macro m(x) %}<b>{{ x }}</b>{% endmacro %}{{ m('<') }}{{ m(m('&')) }}",
        "{% set s %}<i>{{ v }}</i>{% endset %}{{ s }}{{ s|length }}",
        "{% macro m() %}[{{ caller() }}]{% endmacro %}{% call m() %}{{ v }}<br>{% endcall %}",
        "{% filter upper %}{{ v }}<br>{% endfilter %}",
        "{% block b %}{{ v }}{% endblock %}{{ self.b() }}",
        "{% autoescape false %}{{ v }}{% endautoescape %}{{ v }}",
        "{% for x in [v, 1] %}{{ loop.index }}{{ x }}{% endfor %}",
        "{{ missing }}{{ missing is defined }}{{ v if v else missing }}",
        "{% set ns = namespace(a=v) %}{{ ns.a }}{{ [v]|join('<') }}{{ '<a>'|replace('a', v) }}",
    ],
)
def test_templates_render_as_with_jinja_alone(app: Flask, source: str) -> None:
    assert ours(app, source, v="<&>") == by_jinja(source, v="<&>")


@pytest.mark.parametrize("value", ["<", 1, Markup("<b>"), None])
def test_a_finalizer_sees_each_value_before_it_is_escaped(value: t.Any) -> None:
    app = Flask("app")
    app.jinja_options = {"finalize": lambda found: "<none>" if found is None else found}
    finalized = jinja2.Environment(autoescape=True, **app.jinja_options)
    source = "{{ v }}{{ 1 }}{{ none }}{% set v = v %}{{ v }}"
    assert ours(app, source, v=value) == finalized.from_string(source).render(v=value)


def test_a_template_may_give_any_name_to_its_values(app: Flask) -> None:
    source = "{% set value = '<1>' %}{{ a }}{{ value }}{{ escape_text }}{{ a }}"
    assert ours(app, source, a="<a>", escape_text="<e>") == "&lt;a&gt;&lt;1&gt;&lt;e&gt;&lt;a&gt;"


def test_an_async_environment_renders_as_jinja_does() -> None:
    async def find() -> str:
        return "<&>"

    app = Flask("app")
    app.jinja_options = {"enable_async": True}
    assert (
        ours(app, "{{ v() }}{{ '<'|upper }}{{ v() }}", v=find) == "&lt;&amp;&gt;&lt;&lt;&amp;&gt;"
    )


def test_code_that_is_stored_in_a_file_needs_only_jinja(tmp_path: Path) -> None:
    """Another process may render it, with Jinja alone or with official Flask."""
    loader = jinja2.DictLoader({"t.html": "{{ v }}"})
    app = Flask("app")
    app.jinja_options = {"bytecode_cache": jinja2.FileSystemBytecodeCache(str(tmp_path))}
    app.jinja_env.loader = loader
    assert app.jinja_env.get_template("t.html").render(v="<") == "&lt;"
    app.jinja_env.compile_templates(tmp_path / "compiled", zip=None)
    stored = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert len(stored) == 2
    assert not any(b"flask" in file.read_bytes() for file in stored)


def test_an_environment_with_another_compiler_renders_as_jinja_does(app: Flask) -> None:
    class Generator(jinja2.compiler.CodeGenerator):
        pass

    app.jinja_env.code_generator_class = Generator
    template = app.jinja_env.from_string("{{ a }}")
    assert template.root_render_func.__globals__["escape"] is markupsafe.escape  # type: ignore[attr-defined]
    assert template.render(a="<") == "&lt;"


def test_without_markupsafes_function_templates_render_as_with_jinja(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flask._templating.compiler.escape_text", None)
    template = app.jinja_env.from_string("{{ a }}")
    assert template.root_render_func.__globals__["escape"] is markupsafe.escape  # type: ignore[attr-defined]


def test_names_are_found_as_jinja_finds_them(app: Flask) -> None:
    """What is given wins over a template's own names, and those over the environment's."""
    environment: Environment = app.jinja_env
    environment.globals.update(x="environment", y="environment", z="environment")
    template = environment.from_string("{{ x }} {{ y }} {{ z }}", globals={"x": "t", "y": "t"})
    assert template.render(x="given") == "given t environment"
    assert template.render() == "t t environment"
    assert sorted(template.new_context({"w": 1}).globals_keys) == sorted(template.globals)
    assert template.new_context({"w": 1}, shared=True).parent == {"w": 1}
    assert template.new_context(None, False, {"w": 2}).parent["w"] == 2


def test_imported_templates_see_globals_and_no_given_names(app: Flask) -> None:
    environment = app.jinja_env
    environment.loader = jinja2.DictLoader(
        {"m.html": "{% macro m() %}{{ v }}{{ glob }}{% endmacro %}", "i.html": "{{ v }}{{ glob }}"}
    )
    environment.globals["glob"] = "<g>"
    source = (
        "{% import 'm.html' as m %}{{ m.m() }}|{% include 'i.html' %}"
        "|{% include 'i.html' without context %}"
    )
    with app.app_context():
        assert render_template_string(source, v="<v>") == ("&lt;g&gt;|&lt;v&gt;&lt;g&gt;|&lt;g&gt;")
