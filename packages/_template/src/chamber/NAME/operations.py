"""Client methods, each written once."""

from typing import Any

from chamber.core.operations import Operations, operation
from chamber.core.paths import path


class NAMEOperations(Operations):
    """What both clients can do when this package is installed."""

    @operation
    async def get_NAME(self, identifier: str) -> dict[str, Any]:
        """The NAME with this id. Raises NotFoundError: there is none."""
        return await self.request("GET", path("NAME", identifier), dict[str, Any])
