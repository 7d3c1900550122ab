"""What schemathesis must not take for a fault, with the reason for each.

``SCHEMATHESIS_HOOKS`` names this module.
"""

from __future__ import annotations

import re
import typing as t
from urllib.parse import parse_qs, urlsplit

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
def filter_failure(context: object, failure: t.Any, case: t.Any, response: t.Any) -> bool:
    """Drop two reports that invalid data was accepted, and one about events.

    - It takes the schema of an event stream, a text, for that of each event.
    - A form has only text, so a number is a valid text, and an empty text is an absent number.
    - A parameter that is sent without text is an absent one.
    """
    if failure.title == "SSE event violates schema":
        return False
    if type(failure).__name__ != "AcceptedNegativeData":
        return True
    is_form = case.media_type in {"multipart/form-data", "application/x-www-form-urlencoded"}
    if is_form and re.search(r"Incorrect type|violates `type`", failure.message):
        return False
    named = [(it[1], it[0]) for it in re.findall(_BY_NAME, failure.message)]
    named += re.findall(_BY_PLACE, failure.message)
    return not named or not all(_is_absent(*each, response.request) for each in named)


_BY_NAME = r"parameter `(.+?)` in (query|header|cookie)"
_BY_PLACE = r"(query|header|cookie): violates `\w+` at /properties/(\S+)"


def _is_absent(place: str, name: str, request: t.Any) -> bool:
    """Return whether a request has no text for a parameter."""
    if place == "header":
        return not request.headers.get(name)
    if place == "cookie":
        pairs = [it.strip().partition("=") for it in request.headers.get("Cookie", "").split(";")]
        return not any(key == name and value for key, _, value in pairs)
    return name not in parse_qs(urlsplit(request.url).query)  # without blank values
