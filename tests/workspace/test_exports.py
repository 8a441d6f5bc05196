"""``__all__`` is true: complete and importable; ruff keeps it sorted."""

import ast
import importlib
import pathlib

import pytest
from members import MEMBERS, modules

MODULES = [name for member in MEMBERS for name in modules(member) if not name.endswith("__main__")]


@pytest.mark.parametrize("name", MODULES)
def test_every_exported_name_is_there(name):
    module = importlib.import_module(name)
    assert [export for export in module.__all__ if not hasattr(module, export)] == []


@pytest.mark.parametrize("name", MODULES)
def test_no_name_is_exported_twice(name):
    exports = importlib.import_module(name).__all__
    assert len(exports) == len(set(exports))


@pytest.mark.parametrize("name", MODULES)
def test_every_public_class_of_a_module_is_exported(name):
    module = importlib.import_module(name)
    tree = ast.parse(pathlib.Path(module.__file__).read_text("utf-8"))
    public = {n.name for n in tree.body if isinstance(n, ast.ClassDef) and not n.name.startswith("_")}
    assert public - set(module.__all__) == set()
