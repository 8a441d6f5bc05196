"""What there is once decisions are carried out."""

from collections.abc import Iterable

import msgspec

from chamber.local.scheduling.decisions import Decision, Resize, Wait
from chamber.local.workloads import Claim, Status

__all__ = ["carried_out"]


def carried_out(claims: Iterable[Claim], decisions: Iterable[Decision]) -> tuple[tuple[Claim, ...], frozenset[str]]:
    """The workloads that are unfinished then, and those of them that are being preempted."""
    there, leaving = {claim.id: claim for claim in claims}, set[str]()
    for decision in decisions:
        name = decision.workload_id
        if isinstance(decision, Resize | Wait) or decision.status not in {Status.FAILED, Status.PREEMPTED}:
            there[name] = _changed(there[name], decision)
        elif decision.status is Status.PREEMPTED:
            leaving.add(name)
        else:
            del there[name]
    return tuple(there.values()), frozenset(leaving)


def _changed(claim: Claim, decision: Decision) -> Claim:
    replace = msgspec.structs.replace
    if isinstance(decision, Resize):
        return replace(claim, running_pods=decision.pods)
    claim = replace(claim, pool_id=decision.pool_id or claim.pool_id, waiting_reason=decision.reason)
    return claim if isinstance(decision, Wait) else replace(claim, status=decision.status, running_pods=decision.pods)
