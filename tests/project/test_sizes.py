"""Files and functions stay short enough to be read in one go."""

from __future__ import annotations

import ast
from pathlib import Path

from modules import MODULES, Module

MOST_LINES_OF_A_FILE = 430
MOST_LINES_OF_A_FUNCTION = 50


TESTS = Path(__file__).parents[1]


def test_files_of_the_package_are_short() -> None:
    sizes = {module.name: len(module.text.splitlines()) for module in MODULES}
    assert {name: size for name, size in sizes.items() if size > MOST_LINES_OF_A_FILE} == {}


def test_files_of_tests_are_short() -> None:
    sizes = {path: len(path.read_text("utf-8").splitlines()) for path in TESTS.rglob("*.py")}
    assert len(sizes) > 100
    assert {path: size for path, size in sizes.items() if size > MOST_LINES_OF_A_FILE} == {}


def test_functions_are_short_unless_a_comment_gives_the_cost_of_splitting() -> None:
    long: dict[str, int] = {}
    for module in MODULES:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno is not None
                lines = node.end_lineno - node.lineno + 1
                if lines > MOST_LINES_OF_A_FUNCTION and not _gives_a_reason(module, node):
                    long[f"{module.name}: {node.name}"] = lines
    assert long == {}


def _gives_a_reason(module: Module, node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Return whether the first comment is a ``PERF:`` with a measurement."""
    body = module.text.splitlines()[node.lineno - 1 : node.end_lineno]
    comments = [line.strip() for line in body if line.strip().startswith("#")]
    return bool(comments) and "PERF:" in comments[0]
