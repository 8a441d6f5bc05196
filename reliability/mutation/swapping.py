"""Putting a mutant in the place of its module: into the loaded one where that is possible, else before it is loaded."""

from __future__ import annotations

import ast
import gc
import importlib.abc
import importlib.machinery
import importlib.util
import inspect
import sys
from collections.abc import Callable, Sequence
from types import CodeType, FunctionType, ModuleType

__all__ = ["Instead", "changed_constants", "changed_function", "functions", "rebind", "swap"]

#: Values that many names may have: that two are one says nothing.
_PLAIN = (str, bytes, int, float, type(None))


def changed_function(before: CodeType, after: CodeType) -> tuple[CodeType, CodeType] | None:
    """The one function that differs, as it was and as it is; None when more than that does."""
    if _outside(before) != _outside(after):
        return None
    pairs = list(zip(_inside(before), _inside(after), strict=True))
    differing = [pair for pair in pairs if not _equal(*pair)]
    if len(differing) != 1:
        return None
    old, new = differing[0]
    if old.co_flags & inspect.CO_OPTIMIZED:
        return (old, new) if old.co_name.isidentifier() and old.co_freevars == new.co_freevars else None
    return changed_function(old, new)


def functions(file: str) -> dict[tuple[str, int], list[FunctionType]]:
    """Every function that is loaded from a file, by its qualified name and first line."""
    found: dict[tuple[str, int], list[FunctionType]] = {}
    for one in gc.get_objects():
        if isinstance(one, FunctionType) and one.__code__.co_filename == file:
            found.setdefault((one.__code__.co_qualname, one.__code__.co_firstlineno), []).append(one)
    return found


def swap(loaded: dict[tuple[str, int], list[FunctionType]], old: CodeType, new: CodeType) -> bool:
    """Give the loaded function its new code; False when it is not loaded."""
    found = loaded.get((old.co_qualname, old.co_firstlineno), [])
    for function in found:
        function.__code__ = new
    return bool(found)


def changed_constants(before: str, after: str) -> list[ast.stmt] | None:
    """The assignments of a module that come out differently; None when something else is changed."""
    old, new = ast.parse(before).body, ast.parse(after).body
    if len(old) != len(new):
        return None
    changed = [b for a, b in zip(old, new, strict=True) if ast.dump(a) != ast.dump(b)]
    if len(changed) != 1 or not isinstance(changed[0], ast.Assign | ast.AnnAssign):
        return None
    names, found = _assigned(changed[0]), changed
    for statement in new[new.index(changed[0]) + 1 :]:
        if isinstance(statement, ast.Assign | ast.AnnAssign) and names & _read(statement):
            names |= _assigned(statement)
            found.append(statement)
    return found


def rebind(module: str, statements: list[ast.stmt]) -> None:
    """Run assignments anew, and give what they assign to whoever imported it."""
    own = vars(sys.modules[module])
    before = dict(own)
    body: list[ast.stmt] = [ast.ImportFrom("__future__", [ast.alias("annotations")], 0), *statements]
    exec(compile(ast.fix_missing_locations(ast.Module(body, [])), module, "exec", dont_inherit=True), own)
    loaded: list[object] = [*sys.modules.values()]
    holders = [vars(other) for other in loaded if isinstance(other, ModuleType)]
    tables = [value for holder in holders for value in list(holder.values()) if type(value) is dict]
    for name in set().union(*map(_assigned, statements)):
        old, new = before[name], own[name]
        for holder in holders:
            if holder.get(name) is old:
                holder[name] = new
        for table in tables if not isinstance(old, _PLAIN) else ():
            table |= {key: new for key, value in table.items() if value is old}


class Instead(importlib.abc.MetaPathFinder):
    """Imports a module from another source."""

    def __init__(self, module: str, file: str, source: str) -> None:
        self._module, self._file, self._source = module, file, source

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """How the module is loaded, and no other."""
        if fullname != self._module:
            return None
        return importlib.util.spec_from_file_location(fullname, self._file, loader=_Loader(fullname, self._file, self))

    @property
    def code(self) -> CodeType:
        """What is run instead."""
        return compile(self._source, self._file, "exec", dont_inherit=True)

    def install(self) -> None:
        """From now on."""
        assert self._module not in sys.modules
        sys.meta_path.insert(0, self)


class _Loader(importlib.machinery.SourceFileLoader):
    def __init__(self, fullname: str, path: str, instead: Instead) -> None:
        super().__init__(fullname, path)
        self._instead = instead

    def get_code(self, fullname: str) -> CodeType:
        return self._instead.code


def _assigned(statement: ast.stmt) -> set[str]:
    return {node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


def _read(statement: ast.stmt) -> set[str]:
    return {node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


def _inside(code: CodeType) -> list[CodeType]:
    return [constant for constant in code.co_consts if isinstance(constant, CodeType)]


def _outside(code: CodeType) -> tuple[object, ...]:
    constants = [repr(one) for one in code.co_consts if not isinstance(one, CodeType)]
    return code.co_code, code.co_names, code.co_varnames, code.co_freevars, constants, len(_inside(code))


def _equal(before: CodeType, after: CodeType) -> bool:
    same: Callable[[CodeType, CodeType], bool] = _equal
    return _outside(before) == _outside(after) and all(map(same, _inside(before), _inside(after)))
