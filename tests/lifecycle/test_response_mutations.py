"""Whatever an ``after_request`` function does to a response, the bytes are official Flask's.

The expected answers were observed from official Flask 3.1.3; see ``response_mutations.py``.
"""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
import response_mutations

EXPECTED: dict[str, t.Any] = json.loads(
    Path(__file__).with_name("response_mutations.json").read_text("utf-8")
)


@pytest.mark.parametrize("mutate", response_mutations.MUTATORS, ids=lambda mutate: mutate.__name__)
def test_the_answer_is_the_expected_one(mutate: response_mutations.Mutator) -> None:
    expected = EXPECTED[mutate.__name__]
    seen = response_mutations.observe(mutate)
    assert list(seen) == list(expected)
    different = {key: (seen[key], expected[key]) for key in seen if seen[key] != expected[key]}
    assert different == {}
