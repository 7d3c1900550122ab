"""Two observations beside each other: what differs, and is that accepted.

An accepted difference is a rule of ``accepted.toml``: where ours is better on
purpose. A rule that no case of the fixed suite needs any more is an error too.
"""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from protocol import Observation, Request

ACCEPTED = Path(__file__).parent / "accepted.toml"
PARTS = tuple(item.name for item in fields(Observation) if item.init)


@dataclass(frozen=True, slots=True)
class Mask:
    """A wording that is ours to choose: both sides are brought to one text."""

    name: str
    reason: str
    parts: frozenset[str]
    pattern: re.Pattern[str]
    replacement: str

    def over(self, value: Any) -> Any:
        """The value with the wording replaced in each text."""
        if isinstance(value, str):
            return self.pattern.sub(self.replacement, value)
        if isinstance(value, list):
            return [self.over(item) for item in value]
        return value


def comparable(part: str, value: Any) -> Any:
    """A part of an observation in the form that must be equal."""
    if part == "headers":
        return [
            [name, ", ".join(sorted(re.split(r",\s*", text))) if name == "Allow" else text]
            for name, text in value
        ]
    return value


@dataclass(frozen=True, slots=True)
class Difference:
    """One request whose two answers are not the same."""

    config: str
    requests: tuple[Request, ...]
    """The last one differs; those before it led there."""
    official: Observation
    ours: Observation
    parts: tuple[str, ...]
    """The names of the parts that differ."""

    @property
    def request(self) -> Request:
        """The request whose answers differ."""
        return self.requests[-1]

    @property
    def signature(self) -> tuple[object, ...]:
        """What a smaller request must share to show the same difference."""
        return (
            self.config,
            self.parts,
            self.official.status,
            self.ours.status,
            error_classes(self.official),
            error_classes(self.ours),
        )

    @property
    def group(self) -> tuple[object, ...]:
        """What differences that have one cause are likely to share."""
        path = self.request.path or "/"
        changed = []
        for part in self.parts:
            official, ours = (
                rows(part, getattr(self.official, part)),
                rows(part, getattr(self.ours, part)),
            )
            for row in difflib.unified_diff(official, ours, lineterm="", n=0):
                if not row.startswith(("@@", "---", "+++")):
                    changed.append(re.sub(r"\d+|'.*?'", "_", row.replace(path, "PATH"))[:80])
        return (self.parts, self.official.status, self.ours.status, *changed[:4])


def error_classes(seen: Observation) -> tuple[str, ...]:
    """The classes of what reached the server, without the texts."""
    return tuple(":".join(raised.split(":", 2)[:2]) for raised in seen.raised)


def masked(seen: Observation, masks: Sequence[Mask]) -> Observation:
    """The observation with every wording of ours brought to the common one."""
    changed = {}
    for part in PARTS:
        value = getattr(seen, part)
        for mask in masks:
            if part in mask.parts:
                value = mask.over(value)
        changed[part] = value
    return Observation(**changed)


def difference(
    config: str,
    asked: tuple[Request, ...],
    official: Observation,
    ours: Observation,
    masks: Sequence[Mask] = (),
) -> Difference | None:
    """What differs in the two answers to the last of these requests, if anything."""
    # Masks are costly and mostly not needed: equal answers are equal.
    if not differing(official, ours):
        return None
    official, ours = masked(official, masks), masked(ours, masks)
    parts = differing(official, ours)
    return Difference(config, asked, official, ours, parts) if parts else None


def differing(official: Observation, ours: Observation) -> tuple[str, ...]:
    """The parts in which the two are not the same."""
    return tuple(
        part
        for part in PARTS
        if comparable(part, getattr(official, part)) != comparable(part, getattr(ours, part))
    )


@dataclass(frozen=True, slots=True)
class Rule:
    """One accepted difference. Absent conditions hold for everything."""

    name: str
    reason: str
    parts: frozenset[str]
    """The only parts that may differ."""
    config: re.Pattern[str] | None
    path: re.Pattern[str] | None
    when: tuple[tuple[str, re.Pattern[str]], ...]
    """A part of the request, of official's or of our answer, and what it must
    match: ``request.method``, ``official.status``, ``ours.body``."""
    older: bool = False
    """It explains something on older releases of the dependencies alone."""
    rare: bool = False
    """It explains something that only random requests meet."""

    def accepts(self, difference: Difference) -> bool:
        """Does this rule explain the whole of that difference?"""
        return (
            set(difference.parts) <= self.parts
            and (self.config is None or self.config.fullmatch(difference.config) is not None)
            and (
                self.path is None or self.path.fullmatch(difference.request.path or "") is not None
            )
            and all(pattern.search(text_of(difference, part)) for part, pattern in self.when)
        )


