"""CPU time and memory of a process and all of its descendants, through psutil."""

from collections.abc import Iterator

import msgspec
import psutil

__all__ = ["Reading", "read"]


class Reading(msgspec.Struct, frozen=True):
    """CPU seconds used so far, and bytes of resident memory held now."""

    cpu_seconds: float
    memory_bytes: float


def read(pid: int) -> Reading | None:
    """What a process and its descendants use; None when it is gone."""
    readings = tuple(_family(pid))
    if not readings:
        return None
    return Reading(sum(r.cpu_seconds for r in readings), sum(r.memory_bytes for r in readings))


def _family(pid: int) -> Iterator[Reading]:
    try:
        leader = psutil.Process(pid)
        family = (leader, *leader.children(recursive=True))
    except psutil.Error:
        return
    for process in family:
        if reading := _one(process):
            yield reading


def _one(process: psutil.Process) -> Reading | None:
    try:
        with process.oneshot():
            times, memory = process.cpu_times(), process.memory_info().rss
    except psutil.Error:
        return None
    ended_children = getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
    return Reading(times.user + times.system + ended_children, float(memory))
