"""Carries out what the scheduler decides: starts workloads and cancels them."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path

from chamber.core.logs import logger
from chamber.local.executors.contract import Executor, Outcome
from chamber.local.ledger import Ledger
from chamber.local.runs import Run
from chamber.local.scheduling.decisions import Decision, Move
from chamber.local.scheduling.scheduler import decide
from chamber.local.workloads import WAITING, Status, Workload

__all__ = ["Dispatcher"]

_STOPPED = "Chamber was stopped while this workload was running; submit it again"
#: Seconds after which it looks again though nothing happened: a new month may have brought new GPU-hours.
_LOOKS_AGAIN = 60.0
_log = logger(__name__)


class Dispatcher:
    """Lives in the server's loop. Woken whenever something changed, it looks at everything again."""

    def __init__(self, ledger: Ledger, executor: Executor, logs: Path) -> None:
        self._ledger, self._executor, self._logs = ledger, executor, logs
        self._leaving: dict[str, asyncio.Task[bool]] = {}
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
            if await self._ledger.advance(workload_id, Status.CANCELLED, since=WAITING, reason=reason):
                self.wake()
                return True
            run = self._runs.get(workload_id)
        return run is not None and await run.end(Outcome(Status.CANCELLED, reason))

    async def settled(self, asleep: Callable[[], int]) -> None:
        """Returns when nothing happens but time: everything is decided, and so many workloads wait for a moment."""
        while self._awake.is_set() or self._deciding.locked() or len(self._runs) > asleep():  # noqa: ASYNC110 - of many
            await asyncio.sleep(0.001)

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
                _log.exception("what to run next could not be decided")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOKS_AGAIN):
                    await self._awake.wait()
            self._awake.clear()

    async def _decide(self) -> None:
        async with self._deciding:
            state = await self._ledger.state(self._leaving, scalable=getattr(self._executor, "scalable", False))
            decisions = decide(state, self._ledger.clock())
            if decisions and not self._closing:
                await self._carry_out(decisions)

    async def _carry_out(self, decisions: Sequence[Decision]) -> None:
        for decision in decisions:
            if isinstance(decision, Move) and decision.status is Status.PREEMPTED:
                self._preempt(decision)
        for workload in await self._ledger.carry_out(decisions):
            self._start(workload)

    def _start(self, workload: Workload) -> None:
        log = self._logs / f"{workload.id}.log"
        self._runs[workload.id] = Run(workload, self._executor, self._ledger, log, self._ended)

    def _preempt(self, move: Move) -> None:
        """Has the executor end it, with its grace; until then it holds its GPUs."""
        if (run := self._runs.get(move.workload_id)) is not None:
            ending = run.end(Outcome(Status.PREEMPTED, move.reason))
            self._leaving[move.workload_id] = asyncio.create_task(ending, name=f"preempting {move.workload_id}")

    def _ended(self, workload_id: str) -> None:
        self._runs.pop(workload_id, None)
        self._leaving.pop(workload_id, None)
        self.wake()
