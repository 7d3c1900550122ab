"""The fixed suite: requests written by hand, each named by a sentence."""

from __future__ import annotations

from . import answers, asked, failing, routed, settled, stateful
from .build import Case

CASES: list[Case] = [
    *routed.CASES,
    *asked.CASES,
    *answers.CASES,
    *stateful.CASES,
    *failing.CASES,
    *settled.CASES,
]
"""All cases, in the order of their files."""

assert len({case.name for case in CASES}) == len(CASES), "two cases bear one name"
