"""After a crash: what was running is gone, and its orphans are ended.

Two things tell an orphan: the pid that was recorded, with the moment at which its process was made; and, where that had
not been recorded yet or an environment was being made, that it writes to the log of a workload of this data folder.
"""

import asyncio
import contextlib
import os
import shutil
import signal
from collections.abc import Iterable
from pathlib import Path

import psutil

from chamber.local.ledger import Ledger
from chamber.local.workloads import Workload

__all__ = ["recover"]

_REASON = "Chamber stopped while this workload was running, and it cannot be resumed; submit it again"


async def recover(ledger: Ledger, runs: Path, logs: Path) -> None:
    """Marks what was running as failed, kills the processes it left, and clears their folders."""
    left = await ledger.abandon(_REASON)
    if left:
        _kill(left)
        await asyncio.to_thread(_kill_writers, frozenset(str(logs / f"{workload.id}.log") for workload in left))
    await asyncio.to_thread(_clear, runs)


def _clear(runs: Path) -> None:
    for folder in runs.iterdir():
        shutil.rmtree(folder, ignore_errors=True)


def _kill(left: Iterable[Workload]) -> None:
    for workload in left:
        if workload.pid is not None and _is_the_same(workload.pid, workload.pid_created):
            with contextlib.suppress(OSError):
                os.killpg(workload.pid, signal.SIGKILL)


def _kill_writers(logs: frozenset[str]) -> None:
    """Ends the process groups that append to these logs, such as pip's. Found where psutil tells how files are open."""
    for process in psutil.process_iter():
        if _appends_to(process, logs):
            with contextlib.suppress(OSError):
                _kill_group(os.getpgid(process.pid))


def _kill_group(group: int) -> None:
    if group != os.getpgrp():
        os.killpg(group, signal.SIGKILL)


def _appends_to(process: psutil.Process, logs: frozenset[str]) -> bool:
    try:
        return any(file.path in logs and getattr(file, "mode", "") in {"a", "a+"} for file in process.open_files())
    except (psutil.Error, OSError):
        return False


def _is_the_same(pid: int, created: float | None) -> bool:
    """A pid may by now be another process's; one made at another moment is."""
    try:
        return created is not None and abs(psutil.Process(pid).create_time() - created) < 1
    except psutil.Error:
        return False
