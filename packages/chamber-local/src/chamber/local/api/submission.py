"""POST /workloads: what a submission must be, and what becomes of it."""

import contextlib
import hashlib
import secrets
import sqlite3
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

import msgspec

from chamber.local.api.asked import AllocationId, Id, Tags, TeamId, TemplateId
from chamber.local.api.errors import ApiError, invalid
from chamber.local.api.services import Services
from chamber.local.api.views import Submitted
from chamber.local.permissions import Act, Caller
from chamber.local.storage import replies, tenancy, workloads
from chamber.local.storage.nouns import Allocation, Team, Template
from chamber.local.storage.replies import Reply
from chamber.local.workloads import JobClass, Workload

__all__ = ["Submission", "SubmissionHeaders", "submit"]

Gpus = Annotated[float, msgspec.Meta(ge=0, le=1_000_000)]
Pods = Annotated[int, msgspec.Meta(ge=1, le=100_000)]

#: "RESERVED work has a priority of 100 or more, ELASTIC work below 100" by convention.
_PRIORITIES = {"RESERVED": 100, "ELASTIC": 50}


class Submission(msgspec.Struct, kw_only=True):
    """The body, with the bounds of the reference."""

    #: What the types of the fields do not say (JSON Schema).
    rules: ClassVar[dict[str, Any]] = {
        "anyOf": [
            {"required": [name], "properties": {name: {"type": "string"}}} for name in ("gpu_type", "template_id")
        ]
    }

    name: Id
    initiative_id: TeamId
    gpu_type: Annotated[Id, msgspec.Meta(description="Needed, unless a template gives it")] | None = None
    job_class: Literal["RESERVED", "ELASTIC"] = "RESERVED"
    requested_gpus: Gpus | None = None
    priority: Annotated[int, msgspec.Meta(ge=0, le=100)] | None = None
    external_id: Id | None = None
    k8s_manifest: Annotated[str, msgspec.Meta(max_length=65_536)] | None = None
    metadata: dict[str, Any] | None = None
    tags: Tags | None = None
    allocation_id: AllocationId | None = None
    template_id: TemplateId | None = None
    distribution_mode: Literal["auto", "manual"] | None = None
    gpus_per_pod: Annotated[int, msgspec.Meta(ge=0, le=1024)] | None = None
    requested_pods: Pods | None = None
    scaling_mode: Literal["GANG", "ELASTIC", "gang", "elastic"] | None = None
    min_pods: Annotated[Pods, msgspec.Meta(description="At most requested_pods")] | None = None


class SubmissionHeaders(msgspec.Struct, rename={"key": "Idempotency-Key"}):
    """The headers that a submission may have."""

    key: Annotated[str, msgspec.Meta(pattern=r"^[\x20-\x7e]{1,255}$")] | None = None


async def submit(parts: Services, headers: SubmissionHeaders, body: Submission) -> Submitted:
    """The workload; the same Idempotency-Key with the same payload gets the same answer for 24 hours."""
    if parts.has(body.initiative_id):
        parts.require(Act.SUBMIT, body.initiative_id)
    at, key = parts.ledger.clock(), _scoped(headers.key, parts.caller) if parts.in_flight else None
    with parts.in_flight.hold(key) if parts.in_flight and key else contextlib.nullcontext():
        workload, at = await parts.database.write(_record, body, parts.caller, at, key)
    parts.dispatcher.wake()
    return Submitted(workload, at)


def _scoped(key: str | None, caller: Caller) -> str | None:
    """A key is one user's in one organization: nobody is answered what another was."""
    return key and msgspec.json.encode([caller.organization_id, caller.user, key]).decode()


