"""What a type checker sees of core's methods on both faces: every call here must be accepted."""

from collections.abc import AsyncGenerator, Coroutine, Generator
from datetime import datetime
from typing import Any, assert_type

from chamber.core import (
    AggregationResult,
    AsyncChamberClient,
    Capacity,
    ChamberClient,
    Explanation,
    HealthStatus,
    JobClass,
    JobStatus,
    LogLine,
    Model,
    Operations,
    PaginatedResponse,
    Workload,
    WorkloadSearchResult,
    listing,
    operation,
    path,
)


class Quota(Model, frozen=True, kw_only=True):
    team: str
    gpus: int


class QuotaOperations(Operations):
    @operation
    async def get_quota(self, team: str, *, month: int | None = None) -> Quota:
        return await self.request("GET", path("quotas", team), Quota, params={"month": month})

    @operation
    async def get_quotas(self, teams: list[str]) -> list[Quota]:
        return [await self.get_quota(team) for team in teams]

    @listing
    async def iter_quotas(self) -> AsyncGenerator[Quota, None]:
        for quota in await self.get_quotas(["ml"]):
            yield quota


class Mine(QuotaOperations):
    @operation
    async def get_quota(self, team: str, *, month: int | None = None) -> Quota:
        return await super().get_quota(team, month=month)


def blocking(client: ChamberClient, since: datetime) -> None:
    assert_type(client.health(), HealthStatus)
    assert_type(client.get_workload("wl_1"), Workload)
    assert_type(client.submit_job("a", "ml", "H100", 4, JobClass.ELASTIC, 50, tags={"a": "b"}), Workload)
    assert_type(client.submit_job(name="a", initiative_id="ml", gpu_type="H100", job_class="elastic"), Workload)
    assert_type(client.list_workloads(), PaginatedResponse[Workload])
    assert_type(
        client.list_workloads([JobStatus.RUNNING, "failed"], submitted_after=since), PaginatedResponse[Workload]
    )
    assert_type(client.iter_workloads("RUNNING"), Generator[Workload, None, None])
    assert_type(client.search_workloads(query="x"), WorkloadSearchResult)
    assert_type(client.get_workload_aggregations("status"), AggregationResult)
    assert_type(client.cancel_workload("wl_1"), Workload)
    assert_type(client.wait_for_completion("wl_1", 1, timeout=None, terminal_statuses=["RUNNING"]), Workload)
    assert_type(client.get_capacity(pool_id="p"), Capacity)
    assert_type(client.logs("wl_1", follow=True, tail=3, pod="0"), Generator[LogLine, None, None])
    assert_type(client.explain("wl_1"), Explanation)
    assert_type(client.request("GET", path("quotas", "ml"), Quota), Quota)
    assert_type(client.request("GET", path("quotas"), list[Quota]), list[Quota])
    for workload in client.iter_workloads():
        assert_type(workload.status, JobStatus)
        assert_type(workload.submitted_at, datetime | None)
    with ChamberClient(token="t", timeout=5) as same:
        assert_type(same, ChamberClient)
    assert_type(ChamberClient.from_config("~/.chamber"), ChamberClient)


async def awaiting(client: AsyncChamberClient) -> None:
    assert_type(await client.health(), HealthStatus)
    later: Coroutine[Any, Any, Workload] = client.get_workload("wl_1")
    assert_type(await later, Workload)
    assert_type(await client.get_workload("wl_1"), Workload)
    assert_type(await client.list_workloads(limit=5), PaginatedResponse[Workload])
    assert_type(client.iter_workloads(), AsyncGenerator[Workload, None])
    assert_type(await client.request("GET", path("quotas", "ml"), Quota), Quota)
    async for workload in client.iter_workloads(initiative_id="ml"):
        assert_type(workload, Workload)
    async with AsyncChamberClient() as same:
        assert_type(same, AsyncChamberClient)
