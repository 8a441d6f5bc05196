"""Why a workload can never run on what there is."""

from collections.abc import Sequence

from chamber.local.scheduling.entitlements import SLACK, Entitlements
from chamber.local.scheduling.organisation import Organisation
from chamber.local.workloads import Claim, JobClass, Pool

__all__ = ["refusal"]

_NEVER = "can never be scheduled: it asks for"


def refusal(claim: Claim, pools: Sequence[Pool], organisation: Organisation, shares: Entitlements) -> str | None:
    """The reason, or None when it will run some day. `pools` are those of its GPU type."""
    if not any(claim.least_gpus <= pool.total_gpus + SLACK for pool in pools):
        own = organisation.pools_of(organisation.organization_of(claim.team_id))
        there_is = ", ".join(f"{p.gpu_type} x {p.total_gpus}" for p in own) or "no GPUs"
        return f"{_NEVER} {claim.least_gpus:g} {claim.gpu_type}, and this Chamber has {there_is}"
    if claim.job_class is not JobClass.RESERVED:
        return None
    return _unknown_allocation(claim, organisation, shares) or _too_large(claim, pools, shares)


def _unknown_allocation(claim: Claim, organisation: Organisation, shares: Entitlements) -> str | None:
    if not (claim.allocation_id and organisation.reserves(organisation.organization_of(claim.team_id))):
        return None
    share = shares.share(claim.allocation_id)
    if share is None:
        return f"can never be scheduled: the allocation {claim.allocation_id} is of no reservation of this Chamber"
    if share.team_id not in shares.chain(claim.team_id):
        return f"can never be scheduled: the allocation {claim.allocation_id} is of the team {share.team_id}"
    return None


def _too_large(claim: Claim, pools: Sequence[Pool], shares: Entitlements) -> str | None:
    share = shares.share(claim.allocation_id)
    largest = max(shares.size(pool.id, claim.team_id, share) for pool in pools)
    if claim.least_gpus <= largest + SLACK:
        return None
    whose = f"the allocation {share.id}" if share else f"team {claim.team_id}"
    return (
        f"{_NEVER} {claim.least_gpus:g} {claim.gpu_type} as RESERVED, "
        f"and {whose} has {largest:g} reserved in one pool; submit it as ELASTIC, or have more allocated"
    )
