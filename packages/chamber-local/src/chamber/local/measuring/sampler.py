"""Samples of one running job: at its start, ever less often up to an interval, and at its end."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import msgspec

from chamber.local.clock import now
from chamber.local.measuring import processes
from chamber.local.measuring.gpus import NvidiaGpus
from chamber.local.measuring.windows import baseline, cpu_percent
from chamber.local.storage.samples import Sample

__all__ = ["Sampler"]

_FIRST_PAUSE = 0.05


class Sampler:
    """Measures the process group of one workload, `started` then on the monotonic clock, and hands samples to `keep`.

    The last sample's CPU time comes from the kernel's own account of the ended job, its memory from the sample before.
    """

    def __init__(
        self,
        workload_id: str,
        keep: Callable[[Sample], Awaitable[None]],
        interval: float,
        gpus: NvidiaGpus | None,
        started: float,
    ) -> None:
        self._workload_id, self._keep, self._interval, self._gpus = workload_id, keep, interval, gpus
        self._readings = [processes.Reading(started, 0.0, 0.0)]

    async def watch(self, *pids: int) -> None:
        """Samples until cancelled or until the processes are gone."""
        pause = min(_FIRST_PAUSE, self._interval)
        while reading := await asyncio.to_thread(processes.read, *pids):
            await self._sample(reading)
            await asyncio.sleep(pause)
            pause = min(2 * pause, self._interval)

    async def finish(self, cpu_seconds: float) -> None:
        """The last sample, of a job that has ended."""
        await self._sample(processes.Reading(time.monotonic(), cpu_seconds, self._readings[-1].memory_bytes))

    async def _sample(self, reading: processes.Reading) -> None:
        cpu = cpu_percent(self._readings, reading)
        self._readings = [*self._readings[baseline(self._readings, reading.at) :], reading]
        await self._keep(await self._with_gpus(cpu, reading.memory_bytes))

    async def _with_gpus(self, cpu: float, memory: float) -> Sample:
        sample = Sample(
            workload_id=self._workload_id, at=now(), source="measured:cpu", cpu_utilization=cpu, memory_bytes=memory
        )
        reading = await asyncio.to_thread(self._gpus.read) if self._gpus else None
        if reading is None:
            return sample
        return msgspec.structs.replace(sample, source="measured:cpu+gpu", **msgspec.structs.asdict(reading))
