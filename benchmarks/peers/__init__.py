"""Who is measured: for each peer the file that holds its apps and what it installs.

Each file beside this one has one function, `applications()`, from workload name to the
application that serves it. A workload that a framework cannot do is left out there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class PeerKind:
    """One framework: how its apps are loaded and what their environment needs.

    `distribution` is the one whose version is shown. `ours` marks this package: its wheel is
    put into the environment instead of a release.
    """

    name: str
    module: str
    distribution: str
    requirements: tuple[str, ...]
    interface: str = "wsgi"
    ours: bool = False


#: What the realistic application needs besides Flask, each with its own requirements.
EXTENSIONS = ("flask-login", "flask-sqlalchemy", "sqlalchemy", "typing_extensions", "greenlet")

OFFICIAL = PeerKind("official", "flask_apps", "Flask", ("flask==3.1.3", "asgiref"))

PEERS: Mapping[str, PeerKind] = {
    peer.name: peer
    for peer in (
        PeerKind("this", "flask_apps", "Flask", (), ours=True),
        PeerKind("realistic", "flask_realistic_app", "Flask", EXTENSIONS, ours=True),
        PeerKind("beside_hooks", "flask_beside_hooks_app", "Flask", (), ours=True),
        OFFICIAL,
        PeerKind("falcon", "falcon_app", "falcon", ("falcon", "jinja2")),
        PeerKind("bottle", "bottle_app", "bottle", ("bottle", "jinja2")),
        PeerKind("bare", "bare_app", "", ()),
    )
}

#: The peers of a run that names none. `bare` shows what the harness itself costs.
DEFAULT_PEERS = ("this", "official", "falcon", "bottle", "bare")

#: The same for ASGI; a name may stand in both.
ASGI_PEERS: Mapping[str, PeerKind] = {
    peer.name: peer
    for peer in (
        PeerKind("this", "flask_asgi_app", "Flask", ("greenlet",), "asgi", ours=True),
        PeerKind("realistic", "flask_realistic_asgi_app", "Flask", EXTENSIONS, "asgi", ours=True),
        PeerKind("quart", "quart_app", "Quart", ("quart",), "asgi"),
        PeerKind("starlette", "starlette_app", "starlette", ("starlette",), "asgi"),
        PeerKind("fastapi", "fastapi_app", "fastapi", ("fastapi",), "asgi"),
        PeerKind("litestar", "litestar_app", "litestar", ("litestar",), "asgi"),
        PeerKind("blacksheep", "blacksheep_app", "blacksheep", ("blacksheep",), "asgi"),
        PeerKind("bare", "bare_asgi_app", "", (), "asgi"),
    )
}
DEFAULT_ASGI_PEERS = ("this", "quart", "starlette", "fastapi", "litestar", "blacksheep")

#: Validated requests: the workloads whose names begin with "typed", and untyped ones of ours.
TYPED_PEERS: Mapping[str, PeerKind] = {
    peer.name: peer
    for peer in (
        PeerKind("this", "typed_flask_app", "Flask", ("msgspec",), ours=True),
        PeerKind("apiflask", "typed_apiflask_app", "APIFlask", ("apiflask",)),
        PeerKind("flask-openapi", "typed_openapi_app", "flask-openapi", ("flask-openapi",)),
    )
}
TYPED_ASGI_PEERS: Mapping[str, PeerKind] = {
    peer.name: peer
    for peer in (
        PeerKind(
            "this", "typed_flask_asgi_app", "Flask", ("greenlet", "msgspec"), "asgi", ours=True
        ),
        PeerKind("fastapi", "typed_fastapi_app", "fastapi", ("fastapi",), "asgi"),
        PeerKind("litestar", "typed_litestar_app", "litestar", ("litestar",), "asgi"),
        PeerKind(
            "blacksheep", "typed_blacksheep_app", "blacksheep", ("blacksheep", "pydantic"), "asgi"
        ),
    )
}
