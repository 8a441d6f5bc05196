"""Reads what ``pyproject.toml`` says of dependencies: PEP 621, and Poetry's own table."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from chamber.core.errors import ConfigurationError
from chamber.run.project.detection import poetry
from chamber.run.project.detection.requirements import LINUX

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Project", "read"]


class Project(Struct, frozen=True):
    """What a ``pyproject.toml`` says of dependencies."""

    #: PEP 508 requirements, as they are written.
    dependencies: tuple[str, ...] = ()
    #: Canonical names of what is required where jobs run.
    names: frozenset[str] = frozenset()
    requires_python: str | None = None


def read(file: Path) -> Project:
    """What a ``pyproject.toml`` says of dependencies.

    Raises ConfigurationError: it is not TOML, or a dependency is malformed.
    """
    try:
        content = tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigurationError(f"{file} cannot be read: {error}") from None
    table = _table(content, "project", file)
    if "dependencies" not in table:
        listed, requires_python = poetry.dependencies(_poetry(content, file), str(file))
    else:
        listed, requires_python = _texts(table["dependencies"], file), None
    requires_python = table.get("requires-python", requires_python)
    if not isinstance(requires_python, str | None):
        raise ConfigurationError(f"{file}: project.requires-python must be a text")
    return Project(tuple(listed), _names(listed, file), requires_python)


def _table(content: dict[str, Any], name: str, file: Path) -> dict[str, Any]:
    table = content.get(name, {})
    if not isinstance(table, dict):
        raise ConfigurationError(f"{file}: {name} must be a table")
    return table


def _poetry(content: dict[str, Any], file: Path) -> dict[str, Any]:
    return _table(_table(_table(content, "tool", file), "poetry", file), "dependencies", file)


def _texts(value: object, file: Path) -> list[str]:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return value
    raise ConfigurationError(f"{file}: project.dependencies must be a list of texts")


def _names(listed: list[str], file: Path) -> frozenset[str]:
    required = [_requirement(text, file) for text in listed]
    return frozenset(canonicalize_name(r.name) for r in required if r.marker is None or r.marker.evaluate(LINUX))


def _requirement(text: str, file: Path) -> Requirement:
    try:
        requirement = Requirement(text)
    except InvalidRequirement as error:
        raise ConfigurationError(f"{file}: {text!r} is not a requirement: {str(error).splitlines()[0]}") from None
    if requirement.url and requirement.url.startswith("file:"):
        raise ConfigurationError(f"{file}: {text!r} is on this machine, and so cannot be installed in an image")
    return requirement
