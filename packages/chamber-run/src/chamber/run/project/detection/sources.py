"""Which of a project's files says what it needs, and in what order they are asked.

The order: the lock file of the tool that pyproject.toml names, another lock file, requirements.txt, pyproject.toml,
setup.cfg, setup.py, Pipfile, environment.yml, and requirements files of other names. The first that lists anything
is installed; ``dependencies=`` names another one, and with ``file[extra]`` an extra or a group of it.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from msgspec import Struct

from chamber.core.errors import ConfigurationError
from chamber.run.project.detection import conda, locks, pipfile, pyproject, requirements, setuptools

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chamber.run.project.detection.folder import Folder
    from chamber.run.project.detection.needs import Listed
    from chamber.run.project.detection.pyproject import PyProject

__all__ = ["Chosen", "choose", "listing", "others"]

_REQUIREMENTS = "requirements.txt"
_BEGINNING = "requirements"
#: What a requirements file is for when its name holds one of these words: not for a training job.
_NOT_FOR_JOBS = {
    "build",
    "ci",
    "constraints",
    "cpu",
    "dev",
    "develop",
    "development",
    "doc",
    "docs",
    "lint",
    "mac",
    "macos",
    "mps",
    "notebook",
    "notebooks",
    "optional",
    "style",
    "test",
    "testing",
    "tests",
    "typing",
    "win",
    "windows",
}


class Chosen(Struct, frozen=True):
    """The file that is installed, and why it is."""

    #: None: no file says what the project needs.
    file: str | None
    why: str
    #: Extras and groups that were asked for.
    extras: frozenset[str] = frozenset()


def choose(folder: Folder, content: PyProject, asked: str | None) -> Chosen:
    """The file that says what the project needs.

    Raises ConfigurationError: the one that was asked for is not there, several are of equal standing, or one
    that was read is malformed.
    """
    if asked is not None:
        return _asked_for(folder, asked)
    lock = _lock(folder, content)
    if lock is not None:
        return lock
    plain = list(_plain(folder))
    for position, file in enumerate(plain):
        listed = listing(folder, content, file)
        if listed is not None and not (listed.is_empty and listed.itself is None):
            later = ", ".join(plain[position + 1 :])
            return Chosen(file, f"{file} lists them" + (f", and comes before {later}" if later else ""))
    other = _of_other_name(folder)
    if other is not None:
        return Chosen(other, f"{other} is the only requirements file for jobs")
    return Chosen(None, "no file lists dependencies")


def listing(folder: Folder, content: PyProject, file: str) -> Listed | None:
    """What a file that is no lock says that the project needs; None where it says nothing of it.

    Raises ConfigurationError: it is malformed.
    """
    readers: dict[str, Callable[[], Listed | None]] = {
        pyproject.FILE: lambda: pyproject.listed(folder, content),
        setuptools.CFG: lambda: setuptools.listed_in_cfg(folder),
        setuptools.PY: lambda: setuptools.listed_in_py(folder),
        pipfile.FILE: lambda: pipfile.listed(folder),
    }
    if file in readers:
        return readers[file]()
    if file.endswith((".yml", ".yaml")):
        return conda.listed(folder, file)
    return requirements.read(folder, file)


def others(folder: Folder, content: PyProject, chosen: str) -> Iterator[Listed]:
    """What the files say that were not chosen; those that are broken are passed over."""
    for file in _plain(folder):
        if file == chosen:
            continue
        try:
            listed = listing(folder, content, file)
        except ConfigurationError:
            continue
        if listed is not None:
            yield listed


def _asked_for(folder: Folder, asked: str) -> Chosen:
    path, _, extras = asked.partition("[")
    file = posixpath.normpath(path.strip())
    if file not in folder:
        raise ConfigurationError(
            f"dependencies={asked!r}: {file} is not among the files of the project (or is ignored)"
        )
    names = frozenset(extra.strip() for extra in extras.rstrip("] ").split(",") if extra.strip())
    return Chosen(file, f"dependencies={asked!r} says so", names)


def _lock(folder: Folder, content: PyProject) -> Chosen | None:
    there = {tool: file for tool, file in locks.FILES.items() if file in folder}
    named = pyproject.tool_of(content)
    if named in there:
        return Chosen(there[named], f"{there[named]} is the lock file of {named}, which {pyproject.FILE} names")
    for file in there.values():
        beside = [other for other in there.values() if other != file]
        told = f", before {', '.join(beside)}" if beside else ""
        return Chosen(file, f"{file} locks what is installed{told}")
    return None


def _plain(folder: Folder) -> Iterator[str]:
    files = (_REQUIREMENTS, pyproject.FILE, setuptools.CFG, setuptools.PY, pipfile.FILE, folder.first(*conda.FILES))
    for file in files:
        if file is not None and file in folder:
            yield file


def _of_other_name(folder: Folder) -> str | None:
    """``requirements/train.txt``, ``requirements-gpu.txt``: the one for jobs that no other one includes."""
    candidates = sorted(path for path in folder.paths if _is_for_jobs(path))
    included = {one for path in candidates for one in requirements.read(folder, path).files if one != path}
    top = [path for path in candidates if path not in included]
    if len(top) > 1:
        choices = " or ".join(f"dependencies={path!r}" for path in top)
        raise ConfigurationError(
            f"Several files could say what the project needs: {', '.join(top)}. Say which: {choices}, "
            "or 'dependencies: ...' in .chamber.yaml"
        )
    return top[0] if top else None


def _is_for_jobs(path: str) -> bool:
    folder, _, name = path.rpartition("/")
    stem = name.removesuffix(".txt")
    if not name.endswith(".txt") or folder not in {"", _BEGINNING}:
        return False
    if not folder and not stem.startswith(_BEGINNING):
        return False
    words = set(stem.replace("_", "-").replace(".", "-").lower().split("-"))
    return not words & _NOT_FOR_JOBS
