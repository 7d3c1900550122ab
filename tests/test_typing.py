"""The aliases of ``flask.typing``; ``type_check/`` runs type checkers."""

from __future__ import annotations

import typing as t

import pytest

from flask import typing as ft

ALIASES = """
    AfterRequestCallable AppOrBlueprintKey BeforeFirstRequestCallable BeforeRequestCallable
    ErrorHandlerCallable HeaderValue HeadersValue ResponseReturnValue ResponseValue RouteCallable
    ShellContextProcessorCallable TeardownCallable TemplateContextProcessorCallable
    TemplateFilterCallable TemplateGlobalCallable TemplateTestCallable URLDefaultCallable
    URLValuePreprocessorCallable
"""


@pytest.mark.parametrize("name", ALIASES.split())
def test_an_alias_can_stand_in_an_annotation_at_run_time(name: str) -> None:
    alias = getattr(ft, name)
    assert t.get_origin(alias) is not None
    assert t.get_args(t.Optional[alias])  # noqa: UP045
    assert t.get_args(t.Union[alias, int])  # noqa: UP007


def test_the_response_class_is_a_type_variable() -> None:
    assert isinstance(ft.ResponseClass, t.TypeVar)


def test_hints_of_users_functions_can_be_resolved() -> None:
    def view() -> ft.ResponseReturnValue:
        return ""

    def hook(key: ft.AppOrBlueprintKey) -> None: ...

    assert set(t.get_args(t.get_type_hints(hook)["key"])) == {str, type(None)}
    assert view.__annotations__ == {"return": "ft.ResponseReturnValue"}
