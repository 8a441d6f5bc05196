"""One workload in the hands of its executor."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from chamber.core.logs import logger
from chamber.local.executors.contract import Executor, Outcome
from chamber.local.ledger import Ledger
from chamber.local.storage.samples import Sample
from chamber.local.workloads import HOLDING, Status, Workload

__all__ = ["Run"]

_log = logger(__name__)


class Run:
    """Carries a workload from STARTING to its end, and records both. Made in the loop that it runs in."""

    def __init__(
        self, workload: Workload, executor: Executor, ledger: Ledger, log: Path, over: Callable[[str], None]
    ) -> None:
        self._workload, self._ledger, self._log, self._over = workload, ledger, log, over
        self._ending: Outcome | None = None
        self._work = asyncio.create_task(executor.execute(self), name=f"workload {workload.id}")
        self._settled = asyncio.create_task(self._settle(), name=f"end of workload {workload.id}")

    @property
    def workload(self) -> Workload:
        """What is to be run."""
        return self._workload

    @property
    def log(self) -> Path:
        """The file that its output goes to."""
        return self._log

    async def running(self, pid: int | None = None, pid_created: float | None = None) -> None:
        """Records that it runs."""
        await self._ledger.advance(
            self._workload.id, Status.RUNNING, since=HOLDING, changes={"pid": pid, "pid_created": pid_created}
        )

    async def measured(self, *samples: Sample) -> None:
        """Records measurements."""
        await self._ledger.measured(*samples)

    async def end(self, outcome: Outcome) -> bool:
        """Stops it and waits until it is gone; False when it had ended by itself before."""
        if self._ending is None:  # once: a second cancellation would end its ending
            self._ending = outcome
            self._work.cancel()
        return await asyncio.shield(self._settled) is outcome

    async def _settle(self) -> Outcome:
        await asyncio.wait([self._work])
        outcome = self._outcome()
        await self._ledger.advance(
            self._workload.id,
            outcome.status,
            since=HOLDING,
            reason=outcome.reason,
            changes={"exit_code": outcome.exit_code},
        )
        self._over(self._workload.id)
        return outcome

    def _outcome(self) -> Outcome:
        if self._work.cancelled():
            return self._ending or Outcome(Status.FAILED, "was stopped")
        if error := self._work.exception():
            _log.error("the executor failed", workload_id=self._workload.id, exc_info=error)
            return self._ending or Outcome(Status.FAILED, f"the executor failed: {type(error).__name__}: {error}")
        return self._work.result()
