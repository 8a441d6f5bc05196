"""What the handlers work with."""

from pathlib import Path

import msgspec
from aiohttp import web

from chamber.local.api.dialect import Dialect
from chamber.local.api.errors import forbidden, not_found
from chamber.local.api.inflight import InFlight
from chamber.local.directory import Directory
from chamber.local.dispatcher import Dispatcher
from chamber.local.ledger import Ledger
from chamber.local.permissions import PERMISSIONS, Act, Caller, Extent, permits
from chamber.local.storage import workloads
from chamber.local.storage.database import Database
from chamber.local.storage.queries import Filter
from chamber.local.workloads import Workload

__all__ = ["CALLER", "SERVICES", "Services", "services", "the_workload"]


class Services(msgspec.Struct, frozen=True):
    """The parts of a running Chamber, and who asks. Without `in_flight`, an Idempotency-Key is ignored."""

    database: Database
    ledger: Ledger
    dispatcher: Dispatcher
    directory: Directory
    logs: Path
    dialect: Dialect
    in_flight: InFlight | None
    caller: Caller

    @property
    def organization_id(self) -> str:
        """The organization that the request is for."""
        return self.caller.organization_id

    @property
    def user(self) -> str:
        """Who asks."""
        return self.caller.user

    def has(self, team_id: str) -> bool:
        """True for a team of the organization."""
        return self.directory.organization_of(team_id) == self.caller.organization_id

    def require(self, act: Act, team_id: str | None = None, owner: str | None = None) -> None:
        """Raises ApiError 403 when the caller's role does not let them do it to what the team has."""
        if not permits(self.caller, act, team_id, owner):
            raise forbidden(f"a {self.caller.role} may {act} {PERMISSIONS[act][self.caller.role]}")

    def seen(self, chosen: Filter) -> Filter:
        """The filter, narrowed to the workloads that the caller may see."""
        if PERMISSIONS[Act.SEE_WORK][self.caller.role] is not Extent.EVERYWHERE:
            return _narrowed(chosen, self.caller.teams)
        if self.directory.is_all(self.caller.organization_id):
            return chosen
        return _narrowed(chosen, self.directory.teams_of(self.caller.organization_id))


SERVICES = web.AppKey("chamber_services", Services)
#: Where the one who asks is kept during a request's handling.
CALLER = web.RequestKey("chamber_caller", Caller)


def services(request: web.Request) -> Services:
    """The parts that this request is handled with."""
    parts = request.app[SERVICES]
    return msgspec.structs.replace(parts, caller=request.get(CALLER, parts.caller))


async def the_workload(parts: Services, workload_id: str, act: Act = Act.SEE_WORK) -> Workload:
    """The workload of that id, which the caller may do this to. Raises ApiError 404 and 403."""
    workload = await parts.database.read(workloads.get, workload_id)
    if workload is None or not parts.has(workload.initiative_id):
        raise not_found("workload", workload_id)
    parts.require(act, workload.initiative_id, workload.submitted_by)
    return workload


def _narrowed(chosen: Filter, teams: frozenset[str]) -> Filter:
    """Only what these teams submitted."""
    asked = teams.intersection(chosen.initiative_id) if chosen.initiative_id else teams
    if not asked:
        return msgspec.structs.replace(chosen, status=())
    return msgspec.structs.replace(chosen, initiative_id=tuple(sorted(asked)))
