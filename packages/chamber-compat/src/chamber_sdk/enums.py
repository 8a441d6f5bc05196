"""The enumerations, whose members are texts."""

from enum import StrEnum

from chamber.core.enums import AllocationStatus, JobClass, JobStatus

__all__ = ["AllocationStatus", "JobClass", "JobStatus", "Priority", "ScalingMode"]


class Priority(StrEnum):
    """Words for the priority of a job. The API takes numbers from 0 to 100."""

    CRITICAL = "critical"
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"
    BACKGROUND = "background"


class ScalingMode(StrEnum):
    """Whether the pods of a job start all or nothing, or between a minimum and a maximum."""

    GANG = "gang"
    ELASTIC = "elastic"
