"""After a crash: what was running is gone, and its orphans are ended."""

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


async def recover(ledger: Ledger, runs: Path) -> None:
    """Marks what was running as failed, kills the processes it left, and clears their folders."""
    _kill(await ledger.abandon(_REASON))
    await asyncio.to_thread(_clear, runs)


def _clear(runs: Path) -> None:
    for folder in runs.iterdir():
        shutil.rmtree(folder, ignore_errors=True)


def _kill(left: Iterable[Workload]) -> None:
    for workload in left:
        if workload.pid is not None and _is_the_same(workload.pid, workload.pid_created):
            with contextlib.suppress(OSError):
                os.killpg(workload.pid, signal.SIGKILL)


def _is_the_same(pid: int, created: float | None) -> bool:
    """A pid may by now be another process's; one made at another moment is."""
    try:
        return created is not None and abs(psutil.Process(pid).create_time() - created) < 1
    except psutil.Error:
        return False
