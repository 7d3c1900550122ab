"""An answer has the fields of its declared type, whatever object the view returns."""

from __future__ import annotations

import dataclasses
import decimal
import functools
import sqlite3
import types
import typing as t
from collections import OrderedDict
from collections.abc import Iterator

import attrs
import msgspec
import pytest
from hand_made import both_protocols, client_of, returning
from msgspec import UNSET, Meta, Struct, UnsetType
from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, Session, mapped_column

from flask import Flask
from flask.api._operation import Answer

T = t.TypeVar("T")


class User(Struct, forbid_unknown_fields=True):
    name: str


class Admin(User):
    secret: str = "s"


class Strange(Struct):
    name: str = "ann"
    secret: str = "s"


@dataclasses.dataclass
class UserData:
    name: str


@dataclasses.dataclass
class AdminData(UserData):
    secret: str = "s"


@attrs.define
class UserAttrs:
    name: str


@attrs.define
class AdminAttrs(UserAttrs):
    secret: str = "s"


@attrs.define(slots=False)
class OpenUser:
    name: str

    @functools.cached_property
    def secret(self) -> str:
        return "s"


def make_open_user() -> OpenUser:
    user = OpenUser("ann")
    assert user.secret == "s"  # now it is an attribute, which msgspec would write
    return user


class UserDict(t.TypedDict):
    name: str


class UserTuple(t.NamedTuple):
    user: User


class Page(Struct, t.Generic[T]):
    items: list[T]
    first: T | None = None


class Team(Struct):
    lead: User
    by_name: dict[str, User] = {}
    pair: tuple[User, User] | None = None
    all: frozenset[UserAttrs] = frozenset()
    data: UserData | None = None
    typed: UserDict | None = None


class Tree(Struct):
    user: User
    below: list[Tree] = []


class Disk(Struct, tag=True):
    size: int


class Square(Struct, tag=True):
    size: int


class BigSquare(Square):
    secret: str = "s"


class Names(Struct, rename="camel", array_like=False):
    first_name: str
    in_short: str = msgspec.field(default="", name="short")


class MoreNames(Names):
    secret: str = "s"


class Pair(Struct, array_like=True):
    left: int
    right: int = 2


class Triple(Pair):
    secret: str = "s"


class Member(Struct):
    name: str


class Group(Struct):
    members: list[Member]


ANN = {"name": "ann"}
ADMIN = Admin("ann")

# The declared type, the returned value, and what is sent.
PROJECTED: list[tuple[t.Any, t.Any, t.Any]] = [
    (User, ADMIN, ANN),
    (User, Strange(), ANN),
    (User, AdminData("ann"), ANN),
    (User, {"name": "ann", "secret": "s"}, ANN),
    (UserData, AdminData("ann"), ANN),
    (UserAttrs, AdminAttrs("ann"), ANN),
    (OpenUser, make_open_user(), ANN),
    (list[OpenUser], [OpenUser("ann"), make_open_user()], [ANN, ANN]),
    (UserDict, {"name": "ann", "secret": "s"}, ANN),
    (UserDict, ADMIN, ANN),
    (UserTuple, UserTuple(ADMIN), [ANN]),
    (list[User], [User("ann"), ADMIN, Strange(), {"name": "ann", "secret": "s"}], [ANN] * 4),
    (list[User], iter([ADMIN]), [ANN]),
    (list[UserDict], [{"name": "ann", "secret": "s"}], [ANN]),
    (list[User | None], [None, ADMIN], [None, ANN]),
    (dict[str, User], {"a": ADMIN}, {"a": ANN}),
    (tuple[User, ...], [ADMIN], [ANN]),
    (tuple[User, int], [ADMIN, 1], [ANN, 1]),
    (Page[tuple[User, int]], Page([(ADMIN, 1)]), {"items": [[ANN, 1]], "first": None}),
    (Page[tuple[User, int]], Page([[ADMIN, 1]]), {"items": [[ANN, 1]], "first": None}),
    (UserTuple, types.SimpleNamespace(user=ADMIN, secret="s"), [ANN]),
    (dict[str, list[User]], OrderedDict(a=[ADMIN]), {"a": [ANN]}),
    (User | None, ADMIN, ANN),
    (User | list[User], [ADMIN], [ANN]),
    (User | str, ADMIN, ANN),
    (t.Annotated[list[User], Meta(max_length=3)], [ADMIN], [ANN]),
    (Page[User], Page([ADMIN], ADMIN), {"items": [ANN], "first": ANN}),
    (Page[UserDict], Page([{"name": "ann", "secret": "s"}]), {"items": [ANN], "first": None}),
    (Page[Page[User]], Page([Page([ADMIN])]), {"items": [{"items": [ANN], "first": None}]}),
    (
        Tree,
        Tree(User("ann"), [Tree(ADMIN, [Tree(ADMIN)])]),
        {"user": ANN, "below": [{"user": ANN, "below": [{"user": ANN, "below": []}]}]},
    ),
    (Disk | Square, BigSquare(3), {"type": "Square", "size": 3}),
    (list[Disk | Square], [Disk(1), BigSquare(3)], None),
    (Square, BigSquare(3), {"type": "Square", "size": 3}),
    (Names, MoreNames("ann", "a"), {"firstName": "ann", "short": "a"}),
    (Names, {"firstName": "ann", "short": "a", "secret": 1}, {"firstName": "ann", "short": "a"}),
    (Pair, Triple(1), [1, 2]),
]


