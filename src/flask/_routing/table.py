"""The fast table: from a path and a method to a rule and its arguments.

The table is searched before Werkzeug's map, and its results never differ from the map's. It is a
tree of path segments that is searched in the map's order of precedence. The cost does not grow with
the number of routes. There are three results:

- a rule and its arguments, if the map certainly returns the same;
- `NO_RULE`, if the map certainly raises ``NotFound``;
- `NEEDS_MAP` in all other cases: redirects, 405, aliases, rules with mixed parts.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Rule

from .rule import Segment, UnsupportedRule, read_rule

Arguments: t.TypeAlias = dict[str, t.Any]
"""The arguments of a view, by name."""
Answer: t.TypeAlias = tuple[Rule | None, Arguments | None]
"""A rule, and its arguments or ``None`` if it has none."""

NEEDS_MAP: t.Final[Answer] = (None, {})
"""The map must match this path."""
NO_RULE: t.Final[Answer] = (None, {})
"""No rule matches this path, with any method."""

NOT_CONVERTED: t.Final[Arguments] = {}
"""Arguments that are not converted yet, because only a custom converter can do it."""
_REFUSALS = (ValueError, HTTPException)
"""What converters raise for a text that is not valid, or has no value."""


class Leaf:
    """A rule at the end of its path."""

    __slots__ = ("arguments", "defaults", "is_custom", "rule", "without_arguments")

    rule: Rule
    arguments: list[Segment]
    """The dynamic parts, in the order of the path."""
    defaults: Arguments
    """The default arguments of the rule."""
    is_custom: bool
    """Whether one of the parts has a custom converter."""
    without_arguments: Answer | None
    """The answer of a rule that has neither dynamic parts nor defaults."""

    def __init__(self, rule: Rule, arguments: list[Segment]) -> None:
        self.rule = rule
        self.arguments = arguments
        self.defaults = dict(rule.defaults or {})
        self.is_custom = any(segment.is_custom for segment in arguments)
        self.without_arguments = None if arguments or self.defaults else (rule, None)

    def answer(self, texts: list[str], converts: bool) -> Answer:
        """Return the rule and the view's arguments, converted from texts."""
        if self.is_custom and not converts:
            return self.rule, NOT_CONVERTED
        values: Arguments = {}
        try:
            for segment, text in zip(self.arguments, texts, strict=False):
                read = segment.to_python
                values[segment.name] = text if read is None else read(text)
        except _REFUSALS:
            return NEEDS_MAP
        if self.defaults:
            values.update(self.defaults)
        return self.rule, values


class Node:
    """A node of the tree: the segments that may come next, and the rules that end here."""

    __slots__ = (
        "accepts_slash",
        "any_method",
        "by_method",
        "dynamic",
        "fixed",
        "has_rules",
        "needs_map",
        "takes_all_methods",
    )

    fixed: dict[str, Node]
    """Next nodes by the text of the segment; they are searched first."""
    dynamic: list[tuple[Segment, Node]]
    """Next nodes by converter, the smallest weight first."""
    by_method: dict[str, Leaf | None]
    """The rule that ends here, for each method; ``None`` if only the map can match."""
    any_method: Leaf | None
    """The rule that ends here for every other method."""
    has_rules: bool
    """Whether a rule ends here, including those that only the map can match."""
    takes_all_methods: bool
    """Whether a rule that ends here takes every method, so a later rule is never reached."""
    accepts_slash: bool
    """Whether a rule that ends here also accepts a trailing slash."""
    needs_map: bool
    """Whether a rule has an unsupported part after this node."""

    def __init__(self) -> None:
        self.fixed = {}
        self.dynamic = []
        self.by_method = {}
        self.any_method = None
        self.has_rules = False
        self.takes_all_methods = False
        self.accepts_slash = False
        self.needs_map = False

    def step(self, part: str | Segment) -> Node:
        """Return the next node for a part of a rule; a missing one is created."""
        if isinstance(part, str):
            return self.fixed.setdefault(part, Node())
        for segment, node in self.dynamic:
            if segment.key == part.key:
                return node
        node = Node()
        self.dynamic.append((part, node))
        self.dynamic.sort(key=lambda entry: entry[0].weight)  # stable: first registered wins
        return node

    def end(self, texts: list[str], method: str, converts: bool) -> Answer | None:
        """Return the result for a path that ends here.

        ``None`` if the map would search other nodes.
        """
        leaf = self.by_method.get(method, self.any_method)
        if leaf is not None and method.isupper():  # the map changes a method to upper case first
            return leaf.answer(texts, converts)
        if self.has_rules or "" in self.fixed:
            return NEEDS_MAP  # another method, or a redirect to the path with a slash
        return None


