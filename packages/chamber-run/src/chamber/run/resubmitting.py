"""Submits a run again after its job was preempted: as often as allowed, and never beside a job that may come back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from msgspec import Struct

from chamber.core import validation
from chamber.core.budgets import require_budget
from chamber.core.enums import JobStatus
from chamber.core.errors import BudgetExceededError, ConfigurationError, ConflictError, ValidationError
from chamber.core.models import Workload
from chamber.core.progress.reporting import Reporter
from chamber.core.progress.steps import WARNING
from chamber.core.transport import Transport
from chamber.core.workloads import WorkloadOperations
from chamber.run.attempts import CHECKPOINTS, Attempt
from chamber.run.planning.plan import DryRunResult
from chamber.run.submitting import submit_attempt

__all__ = ["Resubmission", "beginning_anew", "check_resubmission", "completed"]

#: Waits for the end of a workload.
Watch = Callable[[Workload], Awaitable[Workload]]


class Resubmission(Struct, frozen=True):
    """What may be done when a job was preempted: `most` further attempts, within so many GPU-hours for all together."""

    plan: DryRunResult
    digest: str
    most: int
    max_gpu_hours: float | None = None


def check_resubmission(on_preempted: str | None, most: int, *, wait: bool) -> None:
    """Raises ValidationError, ConfigurationError: what is to be done after a preemption cannot be done."""
    validation.one_of("on_preempted", on_preempted, ("resubmit",))
    validation.number("max_resubmits", most, 0)
    if on_preempted is not None and not wait:
        raise ConfigurationError(
            'on_preempted="resubmit" needs wait=True: somebody has to be there when the job is preempted'
        )


def beginning_anew(plan: DryRunResult) -> tuple[str, ...]:
    """What there is to say when further attempts of a run begin anew."""
    if CHECKPOINTS in plan.settings.env:
        return ()
    return (
        "a preempted job is submitted again, and begins anew: name a place that outlives its pods in "
        f"env={{{CHECKPOINTS!r}: …}}, and have the job keep its checkpoints there",
    )


async def completed(
    client: WorkloadOperations,
    transport: Transport,
    first: Workload,
    allowed: Resubmission,
    watch: Watch,
    report: Reporter,
) -> Workload:
    """The workload of the last attempt, when it has ended in another way than by preemption, or none is left.

    Raises BudgetExceededError: the attempts so far have used the GPU-hours of all, or the team has too few left.
    Raises what `submit` and `watch` do.
    """
    workload, used = await watch(first), 0.0
    while workload.status == JobStatus.PREEMPTED:
        attempt = Attempt.of(workload.external_id or first.external_id or "")
        if attempt.number > allowed.most:
            await report(
                "wait",
                f"{WARNING}{workload.name} was preempted, and is not submitted again: attempt "
                f"{attempt.number} of {allowed.most + 1}",
            )
            return workload
        ended, is_over = await _ended_for_good(client, workload)
        if not is_over:
            workload = await watch(ended)
            continue
        used += ended.gpu_hours_used or 0.0
        await _require_hours(transport, allowed, used)
        again = await submit_attempt(transport, allowed.plan, attempt.next, allowed.digest, report, resubmits=True)
        workload = await watch(again)
    return workload


async def _ended_for_good(client: WorkloadOperations, workload: Workload) -> tuple[Workload, bool]:
    """The workload as it is, and whether it was preempted and cannot come back.

    An API may run preempted work again by itself: it is cancelled first, so that no two attempts ever run at once.
    """
    now = await client.get_workload(workload.id)
    if now.status != JobStatus.PREEMPTED:
        return now, False
    try:
        return await client.cancel_workload(workload.id), True
    except (ConflictError, ValidationError):  # it has ended, says the API
        now = await client.get_workload(workload.id)
        return now, now.status == JobStatus.PREEMPTED


async def _require_hours(transport: Transport, allowed: Resubmission, used: float) -> None:
    if allowed.max_gpu_hours is None or not allowed.plan.settings.team:
        return
    if used >= allowed.max_gpu_hours:
        error = BudgetExceededError(
            f"The attempts of this run have used {used:g} of {allowed.max_gpu_hours:g} GPU-hours (max_gpu_hours): "
            "it is not submitted again"
        )
        error.asked, error.remaining = allowed.max_gpu_hours, 0.0
        raise error
    await require_budget(transport, allowed.plan.settings.team, allowed.max_gpu_hours - used)
