"""Members: three well-known extensions in one application, for both protocols.

``uvicorn app:app`` and ``gunicorn app:app`` both serve it. Flask-SQLAlchemy stores the members,
Flask-Login knows the current user, and Flask-WTF checks forms and their CSRF tokens. None of the
extensions has any code for ASGI.

The extensions wait for the database in synchronous code, also to load the current user. So the
views that use them are synchronous, and run in threads under ASGI. The view that only awaits is
async, and runs on the event loop.
"""

from __future__ import annotations

import asyncio
import typing as t

from flask_login import (
    LoginManager,
    UserMixin,
    current_user,
    login_required,
    login_user,
    logout_user,
)
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import FlaskForm
from sqlalchemy import String, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from wtforms import StringField
from wtforms.validators import DataRequired, Length

from flask import Flask, redirect, render_template, url_for, websocket


class Base(DeclarativeBase):
    """The base class of all tables."""


db = SQLAlchemy(model_class=Base)
logins = LoginManager()


class Member(UserMixin, Base):
    """A person who has joined."""

    __tablename__ = "member"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40), unique=True)


class JoinForm(FlaskForm):  # type: ignore[misc]
    """The form for joining."""

    name = StringField("Name", [DataRequired(), Length(max=40)])


@logins.user_loader
def load_member(identifier: str) -> Member | None:
    """Return the member whose id is in the session."""
    return db.session.get(Member, int(identifier))


def create_app(**config: t.Any) -> Flask:
    """Create the application."""
    app = Flask(__name__)
    app.config.update(SECRET_KEY="change me", SQLALCHEMY_DATABASE_URI="sqlite:///members.db")
    app.config.update(config)
    db.init_app(app)
    logins.init_app(app)
    logins.login_view = "join"

    @app.before_serving
    def create_tables() -> None:
        db.create_all()

    @app.get("/")
    @login_required
    def index() -> str:
        names = db.session.scalars(select(Member.name).order_by(Member.name)).all()
        return render_template("index.html", names=names)

    @app.route("/join", methods=["GET", "POST"])
    def join() -> t.Any:
        form = JoinForm()
        if not form.validate_on_submit():
            return render_template("join.html", form=form), 400 if form.is_submitted() else 200
        member = db.session.scalar(select(Member).filter_by(name=form.name.data))
        if member is None:
            member = Member(name=form.name.data)
            db.session.add(member)
            db.session.commit()
        login_user(member)
        return redirect(url_for("index"))

    @app.post("/leave")
    @login_required
    def leave() -> t.Any:
        logout_user()
        return redirect(url_for("join"))

    @app.get("/weather")
    async def weather() -> dict[str, str]:
        await asyncio.sleep(0)  # a real view would call another service
        return {"weather": "sunny"}

    @app.websocket("/whoami")
    def whoami() -> t.Any:
        if not current_user.is_authenticated:
            return "Join first.", 401
        websocket.send(current_user.name)
        return None

    return app


app = create_app()
