"""The fast table: from a path and a method to a rule and its arguments.

The table stands before Werkzeug's map and must never answer differently. It is a tree of path
segments, walked in the map's order of precedence; its cost does not grow with the number of
routes. Three answers are possible:

- a rule and its arguments, where the map would surely give the same;
- `NOTHING`, where the map would surely raise ``NotFound``;
- `ASK_THE_MAP`, for everything else: redirects, 405, aliases, rules with mixed parts.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Rule

from .rule import Segment, UnsupportedRule, read_rule

Answer: t.TypeAlias = tuple[Rule | None, dict[str, t.Any]]

ASK_THE_MAP: t.Final[Answer] = (None, {})
"""The table is not sure: only the map knows."""
NOTHING: t.Final[Answer] = (None, {})
"""No rule matches this path, whatever the method."""

ROUTE: t.Final = "flask.route"
"""Key of a WSGI environment: ``(path, table, answer)``, what the table has answered already."""
UNREAD: t.Final[dict[str, t.Any]] = {}
"""Stands for the arguments where only a converter of the application's own could read them."""
NOT_ASKED: t.Final = (None, None, ASK_THE_MAP)
"""Stands for what is there if the table has not been asked."""

_REFUSALS = (ValueError, HTTPException)
"""What converters raise for a text that they do not take, or that stands for nothing."""


class Leaf:
    """A rule at the end of its path."""

    __slots__ = ("arguments", "defaults", "is_custom", "rule")

    rule: Rule
    arguments: list[Segment]
    """The dynamic parts, in the order of the path."""
    defaults: dict[str, t.Any]
    """Arguments that the rule itself gives."""
    is_custom: bool
    """Whether a converter of the application's own converts one of the parts."""

    def __init__(self, rule: Rule, arguments: list[Segment]) -> None:
        self.rule = rule
        self.arguments = arguments
        self.defaults = dict(rule.defaults or {})
        self.is_custom = any(segment.is_custom for segment in arguments)

    def answer(self, texts: list[str], converts: bool) -> Answer:
        """Return the rule and the view's arguments, made from texts."""
        if self.is_custom and not converts:
            return self.rule, UNREAD
        values: dict[str, t.Any] = {}
        try:
            for segment, text in zip(self.arguments, texts, strict=False):
                read = segment.to_python
                values[segment.name] = text if read is None else read(text)
        except _REFUSALS:
            return ASK_THE_MAP
        if self.defaults:
            values.update(self.defaults)
        return self.rule, values


class Node:
    """One place in the tree: what may come next, and what ends here."""

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
    """Next places by the next segment's text; the map looks here first."""
    dynamic: list[tuple[Segment, Node]]
    """Next places by converter, lightest first."""
    by_method: dict[str, Leaf | None]
    """The rule that ends here, for each method; ``None`` where only the map can answer."""
    any_method: Leaf | None
    """The rule that ends here for every other method."""
    has_rules: bool
    """Whether any rule ends here, for some method or in a way that only the map understands."""
    takes_all_methods: bool
    """Whether a rule that ends here takes every method, so that no later one is ever reached."""
    accepts_slash: bool
    """Whether a rule that ends here takes a trailing slash too."""
    needs_map: bool
    """Whether some rule goes on from here in a way that the table does not read."""

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
        """Return the next place for a part of a rule, made if need be."""
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
        """Answer for a path that ends here.

        ``None`` if the map would look elsewhere.
        """
        leaf = self.by_method.get(method, self.any_method)
        if leaf is not None:
            return leaf.answer(texts, converts)
        if self.has_rules or "" in self.fixed:
            return ASK_THE_MAP  # another method, or a redirect to the path with a slash
        return None


