"""Templates: files, strings, inheritance, macros, filters, context, streams."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import (
    Blueprint,
    Flask,
    current_app,
    flash,
    g,
    get_template_attribute,
    render_template,
    render_template_string,
    request,
    session,
    stream_template,
    stream_template_string,
)

from .record import error, note

SOURCES: dict[str, str] = {
    "escape": "{{ name }} {{ name|safe }} {{ name|e }}",
    "globals": "{{ url_for('string', s=name) }} {{ request.path }} {{ config.TEMPLATE_NOTE }}"
    " {{ g.note }} {{ session.a }}",
    "processor": "{{ processed }} {{ request }} {{ name }} {{ helper(2) }}",
    "filters": "{{ name|backwards }} {{ 3|twice }} {{ name|shout }}",
    "tests": "{{ 4 is even_number }} {{ 5 is even_number }} {{ name is named_test }}",
    "global_functions": "{{ answer() }} {{ named_global('x') }}",
    "undefined": "[{{ nothing }}] {{ nothing.more }}",
    "tojson": "<script>{{ {'b': name, 'a': '</script>'}|tojson }}</script>",
    "flashed": "{% for m in get_flashed_messages() %}({{ m }}){% endfor %}",
    "macro": "{% from 'macros.html' import field %}{{ field('a<b', name) }}",
    "macro_context": "{% from 'macros.html' import told with context %}{{ told() }}",
    "macro_plain": "{% from 'macros.html' import told %}[{{ told() }}]",
    "zero": "{{ 1 / 0 }}",
    "syntax": "{% if %}",
    "unknown_filter": "{{ name|no_such_filter }}",
    "missing_include": "{% include 'missing.html' %}",
    "optional_include": "[{% include 'missing.html' ignore missing %}]",
    "include": "{% include 'included.html' %}",
    "blueprint": "{{ url_for('.where_am_i') }}",
    "newline": "one\n",
    "unicode": "\u2603 {{ name }}",
}


def context() -> dict[str, Any]:
    """What most templates are given."""
    return {"name": request.args.get("name", "<World> & Söhne"), "items": ["a", "<b>", 3]}


def from_file(template: str) -> Any:
    """A template of the site's folder."""
    return render_template(template, **context())


def from_list() -> Any:
    """The first of several that exists."""
    return render_template([*request.args.getlist("t"), "missing.html"], **context())


def from_object() -> Any:
    """A template object in the hand."""
    return render_template(current_app.jinja_env.get_template("page.html"), **context())


def from_string(source: str) -> Any:
    """A template given as text."""
    g.note = "noted in g"
    if request.args.get("flash"):
        flash(request.args["flash"])
    return render_template_string(SOURCES[source], **context())


def from_text() -> Any:
    """The text of the query itself."""
    return render_template_string(request.args.get("source", ""), **context())


def overriding() -> Any:
    """Names of the caller, a processor and a global that are the same."""
    return render_template_string(
        "{{ processed }} {{ request }} {{ g }}", processed="mine", g="my g"
    )


def streamed(template: str) -> Any:
    """The same template, streamed."""
    return stream_template(template, **context())


def streamed_string(source: str) -> Any:
    """A text, streamed."""
    g.note = "noted in g"
    return stream_template_string(SOURCES[source], **context())


def attribute() -> Any:
    """A macro called from Python."""
    field: Callable[..., str] = get_template_attribute("macros.html", "field")
    return field("<n>", "v")


def outside() -> Any:
    """Rendered with an app context alone."""
    from contextvars import Context

    app = current_app._get_current_object()  # type: ignore[attr-defined]

    def render() -> str:
        with app.app_context():
            return render_template_string(
                "[{{ request }}] [{{ session }}] [{{ g }}] {{ config.TEMPLATE_NOTE }}"
            )

    try:
        return Context().run(render)
    except Exception as failure:
        return error(failure).splitlines()[0], 299


def environment() -> Any:
    """What can be seen of the Jinja environment."""
    env = current_app.jinja_env
    return {
        "globals": sorted(env.globals),
        "filters": sorted(env.filters),
        "tests": sorted(env.tests),
        "extensions": sorted(env.extensions),
        "templates": env.list_templates(),
        "autoescape": [
            env.autoescape(name)  # type: ignore[operator]
            for name in (None, "a.html", "a.htm", "a.xml", "a.svg", "a.HTML", "a.txt", "a.html.j2")
        ],
        "reload": env.auto_reload,
    }


def install(app: Flask) -> None:
    """Routes below ``/template``; a blueprint with templates of its own."""
    app.config["TEMPLATE_NOTE"] = "from <config>"
    app.add_url_rule("/template/file/<path:template>", view_func=from_file)
    app.add_url_rule("/template/list", view_func=from_list)
    app.add_url_rule("/template/object", view_func=from_object)
    app.add_url_rule("/template/string/<source>", view_func=from_string)
    app.add_url_rule("/template/text", view_func=from_text)
    app.add_url_rule("/template/overriding", view_func=overriding)
    app.add_url_rule("/template/stream/<path:template>", view_func=streamed)
    app.add_url_rule("/template/stream-string/<source>", view_func=streamed_string)
    app.add_url_rule("/template/attribute", view_func=attribute)
    app.add_url_rule("/template/outside", "template_outside", outside)
    app.add_url_rule("/template/environment", view_func=environment)

    @app.context_processor
    def processor() -> dict[str, Any]:
        note("processor of the app")
        return {"processed": "by the app", "helper": lambda n: n * 2, "name": "overridden?"}

    app.add_template_filter(lambda text: text[::-1], "backwards")
    app.template_filter("shout")(lambda text: text.upper())
    app.template_filter()(twice)
    app.template_test("even_number")(lambda n: n % 2 == 0)
    app.add_template_test(named_test)
    app.template_global("answer")(lambda: 42)
    app.add_template_global(named_global)
    install_blueprint(app)


def twice(number: int) -> int:
    """A filter under its own name."""
    return number * 2


def named_test(value: Any) -> bool:
    """A test under its own name."""
    return bool(value)


def named_global(value: str) -> str:
    """A global under its own name."""
    return f"global {value}"


def install_blueprint(app: Flask) -> None:
    """Templates and a processor that belong to a blueprint."""
    pages = Blueprint(
        "pages",
        __name__,
        url_prefix="/pages",
        template_folder="../site/pages_templates",
        static_folder="../site/pages_static",
    )

    @pages.context_processor
    def processor() -> dict[str, Any]:
        note("processor of pages")
        return {"processed": "by pages"}

    @pages.route("/here")
    def where_am_i() -> Any:
        session.get("a")
        return render_template_string("{{ processed }} {{ url_for('.where_am_i') }}")

    pages.add_app_template_filter(lambda text: f"[{text}]", "bracketed")
    pages.app_template_test("blue")(lambda text: text == "blue")
    pages.app_template_global("from_pages")(lambda: "pages")
    pages.add_url_rule("/file/<path:template>", "from_file", from_file)
    pages.add_url_rule("/string/<source>", "from_string", from_string)
    app.register_blueprint(pages)
