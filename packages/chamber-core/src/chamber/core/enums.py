"""The enumerations of the API. Open: a value that this version does not know keeps its text."""

from __future__ import annotations

from enum import StrEnum
from functools import cache

__all__ = ["AllocationStatus", "JobClass", "JobStatus", "OpenEnum", "Reason", "ScalingMode"]


class OpenEnum(StrEnum):
    """An enumeration whose members are text, found in any case, and which accepts words it does not know."""

    @classmethod
    def _missing_(cls, value: object) -> OpenEnum | None:
        if not isinstance(value, str) or not value:
            return None
        return _spelt(cls).get(value) or cls.__members__.get(value.upper()) or cls._unknown(value)

    @classmethod
    def _unknown(cls, value: str) -> OpenEnum:
        member = str.__new__(cls, value)
        member._name_ = member._value_ = value
        return member

    @property
    def is_known(self) -> bool:
        """Whether this version of the package knows the value."""
        return self.value in type(self).__members__

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.value!r})"

    __hash__ = str.__hash__


@cache
def _spelt(kind: type[OpenEnum]) -> dict[str, OpenEnum]:
    """The members by the spelling that the documented API has, which is looked for more often than any other."""
    return {name.lower(): member for name, member in kind.__members__.items()}


class JobStatus(OpenEnum):
    """Where a workload is in its life.

    PENDING: submitted, and awaits scheduling. QUEUED: scheduled, and waits for GPUs. STARTING: has its GPUs, and is
    being started. PREEMPTED: it was ELASTIC, and reserved work needed its GPUs.
    """

    PENDING = "PENDING"
    QUEUED = "QUEUED"
    STARTING = "STARTING"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    PREEMPTED = "PREEMPTED"
    CANCELLED = "CANCELLED"

    @property
    def is_terminal(self) -> bool:
        """Whether nothing comes after this status."""
        return self.value in {"COMPLETED", "FAILED", "PREEMPTED", "CANCELLED"}


class JobClass(OpenEnum):
    """What capacity a workload may use."""

    RESERVED = "RESERVED"
    ELASTIC = "ELASTIC"
    DISCOVERED = "DISCOVERED"


class ScalingMode(OpenEnum):
    """Whether the pods of a workload start all or nothing, or between a minimum and a maximum."""

    GANG = "GANG"
    ELASTIC = "ELASTIC"


class AllocationStatus(OpenEnum):
    """Whether an allocation can be used."""

    ACTIVE = "ACTIVE"
    RELEASED = "RELEASED"
    EXPIRED = "EXPIRED"


class Reason(OpenEnum):
    """What a workload's state comes from, in one word."""

    QUOTA = "QUOTA"
    RESERVATION = "RESERVATION"
    PRIORITY = "PRIORITY"
    CAPACITY = "CAPACITY"
    UNSCHEDULABLE = "UNSCHEDULABLE"
    IMAGE_PULL = "IMAGE_PULL"
    OUT_OF_MEMORY = "OUT_OF_MEMORY"
    GPU_OUT_OF_MEMORY = "GPU_OUT_OF_MEMORY"
    NCCL = "NCCL"
    DISK_FULL = "DISK_FULL"
    DEADLINE = "DEADLINE"
    CONFIGURATION = "CONFIGURATION"
    EXIT_CODE = "EXIT_CODE"
    SIGNAL = "SIGNAL"
    CANCELLED = "CANCELLED"
    STARTING = "STARTING"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    UNKNOWN = "UNKNOWN"
