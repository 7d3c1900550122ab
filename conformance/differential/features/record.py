"""The side channel: what the app noted, and how it shows values.

The worker clears ``EVENTS`` before each request and hands it out after it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from werkzeug.datastructures import FileStorage, Headers, MultiDict

from flask import g, has_request_context, request

EVENTS: list[str] = []
"""What hooks, signal receivers and views noted, in order."""


def note(event: str) -> None:
    """Write down that something happened."""
    EVENTS.append(event)


def error(failure: BaseException) -> str:
    """An exception as one line: module, class and text.

    Texts that no app can match on are left out: those of errors that say that
    somebody forgot something while writing the app.
    """
    kind = type(failure)
    text = "" if isinstance(failure, NotImplementedError) else re.sub("  +", " ", str(failure))
    return f"{kind.__module__}.{kind.__qualname__}: {text}"


def shown(value: object) -> Any:
    """A value as plain JSON data that tells types apart where they matter."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, bytes):
        return f"bytes:{value.decode('latin-1')}"
    if isinstance(value, FileStorage):
        return file(value)
    if isinstance(value, MultiDict):
        return {str(key): shown(values) for key, values in value.lists()}
    if isinstance(value, Headers):
        return [[key, item] for key, item in value]
    if isinstance(value, Mapping):
        return {str(key): shown(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shown(item) for item in value]
    if isinstance(value, tuple):
        return {"tuple": [shown(item) for item in value]}
    if isinstance(value, set | frozenset):
        return {"set": sorted(map(str, value))}
    if isinstance(value, datetime):
        return f"datetime:{value.isoformat()}"
    return f"{type(value).__name__}:{value}"


def file(stored: FileStorage) -> dict[str, Any]:
    """An uploaded file: names, headers and content."""
    return {
        "filename": stored.filename,
        "name": stored.name,
        "type": stored.content_type,
        "mimetype": stored.mimetype,
        "headers": [[key, value] for key, value in stored.headers],
        "content": stored.read().decode("latin-1"),
    }


def attempt(ask: Callable[[], object]) -> Any:
    """What ``ask`` gives, shown; or the exception it raised."""
    try:
        return shown(ask())
    except Exception as failure:
        return {"raised": error(failure)}


def run(program: str, steps: Mapping[str, Callable[..., object]]) -> list[Any]:
    """Run a program such as ``set:a:1,len`` and tell what each step gave."""
    results = []
    for step in program.split(","):
        name, *arguments = step.split(":")
        action = steps.get(name)
        if action is None:
            results.append([step, "no such step"])
            continue
        results.append([step, attempt(lambda act=action, given=arguments: act(*given))])  # type: ignore[misc]
    return results


def where(**values: object) -> dict[str, Any]:
    """The view most rules share: tells which rule matched, and with what."""
    note(f"view {request.endpoint}")
    return {
        "endpoint": request.endpoint,
        "rule": str(request.url_rule),
        "values": {name: [type(item).__name__, shown(item)] for name, item in values.items()},
        "view_args": shown(request.view_args),
        "blueprint": request.blueprint,
        "blueprints": request.blueprints,
        "path": request.path,
        "method": request.method,
    }


def flags(names: Iterable[str]) -> set[str]:
    """Of these names, the ones that the request's X-Do header asks for.

    The app context outlives the request, so its ``g`` keeps them for later.
    """
    if has_request_context():
        g.asked = {name.strip() for name in request.headers.get("X-Do", "").split(",")}
    return set(g.get("asked", ())).intersection(names)
