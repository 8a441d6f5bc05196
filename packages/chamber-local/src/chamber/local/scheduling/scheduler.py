"""One round of decisions.

A round takes every workload as far as it can go by deciding alone: PENDING to QUEUED when a pool is chosen, QUEUED to
STARTING when its GPUs are free, straight to FAILED when it can never fit. Whatever is left waiting has its reason. A
round that was carried out has no successor: deciding again changes nothing until something happens.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

import msgspec

from chamber.local.scheduling.budgets import used_up
from chamber.local.scheduling.decisions import Decision, Move, Resize, Wait
from chamber.local.scheduling.entitlements import SLACK, Entitlements
from chamber.local.scheduling.organisation import Organisation
from chamber.local.scheduling.outcomes import carried_out
from chamber.local.scheduling.preemption import making_room
from chamber.local.scheduling.refusals import refusal
from chamber.local.scheduling.room import Room
from chamber.local.workloads import Claim, JobClass, Pool, Status

__all__ = ["State", "decide"]

_NOTHING: Mapping[str, float] = {}


class State(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a round looks at.

    `claims` are the unfinished workloads, `used` the GPU-hours that each team has used this month, `leaving` the
    workloads that are being ended and still hold their GPUs; `scalable` says whether running pods can be added and
    taken away.
    """

    organisation: Organisation
    claims: tuple[Claim, ...] = ()
    used: Mapping[str, float] = _NOTHING
    leaving: frozenset[str] = frozenset()
    scalable: bool = False


def decide(state: State, now: datetime) -> tuple[Decision, ...]:
    """What is to change, in the order in which it is to be applied. Takes n log n of the number of workloads.

    GPUs of pods that are taken away are free at once. Those that had their turn before that have another.
    """
    decided = tuple(_Round(state, now).decisions())
    pods = {claim.id: claim.held_pods for claim in state.claims}
    if not any(isinstance(d, Resize) and d.pods < pods[d.workload_id] for d in decided):
        return decided
    claims, leaving = carried_out(state.claims, decided)
    after = msgspec.structs.replace(state, claims=claims, leaving=state.leaving | leaving)
    return (*decided, *_Round(after, now).decisions())


