"""`explain()`: why a workload is in its state."""

from __future__ import annotations

from chamber.core.models import Explanation
from chamber.core.operations import operation
from chamber.core.output.operations import OutputOperations

__all__ = ["ExplainingOperations"]


class ExplainingOperations(OutputOperations):
    """Saying why."""

    @operation
    async def explain(self, workload_id: str) -> Explanation:
        """Why the workload waits, was preempted or failed: the reason that counts most, and what to do next.

        Concluded from what the API says of it, of its team's capacity and of other work, and from the last lines
        that it printed, by one table of rules (`chamber.core.explaining.rules`); plugins may know better
        (`chamber_explain`). What cannot be had, such as the output, is left out.

        Raises NotFoundError: there is no such workload.
        """
        from chamber.core.contributions import explanation
        from chamber.core.explaining.gathering import gathered
        from chamber.core.explaining.rules import concluded

        case = await gathered(self, await self.get_workload(workload_id))
        return explanation(case.workload, case.lines) or concluded(case)
