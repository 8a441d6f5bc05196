"""What a project needs installed, and the files that say so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from chamber.run.project.detection import pyproject, requirements

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

__all__ = ["Dependencies", "read"]

_REQUIREMENTS = "requirements.txt"
_PYPROJECT = "pyproject.toml"


class Dependencies(Struct, frozen=True, kw_only=True):
    """What is to be installed for a project."""

    #: The file that is installed with ``-r``, where there is one.
    requirements_file: str | None = None
    #: That file and all that it includes, by their paths in the project.
    files: dict[str, bytes] = {}
    #: Requirements that are not in such a file.
    requirements: tuple[str, ...] = ()
    #: Canonical names of the distributions that are required.
    names: frozenset[str] = frozenset()
    #: The files that were read, in the order they were found.
    sources: tuple[str, ...] = ()
    #: What ``requires-python`` says.
    requires_python: str | None = None
    warnings: tuple[str, ...] = ()


def read(directory: Path, paths: Collection[str], requirements_file: str | None = None) -> Dependencies:
    """The dependencies of the project in `directory` with the files `paths`.

    A requirements file is installed where there is one, else what ``pyproject.toml`` lists.

    Raises ConfigurationError: a file is broken, or asks for what an image cannot have.
    """
    project = pyproject.read(directory / _PYPROJECT) if _PYPROJECT in paths else pyproject.Project()
    file = requirements_file or (_REQUIREMENTS if _REQUIREMENTS in paths else None)
    if file is None:
        return Dependencies(
            requirements=project.dependencies,
            names=project.names,
            sources=(_PYPROJECT,) if project.dependencies else (),
            requires_python=project.requires_python,
        )
    listed = requirements.read(directory, file)
    return Dependencies(
        requirements_file=file if listed.names or listed.others else None,
        files=listed.files if listed.names or listed.others else {},
        names=listed.names,
        sources=(*listed.files, *((_PYPROJECT,) if project.dependencies else ())),
        requires_python=project.requires_python,
        warnings=_left_out(file, project.names - listed.names) if not listed.others else (),
    )


def _left_out(file: str, names: frozenset[str]) -> tuple[str, ...]:
    if not names:
        return ()
    return (f"{_PYPROJECT} depends on {', '.join(sorted(names))}, which {file} does not list: {file} is installed",)
