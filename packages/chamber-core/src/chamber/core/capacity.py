"""What GPUs there are."""

from __future__ import annotations

from chamber.core.models import Capacity
from chamber.core.operations import Operations, operation
from chamber.core.paths import path

__all__ = ["CapacityOperations"]


class CapacityOperations(Operations):
    """GPU pools and budgets."""

    @operation
    async def get_capacity(self, initiative_id: str | None = None, pool_id: str | None = None) -> Capacity:
        """The GPUs and GPU-hours of the organisation, of one team, or of one pool."""
        params = {"initiative_id": initiative_id, "pool_id": pool_id}
        return await self.request("GET", path("capacity"), Capacity, params=params)
