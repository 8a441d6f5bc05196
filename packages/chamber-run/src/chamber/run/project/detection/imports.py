"""What Python files import, read from their syntax trees: evidence where no file lists dependencies."""

from __future__ import annotations

import ast
import posixpath
import sys
from typing import TYPE_CHECKING

from msgspec import Struct

from chamber.core.errors import ConfigurationError
from chamber.run.project.detection.formats import from_python
from chamber.run.project.detection.scripts import module_files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chamber.run.project.detection.folder import Folder

__all__ = ["Imports", "of_file", "reached_from"]

_MOST_FILES = 200
_LARGEST = 1 << 20
#: Modules whose distribution has another name.
_DISTRIBUTIONS = {
    "cv2": "opencv-python-headless",
    "pil": "pillow",
    "pytorch_lightning": "pytorch-lightning",
    "sentence_transformers": "sentence-transformers",
    "sklearn": "scikit-learn",
    "skimage": "scikit-image",
    "yaml": "pyyaml",
}


class Imports(Struct, frozen=True):
    """What a file imports."""

    #: Modules by their whole names, and the line of the first import of each.
    modules: dict[str, int] = {}
    #: Whether some are relative to its package.
    relative: bool = False


def of_file(folder: Folder, path: str) -> Imports:
    """What a Python file imports; nothing where it cannot be read or parsed, which its run will tell."""
    try:
        return _imports(from_python(folder.text(path, _LARGEST), path))
    except (ConfigurationError, RecursionError):
        return Imports()


def reached_from(folder: Folder, path: str) -> dict[str, str]:
    """The distributions that a file and the project's modules that it imports seem to need.

    By canonical name, each with the file and line of an import. Modules of the standard library and of the
    project are left out; where a distribution is called otherwise than its module, a table says how.
    """
    found: dict[str, str] = {}
    waiting, seen = [path], {path}
    while waiting and len(seen) <= _MOST_FILES:
        file = waiting.pop(0)
        for module, line in of_file(folder, file).modules.items():
            own = _own_file(module, file, folder)
            if own is None:
                _note(found, module, f"{file}, line {line}")
            elif own not in seen:
                seen.add(own)
                waiting.append(own)
    return found


def _note(found: dict[str, str], module: str, where: str) -> None:
    top = module.partition(".")[0]
    if top and top not in sys.stdlib_module_names:
        name = _DISTRIBUTIONS.get(top.lower(), top.lower().replace("_", "-"))
        found.setdefault(name, where)


def _own_file(module: str, importing: str, folder: Folder) -> str | None:
    """The file of a module of the project: beside the importing file, or below a root."""
    beside = posixpath.dirname(importing)
    for name in _and_parents(module):
        path = name.replace(".", "/")
        near = (posixpath.join(beside, f"{path}.py"), posixpath.join(beside, path, "__init__.py"))
        file = folder.first(*near, *module_files(name))
        if file is not None:
            return file
    top = module.partition(".")[0]
    return importing if folder.is_folder(posixpath.join(beside, top)) or folder.is_folder(f"src/{top}") else None


def _and_parents(module: str) -> Iterator[str]:
    while module:
        yield module
        module = module.rpartition(".")[0]


def _imports(tree: ast.Module) -> Imports:
    modules: dict[str, int] = {}
    relative = False
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                modules.setdefault(alias.name, node.lineno)
        elif isinstance(node, ast.ImportFrom) and node.level:
            relative = True
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules.setdefault(node.module, node.lineno)
            for alias in node.names:
                modules.setdefault(f"{node.module}.{alias.name}", node.lineno)
    return Imports(modules, relative)
