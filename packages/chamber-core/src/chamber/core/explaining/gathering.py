"""Asks for what tells why a workload is in its state. What cannot be had is left out, and said so."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import aclosing
from typing import Any, TypeVar

from chamber.core.enums import JobStatus
from chamber.core.errors import ChamberError
from chamber.core.explaining.case import Case
from chamber.core.models import Capacity, Workload
from chamber.core.output.operations import OutputOperations
from chamber.core.paths import path

__all__ = ["gathered"]

T = TypeVar("T")

_WAITING = (JobStatus.PENDING, JobStatus.QUEUED)
_HAVING_PRINTED = frozenset({JobStatus.FAILED, JobStatus.RUNNING})
#: Lines that are read of what it printed, and seconds that this may take.
_LINES, _PATIENCE = 400, 20.0


async def gathered(client: OutputOperations, workload: Workload) -> Case:
    """What is known of the workload, as far as its status calls for it."""
    missing: list[str] = []
    case = Case(workload=workload)
    if workload.status in _WAITING:
        capacity = await _had(_capacity(client, workload), None, "the capacity", missing)
        ahead = await _had(_ahead(client, workload), (), "other workloads", missing)
        case = Case(workload=workload, capacity=capacity, ahead=ahead, missing=tuple(missing))
    elif workload.status in _HAVING_PRINTED:
        lines = await _had(_lines(client, workload), (), "its output", missing)
        case = Case(workload=workload, lines=lines, missing=tuple(missing))
    return case


async def _had(asked: Coroutine[Any, Any, T], otherwise: T, what: str, missing: list[str]) -> T:
    """What was asked for, or what stands for it when it cannot be had."""
    try:
        async with asyncio.timeout(_PATIENCE):
            return await asked
    except (ChamberError, TimeoutError) as error:
        said = error.message if isinstance(error, ChamberError) else f"no answer within {_PATIENCE:g} s"
        missing.append(f"{what} could not be read: {said}")
        return otherwise


async def _capacity(client: OutputOperations, workload: Workload) -> Capacity | None:
    return await client.request("GET", path("capacity"), Capacity, params={"initiative_id": workload.initiative_id})


async def _ahead(client: OutputOperations, workload: Workload) -> tuple[Workload, ...]:
    waiting = await client.list_workloads(_WAITING, limit=100)
    ahead = (other for other in waiting if _comes_before(other, workload))
    return tuple(sorted(ahead, key=lambda other: -(other.priority or 0)))


async def _lines(client: OutputOperations, workload: Workload) -> tuple[str, ...]:
    async with aclosing(client.logs(workload.id, tail=_LINES)) as lines:
        return tuple([line.text async for line in lines])


def _comes_before(other: Workload, workload: Workload) -> bool:
    """Whether it waits for GPUs of the same kind with a higher priority."""
    same = other.id != workload.id and (other.gpu_type or "").casefold() == (workload.gpu_type or "").casefold()
    return same and (other.priority or 0) > (workload.priority or 0)
