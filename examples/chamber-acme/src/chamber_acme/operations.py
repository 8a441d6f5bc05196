"""The methods that chamber-acme adds to both clients."""

from collections.abc import AsyncGenerator, Sequence

import msgspec

from chamber.core import Workload, listing, operation
from chamber.core.workloads import WorkloadOperations

__all__ = ["Cost", "CostOperations"]

#: Euros for one GPU-hour.
PRICE = 2.5


class Cost(msgspec.Struct, frozen=True):
    """What a workload has cost so far."""

    workload_id: str
    #: Euros.
    amount: float


class CostOperations(WorkloadOperations):
    """What jobs cost."""

    @operation
    async def get_cost(self, workload_id: str) -> Cost:
        """What this workload has cost so far, in euros."""
        return _cost(await self.get_workload(workload_id))

    @operation
    async def get_costs(self, workload_ids: Sequence[str]) -> list[Cost]:
        """What these workloads have cost so far, in their order."""
        return [await self.get_cost(workload_id) for workload_id in workload_ids]

    @listing
    async def iter_expensive(self, least: float = 100.0) -> AsyncGenerator[Cost, None]:
        """Every workload that has cost at least so many euros."""
        async for workload in self.iter_workloads():
            cost = _cost(workload)
            if cost.amount >= least:
                yield cost

    @staticmethod
    def cost_of(gpu_hours: float) -> float:
        """Euros for so many GPU-hours."""
        return PRICE * gpu_hours


def _cost(workload: Workload) -> Cost:
    return Cost(workload.id, CostOperations.cost_of(workload.gpu_hours_used or 0.0))
