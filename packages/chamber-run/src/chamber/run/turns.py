"""One at a time: of several runs on this machine that need the same image, one builds and the others wait."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from chamber.core.settings import home

__all__ = ["turn"]

_LOOK = 0.2


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
        lock.release()


def _lock(subject: str) -> FileLock:
    name = hashlib.sha256(subject.encode()).hexdigest()[:32]
    return FileLock(home() / "cache" / "turns" / f"{name}.lock", timeout=0, thread_local=False)


def _taken(lock: FileLock) -> bool:
    try:
        Path(lock.lock_file).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        return False
    except (OSError, NotImplementedError):
        pass  # two builds of the same are no harm, only a waste
    return True
