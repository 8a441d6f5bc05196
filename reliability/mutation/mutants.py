"""Every way to change a module in one place, by mutmut's operators.

mutmut itself leaves alone what is decorated and what stands outside of functions, and finds its modules in one folder
of one package. Its operators are used here on whole modules, properties and constants included.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

import libcst as cst
import libcst.matchers as m
from libcst.metadata import ByteSpanPositionProvider, CodeSpan
from mutmut.mutation.mutators import mutation_operators

__all__ = ["Mutant", "mutants", "statements"]

#: What changes nothing that a program could notice: types, names that are exported, what is imported for types alone.
_SILENT = (
    m.Annotation()
    | m.Decorator()
    | m.Subscript(value=m.Name("Literal") | m.Name("Callable") | m.Name("Annotated"))
    | m.Assign(targets=[m.AssignTarget(m.Name("__all__") | m.Name("TYPE_CHECKING"))])
    | m.Assign(value=m.Subscript(value=m.Name("Literal")))
    | m.Call(func=m.Name("len") | m.Name("isinstance") | m.Name("cast"))
)


class Mutant(NamedTuple):
    """A module with one change."""

    #: The line of the statement that is changed, from 1.
    line: int
    before: str
    after: str
    source: str

    @property
    def name(self) -> str:
        """The change in one line: it says the same wherever the line moves to."""
        return f"{self.before} -> {self.after}"


def mutants(source: str) -> Iterator[Mutant]:
    """The mutants of a module, each once, in the order of their lines."""
    wrapper = cst.MetadataWrapper(cst.parse_module(source), unsafe_skip_copy=True)
    spans = wrapper.resolve(ByteSpanPositionProvider)
    visitor = _Visitor()
    wrapper.visit(visitor)
    seen = {source}
    for node, changed in visitor.found:
        made = _changed(source, wrapper.module, spans.get(node), node, changed)
        if made not in seen and _is_python(made):
            seen.add(made)
            yield _mutant(source, made)


def statements(source: str) -> dict[int, range]:
    """Line -> the lines of the innermost statement there; for ``if`` and the like, of its head alone."""
    lines: dict[int, range] = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.stmt):
            body = getattr(node, "body", None)
            last = body[0].lineno - 1 if isinstance(body, list) and body else node.end_lineno or node.lineno
            own = range(node.lineno, max(last, node.lineno) + 1)
            lines |= {line: own for line in own if line not in lines or len(lines[line]) >= len(own)}
    return lines


class _Visitor(cst.CSTVisitor):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[cst.CSTNode, cst.CSTNode]] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        if m.matches(node, _SILENT) or _is_for_types(node):
            return False
        for kind, operator in mutation_operators:
            if isinstance(node, kind):
                self.found += [(node, changed) for changed in operator(node)]
        return True


def _changed(source: str, module: cst.Module, span: CodeSpan | None, node: cst.CSTNode, changed: cst.CSTNode) -> str:
    text = source.encode()
    if span and text[span.start : span.start + span.length].decode() == module.code_for_node(node):
        put = module.code_for_node(changed).encode()
        return (text[: span.start] + put + text[span.start + span.length :]).decode()
    return cst.ensure_type(module.deep_replace(node, changed), cst.Module).code  # in parentheses: slower


def _is_for_types(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.If) and m.matches(node.test, m.Name("TYPE_CHECKING"))


def _is_python(source: str) -> bool:
    try:
        compile(source, "mutant", "exec", dont_inherit=True)
    except SyntaxError:
        return False
    return True


def _mutant(source: str, made: str) -> Mutant:
    old, new = source.splitlines(), made.splitlines()
    first = _alike(old, new)
    last = min(_alike(old[::-1], new[::-1]), min(len(old), len(new)) - first)
    before = " ".join(line.strip() for line in old[first : len(old) - last])
    after = " ".join(line.strip() for line in new[first : len(new) - last])
    return Mutant(min(first + 1, len(old)), before, after, made)


def _alike(one: list[str], other: list[str]) -> int:
    """How many lines both begin with."""
    pairs = zip(one, other, strict=False)
    return next((number for number, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
