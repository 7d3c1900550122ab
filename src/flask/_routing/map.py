"""Werkzeug's map with the fast table before it.

The map is Werkzeug's own in every respect: matching, building, redirects and errors. It only keeps
the rules in their order of registration as well, to make the table from them when the first
request asks for it.
"""

from __future__ import annotations

import typing as t
from collections import Counter

from werkzeug.routing import Map as _Map
from werkzeug.routing import Rule, RuleFactory

from .table import Table


class Map(_Map):
    """All URL rules of an application, with a table that answers the plain questions.

    Takes the same arguments as ``werkzeug.routing.Map``.
    """

    _table: Table | None
    _is_tabled: bool

    def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
        self._registered: list[Rule] = []
        self._forget_table()
        super().__init__(*args, **kwargs)

    def add(self, rulefactory: RuleFactory) -> None:
        """Add a rule, or the rules of a factory; the table is made anew at the next request."""
        for rule in rulefactory.get_rules(self):
            super().add(rule)
            self._registered.append(rule)
        self._forget_table()

    def _forget_table(self) -> None:
        self._table = None
        self._is_tabled = False

    @property
    def table(self) -> Table | None:
        """The fast table; ``None`` where only the map can answer.

        With hosts or subdomains the host decides too: those maps have no table.
        """
        if not self._is_tabled:
            self._table = None if self._depends_on_host() else self._make_table()
            self._is_tabled = True
        return self._table

    def _depends_on_host(self) -> bool:
        return (
            self.host_matching
            or bool(self.default_subdomain)
            or any(rule.subdomain or rule.host for rule in self._registered)
        )

    def _make_table(self) -> Table:
        uses = Counter(rule.endpoint for rule in self._registered)
        # Of several rules for one endpoint, one with defaults draws the others to itself.
        ambiguous = {
            rule.endpoint for rule in self._registered if rule.defaults and uses[rule.endpoint] > 1
        }
        return Table((rule for rule in self._registered if not rule.build_only), ambiguous)


_accepted_hosts: set[str] = set()
_MOST_HOSTS = 1000  # what clients send must not pile up


def is_accepted_host(host: str | None) -> bool:
    """Tell whether the map has accepted a ``Host`` header before.

    Whether it does depends on the header's text alone, so it is asked once for each.

    :param host: the header as sent; without one only the map can tell.
    """
    return host in _accepted_hosts


def remember_accepted_host(host: str | None) -> None:
    """Remember that the map accepted a ``Host`` header."""
    if host is not None and len(_accepted_hosts) < _MOST_HOSTS:
        _accepted_hosts.add(host)
