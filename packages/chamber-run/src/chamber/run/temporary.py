"""Temporary folders, which are also removed when the process that made them was killed: by the next run.

filelock comes with the first lock: most runs make no folder and find none.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from chamber.core.errors import DockerError

if TYPE_CHECKING:
    from filelock import FileLock

__all__ = ["clear", "folder"]

#: Begins the name of each.
_PREFIX = "chamber-"
#: Locked while its process lives.
_HELD = ".held"
#: Seconds within which a process that made the file of its lock has locked it.
_YOUNG = 60.0


@contextmanager
def folder(kind: str, purpose: str) -> Iterator[Path]:
    """A new folder for its owner alone, gone at the end.

    Raises DockerError: none can be made for this `purpose`.
    """
    try:
        made = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{kind}-"))  # mode 0700
    except OSError as error:
        raise DockerError(f"No folder for {purpose} can be made in {tempfile.gettempdir()}: {error}") from error
    lock = _lock(made)
    with contextlib.suppress(OSError, NotImplementedError):  # then it is removed at its end, or by hand
        lock.acquire()
    try:
        yield made
    finally:
        lock.release()
        shutil.rmtree(made, ignore_errors=True)


def clear() -> None:
    """Remove the folders of processes that did not come to their end. Blocks."""
    with contextlib.suppress(OSError, NotImplementedError):
        for left in _left():
            with contextlib.suppress(OSError), _lock(left):
                shutil.rmtree(left, ignore_errors=True)


def _left() -> Iterator[Path]:
    """This user's folders that somebody has made, and that may be in use."""
    with os.scandir(tempfile.gettempdir()) as entries:
        for entry in entries:
            is_folder = entry.name.startswith(_PREFIX) and entry.is_dir(follow_symlinks=False)
            if is_folder and (Path(entry.path) / _HELD).is_file() and _is_ours(entry.stat()):
                yield Path(entry.path)


def _is_ours(facts: os.stat_result) -> bool:
    is_own = not hasattr(os, "geteuid") or facts.st_uid == os.geteuid()
    return is_own and facts.st_mtime < time.time() - _YOUNG


def _lock(made: Path) -> FileLock:
    from filelock import FileLock

    return FileLock(made / _HELD, timeout=0, mode=0o600, thread_local=False)