@both_protocols
@pytest.mark.parametrize("is_testing", [False, True])
@pytest.mark.parametrize(("hint", "value", "sent"), PROJECTED, ids=str)
def test_only_declared_fields_are_sent(
    app: Flask, protocol: str, is_testing: bool, hint: object, value: object, sent: object
) -> None:
    """Item 12, fastapi#847 and fastapi#12402."""
    if isinstance(value, Iterator):
        value = [ADMIN]
    app.testing = is_testing
    response = client_of(returning(app, value, Answer("json", hint)), protocol).get("/")
    assert response.status_code == 200
    assert b"secret" not in response.data
    if hint == Page[Page[User]]:
        assert response.json["items"][0]["items"] == [ANN]
    elif sent is not None:
        assert response.json == sent


@pytest.mark.parametrize(
    "changes",
    [
        {"lead": ADMIN},
        {"by_name": {"a": User("ann"), "b": ADMIN}},
        {"pair": (User("ann"), ADMIN)},
        {"data": AdminData("ann")},
        {"typed": {"name": "ann", "secret": "s"}},
        {"lead": {"name": "ann", "secret": "s"}},
        {"by_name": {"a": Strange()}},
    ],
    ids=str,
)
@pytest.mark.parametrize("is_testing", [False, True])
def test_a_nested_object_is_sent_as_its_declared_type(
    app: Flask, is_testing: bool, changes: dict[str, t.Any]
) -> None:
    """Item 12."""
    app.testing = is_testing
    team = Team(**{"lead": User("ann"), **changes})
    response = returning(app, team, Answer("json", Team)).test_client().get("/")
    assert response.status_code == 200
    assert b"secret" not in response.data
    assert response.json["lead"] == ANN


def test_a_subclass_that_is_defined_after_the_first_request_leaks_nothing(app: Flask) -> None:
    group = Group([Member("ann")])
    client = returning(app, group, Answer("json", Group)).test_client()
    assert client.get("/").json == {"members": [ANN]}

    class Later(Member):
        secret: str = "s"

    group.members.append(Later("ann"))
    assert client.get("/").json == {"members": [ANN, ANN]}


def test_a_wrong_object_is_sent_in_production_without_other_fields(app: Flask) -> None:
    """Item 12. The model forbids unknown fields, and a required one is missing."""

    class Strict(Struct, forbid_unknown_fields=True):
        name: t.Annotated[str, Meta(min_length=9)]
        age: int

    class Other:
        name = "ann"
        secret = "s"

    response = returning(app, Other(), Answer("json", Strict)).test_client().get("/")
    assert response.json == ANN


@pytest.mark.parametrize(
    ("hint", "value"),
    [(str, ADMIN), (list[str], ADMIN), (dict[str, int], ADMIN), (t.Literal[1], ADMIN)],
    ids=str,
)
def test_an_object_is_not_sent_where_no_fields_are_declared(
    app: Flask, hint: object, value: object
) -> None:
    response = returning(app, value, Answer("json", hint)).test_client().get("/")
    assert response.status_code == 500
    assert b"ann" not in response.data


class Loose(Struct):
    name: str
    nick: str | UnsetType = UNSET
    tags: list[str] = msgspec.field(default_factory=lambda: ["new"])
    price: float = 0.0


def test_absent_attributes_take_the_models_defaults(app: Flask) -> None:
    class Row:
        name = "ann"
        price = decimal.Decimal("1.5")
        secret = "s"

    app.testing = True
    response = returning(app, Row(), Answer("json", Loose)).test_client().get("/")
    assert response.json == {"name": "ann", "tags": ["new"], "price": 1.5}


# Rows of databases ------------------------------------------------------------------------------


class Base(MappedAsDataclass, DeclarativeBase):
    pass


class UserRow(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    secret: Mapped[str]


class PlainBase(DeclarativeBase):
    pass


class PlainRow(PlainBase):
    __tablename__ = "plain"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    secret: Mapped[str]


@pytest.mark.parametrize("kind", [UserRow, PlainRow])
def test_rows_of_sqlalchemy_are_sent_as_their_model(app: Flask, kind: t.Any) -> None:
    """Item 12. A mapped dataclass would be written with all its columns."""
    engine = create_engine("sqlite://")
    kind.metadata.create_all(engine)
    with Session(engine) as session:
        session.add(kind(id=1, name="ann", secret="s"))
        session.commit()
        row = session.get(kind, 1)
        columns = session.query(kind.id, kind.name, kind.secret).first()
        returning(app, row, Answer("json", User))
        returning(app, [row], Answer("json", list[User]), rule="/list")
        returning(app, Page([row]), Answer("json", Page[User]), rule="/page")
        returning(app, [columns], Answer("json", list[User]), rule="/columns")
        client = app.test_client()
        assert client.get("/").json == ANN
        assert client.get("/list").json == [ANN]
        assert client.get("/page").json == {"items": [ANN], "first": None}
        assert client.get("/columns").json == [ANN]
    engine.dispose()


def test_rows_of_sqlite3_are_sent_as_their_model(app: Flask) -> None:
    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    rows = connection.execute("SELECT 'ann' AS name, 's' AS secret").fetchall()
    connection.close()
    returning(app, rows, Answer("json", list[User]))
    assert app.test_client().get("/").json == [ANN]