class _Round:
    def __init__(self, state: State, now: datetime) -> None:
        self._state, self._now = state, now
        self._shares = Entitlements(state.organisation)
        self._over = used_up(state.organisation, state.used)
        holding: dict[str | None, list[Claim]] = {}
        for claim in state.claims:
            if claim.holds:
                holding.setdefault(claim.pool_id, []).append(claim)
                self._put(claim, claim.held_gpus, claim.pool_id or "")
        self._rooms = {p.id: Room(p, holding.get(p.id, ()), state.leaving) for p in state.organisation.pools}
        self._usable: dict[tuple[str, str], tuple[Pool, ...]] = {}

    def decisions(self) -> Iterator[Decision]:
        waiting = sorted((c for c in self._state.claims if not c.holds), key=lambda c: (-c.priority, c.order))
        for claim in waiting:
            if claim.job_class is JobClass.RESERVED:
                yield from self._admitted(claim)
        for claim in waiting:
            if claim.job_class is not JobClass.RESERVED:
                yield from self._admitted(claim)
        if self._state.scalable:
            yield from self._growing()

    def _admitted(self, claim: Claim) -> Iterator[Decision]:
        pools = self._pools(claim)
        why = refusal(claim, pools, self._state.organisation, self._shares)
        if why is not None:
            yield Move(claim.id, Status.FAILED, self._now, reason=why)
        elif over := self._budget(claim):
            yield from self._waits(claim, over)
        elif claim.job_class is JobClass.RESERVED:
            yield from self._reserved(claim, pools)
        else:
            yield from self._elastic(claim, pools)

    def _pools(self, claim: Claim) -> tuple[Pool, ...]:
        """Those of its GPU type that its organization may use."""
        whose, kind = self._state.organisation.organization_of(claim.team_id), claim.gpu_type.casefold()
        if (whose, kind) not in self._usable:
            pools = self._state.organisation.pools_of(whose)
            self._usable[whose, kind] = tuple(pool for pool in pools if pool.gpu_type.casefold() == kind)
        return self._usable[whose, kind]

    def _budget(self, claim: Claim) -> str | None:
        return next((self._over[t] for t in self._shares.chain(claim.team_id) if t in self._over), None)

    def _reserved(self, claim: Claim, pools: tuple[Pool, ...]) -> Iterator[Decision]:
        share = self._shares.share(claim.allocation_id)
        rooms = [
            room
            for room in self._nearest(claim, pools)
            if self._shares.size(room.pool.id, claim.team_id, share) + SLACK >= claim.least_gpus
        ]
        fitting = []
        for room in rooms:
            entitled = self._shares.room(room.pool.id, claim.team_id, share)
            if pods := room.pods(claim, min(entitled, room.reach)):
                lack = room.lack(pods * claim.pod_gpus)
                fitting.append((lack > 1, room.pool.id != claim.pool_id, lack, room, pods))
        if fitting:
            *_, room, pods = min(fitting, key=lambda fit: fit[:3])
            yield from self._on_reservation(claim, room, pods)
            return
        self._put(claim, claim.least_gpus, rooms[0].pool.id)
        yield from self._queued(claim, rooms[0], "waits for GPUs that are reserved for its team to become free")

    def _on_reservation(self, claim: Claim, room: Room, pods: int) -> Iterator[Decision]:
        gpus = pods * claim.pod_gpus
        yield from self._make_room(claim, room, gpus - room.free - room.coming)
        self._put(claim, gpus, room.pool.id)
        if room.take(gpus):
            yield from self._started(claim, room, pods)
        else:
            yield from self._queued(claim, room, "waits until the workloads that make room for it have ended")

    def _make_room(self, claim: Claim, room: Room, gpus: float) -> Iterator[Decision]:
        if gpus <= SLACK:
            return
        making = making_room(room.preemptible, gpus, scalable=self._state.scalable)
        for victim in making.preempted:
            yield Move(victim.id, Status.PREEMPTED, self._now, reason=self._why(claim, victim))
        for victim, pods in making.shrunk:
            yield Resize(victim.id, self._now, pods)
        room.reclaim(making)

    def _why(self, claim: Claim, victim: Claim) -> str:
        """Why it is preempted. What another organization runs is not told."""
        whose = self._state.organisation.organization_of
        if whose(claim.team_id) != whose(victim.team_id):
            return "preempted: another organization needed its reserved GPUs"
        return f"preempted: team {claim.team_id} needed its reserved GPUs for workload {claim.id}"

    def _elastic(self, claim: Claim, pools: tuple[Pool, ...]) -> Iterator[Decision]:
        rooms = [r for r in self._nearest(claim, pools) if claim.least_gpus <= r.pool.total_gpus + SLACK]
        for room in rooms:
            if not room.closed and (pods := room.pods(claim, room.free)):
                room.take(pods * claim.pod_gpus)
                yield from self._started(claim, room, pods)
                return
        behind = rooms[0].closed
        rooms[0].closed = True
        why = "waits behind workloads that come before it" if behind else f"waits for {claim.least_gpus:g} idle GPUs"
        yield from self._queued(claim, rooms[0], why)

    def _nearest(self, claim: Claim, pools: tuple[Pool, ...]) -> list[Room]:
        ordered = sorted(pools, key=lambda pool: self._shares.nearness(pool.id, claim.team_id))
        return [self._rooms[pool.id] for pool in ordered]

    def _growing(self) -> Iterator[Decision]:
        growing = (c for c in self._staying() if c.running and c.held_pods < c.pods)
        for claim in sorted(growing, key=lambda c: (-c.priority, c.order)):
            room = self._rooms[claim.pool_id or ""]
            if room.closed or self._budget(claim):
                continue
            if (pods := self._grown(claim, room)) > claim.held_pods:
                self._put(claim, (pods - claim.held_pods) * claim.pod_gpus, room.pool.id)
                room.take((pods - claim.held_pods) * claim.pod_gpus)
                yield Resize(claim.id, self._now, pods)

    def _staying(self) -> Iterator[Claim]:
        """What runs and goes on running, with the pods that it has by now."""
        for claim in self._state.claims:
            reserved = claim.job_class is JobClass.RESERVED
            if reserved and claim.id not in self._state.leaving and claim.pool_id in self._rooms:
                yield claim
        for room in self._rooms.values():
            yield from room.preemptible

    def _grown(self, claim: Claim, room: Room) -> int:
        gpus = room.free
        if claim.job_class is JobClass.RESERVED:
            share = self._shares.share(claim.allocation_id)
            gpus = min(gpus, self._shares.room(room.pool.id, claim.team_id, share))
        more = int((gpus + SLACK) // claim.pod_gpus) if claim.pod_gpus else claim.pods
        return min(claim.pods, claim.held_pods + max(0, more))

    def _put(self, claim: Claim, gpus: float, pool_id: str) -> None:
        if claim.job_class is JobClass.RESERVED:
            self._shares.put(pool_id, claim.team_id, gpus, self._shares.share(claim.allocation_id))

    def _started(self, claim: Claim, room: Room, pods: int) -> Iterator[Decision]:
        if claim.status is Status.PENDING:
            yield Move(claim.id, Status.QUEUED, self._now, room.pool.id)
        yield Move(claim.id, Status.STARTING, self._now, room.pool.id, pods=pods)

    def _queued(self, claim: Claim, room: Room, why: str) -> Iterator[Decision]:
        reason = f"{why} in {room.pool.id}"
        if claim.status is Status.PENDING:
            yield Move(claim.id, Status.QUEUED, self._now, room.pool.id, reason)
        else:
            yield from self._waits(claim, reason, room.pool.id)

    def _waits(self, claim: Claim, reason: str, pool_id: str | None = None) -> Iterator[Decision]:
        if claim.waiting_reason != reason or pool_id not in {None, claim.pool_id}:
            yield Wait(claim.id, reason, pool_id)
