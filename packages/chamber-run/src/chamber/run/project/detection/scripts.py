"""The commands that a project declares: ``[project.scripts]``, ``[tool.poetry.scripts]``, ``console_scripts``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from chamber.core.errors import ConfigurationError
from chamber.run.project.detection.pyproject import FILE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chamber.run.project.detection.folder import Folder
    from chamber.run.project.detection.pyproject import PyProject
    from chamber.run.project.detection.setuptools import Setup

__all__ = ["BIN", "Script", "declared", "file_of", "module_files"]

#: Where the commands are in the image, relative to the project.
BIN = ".chamber/bin"
_ROOTS = ("", "src/")


class Script(Struct, frozen=True):
    """A command, and the function that it calls."""

    name: str
    module: str
    function: str
    #: The file and the key that declare it.
    where: str

    @property
    def path(self) -> str:
        """Where it is in the image, relative to the project."""
        return f"{BIN}/{self.name}"


def declared(content: PyProject, *setups: Setup | None) -> tuple[Script, ...]:
    """The commands of a project, in the order they are declared, each name once.

    Raises ConfigurationError: one is not ``module:function``, or its name is not that of a file.
    """
    found: dict[str, Script] = {}
    for name, reference, where in _written(content, setups):
        if name not in found:
            found[name] = _script(name, reference, where)
    return tuple(found.values())


def file_of(script: Script, folder: Folder) -> str | None:
    """The file of the project that holds its function."""
    return folder.first(*module_files(script.module))


def module_files(module: str) -> tuple[str, ...]:
    """The paths where a module of the project may be."""
    path = module.replace(".", "/")
    return tuple(f"{root}{path}{end}" for root in _ROOTS for end in (".py", "/__init__.py"))


def _written(content: PyProject, setups: tuple[Setup | None, ...]) -> Iterator[tuple[str, str, str]]:
    if content.project is not None:
        for name, reference in {**content.project.scripts, **content.project.gui_scripts}.items():
            yield name, reference, f"{FILE}: project.scripts"
    if content.tool.poetry is not None:
        yield from _of_poetry(content.tool.poetry.scripts)
    for setup in setups:
        for line in setup.entry_points.get("console_scripts", ()) if setup else ():
            name, _, reference = line.partition("=")
            yield name.strip(), reference.strip(), f"{setup.file if setup else ''}: console_scripts"


def _of_poetry(table: dict[str, object]) -> Iterator[tuple[str, str, str]]:
    where = f"{FILE}: tool.poetry.scripts"
    for name, value in table.items():
        reference = value.get("reference", value.get("callable")) if isinstance(value, dict) else value
        if isinstance(reference, str) and not (isinstance(value, dict) and value.get("type") == "file"):
            yield name, reference, where


def _script(name: str, reference: str, where: str) -> Script:
    module, _, function = reference.partition("[")[0].partition(":")
    module, function = module.strip(), function.strip()
    dotted = [*module.split("."), *function.split(".")]
    if not all(part.isidentifier() and part.isascii() for part in dotted):
        raise ConfigurationError(f"{where}: {name} = {reference!r} is not module:function")
    plain = name.replace("-", "").replace("_", "").replace(".", "")
    if not (plain.isalnum() and plain.isascii()) or name.startswith("."):
        raise ConfigurationError(f"{where}: {name!r} is not the name of a command")
    return Script(name, module, function, where)
