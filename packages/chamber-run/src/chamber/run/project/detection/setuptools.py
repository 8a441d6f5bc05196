"""Reads ``setup.cfg``, and ``setup.py`` as far as it is made of literals: nothing of it is ever run."""

from __future__ import annotations

import ast
from typing import Any

from msgspec import Struct

from chamber.core.errors import ConfigurationError
from chamber.run.project.detection import requirements
from chamber.run.project.detection.folder import Folder
from chamber.run.project.detection.formats import from_ini, from_python
from chamber.run.project.detection.needs import Listed, needs_of

__all__ = ["CFG", "PY", "Setup", "listed_in_cfg", "listed_in_py", "read_cfg", "read_py"]

CFG = "setup.cfg"
PY = "setup.py"
_COMPILING = ("ext_modules", "cffi_modules", "rust_extensions", "cmake_source_dir")
_COMPILERS = ("skbuild", "torch.utils.cpp_extension", "Cython.Build", "setuptools_rust", "numpy.distutils", "pybind11")


class Setup(Struct, frozen=True, kw_only=True):
    """What a ``setup.cfg`` or ``setup.py`` says; None and empty where it does not, or not by a literal."""

    file: str
    name: str | None = None
    version: str | None = None
    requires_python: str | None = None
    install_requires: tuple[str, ...] | None = None
    extras: dict[str, tuple[str, ...]] = {}
    #: ``name = module:function``, by group.
    entry_points: dict[str, tuple[str, ...]] = {}
    package_dir: dict[str, str] = {}
    #: Arguments of ``setup()`` that are computed, and so are not known.
    computed: frozenset[str] = frozenset()
    #: Why it has to be compiled.
    compiled: str | None = None


def read_cfg(folder: Folder) -> Setup | None:
    """The project's ``setup.cfg``; None where there is none. Raises ConfigurationError: it is malformed."""
    if CFG not in folder:
        return None
    sections = from_ini(folder.text(CFG), CFG)
    metadata, options = sections.get("metadata", {}), sections.get("options", {})
    required = options.get("install_requires")
    return Setup(
        file=CFG,
        name=metadata.get("name"),
        version=metadata.get("version"),
        requires_python=options.get("python_requires"),
        install_requires=_items(required) if required is not None else None,
        extras={name: _items(text) for name, text in sections.get("options.extras_require", {}).items()},
        entry_points={name: _items(text) for name, text in sections.get("options.entry_points", {}).items()},
        package_dir=dict(_pair(item) for item in _items(options.get("package_dir", ""))),
    )


def read_py(folder: Folder) -> Setup | None:
    """The project's ``setup.py``; None where there is none, or where it calls no ``setup()``.

    Raises ConfigurationError: it is not Python 3.
    """
    if PY not in folder:
        return None
    tree = from_python(folder.text(PY), PY)
    call = next((node for node in ast.walk(tree) if isinstance(node, ast.Call) and _name(node.func) == "setup"), None)
    compiler = next((module for module in _imported(tree) if module.startswith(_COMPILERS)), None)
    if call is None:
        return None
    return _of_call(call, _Literals(tree), f"imports {compiler}" if compiler else None)


def listed_in_cfg(folder: Folder) -> Listed | None:
    """What ``setup.cfg`` says that the project needs; None when it says nothing. Raises ConfigurationError."""
    setup = read_cfg(folder)
    if setup is None or setup.install_requires is None:
        return None
    first = setup.install_requires[0] if setup.install_requires else ""
    if first.startswith("file:"):
        return _of_files(folder, setup, first.removeprefix("file:"))
    return _listed(setup, setup.install_requires, "options.install_requires")


def listed_in_py(folder: Folder) -> Listed | None:
    """What ``setup.py`` says that the project needs; None when it says nothing. Raises ConfigurationError."""
    setup = read_py(folder)
    if setup is None:
        return None
    if "install_requires" in setup.computed:
        warning = (
            f"{PY} computes install_requires, which only running it could tell: list what is needed in a "
            "requirements.txt or in pyproject.toml, or name the file with dependencies="
        )
        return Listed(file=PY, requires_python=setup.requires_python, warnings=(warning,))
    return _listed(setup, setup.install_requires, "install_requires") if setup.install_requires is not None else None


