"""Notebooks as entrypoints: their code cells become a Python file, which does what they do or is refused.

Jupyter's own format, version 4 (nbformat.readthedocs.io/en/latest/format_description.html). What IPython adds to
Python is translated, dropped with a warning where it only shows something, or refused with the number of the cell.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from chamber.core.errors import ConfigurationError
from chamber.run.project import magics
from chamber.run.project.detection.folder import Folder
from chamber.run.project.detection.formats import from_json, from_python, typed
from chamber.run.project.files import GeneratedFile

if TYPE_CHECKING:
    from pathlib import Path

    from chamber.run.project.detection.needs import Need

__all__ = ["Converted", "convert", "converted"]

#: What notebooks have without importing it.
_DISPLAY = """\
try:
    from IPython.display import display
except ImportError:
    display = print
"""
#: Bytes; notebooks hold their pictures.
_LARGEST = 64 << 20


class Converted(Struct, frozen=True):
    """A notebook as a Python file, and what else its cells ask for."""

    file: GeneratedFile
    #: What its cells install with pip.
    needs: tuple[Need, ...] = ()
    #: What its cells install with apt.
    apt_packages: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class _Cell(Struct, frozen=True):
    cell_type: str
    source: str | list[str] = ""


class _Notebook(Struct, frozen=True):
    nbformat: int
    cells: list[_Cell] | None = None
    metadata: dict[str, Any] = {}


def converted(directory: Path, entrypoint: str) -> tuple[GeneratedFile, ...]:
    """The Python file that a profile's entrypoint is made of, where that is a notebook's.

    Raises ConfigurationError: as `convert` does.
    """
    if not entrypoint.endswith(".ipynb.py"):
        return ()
    return (convert(directory, entrypoint.removesuffix(".py")).file,)


def convert(directory: Path, notebook: str) -> Converted:
    """The notebook at a path of the project as a Python file beside it, ``NAME.ipynb.py``.

    Raises ConfigurationError: it is no notebook of format 4 in Python, or a cell does what a program cannot.
    """
    text = Folder(directory, frozenset({notebook})).text(notebook, _LARGEST)
    content = from_json(text, notebook, _Notebook)
    _check(content, notebook)
    translation = magics.Translation(notebook)
    parts = [f"# Made from {notebook}.\n"]
    for number, cell in enumerate(content.cells or (), 1):
        if cell.cell_type == "code":
            source = cell.source if isinstance(cell.source, str) else "".join(cell.source)
            parts.append(f"# %% cell {number}\n{translation.cell(source, number).rstrip()}\n")
    code = _with_display("\n".join(parts), notebook)
    _check_code(code, notebook, translation)
    return Converted(
        GeneratedFile(f"{notebook}.py", code.encode()),
        tuple(translation.needs),
        tuple(dict.fromkeys(translation.apt_packages)),
        tuple(translation.warnings),
    )


def _check(content: _Notebook, notebook: str) -> None:
    if content.nbformat != 4 or content.cells is None:
        raise ConfigurationError(
            f"{notebook} has format {content.nbformat}, and 4 is the one that is known: open and save it in Jupyter "
            f"or run jupyter nbconvert --to notebook --nbformat 4 {notebook}"
        )
    for key, name in (("kernelspec", "language"), ("language_info", "name")):
        table = typed(content.metadata.get(key, {}), f"{notebook}: metadata.{key}", dict[str, Any])
        language = table.get(name, "python")
        if language != "python":
            raise ConfigurationError(f"{notebook} is written in {language!r}, and only Python can be run")


def _with_display(code: str, notebook: str) -> str:
    names = [node for node in ast.walk(from_python(code, notebook)) if isinstance(node, ast.Name)]
    return f"{_DISPLAY}\n{code}" if any(name.id == "display" for name in names) else code


def _check_code(code: str, notebook: str, translation: magics.Translation) -> None:
    """That it is a program, and uses nothing that only a notebook has."""
    tree = from_python(code, f"{notebook}, converted to Python")
    stored = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    loaded = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    if "get_ipython" in loaded:
        raise ConfigurationError(f"{notebook} calls get_ipython(), which there is only in a notebook")
    for name, where in translation.shell_names.items():
        if name in stored:
            raise ConfigurationError(
                f"{where}: ${name} is a variable of Python in a command of the shell: use subprocess.run instead"
            )
    try:
        compile(tree, notebook, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else "it is nested too deeply"
        raise ConfigurationError(f"{notebook} does not work as a program: {reason}") from None
