"""The house: which room stands on which floor, and how to read the source for its tests."""

from __future__ import annotations

import ast
import typing as t
from pathlib import Path

import flask

PACKAGE = Path(flask.__file__).parent

# A room may import only rooms below it. Rooms of one kind that build on each other stand on
# landings between two floors: 1.1 is above 1.0 and below 2.
FLOORS: dict[float, str] = {
    0.9: "_gevent _bounded",
    1.0: "typing signals _current _environment _lazy _loops _passing _plan _reading _setupmethod"
    " _signing _state _request_headers _templates _threads config _routing/rule",
    1.05: "_waiting",
    1.06: "_awaitables",
    1.1: "_heads _multipart _namespace _routing/build _routing/table _cookies"
    " _environ_request _limits",
    1.2: "_forms _routing/map _routing",
    2.0: "logging views debughelpers _scaffold _streaming _json_functions",
    2.1: "_jinja _websocket_scaffold",
    3.0: "_request _response templating _setup_state",
    3.1: "_blueprint _files wrappers _templated _pages _events",
    3.2: "json/provider",
    3.3: "json",
    3.4: "json/tag",
    4.0: "_application _app_context helpers sessions _responses",
    4.1: "_routed_context",
    4.2: "_request_context",
    5.0: "ctx cli/_banner cli/_dotenv cli/_locate cli/_types",
    5.1: "cli/_script",
    5.2: "cli/_options cli/_supervisor",
    5.3: "cli/_commands cli/_serve",
    5.4: "cli/_groups",
    5.5: "cli/_main",
    5.6: "cli",
    5.7: "_background _connection",
    5.8: "_talking",
    6.0: "blueprints testing _serving",
    6.1: "_life _async_client",
    6.2: "_lifecycle",
    7.0: "asgi/_scope asgi/_fibers",
    7.1: "asgi/_choice asgi/_drivers",
    7.15: "asgi/_input",
    7.2: "asgi/_exchange asgi/_lifespan asgi/_upgrade asgi/_wire",
    7.3: "asgi/_scope_context asgi/_threaded asgi/_websocket",
    7.4: "asgi/_http",
    7.5: "asgi/_protocols asgi/_conversation",
    7.6: "asgi/_application",
    7.7: "asgi",
    8.0: "app",
    9.0: "globals",
    10.0: "__main__ sansio sansio/app sansio/blueprints sansio/scaffold",
    11.0: "__init__",
}
# What a room imports only inside a function, because it costs much and serving never needs it.
# Such a room may be named for types, too.
PUT_OFF: dict[str, tuple[str, str]] = {
    "_forms": ("_multipart", "3 ms; most applications take no files"),
    "_templated": ("_jinja", "Jinja takes 12 ms; many applications have no templates"),
    "templating": ("_jinja", "the same"),
    "app": (
        "_async_client _jinja cli testing",
        "click takes 10 ms, and testing brings it; the other client brings asyncio; Jinja as above",
    ),
    "blueprints": ("cli", "click takes 10 ms"),
    "asgi": ("asgi/_scope asgi/_websocket asgi/_wire", "asyncio takes 10 ms; WSGI needs none"),
    "asgi/_application": (
        "asgi/_drivers asgi/_input asgi/_lifespan asgi/_protocols asgi/_scope asgi/_upgrade",
        "the same",
    ),
    "asgi/_conversation": (
        "asgi/_drivers asgi/_input asgi/_scope asgi/_websocket asgi/_wire",
        "the same",
    ),
    "cli/_serve": ("cli/_supervisor", "Granian, which is not installed everywhere"),
    "globals": ("asgi", "for types alone, which only come with asyncio"),
}
PAIRS_PUT_OFF = {(room, other) for room, (others, _) in PUT_OFF.items() for other in others.split()}
FLOOR_OF = {room: floor for floor, rooms in FLOORS.items() for room in rooms.split()}


class Room(t.NamedTuple):
    name: str
    path: Path
    text: str
    tree: ast.Module


def read_rooms() -> list[Room]:
    rooms = []
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).with_suffix("").as_posix()
        if name.endswith("/__init__"):
            name = name.removesuffix("/__init__")
        text = path.read_text("utf-8")
        rooms.append(Room(name, path, text, ast.parse(text)))
    return rooms


ROOMS = read_rooms()
NAMES = {room.name for room in ROOMS}


class Import(t.NamedTuple):
    room: str
    line: int
    is_for_types_only: bool
    is_put_off: bool
    """Whether it stands in a function."""


def imports_of(room: Room) -> t.Iterator[Import]:
    """Yield every import of a room of this package, wherever in the file it stands."""
    types_only = {
        id(inner)
        for node in ast.walk(room.tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    put_off = {
        id(inner)
        for node in ast.walk(room.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(node)
    }
    for node in ast.walk(room.tree):
        if isinstance(node, ast.ImportFrom):
            yield from (
                Import(name, node.lineno, id(node) in types_only, id(node) in put_off)
                for name in _named(room, node)
            )
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "flask":
                    name = f"absolute: {alias.name}"
                    yield Import(name, node.lineno, id(node) in types_only, id(node) in put_off)


def _named(room: Room, node: ast.ImportFrom) -> t.Iterator[str]:
    if node.level == 0:
        if (node.module or "").split(".")[0] == "flask":
            yield f"absolute: {node.module}"
        return
    folder = room.path.relative_to(PACKAGE).parent.parts
    base = list(folder[: len(folder) - (node.level - 1)])
    target = "/".join([*base, *(node.module or "").split(".")]).strip("/")
    for alias in node.names:
        inner = f"{target}/{alias.name}".strip("/")
        if inner in NAMES:
            yield inner
        elif target:
            yield target
        else:
            yield "__init__"
