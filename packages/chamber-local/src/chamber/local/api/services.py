"""What the handlers work with."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
from aiohttp import web

from chamber.local.api.errors import not_found
from chamber.local.dispatcher import Dispatcher
from chamber.local.ledger import Ledger
from chamber.local.storage import workloads
from chamber.local.storage.database import Database
from chamber.local.workloads import Pool, Workload

__all__ = ["SERVICES", "Services", "services", "the_workload"]


class Services(msgspec.Struct, frozen=True):
    """The parts of a running Chamber."""

    database: Database
    ledger: Ledger
    dispatcher: Dispatcher
    pools: Sequence[Pool]
    organization_id: str
    user: str
    logs: Path


SERVICES = web.AppKey("chamber_services", Services)


def services(request: web.Request) -> Services:
    """The parts that this request is handled with."""
    return request.app[SERVICES]


async def the_workload(request: web.Request) -> Workload:
    """The workload that the path names. Raises ApiError 404."""
    workload_id = request.match_info["workload_id"]
    workload = await services(request).database.read(workloads.get, workload_id)
    if workload is None:
        raise not_found("workload", workload_id)
    return workload