def _record(
    connection: sqlite3.Connection, submission: Submission, caller: Caller, at: datetime, key: str | None
) -> tuple[Workload, datetime]:
    """The workload as it was answered first, and when that was."""
    fingerprint = hashlib.sha256(msgspec.json.encode(submission, order="deterministic")).hexdigest()
    if key and (kept := replies.find(connection, key, at)):
        return _replayed(kept, fingerprint)
    workload = _workload(connection, submission, caller, at)
    workloads.add(connection, workload)
    if key:
        replies.add(connection, Reply(key, fingerprint, workload.id, msgspec.json.encode(workload), at))
    return workload, at


def _replayed(kept: Reply, fingerprint: str) -> tuple[Workload, datetime]:
    if kept.fingerprint != fingerprint:
        raise ApiError(
            422,
            "IDEMPOTENCY_KEY_REUSED",
            f"the Idempotency-Key was used for another payload, which became {kept.workload_id}",
        )
    return msgspec.json.decode(kept.body, type=Workload), kept.created_at


def _workload(connection: sqlite3.Connection, asked: Submission, caller: Caller, at: datetime) -> Workload:
    template = _template(connection, asked, caller.organization_id)
    if wrong := tuple(_contradictions(connection, asked, template, caller.organization_id)):
        message = "; ".join(f"{field}: {why}" for field, why in wrong)
        details = tuple({"field": field, "message": why} for field, why in wrong)
        raise ApiError(400, "VALIDATION_ERROR", message, details)
    gpu_type = asked.gpu_type or (template.gpu_type if template else None)
    assert gpu_type is not None
    return Workload(
        id=f"wl_{secrets.token_hex(12)}",
        name=asked.name,
        initiative_id=asked.initiative_id,
        gpu_type=gpu_type,
        requested_gpus=_gpus(asked, template),
        job_class=JobClass(asked.job_class),
        priority=_PRIORITIES[asked.job_class] if asked.priority is None else asked.priority,
        submitted_by=caller.user,
        submitted_at=at,
        external_id=asked.external_id,
        k8s_manifest=asked.k8s_manifest or (template.k8s_manifest if template else None),
        metadata=asked.metadata or {},
        tags=asked.tags or {},
        allocation_id=asked.allocation_id,
        template_id=asked.template_id,
        distribution_mode=asked.distribution_mode,
        scaling_mode=asked.scaling_mode and asked.scaling_mode.upper(),
        gpus_per_pod=asked.gpus_per_pod,
        requested_pods=asked.requested_pods,
        min_pods=asked.min_pods,
    )


def _template(connection: sqlite3.Connection, asked: Submission, organization_id: str) -> Template | None:
    if asked.template_id is None:
        return None
    template = tenancy.find(connection, Template, asked.template_id, organization_id)
    if template is None:
        raise invalid("template_id", f"there is no template {asked.template_id!r}")
    return template


def _contradictions(
    connection: sqlite3.Connection, asked: Submission, template: Template | None, organization_id: str
) -> Iterator[tuple[str, str]]:
    if tenancy.find(connection, Team, asked.initiative_id, organization_id) is None:
        known = ", ".join(team.id for team in tenancy.listed(connection, Team, organization_id))
        yield "initiative_id", f"there is no team {asked.initiative_id!r}; there is {known or 'none'}"
    if asked.allocation_id and not tenancy.find(connection, Allocation, asked.allocation_id, organization_id):
        yield "allocation_id", f"there is no allocation {asked.allocation_id!r}"
    if not asked.gpu_type and not (template and template.gpu_type):
        yield "gpu_type", "is needed, unless a template gives it"
    if asked.min_pods and asked.min_pods > (asked.requested_pods or asked.min_pods):
        yield "min_pods", "is more than requested_pods"


def _gpus(asked: Submission, template: Template | None) -> float:
    """As asked, else pods times GPUs of each, else what the template has, else one."""
    if asked.requested_gpus is not None:
        return asked.requested_gpus
    if asked.gpus_per_pod is not None:
        return float(asked.gpus_per_pod * (asked.requested_pods or 1))
    return template.requested_gpus if template and template.requested_gpus is not None else 1.0
