"""What the handlers work with."""

from pathlib import Path

import msgspec
from aiohttp import web

from chamber.local.api.dialect import Dialect
from chamber.local.api.errors import not_found
from chamber.local.api.inflight import InFlight
from chamber.local.dispatcher import Dispatcher
from chamber.local.ledger import Ledger
from chamber.local.storage import workloads
from chamber.local.storage.database import Database
from chamber.local.workloads import Workload

__all__ = ["SERVICES", "Services", "services", "the_workload"]


class Services(msgspec.Struct, frozen=True):
    """The parts of a running Chamber. Without `in_flight`, an Idempotency-Key is ignored."""

    database: Database
    ledger: Ledger
    dispatcher: Dispatcher
    organization_id: str
    user: str
    logs: Path
    dialect: Dialect
    in_flight: InFlight | None


SERVICES = web.AppKey("chamber_services", Services)


def services(request: web.Request) -> Services:
    """The parts that this request is handled with."""
    return request.app[SERVICES]


async def the_workload(parts: Services, workload_id: str) -> Workload:
    """The workload of that id. Raises ApiError 404."""
    workload = await parts.database.read(workloads.get, workload_id)
    if workload is None:
        raise not_found("workload", workload_id)
    return workload
