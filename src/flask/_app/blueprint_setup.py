"""One registration of a blueprint with an application."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

from .. import typing as ft
from ..typing import AnyApp
from .scaffold import _endpoint_from_view_func


def dotted(*names: str) -> str:
    """Join names from the outermost inward; outer ones may be empty."""
    return ".".join(names).lstrip(".")


class BlueprintSetupState:
    """One registration of a blueprint, handed to what it recorded.

    :param blueprint: the blueprint.
    :param app: the application that it is registered with.
    :param options: as given to ``register_blueprint``.
    :param first_registration: whether the blueprint is registered for the first time here.
    """

    app: AnyApp
    """The application."""
    blueprint: t.Any
    """The blueprint."""
    options: t.Any
    """What was given to ``register_blueprint``; wins over the blueprint's own."""
    first_registration: bool
    """Whether functions of ``record_once`` run."""
    subdomain: str | None
    """The subdomain of every rule that names none."""
    url_prefix: str | None
    """Comes before every path."""
    name: str
    """The blueprint's name in this registration."""
    name_prefix: str
    """Dotted name of the blueprint around it."""
    url_defaults: dict[str, t.Any]
    """Defaults of every rule."""

    def __init__(
        self, blueprint: t.Any, app: AnyApp, options: t.Any, first_registration: bool
    ) -> None:
        self.first_registration = first_registration
        self.blueprint = blueprint
        self.options = options
        self.app = app
        # What registering says wins over what the blueprint was made with.
        subdomain = options.get("subdomain")
        self.subdomain = blueprint.subdomain if subdomain is None else subdomain
        url_prefix = options.get("url_prefix")
        self.url_prefix = blueprint.url_prefix if url_prefix is None else url_prefix
        self.name = options.get("name", blueprint.name)
        self.name_prefix = options.get("name_prefix", "")
        self.url_defaults = {
            **blueprint.url_values_defaults,
            **options.get("url_defaults", {}),
        }

    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: ft.RouteCallable | None = None,
        **options: t.Any,
    ) -> None:
        """Add a rule to the application, as the blueprint's."""
        if self.url_prefix is not None:
            # An empty rule is the prefix itself, without a slash behind it.
            prefix = self.url_prefix
            rule = f"{prefix.rstrip('/')}/{rule.lstrip('/')}" if rule else prefix
        options.setdefault("subdomain", self.subdomain)
        if endpoint is None:
            endpoint = _endpoint_from_view_func(view_func)  # type: ignore[arg-type]
        options["defaults"] = {**self.url_defaults, **options.get("defaults", {})}
        self.app.add_url_rule(
            rule,
            dotted(self.name_prefix, self.name, endpoint),
            view_func,
            **options,
        )


DeferredSetupFunction: t.TypeAlias = Callable[[BlueprintSetupState], None]
"""What a blueprint records: called with each registration."""
