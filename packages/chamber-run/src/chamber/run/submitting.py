"""Submits a plan once, also where an earlier run of the same plan was killed before it was told that it had."""

from __future__ import annotations

from chamber.core.enums import JobStatus
from chamber.core.errors import SubmissionUnknownError
from chamber.core.journal import Entry, Journal
from chamber.core.models import Workload
from chamber.core.progress.reporting import Reporter
from chamber.core.progress.steps import WARNING
from chamber.core.submission import Submission
from chamber.core.transport import Transport
from chamber.run.attempts import Attempt, fields_of
from chamber.run.planning.plan import DryRunResult

__all__ = ["submit", "submit_attempt"]


async def submit(
    transport: Transport, plan: DryRunResult, digest: str, report: Reporter, *, resubmits: bool = False
) -> Workload:
    """The workload of a plan: what a killed run of the same digest left unacknowledged, or a new one.

    What was acknowledged is never returned again; nor is what another process has under way, or what failed or was
    cancelled since. `resubmits`: it is told which attempt it is, and one that was preempted since is returned too.

    Raises ValidationError: a field is outside its bounds. Raises what `chamber.core.submission.Submission` does.
    """
    while (entry := _unacknowledged(transport, digest)) is not None:
        workload = await _resumed(transport, plan, entry, report, resubmits)
        if workload is not None:
            return workload
    return await submit_attempt(transport, plan, Attempt.first(), digest, report, resubmits=resubmits)


async def submit_attempt(
    transport: Transport, plan: DryRunResult, attempt: Attempt, digest: str, report: Reporter, *, resubmits: bool
) -> Workload:
    """The workload of one attempt, submitted once: its external id is the same whoever submits it.

    Raises as `submit` does.
    """
    await report("submit", f"submitting {plan.settings.name}{attempt}")
    workload = await Submission(transport, fields_of(plan, attempt, told=resubmits), digest=digest).send()
    await report("submit", f"submitted {workload.name} as {workload.id}")
    return workload


def _unacknowledged(transport: Transport, digest: str) -> Entry | None:
    settings = transport.settings
    return Journal().claim_run(digest, settings.api_url, settings.organization_id)


async def _resumed(
    transport: Transport, plan: DryRunResult, entry: Entry, report: Reporter, resubmits: bool
) -> Workload | None:
    """The workload of an intent that was never acknowledged; None: it has ended meanwhile, and not by completing."""
    external_id = entry.intent.external_id
    with entry:
        await report("submit", f"an earlier run of this plan was not acknowledged: looking for {external_id}")
        fields = fields_of(plan, Attempt.of(external_id), told=resubmits)
        try:
            workload = await Submission(transport, fields, digest=entry.intent.digest).resume(entry)
        except SubmissionUnknownError as error:
            error.add_note(
                f"If you know that it was not submitted, remove {entry.file}: the next run is then a new one"
            )
            raise
    if not workload.reused:
        await report("submit", f"submitted {workload.name} as {workload.id}")
        return workload
    goes_on = {JobStatus.COMPLETED, JobStatus.PREEMPTED} if resubmits else {JobStatus.COMPLETED}
    if workload.is_terminal and workload.status not in goes_on:
        await report(
            "submit", f"{WARNING}the earlier run is {workload.id}, which is {workload.status}: submitting anew"
        )
        return None
    await report("submit", f"resumed {workload.name}, which is {workload.id} and {workload.status}")
    return workload
