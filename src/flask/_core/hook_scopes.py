"""Which blueprints' hooks run for an endpoint, and in which order.

Hooks are registered under the name of a blueprint, or under ``None`` for the application. The
scopes of a request depend on its endpoint alone. The registers themselves are dicts that extensions
may change at any time.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from functools import lru_cache

Scopes = tuple[str | None, ...]


@lru_cache(maxsize=4096)
def blueprint_names(endpoint: str) -> tuple[str, ...]:
    """Return the blueprints that an endpoint belongs to, the nearest first.

    ``"shop.cart.add"`` gives ``("shop.cart", "shop")``; an endpoint without a dot gives ``()``.
    """
    owner = endpoint.rpartition(".")[0]
    return tuple(_split_blueprint_path(owner)) if owner else ()


@lru_cache(maxsize=4096)
def scopes_inward(endpoint: str | None) -> Scopes:
    """Return the keys of hooks that run from the application inward."""
    return (None, *reversed(blueprint_names(endpoint))) if endpoint else (None,)


@lru_cache(maxsize=4096)
def scopes_outward(endpoint: str | None) -> Scopes:
    """Return the keys of hooks that run from the blueprint outward."""
    return (*blueprint_names(endpoint), None) if endpoint else (None,)


def _split_blueprint_path(name: str) -> list[str]:
    """Return a blueprint's dotted name and those of the blueprints around it, nearest first."""
    names = [name]
    while "." in name:
        name = name.rpartition(".")[0]
        names.append(name)
    return names


def scopes_of_defaults(
    endpoint: str, endpoints: Container[str], registered: Iterable[str | None]
) -> Iterable[str | None]:
    """Return the scopes whose ``url_defaults`` functions apply to an endpoint, in order.

    :param endpoint: the endpoint of the URL that is built; a client may have chosen it.
    :param endpoints: the endpoints that exist.
    :param registered: the scopes that have such functions.
    """
    if endpoint in endpoints:
        return scopes_inward(endpoint)
    # Nothing is cached for a name that a client may have chosen, however long it is.
    scopes = [scope for scope in registered if scope is None or endpoint.startswith(f"{scope}.")]
    return sorted(scopes, key=lambda scope: len(scope or ""))
