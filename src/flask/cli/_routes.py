"""The command ``routes``: a table of all rules, or JSON for other programs."""

from __future__ import annotations

import fnmatch
import typing as t
from collections.abc import Iterable
from json import dumps

import click

from .._app.base import App
from .._core.current import current_app
from ._script import with_appcontext

if t.TYPE_CHECKING:
    from werkzeug.routing import Rule

    from ._locations import Location

_AUTOMATIC: t.Final = frozenset({"HEAD", "OPTIONS"})
_ORDERS: t.Final = ("endpoint", "methods", "domain", "rule", "match")


class _Route(t.NamedTuple):
    """A line of the table of routes. ``--sort`` names one of the first four fields."""

    endpoint: str
    methods: tuple[str, ...]
    domain: str
    rule: str
    is_websocket: bool
    all_methods: tuple[str, ...]
    view: str
    """Module and name of the view."""
    location: Location | None
    shadowed_by: Rule | None
    """The earlier rule that answers every request that this rule matches."""


@click.command(
    "routes", short_help="List the app's routes.", context_settings={"show_default": True}
)
@click.option(
    "--sort",
    "-s",
    type=click.Choice(_ORDERS),
    default="endpoint",
    help="What to sort by. 'match' is the order in which a request is compared with the routes.",
)
@click.option("--all-methods", is_flag=True, help="Show HEAD and OPTIONS too.")
@click.option(
    "--all",
    is_flag=True,
    help="Show everything: HEAD and OPTIONS, file and line of each view, and which routes never"
    " match.",
)
@click.option(
    "--filter",
    metavar="TEXT",
    help="Show only routes with this text in endpoint, methods, domain, rule or view, in any case."
    " With '*' or '?' the whole field must match.",
)
@click.option("--json", is_flag=True, help="Print JSON, with every field.")
@with_appcontext
def routes_command(sort: str, all_methods: bool, all: bool, filter: str | None, json: bool) -> None:
    """List all routes with endpoint, methods and rule.

    A column for the host or subdomain is shown if some route has one. The method of a WebSocket is
    'WebSocket'.
    """
    app: App = current_app._get_current_object()
    all_methods = all_methods or all
    routes = _list_routes(app, hidden=frozenset() if all_methods else _AUTOMATIC)
    if filter is not None:
        routes = [route for route in routes if _matches(route, filter)]
    if sort != "match":
        routes.sort(key=lambda route: t.cast("tuple[str, ...]", getattr(route, sort)))
    if json:
        click.echo(dumps({"routes": [_describe(route) for route in routes]}, indent=2))
    elif not routes:
        none = "No routes were registered." if filter is None else f"No route has {filter!r}."
        click.echo(none)
    else:
        title = "Host" if app.url_map.host_matching else "Subdomain"
        for line in format_table(_make_columns(routes, title, all)):
            click.echo(line)
        if not all:
            _report_shadowed(routes)


def _list_routes(app: App, hidden: frozenset[str]) -> list[_Route]:
    """List an application's routes in matching order, without the methods in ``hidden``."""
    # Imported here, because other commands do not need them.
    from ._locations import locate_view
    from ._shadowed import find_winners

    host_matching = app.url_map.host_matching
    routes = []
    winners = find_winners(app.url_map)
    for rule, winner in zip(app.url_map.iter_rules(), winners, strict=True):
        view = app.view_functions.get(rule.endpoint)
        methods = {"GET"} if rule.websocket else rule.methods or set()  # of the handshake
        routes.append(
            _Route(
                rule.endpoint,
                ("WebSocket",) if rule.websocket else tuple(sorted(methods - hidden)),
                (rule.host if host_matching else rule.subdomain) or "",
                rule.rule,
                rule.websocket,
                tuple(sorted(methods)),
                _name_view(view),
                None if view is None else locate_view(view),
                winner,
            )
        )
    return routes


def _name_view(view: object) -> str:
    """Return module and name of a view, or an empty text."""
    view = getattr(view, "view_class", view)
    name = getattr(view, "__qualname__", None) or (type(view).__qualname__ if view else "")
    return f"{getattr(view, '__module__', '')}.{name}" if name else ""


def _matches(route: _Route, pattern: str) -> bool:
    wanted = pattern.lower()
    if not any(sign in wanted for sign in "*?"):
        wanted = f"*{_escape(wanted)}*"
    fields = (route.endpoint, *route.methods, route.domain, route.rule, route.view)
    place = str(route.location or "")
    return any(fnmatch.fnmatchcase(field.lower(), wanted) for field in (*fields, place))


def _escape(text: str) -> str:
    """Return text for a pattern in which brackets have no meaning."""
    return text.replace("[", "[[]")


def _describe(route: _Route) -> dict[str, object]:
    """Return a route for JSON. These names are documented and do not change."""
    winner = route.shadowed_by
    return {
        "endpoint": route.endpoint,
        "rule": route.rule,
        "domain": route.domain or None,
        "methods": list(route.all_methods),
        "websocket": route.is_websocket,
        "view": route.view or None,
        "file": route.location and route.location.file,
        "line": route.location and route.location.line,
        "shadowed_by": winner and winner.endpoint,
    }


def _make_columns(routes: list[_Route], domain: str, show_all: bool) -> dict[str, list[str]]:
    columns = {
        "Endpoint": [route.endpoint for route in routes],
        "Methods": [", ".join(route.methods) for route in routes],
    }
    if any(route.domain for route in routes):
        columns[domain] = [route.domain for route in routes]
    columns["Rule"] = [route.rule for route in routes]
    if show_all:
        columns["View"] = [str(route.location or "built in") for route in routes]
        if any(route.shadowed_by for route in routes):
            columns["Never matches"] = [_explain(route) for route in routes]
    return columns


def _explain(route: _Route) -> str:
    winner = route.shadowed_by
    return "" if winner is None else f"{winner.endpoint!r} {winner.rule} wins"


def _report_shadowed(routes: list[_Route]) -> None:
    """Print routes that never match on stderr, so that the table has its usual columns."""
    for route in routes:
        if route.shadowed_by is not None:
            click.secho(
                f"{route.endpoint!r} {route.rule} never matches: {_explain(route)}.",
                fg="yellow",
                err=True,
            )


def format_table(columns: dict[str, list[str]]) -> Iterable[str]:
    """Format columns with titles, each as wide as its widest cell."""
    widths = [max(map(len, [title, *cells])) for title, cells in columns.items()]
    rules = ["-" * width for width in widths]
    for row in (tuple(columns), rules, *zip(*columns.values(), strict=True)):
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
