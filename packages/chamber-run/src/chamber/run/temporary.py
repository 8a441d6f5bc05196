"""Temporary folders, which are also removed when the process that made them was killed: by the next that makes one."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from chamber.core.errors import DockerError

__all__ = ["folder"]

#: Locked while its process lives.
_HELD = ".held"
#: Seconds within which a process that made a folder has locked it.
_YOUNG = 60.0


@contextmanager
def folder(kind: str, purpose: str) -> Iterator[Path]:
    """A new folder for its owner alone, gone at the end; what dead processes left of this kind goes first. Blocks.

    Raises DockerError: none can be made for this `purpose`.
    """
    prefix = f"chamber-{kind}-"
    _clear(prefix)
    try:
        made = Path(tempfile.mkdtemp(prefix=prefix))  # mode 0700
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


def _clear(prefix: str) -> None:
    with contextlib.suppress(OSError, NotImplementedError):
        for left in _left(prefix):
            with contextlib.suppress(OSError), _lock(left):
                shutil.rmtree(left, ignore_errors=True)


def _left(prefix: str) -> Iterator[Path]:
    """This user's folders that somebody has made, and that may be in use."""
    with os.scandir(tempfile.gettempdir()) as entries:
        for entry in entries:
            if entry.name.startswith(prefix) and entry.is_dir(follow_symlinks=False) and _is_ours(entry.stat()):
                yield Path(entry.path)


def _is_ours(facts: os.stat_result) -> bool:
    is_own = not hasattr(os, "geteuid") or facts.st_uid == os.geteuid()
    return is_own and facts.st_mtime < time.time() - _YOUNG


def _lock(made: Path) -> FileLock:
    return FileLock(made / _HELD, timeout=0, mode=0o600, thread_local=False)
