"""What a careful user would write with httpx and pydantic."""

import asyncio
from datetime import datetime
from typing import Any, Literal

import httpx
import reporting
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

TOKEN = "ch.0123456789abcdef"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}


class Workload(BaseModel):
    """A job on GPUs."""

    model_config = ConfigDict(alias_generator=to_camel)

    id: str
    name: str
    status: Literal["PENDING", "QUEUED", "STARTING", "RUNNING", "COMPLETED", "FAILED", "PREEMPTED", "CANCELLED"]
    job_class: str | None = None
    priority: int | None = None
    requested_gpus: float | None = None
    gpu_type: str | None = None
    initiative_id: str | None = None
    submitted_by: str | None = None
    submitted_at: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    failure_reason: str | None = None
    external_id: str | None = None
    metadata: dict[str, Any] = {}
    tags: dict[str, Any] = {}
    allocation_id: str | None = None
    capacity_pool_id: str | None = None
    template_id: str | None = None


class Metadata(BaseModel):
    """What an answer says of a page."""

    next_token: str | None = None
    total_count: int | None = None


class Page(BaseModel):
    """One page of workloads."""

    workloads: list[Workload]
    metadata: Metadata


def client(url):
    made = httpx.Client(headers=HEADERS, timeout=30)
    for name in reporting.names(20):
        one(made, url, name)
    return made


def one(made, url, name):
    answer = made.get(f"{url}/workloads/{name}")
    answer.raise_for_status()
    return Workload.model_validate_json(answer.content)


def each(made, url):
    token = None
    while True:
        answer = made.get(f"{url}/workloads", params={"limit": 100, **({"next_token": token} if token else {})})
        answer.raise_for_status()
        page = Page.model_validate_json(answer.content)
        yield from page.workloads
        token = page.metadata.next_token
        if token is None:
            return


def get(url, count):
    """Workloads one after the other."""
    made = client(url)
    names = reporting.names(count)

    def act():
        for name in names:
            assert one(made, url, name).id == name

    return act


def iterate(url, count):
    """Every workload of a listing."""
    made = client(url)
    return lambda: reporting.counted(each(made, url), count)


def consume(url, count):
    """Every workload, and 50 µs of work on each."""
    made = client(url)
    return lambda: reporting.counted(each(made, url), count, 50e-6)


def many(url, count):
    """Workloads, 50 of them at once."""
    names = iter(reporting.names(count))
    runner = asyncio.Runner()
    made = httpx.AsyncClient(headers=HEADERS, timeout=30)

    async def work():
        for name in names:
            answer = await made.get(f"{url}/workloads/{name}")
            answer.raise_for_status()
            assert Workload.model_validate_json(answer.content).id == name

    async def all_of_them():
        await asyncio.gather(*(work() for _ in range(50)))

    return lambda: runner.run(all_of_them())


if __name__ == "__main__":
    reporting.main({"get": get, "iterate": iterate, "consume": consume, "many": many})
