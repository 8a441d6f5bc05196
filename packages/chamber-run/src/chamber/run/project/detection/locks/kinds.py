"""The lock files that are known, and who reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chamber.run.project.detection.locks import pdm, pipenv, poetry, pylock, uv

if TYPE_CHECKING:
    from collections.abc import Callable

    from chamber.run.project.detection.locks.pins import Locked, Wanted

__all__ = ["FILES", "is_lock", "read"]

#: In the order of preference, by the tools that write them.
FILES = {
    "uv": "uv.lock",
    "poetry": "poetry.lock",
    "pdm": "pdm.lock",
    "pip": "pylock.toml",
    "pipenv": "Pipfile.lock",
}
_READERS: dict[str, Callable[[str, str, Wanted], Locked]] = {
    "uv.lock": uv.read,
    "poetry.lock": poetry.read,
    "pdm.lock": pdm.read,
    "pylock.toml": pylock.read,
    "Pipfile.lock": pipenv.read,
}


def is_lock(file: str) -> bool:
    """Whether a file is a lock file, by its name (``pylock.NAME.toml`` is one of PEP 751)."""
    return _kind(file) in _READERS


def read(file: str, wanted: Wanted) -> Locked:
    """The lock file at a path of the project. Raises ConfigurationError: it is malformed."""
    return _READERS[_kind(file)](wanted.folder.text(file), file, wanted)


def _kind(file: str) -> str:
    name = file.rpartition("/")[2]
    return "pylock.toml" if name.startswith("pylock.") and name.endswith(".toml") else name
