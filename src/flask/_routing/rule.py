"""Parse a URL rule into the parts of its path.

A supported part is fixed text, or one converter for a whole segment. The fast table contains the
rules that have only supported parts. For every other rule it records where the first unsupported
part is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from werkzeug.routing import (
    BaseConverter,
    IntegerConverter,
    Map,
    PathConverter,
    Rule,
    UnicodeConverter,
)

_DYNAMIC = re.compile(
    r"<(?:[a-zA-Z_]\w*(?:\(.*?\))?:)?(?P<name>[a-zA-Z_]\w*)>",  # <converter(arguments):name>
    re.ASCII,
)


class Segment:
    """A dynamic part of a rule: one converter for a segment or the rest.

    :param name: name of the view's argument.
    :param converter: Werkzeug's converter.
    :raises re.error: the converter's pattern is not a complete regular expression.
    """

    __slots__ = (
        *("converter", "is_custom", "key", "matches", "name", "takes_rest", "to_python"),
        "weight",
    )

    name: str
    """Name of the view's argument."""
    converter: BaseConverter
    """Werkzeug's converter."""
    weight: int
    """Order among the alternatives of a node; a segment with a smaller weight is tried first."""
    takes_rest: bool
    """Whether the converter may match slashes, and so takes the rest of the path."""
    key: tuple[int, str, bool]
    """Equal for segments that are one state of Werkzeug's state machine."""
    is_custom: bool
    """Whether code of the application converts the text to the view's argument."""
    matches: Callable[[str], object]
    """Returns a true value if the converter's pattern matches a text."""
    to_python: Callable[[str], object] | None
    """Converts a text to the view's argument; ``None`` means the text itself. Raises
    ``ValueError``, or its subclass ``ValidationError``, for a text that is not valid."""

    def __init__(self, name: str, converter: BaseConverter) -> None:
        self.name = name
        self.converter = converter
        self.weight = converter.weight
        self.takes_rest = not converter.part_isolating
        self.key = (converter.weight, converter.regex, self.takes_rest)
        if type(converter) is UnicodeConverter and converter.regex == "[^/]{1,}":
            # PERF: every text except the empty one matches; 0.02 us, and 0.25 us with the pattern.
            self.matches = len
        elif type(converter) is IntegerConverter and converter.regex == r"\d+":
            # PERF: \d and str.isdecimal() accept the same characters (Unicode category Nd).
            self.matches = str.isdecimal
        elif type(converter) is PathConverter and converter.regex == "[^/].*?":
            # PERF: a greedy pattern matches the same texts: 3 % of a static file.
            self.matches = re.compile(r"[^/].*\Z").match
        else:
            self.matches = re.compile(f"(?:{converter.regex})\\Z").match
        to_python = converter.to_python  # a method, or a function that is set on the converter
        written_in = getattr(getattr(to_python, "__func__", None), "__module__", None)
        reads_numbers = getattr(converter, "num_convert", int)
        self.is_custom = written_in != IntegerConverter.__module__ or reads_numbers not in (
            int,
            float,
        )
        if getattr(to_python, "__func__", None) is BaseConverter.to_python:
            self.to_python = None
        elif type(converter) is IntegerConverter and _has_no_limits(converter):
            self.to_python = int  # PERF: 0.05 us, and 0.35 us with the method
        else:
            self.to_python = to_python


def _has_no_limits(converter: IntegerConverter) -> bool:
    return not converter.fixed_digits and converter.min is None and converter.max is None


class UnsupportedRule(Exception):
    """A rule has a part that the table does not support.

    :param before: the supported parts before it.
    """

    def __init__(self, before: list[str | Segment]) -> None:
        self.before = before


def read_rule(rule: Rule) -> list[str | Segment]:
    """Return the parts of a rule's path: fixed text or a `Segment` each.

    ``"/users/<int:id>"`` gives ``["users", Segment("id")]``; ``"/"`` gives ``[""]``; a trailing
    slash gives a last part ``""``.

    :param rule: a rule that is bound to its map.
    :raises UnsupportedRule: a part is neither fixed text nor one whole converter, or comes after a
        converter that takes the rest.
    """
    path = rule.rule
    if rule.merge_slashes and "//" in path:
        path = re.sub("/{2,}" if "///" not in path or _merges_runs() else "//", "/", path)
    parts: list[str | Segment] = []
    for text in path[1:].split("/"):
        if parts and isinstance(parts[-1], Segment) and parts[-1].takes_rest:
            raise UnsupportedRule(parts[:-1])
        dynamic = _DYNAMIC.match(text)
        if dynamic is not None and dynamic.end() == len(text):
            parts.append(_read_segment(rule, dynamic["name"], parts))
        elif "<" in text or ">" in text:
            raise UnsupportedRule(parts)
        else:
            parts.append(text)
    return parts


@cache
def _merges_runs() -> bool:
    """Return whether Werkzeug merges three slashes into one; older releases leave two."""
    return Map([Rule("/a///b", endpoint="a")]).bind("localhost").test("/a/b")


def get_converter(rule: Rule, name: str) -> BaseConverter | None:
    """Return the converter of a dynamic part: the one that the rule was bound with.

    The map may have another class for the name now. Werkzeug stores the converter in a private
    attribute.

    :param rule: a rule of a map.
    :param name: the part's name.
    :returns: ``None`` if Werkzeug does not have the attribute.
    """
    converter: BaseConverter | None = getattr(rule, "_converters", {}).get(name)
    return converter


def _read_segment(rule: Rule, name: str, before: list[str | Segment]) -> Segment:
    """Return the dynamic part with this name; without its converter, the map matches."""
    converter = get_converter(rule, name)
    if converter is None:
        raise UnsupportedRule(before)
    try:
        return Segment(name, converter)
    except re.error:
        raise UnsupportedRule(before) from None
