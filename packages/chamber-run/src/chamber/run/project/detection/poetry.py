"""Poetry's dependency tables as PEP 508 requirements (python-poetry.org, "Dependency specification")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct
from packaging.version import InvalidVersion, Version

from chamber.core.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Local", "PoetryTable", "alternatives", "dependencies"]

_LOCAL = ("path", "file", "develop", "directory")
_PLATFORMS = {"linux": "linux", "linux2": "linux", "darwin": "darwin", "win32": "win32", "windows": "win32"}


class Local(Struct, frozen=True):
    """A dependency that is a folder or an archive, by its path as it is written."""

    name: str
    path: str


class PoetryTable(Struct, frozen=True):
    """What a ``dependencies`` table of Poetry says."""

    #: PEP 508 requirements, those that are optional left out.
    requirements: tuple[str, ...] = ()
    #: Those that only an extra asks for, by their names.
    optional: dict[str, str] = {}
    local: tuple[Local, ...] = ()
    requires_python: str | None = None


def dependencies(table: Mapping[str, Any], where: str, *, locked: bool = False) -> PoetryTable:
    """The requirements of a ``tool.poetry.dependencies`` table, and its constraint on Python.

    `locked`: a lock file has chosen the versions, so that constraints that pip does not know do no harm.

    Raises ConfigurationError: a constraint is malformed, or is one that pip does not know.
    """
    python = table.get("python")
    reader = _Reader(where, locked)
    requirements: list[str] = []
    optional: dict[str, str] = {}
    local: list[Local] = []
    for name, written in table.items():
        if name == "python":
            continue
        for constraint in written if isinstance(written, list) else [written]:
            path = _path_of(constraint)
            if path is not None:
                local.append(Local(name, path))
            elif isinstance(constraint, dict) and constraint.get("optional") is True:
                optional[name] = reader.requirement(name, constraint)
            else:
                requirements.append(reader.requirement(name, constraint))
    requires_python = reader.specifier(python) if isinstance(python, str) else None
    return PoetryTable(tuple(requirements), optional, tuple(local), requires_python or None)


def alternatives(constraint: str) -> list[str]:
    """The PEP 440 specifiers of a constraint, of which any one is enough.

    Raises ValueError: a version in it is none.
    """
    parts = constraint.replace("||", "|").split("|")
    return [",".join(filter(None, (_clause(text) for text in _clauses(part)))) for part in parts]


def _path_of(constraint: object) -> str | None:
    if not isinstance(constraint, dict):
        return None
    return next((str(constraint[key]) for key in _LOCAL if isinstance(constraint.get(key), str)), None)


class _Reader(Struct, frozen=True):
    where: str
    locked: bool

    def requirement(self, name: str, constraint: object) -> str:
        if isinstance(constraint, str):
            return f"{name}{self.specifier(constraint)}"
        if not isinstance(constraint, dict):
            raise ConfigurationError(f"{self.where}: {name} must have a text or a table")
        extras = constraint.get("extras")
        listed = f"[{','.join(map(str, extras))}]" if isinstance(extras, list) and extras else ""
        markers = list(self._markers(constraint))
        marker = markers[0] if len(markers) == 1 else " and ".join(f"({marker})" for marker in markers)
        return f"{name}{listed}{self._source(constraint)}" + (f" ; {marker}" if marker else "")

    def specifier(self, constraint: str) -> str:
        try:
            any_of = alternatives(constraint)
        except (ValueError, IndexError):
            raise ConfigurationError(f"{self.where}: {constraint!r} is not a version constraint") from None
        if len(any_of) == 1 or self.locked:
            return any_of[0] if len(any_of) == 1 else ""
        raise ConfigurationError(f"{self.where}: {constraint!r} has alternatives, which pip does not know")

    def _source(self, constraint: Mapping[str, Any]) -> str:
        if "git" in constraint:
            revision = next((constraint[key] for key in ("rev", "tag", "branch") if key in constraint), None)
            folder = f"#subdirectory={constraint['subdirectory']}" if "subdirectory" in constraint else ""
            return f" @ git+{constraint['git']}" + (f"@{revision}" if revision else "") + folder
        if "url" in constraint:
            return f" @ {constraint['url']}"
        return self.specifier(str(constraint.get("version", "*")))

    def _markers(self, constraint: Mapping[str, Any]) -> Iterator[str]:
        if constraint.get("markers"):
            yield str(constraint["markers"])
        if isinstance(constraint.get("python"), str):
            yield self._python(constraint["python"])
        platform = constraint.get("platform")
        if isinstance(platform, str):
            yield f"sys_platform == '{_PLATFORMS.get(platform, 'unknown')}'"

    def _python(self, constraint: str) -> str:
        try:
            any_of = alternatives(constraint)
        except (ValueError, IndexError):
            raise ConfigurationError(f"{self.where}: {constraint!r} is not a version constraint") from None
        return " or ".join(_python_marker(specifier) for specifier in any_of)


def _python_marker(specifier: str) -> str:
    return " and ".join(_marker_of(clause) for clause in specifier.split(",") if clause) or "python_version > '0'"


def _marker_of(clause: str) -> str:
    operator = clause[: len(clause) - len(clause.lstrip("<>=!~"))]
    version = clause[len(operator) :]
    variable = "python_full_version" if version.removesuffix(".*").count(".") > 1 else "python_version"
    return f"{variable} {operator} '{version}'"


def _clauses(part: str) -> list[str]:
    """``>=1 <2`` and ``>=1, <2`` are one."""
    words = part.replace(",", " ").split()
    joined: list[str] = []
    for word in words:
        if joined and not joined[-1].lstrip("<>=!~^"):
            joined[-1] += word
        else:
            joined.append(word)
    return joined


def _clause(clause: str) -> str:
    if clause == "*":
        return ""
    if clause.startswith("^"):
        return _until(clause[1:], _caret_position(Version(clause[1:]).release))
    if clause.startswith("~") and not clause.startswith("~="):
        return _until(clause[1:], min(len(Version(clause[1:]).release) - 1, 1))
    if clause[0] in "<>=!~":
        operator = clause[: len(clause) - len(clause.lstrip("<>=!~"))]
        return _checked(operator if operator != "=" else "==", clause[len(operator) :])
    return _checked("==", clause)


def _checked(operator: str, version: str) -> str:
    if not version.endswith(".*"):
        Version(version)
    elif not version[:-2].replace(".", "").isdigit():
        raise InvalidVersion(version)
    return f"{operator}{version}"


def _caret_position(release: tuple[int, ...]) -> int:
    return next((n for n, part in enumerate(release) if part), len(release) - 1)


def _until(version: str, position: int) -> str:
    release = Version(version).release
    highest = (*release[:position], release[position] + 1)
    return f">={version.strip()},<{'.'.join(map(str, highest))}"
