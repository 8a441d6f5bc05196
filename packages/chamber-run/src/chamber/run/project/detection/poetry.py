"""Poetry's dependency table as PEP 508 requirements (python-poetry.org, "Dependency specification")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from packaging.version import InvalidVersion, Version

from chamber.core.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["dependencies"]

_SOURCES = {"path", "file", "git", "url", "develop", "directory"}


def dependencies(table: Mapping[str, Any], where: str) -> tuple[list[str], str | None]:
    """The requirements of a ``tool.poetry.dependencies`` table, and its constraint on Python.

    Raises ConfigurationError: a constraint is malformed, or names something on this machine.
    """
    python = table.get("python")
    requires_python = _specifier(python, where) if isinstance(python, str) else None
    return [
        _requirement(name, constraint, where)
        for name, constraint in table.items()
        if name != "python" and not _is_optional(constraint)
    ], requires_python


def _is_optional(constraint: object) -> bool:
    return isinstance(constraint, dict) and constraint.get("optional") is True


def _requirement(name: str, constraint: object, where: str) -> str:
    if isinstance(constraint, str):
        return f"{name}{_specifier(constraint, where)}"
    if not isinstance(constraint, dict):
        raise ConfigurationError(f"{where}: {name} has several constraints: list them under project.dependencies")
    extras = f"[{','.join(constraint['extras'])}]" if constraint.get("extras") else ""
    marker = f" ; {constraint['markers']}" if constraint.get("markers") else ""
    return f"{name}{extras}{_source(name, constraint, where)}{marker}"


def _source(name: str, constraint: Mapping[str, Any], where: str) -> str:
    if "git" in constraint:
        revision = next((constraint[key] for key in ("rev", "tag", "branch") if key in constraint), None)
        return f" @ git+{constraint['git']}" + (f"@{revision}" if revision else "")
    if "url" in constraint:
        return f" @ {constraint['url']}"
    if _SOURCES & constraint.keys():
        raise ConfigurationError(f"{where}: {name} is on this machine, and so cannot be installed in an image")
    return _specifier(str(constraint.get("version", "*")), where)


def _specifier(constraint: str, where: str) -> str:
    if "||" in constraint or "|" in constraint:
        raise ConfigurationError(f"{where}: {constraint!r} has alternatives, which pip does not know")
    try:
        return ",".join(filter(None, (_clause(clause.strip()) for clause in constraint.split(","))))
    except InvalidVersion:
        raise ConfigurationError(f"{where}: {constraint!r} is not a version constraint") from None


def _clause(clause: str) -> str:
    if clause in {"", "*"}:
        return ""
    if clause.startswith("^"):
        return _until(clause[1:], _caret_position(Version(clause[1:]).release))
    if clause.startswith("~") and not clause.startswith("~="):
        return _until(clause[1:], min(len(Version(clause[1:]).release) - 1, 1))
    if clause[0] in "<>=!~":
        return clause if clause.startswith(("==", "!=", "<", ">", "~=")) else f"={clause}"
    return f"=={clause}"


def _caret_position(release: tuple[int, ...]) -> int:
    return next((n for n, part in enumerate(release) if part), len(release) - 1)


def _until(version: str, position: int) -> str:
    release = Version(version).release
    highest = (*release[:position], release[position] + 1)
    return f">={version.strip()},<{'.'.join(map(str, highest))}"
