"""What schemathesis must not take for a fault, with the reason for each.

``SCHEMATHESIS_HOOKS`` names this module.
"""

from __future__ import annotations

import typing as t

import schemathesis


@schemathesis.hook
def map_body(context: object, body: t.Any) -> t.Any:
    """Write integers as integers.

    To JSON Schema, ``5.0`` is an integer. msgspec refuses it, as most languages with integers do.
    """
    if isinstance(body, float) and body.is_integer():
        return int(body)
    if isinstance(body, dict):
        return {name: map_body(context, value) for name, value in body.items()}
    if isinstance(body, list):
        return [map_body(context, value) for value in body]
    return body


@schemathesis.hook
def filter_failure(context: object, failure: t.Any, case: t.Any, response: object) -> bool:
    """Drop the report that a form took a number or a boolean as text: a form has only text."""
    is_form = case.media_type in {"multipart/form-data", "application/x-www-form-urlencoded"}
    if not is_form or type(failure).__name__ != "AcceptedNegativeData":
        return True
    return "(was string, became " not in failure.message
