"""No process at all: a workload lasts as long as its metadata says."""

import asyncio

from chamber.local.clock import now
from chamber.local.executors.contract import Job, Outcome, Sample
from chamber.local.workloads import Status

__all__ = ["SimulatedExecutor"]


class SimulatedExecutor:
    """Each workload runs for its metadata's ``simulated_seconds`` (0 when absent) and completes.

    It measures nothing, so its one sample is empty and says ``simulated``.
    """

    async def execute(self, job: Job) -> Outcome:
        """Waits, and completes."""
        asked = job.workload.metadata.get("simulated_seconds", 0)
        if isinstance(asked, bool) or not isinstance(asked, int | float) or not 0 <= asked < 1e9:
            return Outcome(Status.FAILED, f"metadata simulated_seconds is {asked!r}, not a number of seconds from 0")
        await job.running()
        await job.measured(Sample(workload_id=job.workload.id, at=now(), source="simulated"))
        await asyncio.sleep(asked)
        return Outcome(Status.COMPLETED, exit_code=0)
