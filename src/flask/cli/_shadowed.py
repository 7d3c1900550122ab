"""Find the rules that no request reaches, because an earlier rule always wins.

Rules are compared part by part. A rule is reported only if the earlier rules match every path that
it matches, for each of its methods.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterable

from werkzeug.routing import Map, Rule

from .._routing.rule import Segment, UnsupportedRule, read_rule

_Key: t.TypeAlias = tuple[object, ...]
_ANY_TEXT: t.Final = "[^/]{1,}"
"""The pattern of the default converter, which matches every segment."""


class _Path(t.NamedTuple):
    """A rule, and a key for each part of its path. Equal keys match equal texts."""

    rule: Rule
    domain: str
    keys: tuple[_Key, ...]

    def group(self) -> tuple[object, ...]:
        """Return a key that is equal for paths that one request may match: the fixed texts."""
        texts = (None if key[0] == "segment" else key for key in self.keys)
        return (self.domain, self.rule.websocket, *texts)


def find_winners(url_map: Map) -> list[Rule | None]:
    """Return for each rule the earlier rule that always wins, else ``None``.

    A second rule for the same view has no winner, because the response is the same.

    :param url_map: the rules of an application, which are compared in order of registration.
    """
    paths = [_read(rule, url_map.host_matching) for rule in url_map.iter_rules()]
    order = _order_of_states(paths)
    seen: dict[tuple[object, ...], list[_Path]] = {}
    winners: list[Rule | None] = []
    for path in paths:
        earlier = seen.setdefault(path.group(), [])
        winner = None if path.rule.build_only else _find_winner(path, earlier, order)
        is_same_view = winner is not None and winner.endpoint == path.rule.endpoint
        winners.append(None if is_same_view else winner)
        if not path.rule.build_only:
            earlier.append(path)
    return winners


def _read(rule: Rule, host_matching: bool) -> _Path:
    domain = (rule.host if host_matching else rule.subdomain) or ""
    try:
        parts = read_rule(rule)
    except UnsupportedRule:
        # Two such rules are compared as texts, without the names of arguments.
        text = re.sub(r"<(?:([^<>:]+):)?\w+>", r"<\1>", rule.rule)
        return _Path(rule, domain, (("rule", text),))
    return _Path(rule, domain, tuple(_key_of(part) for part in parts))


def _key_of(part: str | Segment) -> _Key:
    if isinstance(part, str):
        return ("text", part)
    return ("segment", *part.key)


def _order_of_states(paths: Iterable[_Path]) -> dict[tuple[object, ...], int]:
    """Return the position of each beginning of a path: alternatives are tried in this order."""
    order: dict[tuple[object, ...], int] = {}
    for path in paths:
        if not path.rule.build_only:
            for length in range(1, len(path.keys) + 1):
                order.setdefault((path.domain, *path.keys[:length]), len(order))
    return order


def _find_winner(
    path: _Path, earlier: list[_Path], order: dict[tuple[object, ...], int]
) -> Rule | None:
    """Return the first of the rules that together answer every request of a later one."""
    rule = path.rule
    left = set(rule.methods or ())
    if getattr(rule, "provide_automatic_options", False):
        left.discard("OPTIONS")
    winner: Rule | None = None
    for other in earlier:
        if not _covers(other, path, order):
            continue
        winner = winner or other.rule
        if other.rule.methods is None:
            return winner
        left -= other.rule.methods
        if rule.methods is not None and not left:
            return winner
    return None


def _covers(other: _Path, path: _Path, order: dict[tuple[object, ...], int]) -> bool:
    """Return whether an earlier rule matches each path of a later one, and is tried first."""
    if other.rule.merge_slashes != path.rule.merge_slashes:
        return False
    for index, (mine, theirs) in enumerate(zip(other.keys, path.keys, strict=True)):
        if mine == theirs:
            continue
        if not _is_wider(mine, theirs):
            return False
        places = [order[(each.domain, *each.keys[: index + 1])] for each in (other, path)]
        if places[0] > places[1]:
            return False
    return True


def _is_wider(mine: _Key, theirs: _Key) -> bool:
    """Return whether a segment of any text is tried before another segment of equal weight."""
    if mine[0] != "segment" or theirs[0] != "segment":
        return False
    weight, pattern, takes_rest = mine[1:]
    return pattern == _ANY_TEXT and not takes_rest and theirs[1] == weight and not theirs[3]
