"""The code blocks of a reference whose text has lost its fences."""

import ast
from collections.abc import Iterator

__all__ = ["blocks"]

#: No block of code has more lines.
_LONGEST = 60
_CODE = (ast.Import, ast.ImportFrom, ast.Assign, ast.For, ast.Try, ast.If, ast.Attribute, ast.Call)


def blocks(text: str) -> Iterator[str]:
    """Runs of lines, as long as can be, that are Python; without headings, which are Python too."""
    lines = text.splitlines()
    start = 0
    while start < len(lines):
        length = _parsable(lines[start : start + _LONGEST])
        if length:
            yield from _without_headings(lines[start : start + length])
        start += length or 1


def _parsable(lines: list[str]) -> int:
    return next((n for n in range(len(lines), 0, -1) if _parsed(lines[:n]) is not None), 0)


def _parsed(lines: list[str]) -> ast.Module | None:
    try:
        return ast.parse("\n".join(lines))
    except SyntaxError:
        return None


def _without_headings(lines: list[str]) -> Iterator[str]:
    tree = ast.parse("\n".join(lines))
    cuts = [statement.lineno - 1 for statement in tree.body if _is_heading(statement)]
    for begin, end in zip([0, *(cut + 1 for cut in cuts)], [*cuts, len(lines)], strict=True):
        block = "\n".join(lines[begin:end]).strip()
        if ast.parse(block).body:
            yield block


def _is_heading(statement: ast.stmt) -> bool:
    """``Templates``, ``run()``, or words that operators happen to join."""
    is_bare_call = (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Call)
        and isinstance(statement.value.func, ast.Name)
        and not statement.value.args
    )
    return is_bare_call or not any(isinstance(node, _CODE) for node in ast.walk(statement))
