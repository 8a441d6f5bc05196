"""Reads the files of a project: as bytes or text, never too much, and never outside of it."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from msgspec import Struct

from chamber.core.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["LARGEST", "Folder", "text_of"]

#: Bytes; the lock files of large projects have 2 to 5 MB.
LARGEST = 8 << 20


class Folder(Struct, frozen=True):
    """The directory of a project, and those of its files that go into the image, by their paths in it."""

    directory: Path
    paths: frozenset[str]

    def __contains__(self, path: str) -> bool:
        return path in self.paths

    def is_folder(self, path: str) -> bool:
        """Whether files of the project are below `path`; ``.`` is the project itself."""
        return path == "." or any(file.startswith(f"{path}/") for file in self.paths)

    def first(self, *paths: str) -> str | None:
        """The first of `paths` that is there."""
        return next((path for path in paths if path in self.paths), None)

    def read(self, path: str, largest: int = LARGEST) -> bytes:
        """What the file at `path` holds.

        Raises ConfigurationError: it cannot be read, is outside the project, or larger than `largest` bytes.
        """
        file = self.directory / path
        try:
            if outside(path) or not file.resolve().is_relative_to(self.directory.resolve()):
                raise ConfigurationError(f"{path} is outside the project, and so cannot be in its image")
            with file.open("rb") as opened:
                content = opened.read(largest + 1)
        except (OSError, ValueError, RuntimeError) as error:
            raise ConfigurationError(f"{path} cannot be read: {_reason(error)}") from None
        if len(content) > largest:
            raise ConfigurationError(f"{path} is larger than {largest:,} bytes, which no such file needs to be")
        return content

    def text(self, path: str, largest: int = LARGEST) -> str:
        """The text of the file at `path`.

        Raises ConfigurationError: as for `read`, or it is not UTF-8, or holds a NUL.
        """
        return text_of(self.read(path, largest), path)


def outside(path: str) -> bool:
    """Whether a path, as it is written, leads out of the project."""
    return path.startswith("/") or posixpath.normpath(path).split("/")[0] == ".."


def text_of(content: bytes, path: str) -> str:
    """`content` as text, without the mark that some editors begin a file with.

    Raises ConfigurationError: it is not UTF-8, or holds a NUL. The message names the line.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}, line {_line(content, error.start)}: this is not UTF-8") from None
    if "\0" in text:
        raise ConfigurationError(f"{path}, line {_line(content, content.index(0))}: there is a NUL in the text")
    return text


def _line(content: bytes, position: int) -> int:
    return content.count(b"\n", 0, position) + 1


def _reason(error: Exception) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
