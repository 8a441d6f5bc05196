"""Mistakes that a type checker must report: each line marked with E, and no other. See tests/core/test_typing.py.

Those "unknown to a client" can be told only where every package is installed: elsewhere a client has a base that a
checker cannot find, which might have anything.
"""

from chamber.core import AsyncChamberClient, ChamberClient, Operations, Workload, operation


def blocking(client: ChamberClient) -> None:
    client.get_workload()  # E: missing argument
    client.get_workload(1)  # E: wrong type
    client.get_workload(workload="wl_1")  # E: wrong name
    client.get_workload("wl_1", "wl_2")  # E: one too many
    client.submit_job("a", "ml")  # E: missing argument
    client.submit_job("a", "ml", "H100", gpus=4)  # E: wrong name
    client.submit_job("a", "ml", "H100", distribution_mode="fast")  # E: wrong word
    client.list_workloads(limit="20")  # E: wrong type
    client.list_workloads(sort_order="up")  # E: wrong word
    client.get_workload_aggregations("colour")  # E: wrong word
    client.iter_workloads(None, None, None, None, None, None, None, 100)  # E: only by name
    client.get_wrokload("wl_1")  # E: unknown to a client
    client.aclose()  # E: unknown to a client, of the other face
    client.get_workload("wl_1").nmae  # E: unknown field
    client.get_workload("wl_1").name = "other"  # E: frozen
    client.get_workload("wl_1").name + 1  # E: wrong type
    _count: int = client.health()  # E: wrong type
    ChamberClient(tokn="t")  # E: wrong name
    ChamberClient.from_config(timeout="5")  # E: wrong type


async def awaiting(client: AsyncChamberClient) -> None:
    client.get_workload("wl_1")  # E: forgotten await
    client.wait_for_completion("wl_1")  # E: forgotten await
    client.get_workload("wl_1").name  # E: forgotten await
    await client.get_workload()  # E: missing argument
    await client.get_workload("wl_1", gpu=1)  # E: wrong name
    await client.get_wrokload("wl_1")  # E: unknown to a client
    for _ in client.iter_workloads():  # E: not a plain iterator
        pass
    await client.iter_workloads()  # E: not a coroutine
    client.close()  # E: unknown to a client, of the other face
    with client:  # E: unknown to a client, of the other face
        pass


class OddOperations(Operations):
    @operation
    async def get_one(self, name: str) -> Workload:
        return await self.get_two(name)  # E: unknown method

    @operation
    async def get_other(self, name: str) -> Workload:
        return self.get_one(name)  # E: forgotten await

    @operation
    def not_a_coroutine(self) -> int:  # E: no coroutine function
        return 1
