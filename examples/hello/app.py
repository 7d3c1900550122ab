"""The guide's first application, with a template and a blueprint beside it."""

from __future__ import annotations

from api import api_bp

from flask import Flask, render_template, url_for

app = Flask(__name__)
app.register_blueprint(api_bp, url_prefix="/api")


@app.route("/")
def hello() -> str:
    """The page of the guide, word for word."""
    return "Hello, World!"


@app.route("/hello/<name>")
def hello_name(name: str) -> str:
    """A page for somebody, with what else there is to see."""
    links = {
        "the guide's first page": url_for("hello"),
        "a greeting for somebody else": url_for("hello_name", name="Grace"),
        "the same as JSON": url_for("api.greeting", name=name),
        "a square as JSON": url_for("api.square", number=12),
    }
    return render_template("hello.html", name=name, links=links)


if __name__ == "__main__":
    app.run(debug=True)
