"""Which Python a project wants.

A file that names one version decides, in this order: .python-version, Pipfile, environment.yml, runtime.txt; but
only where requires-python accepts it, because pip refuses to install anything otherwise. Without one, it is the
default version where requires-python accepts that, else the newest that it accepts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from chamber.core.errors import ConfigurationError
from chamber.run.project.detection import conda, pipfile
from chamber.run.project.detection.environments import DEFAULT_PYTHON, PYTHONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chamber.run.project.detection.folder import Folder

__all__ = ["DEFAULT_PYTHON", "Choice", "choose", "satisfying"]

_VERSION_FILE = ".python-version"
_RUNTIME = "runtime.txt"


class Choice(Struct, frozen=True):
    """The Python of a project."""

    #: ``major.minor``; None where nothing says which.
    version: str | None
    why: str
    warnings: tuple[str, ...] = ()


def choose(folder: Folder, requires_python: str | None) -> Choice:
    """The Python that a project wants, `requires_python` being what its package metadata accepts.

    Raises ConfigurationError: `requires_python` is no specifier, or a file that says which is malformed.
    """
    accepted = _specifier(requires_python or "", "requires-python")
    named = list(_named(folder))
    fitting = [(file, version) for file, version in named if _accepts(accepted, version)]
    refused = [(file, version) for file, version in named if (file, version) not in fitting]
    warnings = [
        f"{file} names Python {version}, which requires-python ({requires_python}) does not accept"
        for file, version in refused
    ]
    if fitting:
        file, version = fitting[0]
        warnings += [f"{other} names Python {v}, and {file} {version}" for other, v in fitting[1:] if v != version]
        return Choice(version, f"{file} names it", tuple(warnings))
    if requires_python:
        newest = satisfying(requires_python, "requires-python")
        return Choice(newest, f"requires-python is {requires_python}", tuple(warnings))
    return Choice(None, "nothing names a version", tuple(warnings))


def satisfying(specifier: str, where: str) -> str | None:
    """``major.minor`` that a ``requires-python`` accepts: the default if it does, else the newest known.

    Raises ConfigurationError: it is no PEP 440 specifier.
    """
    accepted = _specifier(specifier, where)
    return next((version for version in (DEFAULT_PYTHON, *reversed(PYTHONS)) if _accepts(accepted, version)), None)


def _specifier(specifier: str, where: str) -> SpecifierSet:
    try:
        accepted = SpecifierSet(specifier)
        accepted.contains(DEFAULT_PYTHON)
    except ValueError:
        raise ConfigurationError(f"{where}: {specifier!r} is not a version specifier (PEP 440)") from None
    return accepted


def _named(folder: Folder) -> Iterator[tuple[str, str]]:
    """The files that name one version, and the version as ``major.minor``."""
    for file, written in _written(folder):
        version = _minor(written)
        if version is not None:
            yield file, version


def _written(folder: Folder) -> Iterator[tuple[str, str]]:
    if _VERSION_FILE in folder:
        yield _VERSION_FILE, _first_line(folder.text(_VERSION_FILE)).removeprefix("cpython-")
    content = pipfile.read(folder)
    if content is not None:
        requires = content.requires
        yield pipfile.FILE, requires.get("python_version") or requires.get("python_full_version", "")
    file = folder.first(*conda.FILES)
    if file is not None:
        yield file, conda.python_of(folder, file) or ""
    if _RUNTIME in folder:
        yield _RUNTIME, _first_line(folder.text(_RUNTIME)).removeprefix("python-")


def _first_line(text: str) -> str:
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return next((line for line in lines if line), "")


def _minor(version: str) -> str | None:
    try:
        release = Version(version).release
    except ValueError:
        return None
    return ".".join(map(str, release[:2])) if len(release) > 1 else None


def _accepts(specifier: SpecifierSet, version: str) -> bool:
    return specifier.contains(version) or specifier.contains(f"{version}.99")
