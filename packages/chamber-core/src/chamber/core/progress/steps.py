"""What is told of long work, step by step."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, Self

if TYPE_CHECKING:
    from chamber.core.models import Workload

__all__ = ["WARNING", "OnProgress", "Stage", "Step"]

#: How the message about something surprising begins.
WARNING = "warning: "

#: Those of a run. A wait has the last one alone.
Stage = Literal["config", "detect", "dockerfile", "manifest", "docker", "upload", "submit", "wait"]


class Step(str):
    """A message that knows how much is done, of how much, where that can be counted: bytes, and workloads of a wait.

    `workload` is the one whose status a wait tells.
    """

    __slots__ = ("done", "total", "workload")

    done: int | None
    total: int | None
    workload: Workload | None

    def __new__(
        cls, message: str, done: int | None = None, total: int | None = None, workload: Workload | None = None
    ) -> Self:
        step = super().__new__(cls, message)
        step.done, step.total, step.workload = done, total, workload
        return step

    @property
    def fraction(self) -> float | None:
        """How much is done, from 0 to 1; None where that cannot be counted, or there is but one thing to do."""
        return min(1.0, self.done / self.total) if self.total and self.total > 1 and self.done is not None else None


#: Called with a stage and a step, which is a text.
OnProgress = Callable[[str, Step], None]
