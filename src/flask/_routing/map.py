"""Werkzeug's map, with a fast table and fast URL builders.

The map is a subclass of Werkzeug's map: matching, building, redirects and errors are Werkzeug's. It
also keeps the rules in the order of registration, and fills the table from them at the first
request.
"""

from __future__ import annotations

import typing as t
from collections import Counter
from threading import RLock
from types import FunctionType

from werkzeug.routing import Map as _Map
from werkzeug.routing import Rule, RuleFactory

from .table import Table
from .url_builder import PathBuilder, make_builder


class Map(_Map):
    """All URL rules of an application, with a fast table.

    Takes the same arguments as ``werkzeug.routing.Map``.
    """

    table: Table
    """Finds a rule by path and method; refers every request to the map until `fill_table`."""
    is_table_filled: bool
    """Whether the table contains all rules."""
    builders: dict[str, PathBuilder | None]
    """The path builders of endpoints, created at the first use; ``None``: only the map can
    build."""

    def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
        # A thread may add a rule while another one fills the table, or sorts Werkzeug's rules.
        self._lock = RLock()
        self.table = Table()
        self.is_table_filled = False
        self.builders = {}
        self._registered: list[Rule] = []
        super().__init__(*args, **kwargs)

    def add(self, rulefactory: RuleFactory) -> None:
        """Add a rule, or the rules of a factory.

        The table is filled again at the next request.
        """
        for rule in rulefactory.get_rules(self):
            is_put_off = _defer_builder(rule)
            with self._lock:
                super().add(rule)
                self._registered.append(rule)
            if is_put_off:
                del rule._compile_builder
        self._forget()

    def update(self) -> None:
        """Sort the rules; Werkzeug calls it before it matches or builds."""
        with self._lock:
            super().update()

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, value)
        if name in _TABLE_ATTRIBUTES:
            self._forget()

    def __delattr__(self, name: str) -> None:
        super().__delattr__(name)
        if name in _TABLE_ATTRIBUTES:
            self._forget()

    def _forget(self) -> None:
        """Mark the table and the path builders to be created again at the next use."""
        with self._lock:
            self.builders.clear()
            if self.is_table_filled:
                self.table = Table()
                self.is_table_filled = False

    def find_builder(self, endpoint: str) -> PathBuilder | None:
        """Return the path builder of an endpoint.

        ``None`` if only the map can build its URLs, or if there is no such endpoint.
        """
        if endpoint not in self.builders:
            if endpoint[:1] == ".":
                return None  # `builders` has no key that may be the name of a relative endpoint
            with self._lock:
                try:
                    rules = list(self.iter_rules(endpoint))
                except KeyError:
                    return None  # unknown endpoints must not fill the cache
                builder = make_builder(rules) if self._is_by_path() else None
                self.builders[endpoint] = builder
                return builder
        return self.builders.get(endpoint)  # a new rule may have removed it

    def fill_table(self) -> None:
        """Fill the table; it stays empty if matching depends on more than path and method."""
        with self._lock:
            if not self.is_table_filled:
                self.table = self._make_table()
                self.is_table_filled = True

    def _make_table(self) -> Table:
        table = Table()
        if self._is_by_path():
            uses = Counter(rule.endpoint for rule in self._registered)
            # Of several rules for one endpoint, the map redirects to the one with defaults.
            ambiguous = {
                rule.endpoint
                for rule in self._registered
                if rule.defaults and uses[rule.endpoint] > 1
            }
            table.fill((rule for rule in self._registered if not rule.build_only), ambiguous)
        return table

    def _is_by_path(self) -> bool:
        """Return whether matching depends on path and method alone."""
        return (
            not self.host_matching
            and not self.default_subdomain
            and not any(rule.subdomain or rule.host for rule in self._registered)
            # A subclass or a test may override how the map is bound.
            and all(
                getattr(getattr(self, name), "__func__", None) is getattr(_Map, name)
                for name in ("bind", "bind_to_environ")
            )
        )


_TABLE_ATTRIBUTES = frozenset(
    {"bind", "bind_to_environ", "default_subdomain", "host_matching", "redirect_defaults"}
)
"""Attributes of a map that its table depends on."""


def _defer_builder(rule: Rule) -> bool:
    """Make a rule compile its URL builders at the first use.

    :returns: whether the rule was changed. Delete its ``_compile_builder`` after it is bound then.

    Werkzeug compiles two functions when it binds a rule, which is nine tenths of the time of
    registering it. Most rules never use them, because `make_builder` builds their paths.
    """
    kind = type(rule)
    compiles = getattr(kind, "_compile_builder", None)
    if compiles is None or compiles is not _compile or kind.build is not Rule.build:
        return False

    def make(append_unknown: bool = True) -> object:
        if rule.defaults or not _SPECIAL_NAMES.isdisjoint(rule.arguments) or _repeats_itself(rule):
            return _compile_alone(rule, append_unknown)  # it may raise an error
        return _DeferredBuilder(rule, append_unknown)

    # Not through __dict__: CPython 3.11 reads the attributes of an object more slowly afterwards.
    rule._compile_builder = make  # type: ignore[method-assign, assignment]
    return True


# It is called only if this release of Werkzeug has the method.
_compile: t.Callable[[Rule, bool], FunctionType] = vars(Rule).get("_compile_builder")  # type: ignore[assignment]
_compile_lock = RLock()


def _compile_alone(rule: Rule, append_unknown: bool) -> FunctionType:
    """Compile a rule's builder, in one thread at a time.

    On CPython 3.11, ``ast.parse`` in two threads can raise ``SystemError``.
    """
    with _compile_lock:
        return _compile(rule, append_unknown)


_SPECIAL_NAMES = frozenset({"None", "True", "False"})  # Python rejects them as argument names


def _repeats_itself(rule: Rule) -> bool:
    """Return whether two dynamic parts of a rule have the same name."""
    names = [name for is_dynamic, name in rule._trace if is_dynamic]
    return len(names) != len(set(names))


class _DeferredBuilder:
    """Takes the place of a rule's compiled builder until the first call."""

    def __init__(self, rule: Rule, append_unknown: bool) -> None:
        self.rule = rule
        self.append_unknown = append_unknown

    def __get__(self, instance: object, owner: type | None = None) -> t.Self:
        return self

    def __call__(self, /, **values: object) -> object:
        rule = self.rule
        build = _compile_alone(rule, self.append_unknown).__get__(rule, None)
        setattr(rule, "_build_unknown" if self.append_unknown else "_build", build)
        return build(**values)
