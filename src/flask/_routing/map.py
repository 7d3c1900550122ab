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


_sound_hosts: set[str] = set()
_MOST_HOSTS = 1000  # what clients send must not pile up


def is_sound_host(host: str | None) -> bool:
    """Tell whether a ``Host`` header is one that the map surely accepts.

    The map encodes the host (IDNA, RFC 5890) and refuses what cannot be encoded. Hosts that
    passed are remembered, so the question costs one look-up.

    :param host: the header as sent; without one only the map can tell.
    """
    if host in _sound_hosts:
        return True
    if not host or len(host) > 255:
        return False
    try:
        host.partition(":")[0].lower().encode("idna")
    except UnicodeError:
        return False
    if len(_sound_hosts) < _MOST_HOSTS:
        _sound_hosts.add(host)
    return True
