"""Which blueprints' hooks run for an endpoint, and in which order.

Hooks are registered under the name of a blueprint, or under ``None`` for the application. The
scopes of a request depend on its endpoint alone. The registers themselves are dicts that extensions
may change at any time.
"""

from __future__ import annotations

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
