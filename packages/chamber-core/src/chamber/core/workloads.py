"""Submitting workloads, reading them, and waiting for them to end."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import Any, Literal, TypeVar

from chamber.core import validation
from chamber.core.budgets import require_budget
from chamber.core.clock import Contact, Deadline
from chamber.core.enums import JobClass, JobStatus, ScalingMode
from chamber.core.errors import ChamberError, ConflictError, ResponseError, TransportError, ValidationError, WaitTimeout
from chamber.core.filters import Statuses, by_status, words
from chamber.core.journal import Journal
from chamber.core.logs import logger
from chamber.core.models import PaginatedResponse, Workload
from chamber.core.operations import Operations, listing, operation
from chamber.core.pagination import each_page, following, is_for_rest, together
from chamber.core.paths import path
from chamber.core.progress import OnProgress
from chamber.core.retry import POLL, READ, REPEATABLE_WRITE, RETRIED
from chamber.core.settings import checked_timeout
from chamber.core.submission import OnAmbiguous, Submission, checked, find
from chamber.core.transport import is_final
from chamber.core.wire import Unread

__all__ = ["WorkloadOperations", "ends_waiting", "look_within"]

T = TypeVar("T")

#: Seconds that the last look of a wait may take beyond the wait's timeout.
_LAST_LOOK = 0.2
_TERMINAL = (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.PREEMPTED)

_log = logger(__name__)


class WorkloadOperations(Operations):
    """The operations on workloads."""

    @operation
    async def submit_job(
        self,
        name: str,
        initiative_id: str,
        gpu_type: str,
        requested_gpus: float | None = None,
        job_class: JobClass | str = JobClass.RESERVED,
        priority: int | None = None,
        external_id: str | None = None,
        k8s_manifest: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
        allocation_id: str | None = None,
        template_id: str | None = None,
        distribution_mode: Literal["auto", "manual"] | None = None,
        gpus_per_pod: int | None = None,
        requested_pods: int | None = None,
        scaling_mode: ScalingMode | str | None = None,
        min_pods: int | None = None,
        *,
        max_gpu_hours: float | None = None,
        timeout: float | None = None,
        on_ambiguous: OnAmbiguous = "resolve",
    ) -> Workload:
        """Submit a GPU workload for the team `initiative_id`.

        `name` has 1 to 255 characters; `priority` is 0 to 100, higher first; `external_id` is your own id of at
        most 255 characters, made up when None; `k8s_manifest` is YAML of at most 65,536 characters.
        `max_gpu_hours`: GPU-hours that the job may use; it is refused where its team has fewer left.
        `timeout`: seconds for everything, retries and looking for the job included. After a failure that may
        have reached the API the job is looked for and sent at most once more; ``on_ambiguous="raise"`` does
        neither.

        Raises ValidationError: an argument is outside its bounds; nothing was sent.
        Raises BudgetExceededError: the team has fewer GPU-hours left than the job may use; nothing was submitted.
        Raises SubmissionUnknownError: the job may or may not have been submitted.
        """
        fields = checked(
            {
                "name": name,
                "initiative_id": initiative_id,
                "gpu_type": gpu_type,
                "requested_gpus": requested_gpus,
                "job_class": job_class,
                "priority": priority,
                "external_id": external_id,
                "k8s_manifest": k8s_manifest,
                "metadata": metadata,
                "tags": tags,
                "allocation_id": allocation_id,
                "template_id": template_id,
                "distribution_mode": distribution_mode,
                "gpus_per_pod": gpus_per_pod,
                "requested_pods": requested_pods,
                "scaling_mode": scaling_mode,
                "min_pods": min_pods,
            }
        )
        validation.one_of("on_ambiguous", on_ambiguous, ("resolve", "raise"))
        if max_gpu_hours is not None:
            deadline = Deadline(self._transport.clock, checked_timeout(timeout))
            await require_budget(self._transport, initiative_id, max_gpu_hours, timeout=timeout)
            timeout = deadline.left()
        return await Submission(self._transport, fields, timeout=timeout, on_ambiguous=on_ambiguous).send()

    @operation
    async def resolve_submission(self, external_id: str) -> Workload | None:
        """The workload that was submitted under this external id; None when there is none.

        For what SubmissionUnknownError carries, and for what a crash left in the journal.
        """
        validation.length("external_id", external_id, 1, 255)
        validation.one_line("external_id", external_id)
        journal = Journal()
        intent = journal.find(external_id)
        deadline = Deadline(self._transport.clock, self._transport.settings.timeout or READ.deadline)
        found = await find(self._transport, external_id, intent.time if intent else None, deadline)
        if found:
            journal.forget(external_id)
        return found

    @operation
    async def get_workload(self, workload_id: str) -> Workload:
        """The workload with this id. Raises NotFoundError: there is none."""
        return await self.request("GET", path("workloads", workload_id), Workload)

    @operation
    async def list_workloads(
        self,
        status: Statuses | None = None,
        initiative_id: str | None = None,
        submitted_by: str | None = None,
        is_managed: bool | None = None,
        submitted_after: str | datetime | None = None,
        submitted_before: str | datetime | None = None,
        sort_order: Literal["asc", "desc"] | None = None,
        limit: int = 20,
        next_token: str | None = None,
    ) -> PaginatedResponse[Workload]:
        """One page of workloads.

        `status` is one, several, or several comma-separated; times are ISO 8601; `limit` is 1 to 100.
        `next_token` comes from the page before. Raises ValidationError: an argument is outside its bounds.
        """
        filters = _filters(
            initiative_id, submitted_by, is_managed, submitted_after, submitted_before, sort_order, limit, next_token
        )
        return await self._listed(PaginatedResponse[Workload], status, filters)

    @listing
    async def iter_workloads(
        self,
        status: Statuses | None = None,
        initiative_id: str | None = None,
        submitted_by: str | None = None,
        is_managed: bool | None = None,
        submitted_after: str | datetime | None = None,
        submitted_before: str | datetime | None = None,
        sort_order: Literal["asc", "desc"] | None = None,
        *,
        page_size: int = 100,
    ) -> AsyncGenerator[Workload, None]:
        """Every workload that `list_workloads` finds with these filters, page after page."""

        filters = _filters(
            initiative_id, submitted_by, is_managed, submitted_after, submitted_before, sort_order, page_size, None
        )

        async def page(cursor: str | None) -> tuple[Callable[[], Sequence[Workload]], str | None]:
            found = await self._listed(Unread[Workload], status, {**filters, "next_token": cursor})
            return found.items, found.next_token

        async with aclosing(each_page(page)) as pages:
            async for workloads in pages:
                told, left = following(workloads)
                for workload in told:
                    if is_for_rest((yield workload)):
                        yield together(left)

    @operation
    async def cancel_workload(self, workload_id: str) -> Workload:
        """Cancel a workload that has not ended. Raises ConflictError: it has."""
        with self._transport.within():
            return await self._cancelled(workload_id)

    async def _cancelled(self, workload_id: str) -> Workload:
        cancel = path("workloads", workload_id, "cancel")
        try:
            return await self.request("POST", cancel, Workload, policy=REPEATABLE_WRITE)
        except ConflictError as error:
            if error.attempts == 1:
                raise
            workload = await self.get_workload(workload_id)  # an attempt whose answer was lost may have done it
            if workload.status != JobStatus.CANCELLED:
                raise
            return workload

    @operation
    async def wait_for_completion(
        self,
        workload_id: str,
        poll_interval: float = 10.0,
        timeout: float | None = None,
        terminal_statuses: Statuses = _TERMINAL,
        *,
        on_progress: OnProgress | None = None,
        progress: bool | None = None,
    ) -> Workload:
        """The workload, once it has one of `terminal_statuses`; by default, once it has ended.

        `poll_interval`: seconds between looks. `timeout`: seconds to wait at most; 0 looks once; None waits as
        long as it takes. A workload that completed, failed or was cancelled is returned in any case. A look that
        fails without a refusal of the API (4xx) is made again, for up to 15 minutes without one good answer.
        `on_progress` is called with "wait" and a `Step` for each new status; `progress` shows the same on a terminal
        and in notebooks, by default where there is no `on_progress`.

        Raises WaitTimeout: it had none of them in time; the workload goes on running.
        """
        from chamber.core.progress.waits import Wait

        validation.number("poll_interval", poll_interval, 0, whole=False)
        validation.number("timeout", timeout, 0, whole=False)
        awaited = _awaited(terminal_statuses)
        clock = self._transport.clock
        deadline = Deadline(clock, timeout)
        contact = Contact(clock, POLL.deadline)

        def is_over(workload: Workload) -> bool:
            return workload.status in awaited or _has_ended(workload)

        workload: Workload | None = None
        async with Wait([workload_id], is_over, on_progress, progress) as wait:
            while True:
                workload = await self._look(workload_id, workload, deadline, contact)
                await wait.seen({workload_id: workload} if workload else {})
                if workload and is_over(workload):
                    return workload
                if workload and deadline.remaining <= 0:
                    raise _not_in_time(workload, timeout)
                await self._transport.pause(min(poll_interval, deadline.remaining))

    async def _look(
        self, workload_id: str, seen: Workload | None, deadline: Deadline, contact: Contact
    ) -> Workload | None:
        """The workload as it is; as it was last `seen` while the API cannot say, until it is too late to look again."""
        try:
            with self._transport.within(look_within(deadline, first=seen is None)):
                workload = await self.get_workload(workload_id)
        except ChamberError as error:
            if ends_waiting(error) or contact.is_lost or (seen is None and deadline.remaining <= 0):
                raise
            _log.warning("workload could not be read", workload_id=workload_id, error=str(error))
            return seen
        contact.made()
        return workload

    async def _listed(self, kind: type[T], status: Statuses | None, filters: Mapping[str, object]) -> T:
        with self._transport.within():
            return await by_status(
                self._transport.dialect,
                status,
                lambda spelt: self.request("GET", path("workloads"), kind, params={**filters, "status": spelt}),
            )


def _has_ended(workload: Workload) -> bool:
    """Whether nothing comes after its status. A preempted workload may run again, where the API does that."""
    return workload.is_terminal and workload.status != JobStatus.PREEMPTED


def look_within(deadline: Deadline, *, first: bool) -> float | None:
    """Seconds that a look of a wait may take; None: as long as any read, as the only look of a wait of 0 seconds."""
    if deadline.remaining == math.inf or (first and deadline.remaining == 0):
        return None
    return max(deadline.remaining, _LAST_LOOK)


def ends_waiting(error: ChamberError) -> bool:
    """Whether it is useless to look again.

    The API refused (4xx, unless it asks for patience), was not asked, or cannot be: its certificate is not trusted.
    """
    if isinstance(error, TransportError):
        return is_final(error)
    status = error.status_code
    return not isinstance(error, ResponseError) or status is None or (400 <= status < 500 and status not in RETRIED)


def _awaited(statuses: Sequence[JobStatus | str]) -> set[JobStatus]:
    awaited = {JobStatus(status) for status in words(statuses)}
    if not awaited:
        raise ValidationError("terminal_statuses is empty: name the statuses to wait for")
    return awaited


def _filters(
    initiative_id: str | None,
    submitted_by: str | None,
    is_managed: bool | None,
    after: str | datetime | None,
    before: str | datetime | None,
    sort_order: str | None,
    limit: int,
    next_token: str | None,
) -> dict[str, object]:
    """What a page is asked for with; a span of submission times in both spellings of the API."""
    validation.number("limit", limit, 1, 100)
    validation.one_of("sort_order", sort_order, ("asc", "desc"))
    return {
        "initiative_id": initiative_id,
        "submitted_by": submitted_by,
        "is_managed": is_managed,
        "start_date": after,
        "end_date": before,
        "submitted_after": after,
        "submitted_before": before,
        "sort_order": sort_order,
        "limit": limit,
        "next_token": next_token,
    }


def _not_in_time(workload: Workload, timeout: float | None) -> WaitTimeout:
    error = WaitTimeout(
        f"Workload {workload.name} ({workload.id}) is still {workload.status} after {timeout:g} s. It goes on "
        f"running: wait again with wait_for_completion({workload.id!r}), or cancel it"
    )
    error.workload = workload
    return error
