"""What an executor is given and gives back."""

from pathlib import Path
from typing import Protocol

import msgspec

from chamber.local.storage.samples import Sample
from chamber.local.workloads import Status, Workload

__all__ = ["Executor", "Job", "Outcome", "Sample"]


class Outcome(msgspec.Struct, frozen=True):
    """How a workload ended."""

    status: Status
    reason: str | None = None
    exit_code: int | None = None


class Job(Protocol):
    """One workload that is to be carried out, and where to report."""

    @property
    def workload(self) -> Workload:
        """What is to be run."""
        ...

    @property
    def log(self) -> Path:
        """The file that its output goes to."""
        ...

    async def running(self, pid: int | None = None, pid_created: float | None = None) -> None:
        """Reports that it runs, as the process group `pid` whose leader was made at `pid_created`."""
        ...

    async def measured(self, *samples: Sample) -> None:
        """Reports measurements."""
        ...


class Executor(Protocol):
    """Carries out workloads."""

    async def execute(self, job: Job) -> Outcome:
        """Runs one to its end. When cancelled, nothing of it is left behind."""
        ...
