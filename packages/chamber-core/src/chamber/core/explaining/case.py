"""What is known of a workload when somebody asks why it is in its state."""

from __future__ import annotations

import msgspec

from chamber.core.budgets import remaining
from chamber.core.enums import JobClass
from chamber.core.models import Capacity, CapacityPool, Workload

__all__ = ["Case"]


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A workload, what the API says about it, and what it printed last."""

    workload: Workload
    #: The last lines that it printed, where they were to be had.
    lines: tuple[str, ...] = ()
    #: Of its team; None: not known.
    capacity: Capacity | None = None
    #: Workloads that wait for the same GPUs and come first.
    ahead: tuple[Workload, ...] = ()
    #: What could not be had, and why.
    missing: tuple[str, ...] = ()

    @property
    def told(self) -> str:
        """What the API says of it: why it failed, else the reason of its last change of status, where it has one."""
        if self.workload.failure_reason:
            return self.workload.failure_reason
        history = self.workload.extra.get("status_history")
        last = history[-1] if isinstance(history, list) and history else None
        reason = last.get("reason") if isinstance(last, dict) else None
        return reason if isinstance(reason, str) else ""

    @property
    def pools(self) -> tuple[CapacityPool, ...]:
        """Those of its GPU type."""
        wanted = (self.workload.gpu_type or "").casefold()
        pools = self.capacity.pools if self.capacity else ()
        return tuple(pool for pool in pools if pool.gpu_type and pool.gpu_type.casefold() == wanted)

    @property
    def remaining_hours(self) -> float | None:
        """GPU-hours that its team has left, where the API tells."""
        if self.capacity is None or self.workload.initiative_id is None:
            return None
        return remaining(self.capacity, self.workload.initiative_id)

    @property
    def is_reserved(self) -> bool:
        """Whether it runs on what is reserved for its team."""
        return self.workload.job_class == JobClass.RESERVED

    def said(self, *words: str) -> str | None:
        """What the API says, if one of these is in it, in any case."""
        told = self.told.casefold()
        return self.told if any(word.casefold() in told for word in words) else None

    def printed(self, *words: str) -> str | None:
        """The first line that it printed with one of these in it, or what the API says."""
        found = next((line.strip() for line in self.lines if any(word in line for word in words)), None)
        return found or (self.told if any(word in self.told for word in words) else None)
