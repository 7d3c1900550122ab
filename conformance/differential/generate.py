"""Random requests that are nearly right: made from the app's own rules.

Everything is drawn from one seeded ``random.Random``, so a seed tells the whole
run. A value is right about twice in three times and hostile otherwise; the
finished request is then mutated a little.
"""

from __future__ import annotations

import json
import random
from dataclasses import replace
from typing import Any

import forge
import words
from protocol import AUTOMATIC, CLOCK, Request
from sweep import ARGUMENT

BOUNDARY = "b0undary"


class Generator:
    """Draws configurations and requests; remembers the rule it drew last."""

    def __init__(self, chance: random.Random, catalogue: dict[str, Any]) -> None:
        self.chance = chance
        self.rules: dict[str, list[dict[str, Any]]] = catalogue["rules"]
        self.vocabulary: dict[str, list[str]] = catalogue["vocabulary"]
        self.last: dict[str, Any] | None = None

    def config(self) -> str:
        """A configuration; the one with everything comes most often."""
        names = list(self.rules)
        return self.chance.choices(names, [6 if name == "main" else 1 for name in names])[0]

    def request(self, config: str) -> Request:
        """A request to that configuration."""
        rule = self.rule(config)
        method = self.method(rule)
        path = self.path(rule["rule"])
        headers, body = self.body(method)
        host = self.host(rule)
        if host is not None:
            headers.append(("Host", host))
        headers += self.headers(rule["rule"])
        if self.rarely(60) and any("/hooks/" in known["rule"] for known in self.rules[config]):
            headers.append(("X-Do", self.deeds()))
        request = Request(
            method=method,
            path=path.encode("utf-8", "surrogateescape").decode("latin-1"),
            query=self.query(),
            headers=tuple(headers),
            body=body,
            length=self.length(body),
            environ=self.environ(),
            take=self.chance.choice((0, 1, 2)) if self.rarely() else None,
            clock=CLOCK + self.chance.choice((60, 3601, 2678401)) if self.rarely() else CLOCK,
        )
        return self.mutated(request)

    def rule(self, config: str) -> dict[str, Any]:
        """The rule of before, or one of a family: rules with one beginning."""
        if self.last is None or not self.rarely(50):
            families: dict[str, list[dict[str, Any]]] = {}
            for rule in self.rules[config]:
                families.setdefault(rule["rule"].split("/")[1], []).append(rule)
            weights = [words.FAVOURITES.get(name, 1) for name in families]
            family = self.chance.choices(list(families.values()), weights)[0]
            self.last = self.chance.choice(family)
        return self.last

    def rarely(self, percent: float = 5) -> bool:
        """True that often."""
        return self.chance.random() * 100 < percent

    def method(self, rule: dict[str, Any]) -> str:
        """One of the rule's methods, or one that is none of them."""
        if self.rarely(15):
            return self.chance.choice(words.METHODS)
        return str(self.chance.choice(rule["methods"] or ["GET"]))

    def path(self, rule: str) -> str:
        """The rule with values in place of its converters."""

        def value(match: Any) -> str:
            return self.argument(match["name"], match["converter"] or "string", match["options"])

        path = ARGUMENT.sub(value, rule)
        while self.rarely(12):
            path = self.chance.choice(words.PATH_MUTATIONS)(path, self.chance)
        return path

    def argument(self, name: str, converter: str, options: str | None) -> str:
        """A value for one argument of a rule."""
        if self.rarely(12):
            return self.chance.choice(words.HOSTILE)
        if name in self.vocabulary:
            return self.program(name)
        if converter == "any":
            return self.chance.choice([text.strip(" '") for text in (options or "").split(",")])
        return self.chance.choice(words.ARGUMENTS.get(converter, words.TEXTS))

    def program(self, name: str) -> str:
        """One word of a table, or a few of them where they are a program."""
        known = self.vocabulary[name]
        if not name.endswith("_steps"):
            return self.chance.choice(known)
        steps = []
        for _ in range(self.chance.choice((1, 1, 2, 2, 3, 5))):
            step = self.chance.choice(known)
            if name == "session_steps":
                step = self.session_step(step)
            elif name == "response_steps" and self.rarely(30):
                step += f":{self.chance.choice(words.SHORT)}"
            steps.append(step)
        return ",".join(steps)

    def session_step(self, step: str) -> str:
        """A step on the session, mostly on one of a few keys."""
        key = self.chance.choice(("a", "b", "l"))
        if step == "set":
            return f"set:{key}:{self.chance.choice(self.vocabulary['session_values'])}"
        if step in ("permanent", "modified", "accessed"):
            return f"{step}:{self.chance.choice('01')}"
        takes_key = step in ("get", "item", "del", "pop", "pop_none", "default", "in", "nested")
        return f"{step}:{key}" if takes_key else step

    def query(self) -> str:
        """Some arguments; ``endpoint`` and its like are known to the app."""
        pairs: list[str] = []
        while self.rarely(45) and len(pairs) < 6:
            name = self.chance.choice(words.QUERY_NAMES)
            if name == "endpoint":
                every = [rule["endpoint"] for rule in self.rules["main"]]
                value = self.chance.choice(every)
            else:
                value = self.chance.choice(words.QUERY_VALUES)
            pairs.append(
                f"{name}={value}" if not self.rarely() else self.chance.choice(words.QUERY_ODD)
            )
        return "&".join(pairs)

    def host(self, rule: dict[str, Any]) -> str | None:
        """A host that suits the rule, another one, or none."""
        if rule["host"]:
            return ARGUMENT.sub("ada", rule["host"])
        if rule["subdomain"] and not self.rarely(20):
            return ARGUMENT.sub("ada", rule["subdomain"]) + ".example.org"
        return self.chance.choice(words.HOSTS) if self.rarely(15) else None

    def headers(self, rule: str) -> list[tuple[str, str]]:
        """Some request headers, for files those that ask for a part of one."""
        found: list[tuple[str, str]] = []
        if "file" in rule and self.rarely(70):
            found.append(
                self.header([name for name in words.HEADERS if name.startswith(("If", "Ra"))])
            )
        while self.rarely(40) and len(found) < 6:
            found.append(self.header(list(words.HEADERS)))
        return found

    def header(self, names: list[str]) -> tuple[str, str]:
        """One of these headers with one of its values."""
        name = self.chance.choice(names)
        value = self.chance.choice(words.HEADERS[name])
        return name, value.replace("<<signed>>", forge.forged(self.chance))

    def deeds(self) -> str:
        """What one to three hooks shall do."""
        moments = self.chance.sample(words.MOMENTS, self.chance.choice((1, 1, 1, 2, 3)))
        return ", ".join(f"{moment} {self.chance.choice(words.DEEDS)}" for moment in moments)

    def body(self, method: str) -> tuple[list[tuple[str, str]], str]:
        """A body and the headers that announce it."""
        if method in ("GET", "HEAD", "OPTIONS") and not self.rarely():
            return [], ""
        kinds = (self.json, self.form, self.multipart, self.text, lambda: (None, ""))
        kind, body = self.chance.choice(kinds)()
        if self.rarely(10):
            kind = self.chance.choice(words.CONTENT_TYPES)
        return ([("Content-Type", kind)] if kind is not None else []), body

    def json(self) -> tuple[str | None, str]:
        """JSON, or nearly."""
        text = json.dumps(self.value(3), ensure_ascii=self.rarely(50))
        if self.rarely(25):
            text = self.chance.choice(words.JSON_ODD)
        return "application/json", text.encode("utf-8", "surrogatepass").decode("latin-1")

    def value(self, depth: int) -> Any:
        """A value for JSON, nested up to that depth."""
        if depth and self.rarely(40):
            return {self.chance.choice(words.TEXTS): self.value(depth - 1) for _ in range(2)}
        if depth and self.rarely(30):
            return [self.value(depth - 1) for _ in range(self.chance.randrange(3))]
        return self.chance.choice([*words.TEXTS, None, True, 0, -1, 1.5, 10**20])

    def form(self) -> tuple[str | None, str]:
        """A form in a URL's encoding."""
        pairs = [
            f"{self.chance.choice('aabc')}={self.chance.choice(words.QUERY_VALUES)}"
            for _ in range(self.chance.randrange(5))
        ]
        if self.rarely(10):
            pairs.append(self.chance.choice(words.QUERY_ODD))
        return "application/x-www-form-urlencoded", "&".join(pairs)

    def multipart(self) -> tuple[str | None, str]:
        """A multipart form with texts and files."""
        lines = []
        for _ in range(self.chance.randrange(4)):
            lines.append(f"--{BOUNDARY}")
            disposition = f'Content-Disposition: form-data; name="{self.chance.choice("aabf")}"'
            if self.rarely(40):
                disposition += f'; filename="{self.chance.choice(words.FILE_NAMES)}"'
            lines.append(disposition)
            if self.rarely(40):
                lines.append(f"Content-Type: {self.chance.choice(words.CONTENT_TYPES)}")
            lines += ["", self.chance.choice(words.TEXTS) * self.chance.choice((1, 1, 30))]
        lines += [f"--{BOUNDARY}--", ""]
        body = "\r\n".join(lines).encode("utf-8", "surrogateescape").decode("latin-1")
        return f"multipart/form-data; boundary={BOUNDARY}", body

    def text(self) -> tuple[str | None, str]:
        """Lines of text."""
        return "text/plain", "line one\nline two\n" * self.chance.choice((1, 1, 40))

    def length(self, body: str) -> str | None:
        """The announced length: mostly the right one."""
        if not self.rarely():
            return AUTOMATIC
        return self.chance.choice((None, str(len(body) + 5), str(len(body) // 2), *words.LENGTHS))

    def environ(self) -> tuple[tuple[str, str | None], ...]:
        """Rarely, something odd in the environ itself."""
        return (self.chance.choice(words.ENVIRON),) if self.rarely() else ()

    def mutated(self, request: Request) -> Request:
        """Rarely, a byte too many, too few or another one somewhere."""
        if self.rarely(8) and request.body:
            request = replace(request, body=self.scramble(request.body))
        if self.rarely(4) and request.path:
            request = replace(request, path=self.scramble(request.path))
        if self.rarely(4) and request.query:
            request = replace(request, query=self.scramble(request.query))
        if self.rarely(4) and request.headers:
            at = self.chance.randrange(len(request.headers))
            name, value = request.headers[at]
            headers = (
                *request.headers[:at],
                (name, self.scramble(value)),
                *request.headers[at + 1 :],
            )
            request = replace(request, headers=headers)
        return request

    def scramble(self, text: str) -> str:
        """The text with one place cut, doubled or replaced."""
        at = self.chance.randrange(len(text) + 1)
        match self.chance.randrange(4):
            case 0:
                return text[:at] + text[at + 1 :]
            case 1:
                return text[:at] + text[max(0, at - 3) : at] + text[at:]
            case 2:
                return text[:at]
        return text[:at] + self.chance.choice("/%;,=&\"'<\xff\xc3 :._-\x7f") + text[at + 1 :]
