"""Placeholder until the branch of answers is merged: in a merge, take that branch's version."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

import msgspec

from ..wrappers import Response
from ._operation import Operation


def compile_answers(operation: Operation) -> Callable[[t.Any], t.Any]:
    """Serialize a JSON answer; everything else follows Flask's rules."""
    answer = operation.answers[0]

    def finish(value: t.Any) -> t.Any:
        if answer.kind != "json" or isinstance(value, (tuple, Response)):
            return value
        return Response(msgspec.json.encode(value), answer.status, mimetype="application/json")

    return finish
