"""Whether the peers' answers are equal, looked at before anything is timed.

A fast wrong answer is worth nothing. The two Flasks must agree in status line, header list
with its order, and body. Other frameworks must agree with the first peer in the status and in
what the workload names.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urljoin

from benchmarks.workloads import Workload

#: payload.time.signature: the time of signing differs, and the signature with it.
_SIGNED = re.compile(r"^(session=\.?[\w-]+)\.[\w-]+\.[\w-]+")
_BASE = "http://localhost:8000/"


@dataclass(frozen=True)
class Answer:
    """What came back to one request."""

    status: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def code(self) -> int:
        """The status as a number."""
        return int(self.status.split(" ", 1)[0])

    @classmethod
    def from_worker(cls, reply: Sequence[Any]) -> Answer:
        """Read what a worker wrote as JSON."""
        status, headers, body = reply
        return cls(status, tuple((name, value) for name, value in headers), body.encode("latin-1"))


def differences(
    workload: Workload, answers: Mapping[str, Sequence[Answer]], flasks: Iterable[str]
) -> list[str]:
    """Return a line for each difference between the peers' answers; none if all are equal.

    `answers` holds the same number of answers from each peer, in order. `flasks` names the
    peers that must agree whole.
    """
    found = []
    for peer, given in answers.items():
        for number, answer in enumerate(given):
            expected = workload.first_status if number == 0 else workload.status
            if answer.code != expected:
                found.append(
                    f"{workload.name}: {peer} answered {number + 1} with {answer.status}, "
                    f"expected {expected}: {answer.body[:200]!r}"
                )
    whole = [peer for peer in answers if peer in set(flasks)]
    for peer, reference in zip(whole[1:], whole, strict=False):
        for number, (one, two) in enumerate(zip(answers[reference], answers[peer], strict=True)):
            if masked(one) != masked(two):
                found.append(_told(workload, number, reference, masked(one), peer, masked(two)))
    peers = list(answers)
    for peer in peers[1:]:
        pairs = zip(answers[peers[0]], answers[peer], strict=True)
        for number, (one, two) in enumerate(pairs):
            left, right = essence(workload, one), essence(workload, two)
            if left != right:
                found.append(_told(workload, number, peers[0], left, peer, right))
    return found


def masked(answer: Answer) -> Answer:
    """Return the answer without what differs from one second to the next."""
    headers = []
    for name, value in answer.headers:
        if name.lower() == "date":
            value = "(a date)"
        elif name.lower() == "set-cookie":
            value = _SIGNED.sub(r"\1.(time).(signature)", value)
        headers.append((name, value))
    return Answer(answer.status, tuple(headers), answer.body)


def essence(workload: Workload, answer: Answer) -> tuple[Any, ...]:
    """Return the part of an answer that all frameworks must agree on."""
    body: Any = answer.body
    if workload.body == "json":
        body = json.loads(answer.body)
    elif workload.body == "ignored" or answer.code == 304:
        body = None
    headers = {name: _header(name, answer) for name in workload.headers}
    return answer.code, body, headers


def _header(name: str, answer: Answer) -> Any:
    values = [value for given, value in answer.headers if given.lower() == name.lower()]
    if name == "Location":
        return [urljoin(_BASE, value) for value in values]
    if name == "Set-Cookie":
        # Frameworks write the attributes in another order and other letters.
        jars = [SimpleCookie(value) for value in values]
        return [
            (morsel.key, morsel.value, morsel["max-age"]) for jar in jars for morsel in jar.values()
        ]
    return values


def _told(workload: Workload, number: int, one: str, left: Any, two: str, right: Any) -> str:
    return (
        f"{workload.name}: answer {number + 1} differs\n"
        f"    {one}: {_short(left)}\n    {two}: {_short(right)}"
    )


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 900 else f"{text[:900]}... ({len(text)} letters)"
