"""After a crash: what was running is gone, and its orphans are ended.

Two things tell an orphan: the pid that was recorded, with the moment at which its process was made; and, where that had
not been recorded yet, an environment was being made, or a job's process had left its group, the run in its environment.
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
from chamber.local.marks import belongs_to
from chamber.local.workloads import Workload

__all__ = ["recover"]

_REASON = "Chamber stopped while this workload was running, and it cannot be resumed; submit it again"


async def recover(ledger: Ledger, runs: Path) -> None:
    """Marks what was running as failed, kills the processes it left, and clears their folders."""
    left = await ledger.abandon(_REASON)
    _kill(left)
    await asyncio.to_thread(_clear, runs)


def _clear(runs: Path) -> None:
    """Last of all, so that what a second crash interrupts is done after it."""
    folders = tuple(runs.iterdir())
    if folders:
        _kill_workers(runs)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def _kill(left: Iterable[Workload]) -> None:
    for workload in left:
        if workload.pid is not None and _is_the_same(workload.pid, workload.pid_created):
            with contextlib.suppress(OSError):
                os.killpg(workload.pid, signal.SIGKILL)


def _kill_workers(runs: Path) -> None:
    """Ends the process groups that worked for these runs, such as pip's."""
    for process in psutil.process_iter():
        if _worked_for(process, runs):
            with contextlib.suppress(OSError):
                _kill_group(os.getpgid(process.pid))


def _kill_group(group: int) -> None:
    if group != os.getpgrp():
        os.killpg(group, signal.SIGKILL)


def _worked_for(process: psutil.Process, runs: Path) -> bool:
    try:
        return belongs_to(runs, process.environ())
    except (psutil.Error, OSError):
        return False


def _is_the_same(pid: int, created: float | None) -> bool:
    """A pid may by now be another process's; one made at another moment is."""
    try:
        return created is not None and abs(psutil.Process(pid).create_time() - created) < 1
    except psutil.Error:
        return False
