"""Is the API there?"""

from __future__ import annotations

from chamber.core.models import HealthStatus
from chamber.core.operations import Operations, operation
from chamber.core.paths import path

__all__ = ["HealthOperations"]


class HealthOperations(Operations):
    """Whether the API works."""

    @operation
    async def health(self) -> HealthStatus:
        """Check the health of the API."""
        return await self.request("GET", path("health"), HealthStatus)
