"""`logs()`: what a workload prints."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from typing import TYPE_CHECKING

from chamber.core import validation
from chamber.core.models import LogLine
from chamber.core.operations import listing
from chamber.core.workloads import WorkloadOperations

if TYPE_CHECKING:
    from chamber.core.output.sources import LogSource

__all__ = ["OutputOperations"]


class OutputOperations(WorkloadOperations):
    """Reading what workloads print."""

    @listing
    async def logs(
        self, workload_id: str, *, follow: bool = False, tail: int | None = None, pod: str | None = None
    ) -> AsyncGenerator[LogLine, None]:
        """What a workload has printed, line by line.

        `follow`: wait for its pods to start, and go on until it has ended; what is cut off is resumed, so that no
        line is lost or doubled. `tail`: only the last lines of each pod, so many. `pod`: only those of one pod, by
        its name or its number.

        The lines come from the first that has them: a plugin (`chamber_log_source`), the API itself, the Kubernetes
        cluster that the workload names (with ``chamber-core[kubernetes]``).

        Raises NotFoundError: there is no such workload, or nobody has its output.
        Raises MissingExtraError: it is in a Kubernetes cluster, and that extra is not installed.
        """
        from chamber.core.output.choice import chosen
        from chamber.core.output.following import Followed

        validation.number("tail", tail, 0)
        workload = await self.get_workload(workload_id)
        source = await chosen(self._transport, workload)

        async def is_over() -> bool:
            return (await self.get_workload(workload_id)).is_terminal

        followed = Followed(self._transport, source, is_over, tail=tail, pod=pod)
        async with _opened(source), aclosing(followed.lines(follow=follow)) as lines:
            async for line in lines:
                yield line


def _opened(source: LogSource) -> AbstractAsyncContextManager[object]:
    """The source, left when it is no longer read, if it can be."""
    return source if isinstance(source, AbstractAsyncContextManager) else nullcontext()
