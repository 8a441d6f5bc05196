"""What the API's answers become. Every time is aware and in UTC; every GPU count is in GPUs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar, Generic, TypeVar

import msgspec

from chamber.core.enums import JobClass, JobStatus, OpenEnum, Reason
from chamber.core.errors import WorkloadFailedError
from chamber.core.facts import facts, measures
from chamber.core.redaction import redacted

__all__ = [
    "AggregationBucket",
    "AggregationResult",
    "Capacity",
    "CapacityBudget",
    "CapacityPool",
    "CapacitySummary",
    "CapacityTeam",
    "Explanation",
    "HealthStatus",
    "LogLine",
    "Model",
    "PaginatedResponse",
    "Workload",
    "WorkloadSearchResult",
]

T = TypeVar("T")

#: Dimension by which workloads are counted → the words of its buckets.
_ENUMERATIONS: dict[str, type[OpenEnum]] = {"status": JobStatus, "job_class": JobClass}


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """Base of every model. A subclass says with which words the API names it and its fields."""

    #: Keys that wrap one such thing, or a list of them, in an answer.
    __envelopes__: ClassVar[tuple[str, ...]] = ()
    #: Other spellings of fields, as ``{"gpu_count": "requested_gpus"}``; camelCase is always understood.
    __aliases__: ClassVar[Mapping[str, str]] = {}
    #: Keys of objects whose fields count as this one's own, as ``{"summary": {"total": 3}}``.
    __nested__: ClassVar[tuple[str, ...]] = ()

    #: Fields of the answer that this version does not know, as they came.
    extra: dict[str, Any] = {}

    def __post_init__(self) -> None:
        names, values = measures(type(self))
        for value in values(self):
            if value.__class__ is datetime:
                is_sound = value.tzinfo is UTC
            elif value.__class__ is float:
                is_sound = -math.inf < value < math.inf
            else:
                is_sound = value is None or value.__class__ is int
            if not is_sound:
                return self._settle(names)
        return None

    def _settle(self, names: tuple[str, ...]) -> None:
        """Have times in UTC. Raises ValueError: a number is not finite."""
        for name in names:
            value = getattr(self, name)
            if isinstance(value, datetime):
                msgspec.structs.force_setattr(self, name, _utc(value))
            elif isinstance(value, float) and not math.isfinite(value):
                raise ValueError(f"{name} is no finite number")

    def to_dict(self) -> dict[str, Any]:
        """Plain data: texts, numbers, lists and dicts, with times as RFC 3339; what is in `extra` beside the rest."""
        fields = {name: _plain(getattr(self, name)) for name in self.__struct_fields__ if name != "extra"}
        return {**self.extra, **fields}

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={_short(value)}" for name, value in facts(self).items())
        return f"{type(self).__name__}({shown})"

    def _repr_html_(self) -> str:
        from chamber.core import notebook

        return notebook.described(self)


class Workload(Model, frozen=True, kw_only=True):
    """A job on GPUs."""

    __envelopes__: ClassVar[tuple[str, ...]] = ("workload", "workloads")
    __aliases__: ClassVar[Mapping[str, str]] = {"workload_id": "id", "gpu_count": "requested_gpus"}

    id: str
    name: str
    status: JobStatus
    job_class: JobClass | None = None
    priority: int | None = None
    requested_gpus: int | float | None = None
    gpu_type: str | None = None
    initiative_id: str | None = None
    submitted_by: str | None = None
    submitted_at: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    failure_reason: str | None = None
    external_id: str | None = None
    metadata: dict[str, Any] = {}
    tags: dict[str, Any] = {}
    allocation_id: str | None = None
    capacity_pool_id: str | None = None
    template_id: str | None = None
    instance_type: str | None = None
    #: Seconds.
    duration_seconds: float | None = None
    #: GPU-hours.
    gpu_hours_used: float | None = None
    exit_code: int | None = None
    is_managed: bool | None = None
    cluster_id: str | None = None
    namespace: str | None = None
    #: Whether a submission found it there already: an attempt whose answer was lost, or a run that was killed, made it.
    reused: bool = False

    @property
    def is_terminal(self) -> bool:
        """Whether the workload has ended, in whatever way."""
        return self.status.is_terminal or self.completed_at is not None

    def raise_for_status(self) -> Workload:
        """This workload, unless it ended in another state than COMPLETED.

        Raises WorkloadFailedError: it failed, was cancelled or was preempted.
        """
        if not self.is_terminal or self.status == JobStatus.COMPLETED:
            return self
        reason = f": {self.failure_reason}" if self.failure_reason else ""
        error = WorkloadFailedError(f"Workload {self.name} ({self.id}) ended as {self.status}{reason}")
        error.workload = self
        raise error


class PaginatedResponse(Model, Generic[T], frozen=True, kw_only=True):
    """One page of a list. Iterating goes over the items of this page."""

    items: list[T]
    next_token: str | None = None
    #: How many there are on all pages, where the API says so.
    total_count: int | None = None

    @property
    def has_more(self) -> bool:
        """Whether there is a next page."""
        return bool(self.next_token)

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def _repr_html_(self) -> str:
        from chamber.core import notebook

        return notebook.listed(self.items, self.total_count)


class WorkloadSearchResult(Model, frozen=True, kw_only=True):
    """One page of a search. Iterating goes over the items of this page."""

    items: list[Workload]
    total_count: int | None = None
    returned_count: int | None = None
    has_more: bool = False
    next_cursor: str | None = None

    def __iter__(self) -> Iterator[Workload]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def _repr_html_(self) -> str:
        from chamber.core import notebook

        return notebook.listed(self.items, self.total_count)


class AggregationBucket(Model, frozen=True, kw_only=True):
    """How many workloads have one value of a dimension."""

    key: str
    count: int


class AggregationResult(Model, frozen=True, kw_only=True):
    """Workloads counted by a dimension."""

    dimension: str
    #: Statuses and classes in the words of `JobStatus` and `JobClass`, whichever case the API has.
    buckets: list[AggregationBucket]
    total: int

    @classmethod
    def __complete__(cls, fields: dict[str, Any]) -> dict[str, Any]:
        """Statuses and classes in one case."""
        dimension = fields.get("dimension")
        enumeration = _ENUMERATIONS.get(dimension) if isinstance(dimension, str) else None
        if enumeration is None or not isinstance(fields.get("buckets"), list):
            return fields
        return {**fields, "buckets": [_named(bucket, enumeration) for bucket in fields["buckets"]]}


class CapacityBudget(Model, frozen=True, kw_only=True):
    """GPU-hours of an organisation or a team."""

    __aliases__: ClassVar[Mapping[str, str]] = {
        "total_allocated_gpu_hours": "allocated",
        "total_used_gpu_hours": "used",
        "total_remaining_gpu_hours": "available",
    }

    allocated: float | None = None
    used: float | None = None
    available: float | None = None


class CapacitySummary(Model, frozen=True, kw_only=True):
    """GPU-hours of the organisation, and how many GPUs work now."""

    total_allocated_gpu_hours: float | None = None
    total_used_gpu_hours: float | None = None
    total_remaining_gpu_hours: float | None = None
    current_active_gpus: int | float | None = None


class CapacityPool(Model, frozen=True, kw_only=True):
    """A pool of GPUs of one kind."""

    __aliases__: ClassVar[Mapping[str, str]] = {"pool_id": "id"}

    id: str
    name: str | None = None
    gpu_type: str | None = None
    total_gpus: int | float | None = None
    used_gpus: int | float | None = None
    available_gpus: int | float | None = None
    allocated_gpu_hours: float | None = None
    used_gpu_hours: float | None = None
    remaining_gpu_hours: float | None = None
    instance_types: list[str] = []


class CapacityTeam(Model, frozen=True, kw_only=True):
    """GPU-hours of one team."""

    __aliases__: ClassVar[Mapping[str, str]] = {"initiative_id": "id"}

    id: str
    name: str | None = None
    allocated_gpu_hours: float | None = None
    used_gpu_hours: float | None = None
    remaining_gpu_hours: float | None = None


class Capacity(Model, frozen=True, kw_only=True):
    """What GPUs there are, and what may still be used of them."""

    __envelopes__: ClassVar[tuple[str, ...]] = ("capacity",)
    __aliases__: ClassVar[Mapping[str, str]] = {"initiatives": "teams"}

    pools: list[CapacityPool]
    budget: CapacityBudget = CapacityBudget()
    summary: CapacitySummary = CapacitySummary()
    teams: list[CapacityTeam] = []
    organization_id: str | None = None

    @classmethod
    def __complete__(cls, fields: dict[str, Any]) -> dict[str, Any]:
        """The documented answer has a summary and no budget: the same figures, if any, under other names."""
        if "budget" not in fields and isinstance(fields.get("summary"), dict):
            return {**fields, "budget": {"allocated": None, **fields["summary"]}}
        return fields


class HealthStatus(Model, frozen=True, kw_only=True):
    """Whether the API works."""

    status: str
    version: str | None = None
    timestamp: datetime | None = None

    @property
    def is_healthy(self) -> bool:
        """Whether the API calls itself healthy."""
        return self.status.lower() in {"healthy", "ok"}


class LogLine(msgspec.Struct, frozen=True):
    """One line that a workload printed. As text it is that line."""

    #: Without its line break.
    text: str
    #: Which pod printed it, by its name or its number; None: the workload has one pod, or it is not known.
    pod: str | None = None
    #: When it was printed, in UTC, where the source of the output knows that.
    time: datetime | None = None

    def __str__(self) -> str:
        return self.text


class Explanation(msgspec.Struct, frozen=True):
    """Why a workload is in its state: the one reason that counts most, and what to do next. As text, two lines."""

    workload_id: str
    status: JobStatus
    reason: Reason
    #: What happened, in a sentence.
    message: str
    #: What to do now.
    next_step: str
    #: What that was concluded from, as it was found.
    evidence: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.status} ({self.reason}): {self.message}\n{self.next_step}"

    def _repr_html_(self) -> str:
        from chamber.core import notebook

        return notebook.described(self)


def _utc(time: datetime) -> datetime:
    try:
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except OverflowError:
        raise ValueError(f"{time.isoformat()} is no time in UTC") from None


def _plain(value: Any) -> Any:
    if isinstance(value, Model):
        return value.to_dict()
    return [_plain(item) for item in value] if isinstance(value, list) else msgspec.to_builtins(value)


def _named(bucket: Any, enumeration: type[OpenEnum]) -> Any:
    key = bucket.get("key") if isinstance(bucket, dict) else None
    return {**bucket, "key": str(enumeration(key))} if key and isinstance(key, str) else bucket


def _short(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    text = redacted(repr(str(value) if isinstance(value, JobStatus | JobClass) else value))
    return text if len(text) <= 200 else f"{text[:197]}..."
