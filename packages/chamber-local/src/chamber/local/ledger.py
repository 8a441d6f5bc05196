"""What happens to workloads, written down with the time at which it happened."""

from collections.abc import Collection, Mapping
from typing import Any

from chamber.local.clock import Clock, now
from chamber.local.storage import samples, workloads
from chamber.local.storage.database import Database
from chamber.local.storage.samples import Sample
from chamber.local.workloads import HOLDING, Status, Workload

__all__ = ["Ledger"]

_NOTHING: Mapping[str, Any] = {}


class Ledger:
    """The one place where statuses change after submission."""

    def __init__(self, database: Database, clock: Clock = now) -> None:
        self._database = database
        #: Tells the time.
        self.clock = clock

    async def unfinished(self) -> tuple[Workload, ...]:
        """Every workload that is not over, oldest first."""
        return await self._database.read(workloads.active)

    async def get(self, workload_id: str) -> Workload:
        """A workload that is known to exist."""
        workload = await self._database.read(workloads.get, workload_id)
        assert workload is not None
        return workload

    async def advance(
        self,
        workload_id: str,
        status: Status,
        *,
        since: Collection[Status],
        reason: str | None = None,
        changes: Mapping[str, Any] = _NOTHING,
    ) -> bool:
        """Moves a workload to `status` if it is in one of `since`; False when it is not."""
        return await self._database.write(
            workloads.advance, workload_id, status, self.clock(), since=since, reason=reason, changes=changes
        )

    async def measured(self, sample: Sample) -> None:
        """Keeps a measurement."""
        await self._database.write(samples.add, sample)

    async def abandon(self, reason: str) -> tuple[Workload, ...]:
        """Marks what was starting or running as failed, and returns it as it was."""
        left = await self._database.read(workloads.unsettled)
        for workload in left:
            await self.advance(workload.id, Status.FAILED, since=HOLDING, reason=reason)
        return left