def _listed(setup: Setup, required: tuple[str, ...], key: str) -> Listed:
    extras = {name: needs_of(texts, f"{setup.file}: extra {name}") for name, texts in setup.extras.items()}
    return Listed(
        file=setup.file,
        needs=needs_of(required, f"{setup.file}: {key}"),
        requires_python=setup.requires_python,
        optional=extras,
    )


def _of_files(folder: Folder, setup: Setup, names: str) -> Listed:
    read = [requirements.read(folder, name.strip()) for name in names.split(",") if name.strip()]
    needs = tuple(one for each in read for one in each.needs)
    return Listed(file=CFG, needs=needs, requires_python=setup.requires_python)


def _items(text: str) -> tuple[str, ...]:
    """A list of setup.cfg: one item a line, or on one line separated by ``;``."""
    items = (item.strip() for item in (text.splitlines() if "\n" in text else text.split(";")))
    return tuple(item for item in items if item and not item.startswith("#"))


def _pair(item: str) -> tuple[str, str]:
    name, _, value = item.partition("=")
    return name.strip(), value.strip()


def _of_call(call: ast.Call, literals: _Literals, compiled: str | None) -> Setup:
    given = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    values = {name: literals.value(node) for name, node in given.items()}
    for name in _COMPILING:
        if name in given and values.get(name) not in ([], None):
            compiled = f"gives {name} to setup()"
    return Setup(
        file=PY,
        name=_text(values.get("name")),
        version=_text(values.get("version")),
        requires_python=_text(values.get("python_requires")),
        install_requires=_texts(values.get("install_requires")),
        extras={name: _texts(value) or () for name, value in _table(values.get("extras_require")).items()},
        entry_points=_entry_points(values.get("entry_points"), values.get("scripts")),
        package_dir={name: _text(value) or "" for name, value in _table(values.get("package_dir")).items()},
        computed=frozenset(name for name, value in values.items() if value is _COMPUTED),
        compiled=compiled,
    )


def _entry_points(value: object, scripts: object) -> dict[str, tuple[str, ...]]:
    if isinstance(value, str):
        return {name: tuple(f"{n} = {v}" for n, v in items.items()) for name, items in _ini(value).items()}
    table = {name: _texts(items) or () for name, items in _table(value).items()}
    return {**table, "scripts": _texts(scripts) or ()} if scripts else table


def _ini(text: str) -> dict[str, dict[str, str]]:
    try:
        return from_ini(text, PY)
    except ConfigurationError:
        return {}


class _Computed:
    """Stands for a value that only running the file could tell."""


_COMPUTED = _Computed()


class _Literals:
    """The values of expressions that are made of literals, and of names that such ones are assigned to."""

    def __init__(self, tree: ast.Module) -> None:
        self._assigned = {
            target.id: node.value
            for node in tree.body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }

    def value(self, node: ast.expr, within: tuple[str, ...] = ()) -> Any:
        if isinstance(node, ast.Name) and node.id in self._assigned and node.id not in within:
            return self.value(self._assigned[node.id], (*within, node.id))
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return self._sum(self.value(node.left, within), self.value(node.right, within))
        try:
            return ast.literal_eval(node)
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            return _COMPUTED

    def _sum(self, left: Any, right: Any) -> Any:
        if type(left) is type(right) and isinstance(left, list | tuple | str):
            return left + right
        return _COMPUTED


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and _is_unicode(value) else None


def _texts(value: object) -> tuple[str, ...] | None:
    if isinstance(value, str) and _is_unicode(value):
        return tuple(line.strip() for line in value.splitlines() if line.strip())
    if isinstance(value, list | tuple) and all(isinstance(item, str) and _is_unicode(item) for item in value):
        return tuple(value)
    return None


def _table(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        return {}
    return {name: item for name, item in value.items() if isinstance(name, str) and _is_unicode(name)}


def _is_unicode(text: str) -> bool:
    return text.encode(errors="replace").decode() == text


def _name(node: ast.expr) -> str | None:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else None


def _imported(tree: ast.Module) -> list[str]:
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.extend(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.append(node.module)
    return found
