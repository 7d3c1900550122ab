"""Every cache of the package is bounded, and is listed here with its bound.

``tests/core/test_bounded_caches.py`` fills each cache that clients can fill.
``tests/http/test_hostile_texts.py`` sends hostile requests and measures the memory that stays.
"""

from __future__ import annotations

import ast
import typing as t

from modules import MODULES, Module

BOUNDED = {
    "_core/environment": ["folders of the application, 1000"],
    "_core/hook_scopes": ["endpoints of the application, 4096"] * 3,
    "_core/user_code": ["files of code objects and of imported modules, 16,384"],
    "_development/_project": ["files of imported modules, 16,384"],
    "_http/body": ["store: lengths of bodies"],
    "_http/cookies": ["attributes of short cookies, 256"],
    "_http/headers": ["store: names of headers", "store: media types"],
    "_http/response_factories": [
        "one page",
        "classes of errors, 256",
        "store: pages with the description of their class",
    ],
    "_http/signing": ["store: signed texts", "keys of applications, 100"],
    "_http/static_files": [
        "classes of applications, 256",
        "short names of files, 1000",
        "store: small files",
    ],
    "api/_shapes": ["types of typed views, 10,000"],
    "asgi/_http_connection": ["store: pairs of headers", "store: content lengths"],
    "asgi/_greenlet_executor": ["threads that run"],
    "asgi/_scope": ["store: names of headers"],
    "json/provider": ["store: separators"],
}
"""For each module its caches. `store` bounds by count and by bytes; a number bounds the count of
entries that clients cannot choose, or only if they are short."""


def is_call_of(node: ast.AST, *names: str) -> t.TypeGuard[ast.Call]:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names


def caches_of(module: Module) -> t.Iterator[str]:
    """Yield calls of ``store`` and ``lru_cache``, and dicts of the module that something fills."""
    kept = set()
    for node in ast.walk(module.tree):
        if is_call_of(node, "store") and len(node.args) > 1:
            kept.add(ast.unparse(node.args[0]))
            yield ast.unparse(node)
        elif is_call_of(node, "lru_cache"):
            yield ast.unparse(node)
    for node in module.tree.body:
        if isinstance(node, ast.AnnAssign) and node.value and ast.unparse(node.value) == "{}":
            is_final = "Final" in ast.unparse(node.annotation)
            if not is_final and ast.unparse(node.target) not in kept:
                yield ast.unparse(node)


def test_every_cache_is_listed_with_its_bound() -> None:
    found = {module.name: list(caches_of(module)) for module in MODULES}
    counts = {name: len(caches) for name, caches in found.items() if caches}
    assert counts == {name: len(bounds) for name, bounds in BOUNDED.items()}, found


def test_no_cache_is_unbounded() -> None:
    for module in MODULES:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef):
                decorators = {ast.unparse(decorator) for decorator in node.decorator_list}
                if decorators & {"cache", "functools.cache"}:  # it has one result
                    assert not ast.unparse(node.args), f"{module.name}: {node.name}"
            if is_call_of(node, "lru_cache"):
                bounds = {keyword.arg: keyword.value for keyword in node.keywords}
                assert isinstance(bounds["maxsize"], ast.Constant), module.name
                assert isinstance(bounds["maxsize"].value, int), module.name


def test_every_cache_that_keep_fills_has_its_largest_count() -> None:
    for module in MODULES:
        for node in ast.walk(module.tree):
            if is_call_of(node, "store") and len(node.args) > 1:
                assert len(node.args) >= 4, f"{module.name}: {ast.unparse(node)}"
