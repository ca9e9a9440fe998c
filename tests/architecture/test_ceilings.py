"""Files of at most 400 lines, functions of at most 40 lines of code."""

import ast

import pytest

from tests.support.source_tree import Module, modules

FILE_CEILING = 400
FUNCTION_CEILING = 40
ALL = modules()


def _code_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return how many lines a function has, without its docstring and its decorators."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return (function.end_lineno or 0) - body[0].lineno + 2 if body else 1


@pytest.mark.parametrize("module", ALL, ids=lambda module: module.name)
def test_a_file_is_one_idea(module: Module) -> None:
    lines = module.text.count("\n")
    assert lines <= FILE_CEILING, f"{module.path} has {lines} lines: split it where a second idea begins"


@pytest.mark.parametrize("module", ALL, ids=lambda module: module.name)
def test_a_file_says_what_it_is(module: Module) -> None:
    if module.text.strip():
        assert ast.get_docstring(module.tree), f"{module.path} lacks the sentence at its top"


@pytest.mark.parametrize("module", ALL, ids=lambda module: module.name)
def test_a_function_fits_a_screen(module: Module) -> None:
    long = [f"{function.name}: {_code_lines(function)}" for function in module.functions() if _code_lines(function) > FUNCTION_CEILING]
    assert not long, f"{module.path}: functions of more than {FUNCTION_CEILING} lines: {', '.join(long)}"