def text_of(difference: Difference, part: str) -> str:
    """A part of the request or of one answer, as text."""
    owner, _, name = part.partition(".")
    value = getattr(getattr(difference, owner), name)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def compiled(text: str | None) -> re.Pattern[str] | None:
    """A compiled pattern; None stays None."""
    return None if text is None else re.compile(text, re.DOTALL)


@dataclass(frozen=True, slots=True)
class Accepted:
    """The content of ``accepted.toml``."""

    rules: list[Rule]
    masks: list[Mask]


def load_accepted(path: Path = ACCEPTED) -> Accepted:
    """The rules and masks of ``accepted.toml``."""
    content = tomllib.loads(path.read_text())
    rules, masks = [], []
    for name, entry in content.get("difference", {}).items():
        rules.append(
            Rule(
                name=name,
                reason=entry["reason"],
                parts=parts_of(name, entry),
                config=compiled(entry.get("config")),
                path=compiled(entry.get("path")),
                when=tuple(
                    (part, re.compile(text, re.DOTALL))
                    for part, text in entry.get("when", {}).items()
                ),
                older=entry.get("older", False),
                rare=entry.get("rare", False),
            )
        )
    for name, entry in content.get("wording", {}).items():
        pattern = re.compile(entry["pattern"], re.DOTALL)
        parts = parts_of(name, entry)
        masks.append(Mask(name, entry["reason"], parts, pattern, entry["replacement"]))
    return Accepted(rules, masks)


def parts_of(name: str, entry: dict[str, Any]) -> frozenset[str]:
    """The parts that an entry names; raises for one that does not exist."""
    unknown = set(entry["parts"]) - set(PARTS)
    if unknown:
        raise ValueError(f"{ACCEPTED.name}: [{name}] names no such part: {', '.join(unknown)}")
    return frozenset(entry["parts"])


def explained(difference: Difference, rules: list[Rule]) -> Rule | None:
    """The first rule that accepts this difference, if any."""
    return next((rule for rule in rules if rule.accepts(difference)), None)


def rows(part: str, value: Any) -> list[str]:
    """A part as lines for a diff; JSON bodies are spread out."""
    value = comparable(part, value)
    if part == "headers":
        return [f"{name}: {text}" for name, text in value]
    if part == "body":
        try:
            return json.dumps(json.loads(value), indent=1, ensure_ascii=False).splitlines()
        except ValueError:
            return [row[:400] for row in repr(value)[1:-1].split("\\n")]
    if isinstance(value, list):
        return [str(item) for item in value]
    return str(value).splitlines() or [""]


def told(difference: Difference, context: int = 1) -> str:
    """The difference as a readable text: the requests, then a diff a part."""
    lines = [f"config {difference.config}"]
    lines += [f"  {written(request)}" for request in difference.requests]
    lines.append(f"  -> official {outcome(difference.official)}, ours {outcome(difference.ours)}")
    for part in difference.parts:
        lines.append(f"  {part}: - official, + ours")
        official, ours = (
            rows(part, getattr(difference.official, part)),
            rows(part, getattr(difference.ours, part)),
        )
        for row in list(difflib.unified_diff(official, ours, lineterm="", n=context))[2:]:
            if not row.startswith("@@"):
                lines.append(f"    {row}")
    return "\n".join(lines)


def outcome(seen: Observation) -> str:
    """An answer in one word or two."""
    return seen.status or "; ".join(seen.raised) or "nothing"


def written(request: Request) -> str:
    """A request as one line, everything unusual named."""
    query = f"?{request.query}" if request.query else ""
    text = f"{request.method!s} {request.path!r}{query}"
    for name, value in request.headers:
        text += f" | {name}: {value[:300]}"
    if request.body:
        more = "..." if len(request.body) > 300 else ""
        text += f" | body {request.body[:300]!r}{more}"
    if request.length != "automatic":
        text += f" | Content-Length {request.length!r}"
    for name, replaced in request.environ:
        text += f" | environ {name}={replaced!r}"
    if request.take is not None:
        text += f" | closed after {request.take} chunks"
    if request.clock != Request.__dataclass_fields__["clock"].default:
        text += f" | clock {request.clock}"
    return text
