"""What a process holds: descriptors, threads, tasks of the background loop."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections import Counter
from pathlib import Path

from chamber.core import portal

__all__ = ["Held", "held", "left_since"]

#: Seconds until what was closed has to be gone.
_WITHIN = 5.0
#: Threads of asyncio's pool, which is as large as it has once been asked to be.
_POOL = "asyncio_"

#: What is held, and how often.
Held = Counter[str]


def held() -> Held:
    """What this process holds now."""
    threads = (thread.name for thread in threading.enumerate() if not thread.name.startswith(_POOL))
    return Counter([*_descriptors(), *(f"thread {name}" for name in threads), *_tasks()])


def left_since(before: Held) -> list[str]:
    """What is held now and was not before, once what is being closed has had its time."""
    end = time.monotonic() + _WITHIN
    while (left := held() - before) and time.monotonic() < end:
        gc.collect()
        time.sleep(0.01)
    return [f"{what} x {times}" for what, times in left.items()]


def _descriptors() -> list[str]:
    """By kind: sockets and pipes have a name each, and none of them means anything."""
    found = []
    for link in Path("/proc/self/fd").iterdir():
        try:
            found.append(f"fd {str(link.readlink()).partition('[')[0]}")
        except OSError:  # the one by which the folder was read
            continue
    return found


def _tasks() -> list[str]:
    loop = portal._portal._loop
    return [f"task {task.get_coro()}" for task in asyncio.all_tasks(loop)] if loop else []
