"""Asks for what tells why a workload is in its state. What cannot be had is left out."""

from __future__ import annotations

from contextlib import aclosing

from chamber.core.enums import JobStatus
from chamber.core.errors import ChamberError
from chamber.core.explaining.case import Case
from chamber.core.logs import logger
from chamber.core.models import Capacity, Workload
from chamber.core.operations import Operations
from chamber.core.output.operations import OutputOperations
from chamber.core.paths import path

__all__ = ["gathered"]

_WAITING = (JobStatus.PENDING, JobStatus.QUEUED)
#: Lines that are read of what it printed.
_LINES = 400

_log = logger(__name__)


async def gathered(client: OutputOperations, workload: Workload) -> Case:
    """What is known of the workload, as far as its status calls for it."""
    if workload.status in _WAITING:
        return Case(workload=workload, capacity=await _capacity(client, workload), ahead=await _ahead(client, workload))
    if workload.status in {JobStatus.FAILED, JobStatus.RUNNING}:
        return Case(workload=workload, lines=await _lines(client, workload))
    return Case(workload=workload)


async def _capacity(client: Operations, workload: Workload) -> Capacity | None:
    params = {"initiative_id": workload.initiative_id}
    try:
        return await client.request("GET", path("capacity"), Capacity, params=params)
    except ChamberError as error:
        _not_had("capacity", workload, error)
        return None


async def _ahead(client: OutputOperations, workload: Workload) -> tuple[Workload, ...]:
    try:
        waiting = await client.list_workloads(_WAITING, limit=100)
    except ChamberError as error:
        _not_had("other workloads", workload, error)
        return ()
    ahead = (other for other in waiting if _comes_before(other, workload))
    return tuple(sorted(ahead, key=lambda other: -(other.priority or 0)))


async def _lines(client: OutputOperations, workload: Workload) -> tuple[str, ...]:
    try:
        async with aclosing(client.logs(workload.id, tail=_LINES)) as lines:
            return tuple([line.text async for line in lines])
    except ChamberError as error:
        _not_had("output", workload, error)
        return ()


def _comes_before(other: Workload, workload: Workload) -> bool:
    """Whether it waits for GPUs of the same kind with a higher priority."""
    same = other.id != workload.id and (other.gpu_type or "").casefold() == (workload.gpu_type or "").casefold()
    return same and (other.priority or 0) > (workload.priority or 0)


def _not_had(what: str, workload: Workload, error: ChamberError) -> None:
    _log.warning("not to be had for an explanation", what=what, workload_id=workload.id, error=str(error))
