"""One at a time: of several runs on this machine that need the same image, one builds and the others wait.

filelock comes with the first lock: most runs build nothing, and its import takes longer than their upload.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from chamber.core import writing
from chamber.core.errors import ConfigurationError
from chamber.core.settings import home

if TYPE_CHECKING:
    from filelock import FileLock

__all__ = ["clear", "turn"]

_LOOK = 0.2
#: Seconds after which a turn that nobody holds was left by a process that was killed.
_ABANDONED = 86_400.0


@asynccontextmanager
async def turn(subject: str) -> AsyncIterator[bool]:
    """Hold `subject` alone on this machine; whether another held it before. Where no lock can be kept, at once."""
    lock = _lock(subject)
    waited = False
    while not _taken(lock):
        waited = True
        await asyncio.sleep(_LOOK)
    try:
        yield waited
    finally:
        _given_up(lock)


def clear() -> None:
    """Remove what turns left whose processes were killed. Blocks."""
    with contextlib.suppress(OSError, ConfigurationError):
        for file in _old(_folder()):
            with contextlib.suppress(OSError), _lock_in(file):
                file.unlink()


def _lock(subject: str) -> FileLock:
    name = hashlib.sha256(subject.encode()).hexdigest()[:32]
    return _lock_in(_folder() / f"{name}.lock")


def _lock_in(file: Path) -> FileLock:
    from filelock import FileLock

    return FileLock(file, timeout=0, thread_local=False)


def _folder() -> Path:
    return home() / "cache" / "turns"


def _taken(lock: FileLock) -> bool:
    from filelock import Timeout

    try:
        writing.make_private(Path(lock.lock_file).parent)
        lock.acquire()
    except Timeout:
        return False
    except (OSError, NotImplementedError):
        pass  # two builds of the same are no harm, only a waste
    return True


def _given_up(lock: FileLock) -> None:
    """Remove the file too. Whoever waits for the old one while another makes a new one builds the same beside it."""
    if lock.is_locked:
        with contextlib.suppress(OSError):  # elsewhere than on POSIX, an open file stays
            Path(lock.lock_file).unlink()
    lock.release()


def _old(folder: Path) -> list[Path]:
    return [file for file in folder.glob("*.lock") if file.stat().st_mtime < time.time() - _ABANDONED]
