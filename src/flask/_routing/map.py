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
from .url_builder import PathBuilder, make_builder


class Map(_Map):
    """All URL rules of an application, with the fast table before them.

    Takes the same arguments as ``werkzeug.routing.Map``.
    """

    table: Table
    """Answers for path and method alone; asks the map for everything until `fill_table`."""
    is_table_filled: bool
    """Whether the table knows all rules."""
    builders: dict[str, PathBuilder | None]
    """What builds the paths of the endpoints that were asked for; ``None``: only the map can."""

    def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
        self.table = Table()
        self.is_table_filled = False
        self.builders = {}
        self._registered: list[Rule] = []
        super().__init__(*args, **kwargs)

    def add(self, rulefactory: RuleFactory) -> None:
        """Add a rule, or the rules of a factory.

        The table is filled anew at the next request.
        """
        for rule in rulefactory.get_rules(self):
            is_put_off = _defer_builder(rule)
            super().add(rule)
            if is_put_off:
                del rule._compile_builder
            self._registered.append(rule)
        self._forget()

    def __setattr__(self, name: str, value: t.Any) -> None:
        super().__setattr__(name, value)
        if name in _TABLE_ATTRIBUTES:
            self._forget()

    def __delattr__(self, name: str) -> None:
        super().__delattr__(name)
        if name in _TABLE_ATTRIBUTES:
            self._forget()

    def _forget(self) -> None:
        """Mark the table and the path builders to be created again at the next use."""
        self.builders.clear()
        if self.is_table_filled:
            self.table = Table()
            self.is_table_filled = False

    def find_builder(self, endpoint: str) -> PathBuilder | None:
        """Return what builds an endpoint's paths quickly.

        ``None`` if only the map can, or if there is no such endpoint.
        """
        if endpoint not in self.builders:
            rules = self._rules_by_endpoint.get(endpoint)
            if not rules:
                return None  # names that are asked for in vain must not pile up
            self.builders[endpoint] = make_builder(rules) if self._is_by_path() else None
        return self.builders[endpoint]

    def fill_table(self) -> None:
        """Add all rules to the table; none if matching depends on more than path and method."""
        if not self._is_by_path():
            self.table = Table()
        else:
            uses = Counter(rule.endpoint for rule in self._registered)
            # Of several rules for one endpoint, one with defaults draws the others to itself.
            ambiguous = {
                rule.endpoint
                for rule in self._registered
                if rule.defaults and uses[rule.endpoint] > 1
            }
            table = Table()
            table.fill((rule for rule in self._registered if not rule.build_only), ambiguous)
            self.table = table
        self.is_table_filled = True

    def _is_by_path(self) -> bool:
        """Return whether matching depends on path and method alone."""
        return (
            not self.host_matching
            and not self.default_subdomain
            and not any(rule.subdomain or rule.host for rule in self._registered)
            # A subclass, or a test, may bind to something else.
            and all(
                getattr(getattr(self, name), "__func__", None) is getattr(_Map, name)
                for name in ("bind", "bind_to_environ")
            )
        )


_TABLE_ATTRIBUTES = frozenset(
    {"bind", "bind_to_environ", "default_subdomain", "host_matching", "redirect_defaults"}
)
"""Attributes of a map that decide whether its table may be used."""


def _defer_builder(rule: t.Any) -> bool:
    """Let a rule make what builds its URLs when the first one is built.

    :returns: whether it was told so; ``_compile_builder`` is to be taken off it then.

    PERF: Werkzeug compiles two functions for each rule as it is bound, nine tenths of the time that
    registering it takes; most rules are never built from, or by `make_builder`.
    """
    kind: t.Any = type(rule)
    compiles = getattr(kind, "_compile_builder", None)
    if compiles is None or compiles is not _compile or kind.build is not Rule.build:
        return False

    def make(append_unknown: bool = True) -> t.Any:
        if rule.defaults or not _SPECIAL_NAMES.isdisjoint(rule.arguments) or _repeats_itself(rule):
            return _compile(rule, append_unknown)  # which may find something to complain of
        return _DeferredBuilder(rule, append_unknown)

    # PERF: neither here nor elsewhere through its __dict__, once looked into CPython 3.11 reads
    # every attribute of it the slow way: 0.02 us more, several times for each request.
    rule._compile_builder = make
    return True


_compile: t.Callable[..., t.Any] = getattr(Rule, "_compile_builder", lambda *_: None)
_SPECIAL_NAMES = frozenset({"None", "True", "False"})  # Python refuses them as arguments


def _repeats_itself(rule: t.Any) -> bool:
    """Tell whether two parts of a rule have one name."""
    names = [name for is_dynamic, name in rule._trace if is_dynamic]
    return len(names) != len(set(names))


class _DeferredBuilder:
    """Stands where a rule keeps a compiled builder, until it is called."""

    def __init__(self, rule: Rule, append_unknown: bool) -> None:
        self.rule: t.Any = rule
        self.append_unknown = append_unknown

    def __get__(self, instance: object, owner: type | None = None) -> t.Self:
        return self

    def __call__(self, /, **values: t.Any) -> t.Any:
        rule = self.rule
        build = _compile(rule, self.append_unknown).__get__(rule, None)
        setattr(rule, "_build_unknown" if self.append_unknown else "_build", build)
        return build(**values)
