"""The house keeps its measure: small functions, small files."""

import ast
import statistics

import pytest
from members import MEMBERS, ROOT

SOURCES = sorted(file for member in MEMBERS for file in member.glob("src/**/*.py"))


def _lengths():
    for file in SOURCES:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield _length(node)


def _length(node):
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 1


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_file_is_longer_than_400_lines(file):
    assert len(file.read_text("utf-8").splitlines()) <= 400


def test_functions_are_small():
    lengths = sorted(_lengths())
    assert statistics.median(lengths) <= 7
    assert lengths[int(len(lengths) * 0.9)] <= 25
    assert lengths[-1] <= 50
