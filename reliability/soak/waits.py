"""Many waits for the ends of jobs at once, while the network goes away and comes back."""

from __future__ import annotations

import asyncio
import random
import threading
from collections import Counter
from collections.abc import Awaitable

from chamber.core import AsyncChamberClient, ChamberError, Workload
from reliability.proxy import FaultProxy
from reliability.soak.server import Access

__all__ = ["waits"]

_OUTAGES = 10
#: The longest outage, as a part of the whole time: 120 s of 30 minutes.
_LONGEST = 1 / 15


def waits(access: Access, count: int, seconds: float, seed: int) -> Counter[str]:
    """How `count` waits for jobs that last up to `seconds` ended: right, wrong, or how they failed."""
    dice = random.Random(seed)
    with FaultProxy(access.url) as proxy:
        over = threading.Event()
        network = threading.Thread(target=_outages, args=(proxy, over, seconds, dice))
        network.start()
        try:
            return asyncio.run(_all(access, proxy.url, count, seconds, dice))
        finally:
            over.set()
            network.join()


def _outages(proxy: FaultProxy, over: threading.Event, seconds: float, dice: random.Random) -> None:
    for _ in range(_OUTAGES):
        away = dice.uniform(seconds * _LONGEST / 120, seconds * _LONGEST)
        if over.wait(max(0.0, seconds / (_OUTAGES + 1) - away)):
            return
        proxy.shut()
        over.wait(away)
        proxy.open()


async def _all(access: Access, url: str, count: int, seconds: float, dice: random.Random) -> Counter[str]:
    async with AsyncChamberClient(access.token, access.url) as near, AsyncChamberClient(access.token, url) as client:
        jobs = await asyncio.gather(*(_submitted(near, access, dice.uniform(0, seconds)) for _ in range(count)))
        every = max(seconds, count) / 60
        ended = await asyncio.gather(*(_ended(client.wait_for_completion(job.id, every)) for job in jobs))
        truth = await near.get_workloads([job.id for job in jobs])
    return Counter(how if isinstance(how, str) else _told(how, truth[how.id]) for how in ended)


def _told(ended: Workload, truth: Workload) -> str:
    return "right" if ended.status == truth.status == "COMPLETED" else f"{ended.status}, but is {truth.status}"


async def _submitted(client: AsyncChamberClient, access: Access, seconds: float) -> Workload:
    return await client.submit_job("awaited", access.team, "H100", 1, metadata={"simulated_seconds": seconds})


async def _ended(wait: Awaitable[Workload]) -> Workload | str:
    try:
        return await wait
    except ChamberError as error:
        return f"{type(error).__name__}: {error.message}"
