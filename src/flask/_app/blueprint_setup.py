"""One registration of a blueprint with an application."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

from .. import typing as ft
from ..typing import AnyApp
from .scaffold import _endpoint_from_view_func

Options: t.TypeAlias = dict[str, t.Any]
"""The options of ``register_blueprint``. A subclass of `BlueprintSetupState` may define more."""


def dotted(*names: str) -> str:
    """Join names with dots, the outermost first. Outer names may be empty."""
    return ".".join(names).lstrip(".")


class _Blueprint(t.Protocol):
    name: str
    subdomain: str | None
    url_prefix: str | None
    url_values_defaults: ft.URLValues


class BlueprintSetupState:
    """One registration of a blueprint. Each recorded function gets it.

    :param blueprint: the blueprint.
    :param app: the application that it is registered with.
    :param options: the options of ``register_blueprint``.
    :param first_registration: whether the application does not have the blueprint yet.
    """

    app: AnyApp
    """The application."""
    blueprint: t.Any
    """The blueprint."""
    options: Options
    """The options of ``register_blueprint``. They override those of the blueprint."""
    first_registration: bool
    """Whether functions of ``record_once`` are called."""
    subdomain: str | None
    """The default subdomain of the rules."""
    url_prefix: str | None
    """The prefix of every path."""
    name: str
    """The blueprint's name in this registration."""
    name_prefix: str
    """Dotted name of the outer blueprint."""
    url_defaults: ft.URLValues
    """The default values of every rule."""

    def __init__(
        self, blueprint: _Blueprint, app: AnyApp, options: Options, first_registration: bool
    ) -> None:
        self.first_registration = first_registration
        self.blueprint = blueprint
        self.options = options
        self.app = app
        # The options of the registration override those of the blueprint.
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
        **options: ft.RouteOption,
    ) -> None:
        """Add a rule of the blueprint to the application."""
        if self.url_prefix is not None:
            # The path of an empty rule is the prefix, without a slash at the end.
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
"""A function that a blueprint records. It is called at each registration."""