class Table:
    """All rules of one map, as far as they are plain.

    An empty table asks the map for everything.
    """

    root: Node
    """Where every path begins."""
    exact: dict[str, dict[str, Leaf | None]]
    """``{path: {method: rule}}`` for the rules without a dynamic part.

    PERF: that is most of them; two look-ups instead of a walk.
    """
    by_prefix: dict[str, Node]
    """The places that are reached by fixed text alone, without the slash at their end."""

    def __init__(self) -> None:
        self.root = Node()
        self.root.needs_map = True
        self.exact = {}
        self.by_prefix = {"": self.root}

    def fill(self, rules: Iterable[Rule], ambiguous: set[t.Any]) -> None:
        """Enter the rules, once.

        :param rules: bound rules in the order of registration, all on the same host.
        :param ambiguous: endpoints that the map may answer with a redirect to another rule.
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
            # Paths come as Latin-1 and without a second slash in front; others never meet here.
            if path.isascii() and not path.startswith("//"):
                self.exact[path] = node.by_method
        node.accepts_slash = node.accepts_slash or not rule.strict_slashes
        node.has_rules = True
        if is_ambiguous or rule.alias or rule.websocket or rule.redirect_to is not None:
            # Methods that are free here are taken: a later rule must not be found before this one.
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
        """Enter a rule for the methods that no earlier rule in this place has taken."""
        if node.takes_all_methods:
            return
        if rule.methods is None:
            node.any_method = leaf
            node.takes_all_methods = True
        for method in _USUAL_METHODS if rule.methods is None else rule.methods:
            node.by_method.setdefault(method, leaf)

    def find(self, path: str | None, method: str) -> Answer:
        """Find the rule for a request.

        :param path: the path as WSGI gives it (PEP 3333: bytes as Latin-1).
        :param method: as sent.
        :returns: ``(rule, arguments)``, `ASK_THE_MAP` or `NOTHING`.
        """
        by_method = self.exact.get(path)  # type: ignore[arg-type]
        if by_method is not None:
            leaf = by_method.get(method)
            if leaf is None:
                return ASK_THE_MAP
            return leaf.rule, leaf.defaults.copy() if leaf.defaults else {}
        return self.walk(path, method)

    def walk(self, path: str | None, method: str, converts: bool = True) -> Answer:
        """Find the rule for a path that is none of `exact`; see `find`.

        :param converts: whether converters of the application's own may run: they may want the
            request. Where they do not, the arguments are `UNREAD`.
        """
        if not path:
            return ASK_THE_MAP
        if path.startswith("//"):
            path = "/" + path.lstrip("/")
        if path.isascii():
            answer = self._find_last(path, method, converts)
            if answer is not None:
                return answer
        else:
            path = path.encode("latin-1").decode(errors="replace")
        parts = path.lstrip("/").split("/")
        answer = self._follow(parts, method, converts)
        if answer is None:
            answer = _walk(self.root, parts, 0, [], method, converts)
        if answer is not None:
            return answer
        # With two slashes in a row the map would try once more, without the second.
        return ASK_THE_MAP if "//" in path else NOTHING

    def _find_last(self, path: str, method: str, converts: bool) -> Answer | None:
        """Find a rule whose last part alone is dynamic; ``None`` if that is not so simple.

        PERF: the usual dynamic rule, ``/users/<int:id>``; 0.8 us against 1.9 us by `_follow`.
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
                    return leaf.rule, UNREAD
                argument = leaf.arguments[0]
                read = argument.to_python
                try:
                    return leaf.rule, {argument.name: last if read is None else read(last)}
                except _REFUSALS:
                    return ASK_THE_MAP
        return None

    def _follow(self, parts: list[str], method: str, converts: bool) -> Answer | None:
        """Take the first way at every place, without looking back; ``None`` if it ends nowhere.

        PERF: where the first way leads to a rule, as it nearly always does, it is the one that
        the whole walk would find too.
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
    """Follow the parts from one place on; ``None`` is a dead end.

    The order is the map's: fixed text before converters, lighter converters before heavier ones.
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
        return ASK_THE_MAP
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
        return ASK_THE_MAP  # a rule without strict slashes, asked with one
    return None
