"""Writes a file as a whole or not at all, and clears away what a process left that died while it wrote."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ABANDONED", "PART", "clear", "make_private", "sync_names", "write"]

#: Ends the name of what is not yet a file.
PART = ".chamber-part"
#: Seconds after which nobody is still writing.
ABANDONED = 3600.0


def write(file: Path, content: bytes, mode: int = 0o600, *, durable: bool = True) -> None:
    """Put `content` in place of what is in `file`; whoever reads meanwhile sees the one or the other.

    A link is followed. `durable`: it is on the disk when this returns.

    Raises OSError: that cannot be done; the file is as it was, and nothing is left beside it.
    """
    target = Path(os.path.realpath(file))
    part = target.with_name(f".{target.name}.{os.urandom(4).hex()}{PART}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            if durable:
                os.fsync(stream.fileno())
        if mode != 0o600:
            part.chmod(mode)
        part.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise
    if durable:
        sync_names(target.parent)


def clear(folder: Path, name: str = "", seconds: float = ABANDONED) -> None:
    """Remove from `folder` what was not written to its end (of the file `name`) and not touched for `seconds`."""
    with contextlib.suppress(OSError):
        for part in _parts(folder, name):
            with contextlib.suppress(OSError):
                if part.stat(follow_symlinks=False).st_mtime <= time.time() - seconds:
                    part.unlink()


def make_private(folder: Path) -> None:
    """Have a folder; what is missing of its path is made for this user alone, and what is there stays as it is.

    Raises OSError: that cannot be done.
    """
    if not folder.is_dir():
        make_private(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def sync_names(folder: Path) -> None:
    """Have the folder's list of names on the disk, where the system can do that; the file itself is there."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _parts(folder: Path, name: str) -> Iterator[Path]:
    beginning = f".{name}." if name else "."
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(PART) and entry.name.startswith(beginning):
                yield Path(entry.path)
