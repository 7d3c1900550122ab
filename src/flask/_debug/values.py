"""Values as short texts: without secrets, in bounded time, and whatever ``repr()`` of them does."""

from __future__ import annotations

import itertools
import threading
import typing as t
from collections.abc import Callable, Mapping, Sequence
from contextvars import copy_context
from queue import Empty, SimpleQueue

from .._core.secret_names import is_secret_name
from .masking import MASK, Secrets

LONGEST: t.Final = 500
"""Characters of a value that are shown."""

_MOST_ITEMS = 30  # of a container
_DEEPEST = 4  # containers in containers
_LONGEST_READ = 20_000  # characters of a text in which secrets are searched
_BRACKETS: t.Final[dict[type, tuple[str, str]]] = {
    list: ("[", "]"),
    tuple: ("(", ")"),
    set: ("{", "}"),
    frozenset: ("frozenset({", "})"),
}

SECONDS: t.Final = 0.5
"""How long ``repr()`` of one value may take."""
MOST_SLOW: t.Final = 3
"""How many values may take longer, until all others are left out."""

_TOO_SLOW = f"<repr() takes longer than {SECONDS:g} seconds>"
_LEFT_OUT = "<left out, because other values take too long>"


def shorten(text: str, longest: int = LONGEST) -> str:
    """Return a text with at most so many characters, without its middle."""
    if len(text) <= longest:
        return text
    end = min(60, longest // 4)
    return f"{text[: longest - end]} … {text[len(text) - end :]}"


def hide_and_shorten(text: str, secrets: Secrets, longest: int = LONGEST) -> str:
    """Return a text without secrets, and with at most about so many characters."""
    if len(text) <= _LONGEST_READ:
        return shorten(secrets.hide(text), longest)
    # Without the end of what is read, because it may be a part of a secret.
    return f"{secrets.hide(text[:_LONGEST_READ])[:longest]} …"


def describe(value: object, secrets: Secrets, name: object = "") -> str:
    """Return a value as text.

    :param value: any object.
    :param secrets: are hidden.
    :param name: the name or key of the value. A text with a secret name is hidden.
    """
    return shorten(_describe(value, secrets, name, _DEEPEST))


def _describe(value: object, secrets: Secrets, name: object, levels: int) -> str:
    kind: type = type(value)
    try:
        if issubclass(kind, str | bytes) and is_secret_name(name):
            return MASK
        if kind is str or kind is bytes:
            start: t.Any = value[: _LONGEST_READ + 1]  # type: ignore[index]
            return hide_and_shorten(repr(start), secrets)
        if issubclass(kind, dict):
            text = _describe_dict(value, secrets, levels)
            return text if kind is dict else f"{kind.__name__}({text})"
        if kind in _BRACKETS:
            return _describe_items(value, secrets, name, levels)
        if issubclass(kind, Mapping):  # such as os.environ
            names = itertools.islice(t.cast("Mapping[object, object]", value), _MOST_ITEMS + 1)
            items = {each: t.cast("Mapping[object, object]", value)[each] for each in names}
            return f"{kind.__name__}({_describe_dict(items, secrets, levels)})"
        return hide_and_shorten(repr(value), secrets)
    except RecursionError:
        return f"<repr() of {kind.__name__} is too deep>"
    except BaseException as error:
        text = f"<repr() of {kind.__name__} raised {_name_error(error)}>"
        return hide_and_shorten(text, secrets)


def _name_error(error: BaseException) -> str:
    try:
        return f"{type(error).__name__}: {error}"
    except BaseException:
        return type(error).__name__


def _describe_dict(value: t.Any, secrets: Secrets, levels: int) -> str:
    # Not the methods of a subclass, which may do anything.
    size = dict.__len__(value)
    if size and not levels:
        return "{…}"
    items = [
        f"{_describe(key, secrets, '', 0)}: {_describe(item, secrets, key, levels - 1)}"
        for key, item in itertools.islice(dict.items(value), _MOST_ITEMS)
    ]
    if size > _MOST_ITEMS:
        items.append(f"… {size - _MOST_ITEMS} more")
    return f"{{{', '.join(items)}}}"


def _describe_items(value: t.Any, secrets: Secrets, name: object, levels: int) -> str:
    opening, closing = _BRACKETS[type(value)]
    if not value and type(value) in (set, frozenset):
        return f"{type(value).__name__}()"
    if value and not levels:
        return f"{opening}…{closing}"
    if type(value) is tuple and len(value) == 2 and not name and isinstance(value[0], str | bytes):
        name = value[0]  # a pair, as in a list of headers
    items = [
        _describe(item, secrets, name, levels - 1) for item in itertools.islice(value, _MOST_ITEMS)
    ]
    if type(value) is tuple and len(items) == 2 and items[0] == MASK:
        items[0] = _describe(value[0], secrets, "", 0)
    if len(value) > _MOST_ITEMS:
        items.append(f"… {len(value) - _MOST_ITEMS} more")
    if type(value) is tuple and len(items) == 1:
        items.append("")
    return f"{opening}{', '.join(items).rstrip(' ')}{closing}"


def describe_all(values: Sequence[Callable[[], str]], seconds: float = SECONDS) -> list[str]:
    """Call functions that describe values, each with a limit of time.

    They run in a thread. A thread whose function does not end is left alone, and the next one
    continues.

    :param values: the functions.
    :param seconds: the limit for each of them.
    """
    texts: list[str] = []
    slow = 0
    while len(texts) < len(values):
        if slow == MOST_SLOW:
            return texts + [_LEFT_OUT] * (len(values) - len(texts))
        results: SimpleQueue[str] = SimpleQueue()
        is_over = threading.Event()
        arguments = (values[len(texts) :], results, is_over)
        threading.Thread(
            target=copy_context().run, args=(_call_all, *arguments), name="debug-page", daemon=True
        ).start()
        try:
            while len(texts) < len(values):
                texts.append(results.get(timeout=seconds))
        except Empty:
            is_over.set()
            texts.append(_TOO_SLOW)
            slow += 1
    return texts


def _call_all(
    functions: Sequence[Callable[[], str]], results: SimpleQueue[str], is_over: threading.Event
) -> None:
    for function in functions:
        if is_over.is_set():
            return
        results.put(function())
