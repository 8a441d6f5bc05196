"""The documented dialect: snake_case, lower-case statuses, and its own names for some fields."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from chamber.local.api.errors import invalid
from chamber.local.clock import stamp
from chamber.local.workloads import Event, Status, Workload

__all__ = ["events", "number", "status_from", "workload"]

CLUSTER, NAMESPACE = "local", "default"


def workload(held: Workload, now: datetime) -> dict[str, Any]:
    """A workload on the wire."""
    return {
        "workload_id": held.id,
        "name": held.name,
        "status": held.status.value.lower(),
        "job_class": held.job_class.value,
        "priority": held.priority,
        "gpu_count": number(held.requested_gpus),
        "gpu_type": held.gpu_type,
        "instance_type": held.gpu_type,
        "initiative_id": held.initiative_id,
        "submitted_by": held.submitted_by,
        "submitted_at": stamp(held.submitted_at),
        "started_at": _moment(held.started_at),
        "completed_at": _moment(held.completed_at),
        "duration_seconds": held.seconds(now),
        "gpu_hours_used": held.gpu_hours(now),
        "failure_reason": held.failure_reason,
        "exit_code": held.exit_code,
        "external_id": held.external_id,
        "metadata": held.metadata,
        "tags": held.tags,
        "allocation_id": held.allocation_id,
        "template_id": held.template_id,
        "capacity_pool_id": held.capacity_pool_id,
        "distribution_mode": held.distribution_mode,
        "scaling_mode": held.scaling_mode,
        "gpus_per_pod": held.gpus_per_pod,
        "requested_pods": held.requested_pods,
        "min_pods": held.min_pods,
        "is_managed": True,
        "cluster_id": CLUSTER,
        "namespace": NAMESPACE,
    }


def events(history: Iterable[Event]) -> list[dict[str, Any]]:
    """``status_history``, chamber-local's own field: every status with its time, oldest first."""
    return [{"status": e.status.value.lower(), "at": stamp(e.at), "reason": e.reason} for e in history]


def status_from(word: str) -> Status:
    """A status in either case. Raises ApiError 400."""
    try:
        return Status(word.upper())
    except ValueError as error:
        known = ", ".join(s.value.lower() for s in Status)
        raise invalid("status", f"{word!r} is none of {known}") from error


def number(value: float) -> int | float:
    """Whole numbers without a fraction."""
    return int(value) if value == int(value) else value


def _moment(moment: datetime | None) -> str | None:
    return stamp(moment) if moment else None
