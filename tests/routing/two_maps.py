"""Ask Werkzeug's unmodified map and our map the same question, and compare the answers.

An answer is data: ``("rule", endpoint, arguments)``, ``("redirect", url)``,
``("405", methods)``, ``("404",)`` or ``("400", class name)``. The table may also say ``ASK``.
"""

from __future__ import annotations

import typing as t
from importlib.metadata import version

from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.routing import BaseConverter, RequestRedirect, Rule, ValidationError
from werkzeug.routing import Map as WerkzeugMap
from werkzeug.test import EnvironBuilder

from flask._routing.map import Map
from flask._routing.table import NEEDS_MAP, NO_RULE

Answer = tuple[t.Any, ...]
RuleText = str | tuple[str, dict[str, t.Any]]

ASK: Answer = ("ask",)
NOT_FOUND: Answer = ("404",)
IS_NEW = tuple(map(int, version("werkzeug").split(".")[:3])) >= (3, 1, 9)
"""Whether Werkzeug is the newest that was compared; older ones fail on what it refuses."""


class Even(BaseConverter):
    """Refuses odd numbers where the text is read, after the pattern has matched."""

    regex = r"\d+"

    def to_python(self, value: str) -> int:
        if int(value) % 2:
            raise ValidationError()
        return int(value)


class Names(BaseConverter):
    """Several names with slashes between them."""

    regex = "[^/]+(?:/[^/]+)*"

    def to_python(self, value: str) -> list[str]:
        return value.split("/")


class Anything(BaseConverter):
    """One segment, which may be empty."""

    regex = ".*"


class Light(BaseConverter):
    """Asked before numbers."""

    weight = 10
    regex = "[ab]+"


class OwnReader(BaseConverter):
    """Has its reader on the object and not on the class."""

    def __init__(self, map: t.Any) -> None:
        super().__init__(map)
        self.to_python = str.upper  # type: ignore[method-assign]


CONVERTERS = {"even": Even, "names": Names, "anything": Anything, "light": Light, "own": OwnReader}


class Refused(Exception):
    """Werkzeug's map refuses a rule when it is registered."""


class TwoMaps:
    """The same rules in both maps.

    :param rules: each a path, or a path and the options of ``werkzeug.routing.Rule``; the endpoint
        is the path unless an option says otherwise.
    :raises Refused: Werkzeug's map does not take a rule.
    """

    def __init__(self, rules: t.Iterable[RuleText], **options: t.Any) -> None:
        options.setdefault("converters", CONVERTERS)
        self.werkzeugs = WerkzeugMap(**options)
        self.ours = Map(**options)
        for rule in rules:
            text, rule_options = (rule, {}) if isinstance(rule, str) else rule
            full = {"endpoint": text, "methods": ["GET"], **rule_options}
            try:
                self.werkzeugs.add(Rule(text, **full))
            except (ValueError, SyntaxError, TypeError) as error:
                raise Refused(text) from error
            self.ours.add(Rule(text, **full))

    def by_werkzeug_map(self, path: str, method: str = "GET") -> Answer:
        """Answer by Werkzeug's map; ``path`` is text, or what a WSGI server makes of bytes."""
        return answer_of(self.werkzeugs, path, method)

    def by_our_map(self, path: str, method: str = "GET") -> Answer:
        """Answer by our map when it is asked as Werkzeug's would be."""
        return answer_of(self.ours, path, method)

    def by_table(self, path: str, method: str = "GET") -> Answer:
        """Answer by the table alone."""
        if not self.ours.is_table_filled:
            self.ours.fill_table()
        found = self.ours.table.match(path, method)
        if found is NEEDS_MAP:
            return ASK
        if found is NO_RULE:
            return NOT_FOUND
        rule, arguments = found
        assert rule is not None
        return "rule", rule.endpoint, dict(arguments or {})


def wsgi(path: str) -> str:
    """Return a path as a WSGI server hands it on: its UTF-8 bytes as Latin-1 (PEP 3333)."""
    return path.encode().decode("latin-1")


def environ_of(path: str, method: str) -> dict[str, t.Any]:
    environ = EnvironBuilder(base_url="http://localhost/").get_environ()
    environ["PATH_INFO"] = path
    environ["REQUEST_METHOD"] = method
    return environ


def answer_of(url_map: WerkzeugMap, path: str, method: str) -> Answer:
    adapter = url_map.bind_to_environ(environ_of(path, method), subdomain="")
    try:
        rule, arguments = adapter.match(return_rule=True)
    except RequestRedirect as redirect:
        return "redirect", redirect.new_url
    except MethodNotAllowed as error:
        return "405", *sorted(error.valid_methods or ())
    except NotFound:
        return NOT_FOUND
    except HTTPException as error:
        return str(error.code), type(error).__name__
    return "rule", rule.endpoint, dict(arguments or {})
