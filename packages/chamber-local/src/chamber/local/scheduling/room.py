"""The GPUs of one pool while a round of decisions is made."""

import math
from collections.abc import Iterable, Sequence

import msgspec

from chamber.local.scheduling.entitlements import SLACK
from chamber.local.scheduling.preemption import Making
from chamber.local.workloads import Claim, JobClass, Pool

__all__ = ["Room", "used_gpus"]


class Room:
    """What of a pool is free, what is about to become free, and who could make room.

    `closed` is set when elastic work waits for idle GPUs: what comes after it must not take them.
    """

    def __init__(self, pool: Pool, holding: Sequence[Claim], leaving: frozenset[str]) -> None:
        self.pool = pool
        self.free: float = pool.total_gpus - sum(claim.held_gpus for claim in holding)
        self.coming: float = sum(claim.held_gpus for claim in holding if claim.id in leaving)
        self.closed: bool = False
        #: Those that may be preempted, the last started first.
        self.preemptible: list[Claim] = sorted(
            (c for c in holding if c.job_class is not JobClass.RESERVED and c.id not in leaving and c.pod_gpus),
            key=lambda claim: (claim.started_at is None, claim.started_at or "", claim.order),
            reverse=True,
        )

        self._reclaimable = sum(claim.held_gpus for claim in self.preemptible)

    @property
    def reach(self) -> float:
        """The GPUs that reserved work could have if all elastic work made room."""
        return self.free + self.coming + self._reclaimable

    def lack(self, gpus: float) -> int:
        """What has to happen for so many GPUs: 0 nothing, 1 that some are given back, 2 that others make room."""
        return (gpus > self.free + SLACK) + (gpus > self.free + self.coming + SLACK)

    def reclaim(self, making: Making) -> None:
        """Takes back what elastic work gives up: GPUs of fewer pods are free at once, those of others are coming."""
        kept = {claim.id: pods for claim, pods in making.shrunk}
        gone = {claim.id for claim in making.preempted}
        self.coming += sum(claim.held_gpus for claim in making.preempted)
        self.free += sum((claim.held_pods - pods) * claim.pod_gpus for claim, pods in making.shrunk)
        self.preemptible = [
            msgspec.structs.replace(claim, running_pods=kept[claim.id]) if claim.id in kept else claim
            for claim in self.preemptible
            if claim.id not in gone
        ]
        self._reclaimable = sum(claim.held_gpus for claim in self.preemptible)

    def take(self, gpus: float) -> bool:
        """Takes GPUs, free ones or else those that are coming; False when they are not there yet."""
        there = gpus <= self.free + SLACK
        if there:
            self.free -= gpus
        else:
            self.coming -= gpus - max(0.0, self.free)
            self.free = min(0.0, self.free)
        return there

    def pods(self, claim: Claim, gpus: float) -> int:
        """How many pods of a workload fit into some GPUs; 0 when too few of them do."""
        fit = claim.pods if not claim.pod_gpus else math.floor((gpus + SLACK) / claim.pod_gpus)
        fit = min(fit, claim.pods)
        return fit if fit >= claim.least_pods else 0


def used_gpus(pool: Pool, claims: Iterable[Claim]) -> float:
    """The GPUs of a pool that are held."""
    return sum(claim.held_gpus for claim in claims if claim.holds and claim.pool_id == pool.id)
