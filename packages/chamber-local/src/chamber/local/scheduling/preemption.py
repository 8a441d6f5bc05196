"""Who makes room for reserved work."""

import math
from collections.abc import Sequence

import msgspec

from chamber.local.scheduling.entitlements import SLACK
from chamber.local.workloads import Claim

__all__ = ["Making", "making_room"]


class Making(msgspec.Struct, frozen=True):
    """Which workloads keep fewer pods (and how many), and which are preempted whole."""

    shrunk: tuple[tuple[Claim, int], ...] = ()
    preempted: tuple[Claim, ...] = ()


def making_room(preemptible: Sequence[Claim], gpus: float, *, scalable: bool) -> Making:
    """The least that frees so many GPUs, in the order of `preemptible`: pods above `min_pods` before workloads."""
    spare = [_spare(claim) if scalable else 0.0 for claim in preemptible]
    left, whole = sum(spare), 0
    freed = 0.0
    while freed + left < gpus - SLACK and whole < len(preemptible):
        freed += preemptible[whole].held_gpus
        left -= spare[whole]
        whole += 1
    return Making(_shrunk(preemptible[whole:], gpus - freed) if scalable else (), tuple(preemptible[:whole]))


def _shrunk(claims: Sequence[Claim], gpus: float) -> tuple[tuple[Claim, int], ...]:
    shrunk: list[tuple[Claim, int]] = []
    for claim in claims:
        if gpus > SLACK and _spare(claim) > 0:
            fewer = min(claim.held_pods - claim.least_pods, math.ceil((gpus - SLACK) / claim.pod_gpus))
            gpus -= fewer * claim.pod_gpus
            shrunk.append((claim, claim.held_pods - fewer))
    return _without_surplus(shrunk, -gpus)


def _without_surplus(shrunk: Sequence[tuple[Claim, int]], gpus: float) -> tuple[tuple[Claim, int], ...]:
    """Large pods that were taken away may have made it needless to take smaller ones."""
    kept = []
    for claim, pods in shrunk:
        back = max(0, min(claim.held_pods - pods, math.floor((gpus + SLACK) / claim.pod_gpus)))
        gpus -= back * claim.pod_gpus
        if pods + back < claim.held_pods:
            kept.append((claim, pods + back))
    return tuple(kept)


def _spare(claim: Claim) -> float:
    """The GPUs that a workload could give up and still run."""
    return max(0, claim.held_pods - claim.least_pods) * claim.pod_gpus if claim.running else 0.0
