"""No process at all: a workload lasts as long as its metadata says."""

from datetime import timedelta

from chamber.local.clock import VirtualClock
from chamber.local.executors.contract import Job, Outcome, Sample
from chamber.local.executors.refusal import Refused
from chamber.local.executors.simulation import Simulation, samples, simulation_of
from chamber.local.workloads import Status

__all__ = ["SimulatedExecutor"]


class SimulatedExecutor:
    """Each workload runs for its ``simulated_seconds`` (0 when absent) and ends as its ``simulated_outcome`` says.

    Its first sample is empty; those after it are made up. All say ``simulated``.
    """

    #: Pods can be added and taken away while a workload runs; it takes as long as with all.
    scalable = True

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock

    async def execute(self, job: Job) -> Outcome:
        """Waits, and ends."""
        try:
            simulation = simulation_of(job.workload)
        except Refused as refusal:
            return Outcome(Status.FAILED, str(refusal))
        await job.running()
        await job.measured(Sample(workload_id=job.workload.id, at=self._clock(), source="simulated"))
        await self._last(job, simulation)
        return simulation.outcome

    async def _last(self, job: Job, simulation: Simulation) -> None:
        started = seen = self._clock()
        end = started + timedelta(seconds=simulation.seconds)
        while seen < end:
            await self._clock.wait_until(end, simulation.step)
            until = min(end, self._clock())
            taken = tuple(samples(job.workload, started, simulation.step, seen, until))
            if taken:
                await job.measured(*taken)
            seen = until
