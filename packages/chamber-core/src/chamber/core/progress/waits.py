"""What is told of a wait: each status of each workload, and how many of how many have ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Self

from chamber.core.progress.reporting import Reporter
from chamber.core.progress.steps import WARNING, OnProgress, Step

if TYPE_CHECKING:
    from chamber.core.models import Workload

__all__ = ["Wait"]


class Wait:
    """Tells of the workloads with these ids; `is_over` says which of them are waited for no longer."""

    def __init__(
        self,
        ids: Collection[str],
        is_over: Callable[[Workload], bool],
        on_progress: OnProgress | None,
        progress: bool | None,
    ) -> None:
        self._ids, self._is_over = ids, is_over
        self._report = Reporter(on_progress, progress)
        self._known: dict[str, str] = {}
        self._over: Counter[str] = Counter()

    async def __aenter__(self) -> Self:
        await self._report.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._report.__aexit__(kind, error, trace)

    async def seen(self, found: Mapping[str, Workload], refused: Mapping[str, Exception] | None = None) -> None:
        """Tell what is new in a look: of the workloads that it found, and why others can never be read."""
        if not self._report.is_heard:
            return
        for workload_id, error in (refused or {}).items():
            if self._is_new(workload_id, "not readable"):
                self._over["not readable"] += 1
                await self._report("wait", self._step(f"{WARNING}{workload_id} cannot be read: {error}"))
        for workload_id, workload in found.items():
            if self._is_new(workload_id, workload.status):
                self._over[workload.status] += self._is_over(workload)
                await self._report("wait", self._step(f"{self._counted()}{_told(workload)}", workload))

    def _is_new(self, workload_id: str, status: str) -> bool:
        before = self._known.get(workload_id)
        self._known[workload_id] = status
        return status != before

    def _step(self, message: str, workload: Workload | None = None) -> Step:
        return Step(message, self._over.total(), len(self._ids), workload)

    def _counted(self) -> str:
        """How many are over, and how; nothing where one is waited for alone."""
        if len(self._ids) == 1:
            return ""
        how = ", ".join(f"{count} {status}" for status, count in self._over.items() if count)
        return f"{self._over.total()} of {len(self._ids)} have ended{f' ({how})' if how else ''}: "


def _told(workload: Workload) -> str:
    reason = f": {workload.failure_reason}" if workload.failure_reason else ""
    return f"{workload.name} is {workload.status}{reason}"
