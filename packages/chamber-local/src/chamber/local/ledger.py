"""What happens to workloads, written down with the time at which it happened."""

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from chamber.local.clock import Clock, month, now
from chamber.local.configuration import Configuration
from chamber.local.scheduling.decisions import Decision, Move, Resize
from chamber.local.scheduling.organisation import Grant, Organisation
from chamber.local.scheduling.scheduler import State
from chamber.local.storage import nouns, samples, statistics, tenancy, workloads
from chamber.local.storage.database import Database
from chamber.local.storage.nouns import Allocation, Team
from chamber.local.storage.queries import Filter
from chamber.local.storage.samples import Sample
from chamber.local.workloads import HOLDING, WAITING, Claim, Status, Workload

__all__ = ["Ledger"]

_NOTHING: Mapping[str, Any] = {}


class Ledger:
    """The one place where statuses change after submission."""

    def __init__(self, database: Database, configuration: Configuration, clock: Clock = now) -> None:
        self._database, self._configuration = database, configuration
        #: Tells the time.
        self.clock = clock

    async def claims(self) -> tuple[Claim, ...]:
        """Every workload that is not over, oldest first."""
        return await self._database.read(workloads.claims)

    async def organisation(self, organization_id: str) -> Organisation:
        """The pools, and who may use them, as far as an organization may know."""
        return (await self._database.read(_organisation, self._configuration)).seen_by(organization_id)

    async def state(self, leaving: Collection[str] = (), *, scalable: bool = False) -> State:
        """Everything that the scheduler looks at, as of one moment."""
        return await self._database.read(_state, self._configuration, self.clock(), frozenset(leaving), scalable)

    async def carry_out(self, decisions: Sequence[Decision]) -> tuple[Workload, ...]:
        """Records what was decided but for preemptions; the workloads that are starting."""
        return await self._database.write(_carry_out, decisions)

    async def get(self, workload_id: str) -> Workload:
        """A workload that is known to exist."""
        workload = await self._database.read(workloads.get, workload_id)
        assert workload is not None
        return workload

    async def advance(
        self,
        workload_id: str,
        status: Status,
        *,
        since: Collection[Status],
        reason: str | None = None,
        changes: Mapping[str, Any] = _NOTHING,
    ) -> bool:
        """Moves a workload to `status` if it is in one of `since`; False when it is not."""
        return await self._database.write(
            workloads.advance, workload_id, status, self.clock(), since=since, reason=reason, changes=changes
        )

    async def measured(self, *taken: Sample) -> None:
        """Keeps measurements."""
        await self._database.write(_keep, taken)

    async def abandon(self, reason: str) -> tuple[Workload, ...]:
        """Marks what was starting or running as failed, and returns it as it was."""
        left = await self._database.read(workloads.unsettled)
        for workload in left:
            await self.advance(workload.id, Status.FAILED, since=HOLDING, reason=reason)
        return left


def _organisation(connection: sqlite3.Connection, configuration: Configuration) -> Organisation:
    held = nouns.listed(connection, Allocation)
    return Organisation(
        pools=configuration.physical(),
        reservations=configuration.reserved(),
        grants=tuple(Grant(a.id, a.initiative_id, a.reservation_id, a.allocated_instances) for a in held),
        parents={team.id: team.parent_id for team in nouns.listed(connection, Team)},
        budgets=configuration.budgets(),
        organizations=tenancy.organizations(connection, "team"),
    )


def _state(
    connection: sqlite3.Connection,
    configuration: Configuration,
    at: datetime,
    leaving: frozenset[str],
    scalable: bool,
) -> State:
    organisation = _organisation(connection, configuration)
    used: Mapping[str, float] = {}
    if organisation.budgets:
        used = statistics.gpu_hours_since(connection, Filter(), month(at), at, "initiative_id")
    return State(
        organisation=organisation,
        claims=workloads.claims(connection),
        used=used,
        leaving=leaving,
        scalable=scalable,
    )


def _carry_out(connection: sqlite3.Connection, decisions: Sequence[Decision]) -> tuple[Workload, ...]:
    starting = []
    for decision in decisions:
        if isinstance(decision, Resize):
            workloads.resize(connection, decision.workload_id, decision.pods, decision.at)
        elif not isinstance(decision, Move):
            workloads.explain(connection, decision.workload_id, decision.reason, decision.pool_id)
        elif decision.status is not Status.PREEMPTED and _move(connection, decision):
            starting += [decision.workload_id] if decision.status is Status.STARTING else []
    return tuple(held for name in starting if (held := workloads.get(connection, name)))


def _move(connection: sqlite3.Connection, move: Move) -> bool:
    changes: dict[str, Any] = {"waiting_reason": move.reason if move.status is Status.QUEUED else None}
    if move.pool_id:
        changes["capacity_pool_id"] = move.pool_id
    if move.pods is not None:
        changes["running_pods"] = move.pods
    return workloads.advance(
        connection, move.workload_id, move.status, move.at, since=WAITING, reason=move.reason, changes=changes
    )


def _keep(connection: sqlite3.Connection, taken: Sequence[Sample]) -> None:
    for sample in taken:
        samples.add(connection, sample)
