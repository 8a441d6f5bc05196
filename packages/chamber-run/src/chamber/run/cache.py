"""The cache in ``~/.chamber``: what may be lost at any time, at the price of doing it again.

Whatever is wrong with a file in it, or with the folder, is the same as there being none; what could not be kept is
logged.
"""

import contextlib
import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from chamber.core import writing
from chamber.core.errors import ConfigurationError
from chamber.core.logs import logger
from chamber.core.settings import home

__all__ = ["MOST_BYTES", "MOST_FILES", "name_for", "read", "write"]

#: Beyond these the files that were written longest ago are removed.
MOST_FILES = 200
MOST_BYTES = 256 << 20

_log = logger(__name__)


def name_for(kind: str, directory: Path) -> str:
    """The name of the file that holds what is known of `directory`."""
    digest = hashlib.blake2b(os.fsencode(os.path.realpath(directory)), digest_size=16)
    return f"{kind}-{digest.hexdigest()}"


def read(name: str) -> bytes | None:
    """What was last written under `name`; None when there is nothing that can be read."""
    try:
        return (_folder() / name).read_bytes()
    except (OSError, ConfigurationError):
        return None


def write(name: str, content: bytes) -> None:
    """Keep `content` under `name`, for this user alone, where that is possible; readers see the old or the new."""
    try:
        folder = _folder()
        writing.make_private(folder)
        writing.write(folder / name, content, durable=False)
    except (OSError, ConfigurationError) as error:
        _log.warning("not kept in the cache: the next run does it again", file=name, error=str(error))
        return
    with contextlib.suppress(OSError):
        writing.clear(folder)
        _prune(folder, name)


def _folder() -> Path:
    return home() / "cache"


def _prune(folder: Path, kept: str) -> None:
    left_files, left_bytes = MOST_FILES, MOST_BYTES
    for _, size, path in sorted(_files(folder), reverse=True):
        left_files, left_bytes = left_files - 1, left_bytes - size
        if (left_files < 0 or left_bytes < 0) and path.name != kept:
            path.unlink(missing_ok=True)


def _files(folder: Path) -> Iterator[tuple[int, int, Path]]:
    """Time of change, size and path of the files that are there."""
    with os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(FileNotFoundError):
                facts = entry.stat(follow_symlinks=False)
                if stat.S_ISREG(facts.st_mode):
                    yield facts.st_mtime_ns, facts.st_size, Path(entry.path)
