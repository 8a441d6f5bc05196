"""CPU time and memory of a process and all of its descendants, through psutil."""

import time
from collections.abc import Iterator

import msgspec
import psutil

__all__ = ["Reading", "read"]


class Reading(msgspec.Struct, frozen=True):
    """At a moment of the monotonic clock: CPU seconds used so far, and bytes of resident memory held."""

    at: float
    cpu_seconds: float
    memory_bytes: float


def read(*pids: int) -> Reading | None:
    """What processes and their descendants use; None when they are gone."""
    at, uses = time.monotonic(), tuple(use for pid in pids for use in _family(pid))
    if not uses:
        return None
    return Reading(at, sum(cpu for cpu, _ in uses), sum(memory for _, memory in uses))


def _family(pid: int) -> Iterator[tuple[float, float]]:
    try:
        leader = psutil.Process(pid)
        family = (leader, *leader.children(recursive=True))
    except psutil.Error:
        return
    for process in family:
        if use := _one(process):
            yield use


def _one(process: psutil.Process) -> tuple[float, float] | None:
    try:
        with process.oneshot():
            times, memory = process.cpu_times(), process.memory_info().rss
    except psutil.Error:
        return None
    ended_children = getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
    return times.user + times.system + ended_children, float(memory)
