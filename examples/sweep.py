"""Fifty trainings side by side, awaited together: ``hatch run python examples/sweep.py``.

The image is made once: what differs are arguments, which are in the manifest. Without a token of a real Chamber it
runs on an embedded one.
"""

from __future__ import annotations

import asyncio
import json
import os
from contextlib import AsyncExitStack
from itertools import product
from pathlib import Path

from chamber.core import AsyncChamberClient, JobStatus, Workload
from chamber.local import LocalChamber

PROJECT = Path(__file__).resolve().parent / "sweep"
RATES = [0.001, 0.003, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.3, 0.4]
SEEDS = range(5)


async def main() -> None:
    """Run the sweep on the Chamber that the environment names, else on one of our own."""
    async with AsyncExitStack() as stack:
        if team := os.environ.get("CHAMBER_TEAM"):
            jobs = await sweep(await stack.enter_async_context(AsyncChamberClient()), team)
        else:
            chamber = stack.enter_context(LocalChamber(gpus={"H100": 8}))
            client = await stack.enter_async_context(chamber.async_client())
            jobs = await sweep(client, chamber.team)
            print("best:", min((result(chamber.logs(job.id)) for job in jobs), key=lambda found: found["loss"]))


async def sweep(client: AsyncChamberClient, team: str) -> list[Workload]:
    """Every rate with every seed; the jobs that completed."""
    trials = [f"--lr {rate} --seed {seed}" for rate, seed in product(RATES, SEEDS)]
    first = await client.run(PROJECT, team=team, entrypoint_args=trials[0])  # makes the image for all
    others = [client.run(PROJECT, team=team, entrypoint_args=trial, progress=False) for trial in trials[1:]]
    submitted = [first, *await asyncio.gather(*others)]
    print(len(submitted), "jobs are submitted")

    ended = await client.wait_for_all([job.id for job in submitted], poll_interval=0.5, timeout=3600)
    for job in ended:
        if job.status != JobStatus.COMPLETED:
            print(job.id, job.status, job.failure_reason)
    completed = [job for job in ended if job.status == JobStatus.COMPLETED]
    print(len(completed), "completed")
    return completed


def result(log: str) -> dict[str, float]:
    """What a job printed last."""
    found: dict[str, float] = json.loads(log.splitlines()[-1])
    return found


if __name__ == "__main__":
    asyncio.run(main())
