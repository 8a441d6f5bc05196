"""The Dockerfile of a project that makes its image, where it has one."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from msgspec import Struct

from chamber.core.errors import ConfigurationError

__all__ = ["OwnDockerfile", "find"]

_DOCKERFILE = "Dockerfile"


class OwnDockerfile(Struct, frozen=True):
    """A Dockerfile of the project."""

    #: Its path in the project.
    name: str
    text: str


def find(directory: Path, paths: Collection[str], asked_for: str | None, *, is_used: bool) -> OwnDockerfile | None:
    """The Dockerfile that was asked for, else the one at the top of the project where it `is_used`.

    Raises ConfigurationError: the one that was asked for is not there, or it cannot be read.
    """
    if asked_for is None:
        return _read(directory, _DOCKERFILE) if is_used and _DOCKERFILE in paths else None
    if not (directory / asked_for).is_file():
        raise ConfigurationError(f"There is no Dockerfile {asked_for!r} in {directory}")
    return _read(directory, asked_for)


def _read(directory: Path, name: str) -> OwnDockerfile:
    try:
        return OwnDockerfile(name, (directory / name).read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{directory / name} cannot be read: {error}") from None