class Table:
    """The rules of one map that have only supported parts.

    The result of an empty table is always `NEEDS_MAP`.
    """

    root: Node
    """The node where every path begins."""
    exact: dict[str, dict[str, Leaf | None]]
    """``{path: {method: rule}}`` for the rules without a dynamic part.

    PERF: most rules have none; two look-ups instead of a search in the tree.
    """
    by_prefix: dict[str, Node]
    """The nodes that are reached by fixed text alone, by path without a trailing slash."""

    def __init__(self) -> None:
        self.root = Node()
        self.root.needs_map = True
        self.exact = {}
        self.by_prefix = {"": self.root}

    def fill(self, rules: Iterable[Rule], ambiguous: set[object]) -> None:
        """Add the rules, once.

        :param rules: bound rules in the order of registration, all on the same host.
        :param ambiguous: endpoints whose URLs the map may redirect to another rule.
        """
        self.root.needs_map = False
        for rule in rules:
            self._add(rule, rule.endpoint in ambiguous)

    def _add(self, rule: Rule, is_ambiguous: bool) -> None:
        try:
            parts = read_rule(rule)
        except UnsupportedRule as unplain:
            self._walk_rule(unplain.before).needs_map = True
            return
        node = self._walk_rule(parts)
        if not any(isinstance(part, Segment) for part in parts):
            path = "/" + "/".join(t.cast("list[str]", parts))
            # Paths are Latin-1 and begin with one slash; other paths are not looked up here.
            if path.isascii() and not path.startswith("//"):
                self.exact[path] = node.by_method
        node.accepts_slash = node.accepts_slash or not rule.strict_slashes
        node.has_rules = True
        if is_ambiguous or rule.alias or rule.websocket or rule.redirect_to is not None:
            # The methods are taken anyway: a later rule must not be found before this one.
            leaf = None
        else:
            leaf = Leaf(rule, [part for part in parts if isinstance(part, Segment)])
        self._take_methods(node, rule, leaf)

    def _walk_rule(self, parts: list[str | Segment]) -> Node:
        node = self.root
        prefix: str | None = ""
        for part in parts:
            node = node.step(part)
            if prefix is not None:
                prefix = f"{prefix}/{part}" if isinstance(part, str) else None
                if prefix is not None:
                    self.by_prefix[prefix] = node
        return node

    @staticmethod
    def _take_methods(node: Node, rule: Rule, leaf: Leaf | None) -> None:
        """Add a rule for the methods that no earlier rule of this node has taken."""
        if node.takes_all_methods:
            return
        if rule.methods is None:
            node.any_method = leaf
            node.takes_all_methods = True
        for method in _USUAL_METHODS if rule.methods is None else rule.methods:
            node.by_method.setdefault(method, leaf)

    def match(self, path: str | None, method: str, converts: bool = True) -> Answer:
        """Find the rule for a request.

        :param path: the path as WSGI gives it (PEP 3333: bytes as Latin-1).
        :param method: as sent.
        :param converts: whether custom converters may run; they may need the request. If not, the
            arguments are `NOT_CONVERTED`.
        :returns: ``(rule, arguments)``, `NEEDS_MAP` or `NO_RULE`.
        """
        by_method = self.exact.get(path)  # type: ignore[arg-type]
        if by_method is not None:
            leaf = by_method.get(method)
            if leaf is None:
                return NEEDS_MAP
            return leaf.without_arguments or (leaf.rule, leaf.defaults.copy())
        return self.search(path, method, converts)

    def search(self, path: str | None, method: str, converts: bool) -> Answer:
        """Find the rule for a path that is not in `exact`; see `match`."""
        if not path:
            return NEEDS_MAP
        if path.startswith("//"):
            path = "/" + path.lstrip("/")
        if path.isascii():
            answer = self._find_last(path, method, converts)
            if answer is not None:
                return answer
        else:
            path = path.encode("latin-1").decode(errors="replace")
        parts = path.lstrip("/").split("/")
        root, first = self.root, parts[0]
        # PERF: no rule begins with such a text: 8 % of a 404.
        if first in root.fixed or root.dynamic or root.needs_map or not first:
            answer = self._follow(parts, method, converts)
            if answer is None:
                answer = _walk(root, parts, 0, [], method, converts)
            if answer is not None:
                return answer
        # If there are two slashes in a row, the map tries again without the second one.
        return NEEDS_MAP if "//" in path else NO_RULE

    def _find_last(self, path: str, method: str, converts: bool) -> Answer | None:
        """Find a rule in which only the last part is dynamic; ``None``: search the tree.

        PERF: the usual dynamic rule, ``/users/<int:id>``; 0.8 us, and 1.9 us with `_follow`.
        """
        prefix, _, last = path.rpartition("/")
        node = self.by_prefix.get(prefix)
        if node is None or node.needs_map or last in node.fixed:
            return None
        for segment, following in node.dynamic:
            if segment.matches(last):
                leaf = following.by_method.get(method)
                if leaf is None or leaf.defaults:
                    return None
                if leaf.is_custom and not converts:
                    return leaf.rule, NOT_CONVERTED
                argument = leaf.arguments[0]
                read = argument.to_python
                try:
                    return leaf.rule, {argument.name: last if read is None else read(last)}
                except _REFUSALS:
                    return NEEDS_MAP
        return None

    def _follow(self, parts: list[str], method: str, converts: bool) -> Answer | None:
        """Follow the first match at every node, without backtracking; ``None``: no rule was found.

        PERF: the first match nearly always leads to a rule, which `_walk` would find too.
        """
        node = self.root
        texts: list[str] = []
        for index, part in enumerate(parts):
            following = node.fixed.get(part)
            if following is None:
                if node.needs_map:
                    return None
                for segment, following in node.dynamic:  # noqa: B007
                    if segment.takes_rest:
                        part = "/".join(parts[index:])
                    if segment.matches(part):
                        break
                else:
                    return None
                texts.append(part)
                if segment.takes_rest:
                    node = following
                    break
            node = following
        leaf = node.by_method.get(method)
        return None if leaf is None else leaf.answer(texts, converts)


_USUAL_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")


def _walk(
    node: Node, parts: list[str], index: int, texts: list[str], method: str, converts: bool
) -> Answer | None:
    """Search the tree from a node, with backtracking; ``None`` if no rule matches.

    The order is the map's: fixed text before converters, smaller weights before larger ones.
    """
    if index == len(parts):
        return node.end(texts, method, converts)

    part = parts[index]
    following = node.fixed.get(part)
    if following is not None:
        answer = _walk(following, parts, index + 1, texts, method, converts)
        if answer is not None:
            return answer

    if node.needs_map:
        return NEEDS_MAP
    for segment, following in node.dynamic:
        if segment.takes_rest:
            rest = "/".join(parts[index:])
            answer = (
                following.end([*texts, rest], method, converts) if segment.matches(rest) else None
            )
        elif segment.matches(part):
            answer = _walk(following, parts, index + 1, [*texts, part], method, converts)
        else:
            continue
        if answer is not None:
            return answer

    if node.accepts_slash and not part and index + 1 == len(parts):
        return NEEDS_MAP  # a rule without strict slashes, and the path has one
    return None
