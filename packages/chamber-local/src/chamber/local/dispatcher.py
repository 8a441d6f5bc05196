"""Carries out what the scheduler decides: starts workloads and cancels them."""

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path

from chamber.local.executors.contract import Executor, Outcome
from chamber.local.ledger import Ledger
from chamber.local.runs import Run
from chamber.local.scheduler import Decision, decide
from chamber.local.workloads import Pool, Status

__all__ = ["Dispatcher"]

_WAITING = frozenset({Status.PENDING, Status.QUEUED})
_STOPPED = "Chamber was stopped while this workload was running; submit it again"
_logger = logging.getLogger(__name__)


class Dispatcher:
    """Lives in the server's loop. Woken whenever something changed, it looks at everything again."""

    def __init__(self, ledger: Ledger, pools: Sequence[Pool], executor: Executor, logs: Path) -> None:
        self._ledger, self._pools, self._executor, self._logs = ledger, tuple(pools), executor, logs
        self._awake = asyncio.Event()
        self._deciding = asyncio.Lock()
        self._closing = False
        self._runs: dict[str, Run] = {}
        self._serving = asyncio.create_task(self._serve(), name="dispatcher")

    def wake(self) -> None:
        """Asks for a look at what can be decided."""
        self._awake.set()

    async def cancel(self, workload_id: str, reason: str) -> bool:
        """Cancels a workload and waits until its processes are gone; False when it was over already."""
        async with self._deciding:
            if await self._ledger.advance(workload_id, Status.CANCELLED, since=_WAITING, reason=reason):
                self.wake()
                return True
            run = self._runs.get(workload_id)
        return run is not None and await run.end(Outcome(Status.CANCELLED, reason))

    async def close(self) -> None:
        """Decides nothing more, and ends what runs."""
        self._closing = True
        self.wake()
        await self._serving
        await asyncio.gather(*(run.end(Outcome(Status.FAILED, _STOPPED)) for run in tuple(self._runs.values())))

    async def _serve(self) -> None:
        while not self._closing:
            try:
                await self._decide()
            except Exception:
                _logger.exception("what to run next could not be decided")
            await self._awake.wait()
            self._awake.clear()

    async def _decide(self) -> None:
        async with self._deciding:
            for decision in decide(await self._ledger.unfinished(), self._pools, self._ledger.clock()):
                await self._apply(decision)

    async def _apply(self, decision: Decision) -> None:
        placed = {"capacity_pool_id": decision.pool_id} if decision.pool_id else {}
        moved = await self._ledger.advance(
            decision.workload_id, decision.status, since=_WAITING, reason=decision.reason, changes=placed
        )
        if moved and decision.status is Status.STARTING:
            await self._start(decision.workload_id)

    async def _start(self, workload_id: str) -> None:
        workload = await self._ledger.get(workload_id)
        log = self._logs / f"{workload_id}.log"
        self._runs[workload_id] = Run(workload, self._executor, self._ledger, log, self._ended)

    def _ended(self, workload_id: str) -> None:
        self._runs.pop(workload_id, None)
        self.wake()
