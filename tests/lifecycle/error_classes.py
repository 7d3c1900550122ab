"""Errors, and an application whose handlers a test chooses."""

from __future__ import annotations

from werkzeug.exceptions import (
    Forbidden,
    HTTPException,
    InternalServerError,
)


class Base(Exception):
    pass


class Middle(Base):
    pass


class Leaf(Middle):
    pass


class ForbiddenSubclass(Forbidden):
    pass


class Teapot(HTTPException):
    code = 418


CLASSES: dict[str, type[Exception]] = {
    kind.__name__: kind
    for kind in (
        *(Base, Middle, Leaf, ForbiddenSubclass, Teapot),
        *(Exception, HTTPException, InternalServerError),
    )
}
