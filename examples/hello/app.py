"""The first application of Flask's guide, with a template and a blueprint."""

from __future__ import annotations

from api import api_bp

from flask import Flask, render_template, url_for

app = Flask(__name__)
app.register_blueprint(api_bp, url_prefix="/api")


@app.route("/")
def hello() -> str:
    """Return the page of the guide, unchanged."""
    return "Hello, World!"


@app.route("/hello/<name>")
def hello_name(name: str) -> str:
    """Render a page with a greeting and links to the other pages."""
    links = {
        "the guide's first page": url_for("hello"),
        "a greeting for another name": url_for("hello_name", name="Grace"),
        "the same as JSON": url_for("api.greeting", name=name),
        "a square as JSON": url_for("api.square", number=12),
    }
    return render_template("hello.html", name=name, links=links)


if __name__ == "__main__":
    app.run(debug=True)
