"""Whether a team has the GPU-hours left that a job may use."""

from __future__ import annotations

from chamber.core import validation, wire
from chamber.core.errors import BudgetExceededError
from chamber.core.models import Capacity
from chamber.core.paths import path
from chamber.core.retry import READ
from chamber.core.transport import Transport

__all__ = ["remaining", "require_budget"]


async def require_budget(transport: Transport, team: str, hours: float, *, timeout: float | None = None) -> None:
    """Let through a job of the team that may use so many GPU-hours. `timeout`: seconds for asking.

    It looks, and reserves nothing: jobs that are submitted at the same moment each see the same budget.

    Raises BudgetExceededError: the team has fewer left, or the API tells nothing of its budget.
    """
    validation.number("max_gpu_hours", hours, 0, whole=False)
    answer = await transport.call("GET", path("capacity"), params={"initiative_id": team}, policy=READ, timeout=timeout)
    left = remaining(wire.decode(answer, Capacity), team)
    if left is None:
        raise _refused(
            hours, None, f"The API tells no budget of team {team}: leave max_gpu_hours out to submit all the same"
        )
    if hours > left:
        raise _refused(
            hours,
            left,
            f"The job may use {hours:g} GPU-hours, and team {team} has {max(left, 0):g} left: lower max_gpu_hours, "
            "have the budget raised, or wait until it begins anew",
        )


def remaining(capacity: Capacity, team: str) -> float | None:
    """GPU-hours that the team has left, in an answer about that team; None: it does not tell."""
    told = [known.remaining_gpu_hours for known in capacity.teams if known.id == team]
    if told and told[0] is not None:
        return told[0]
    return capacity.budget.available if not capacity.teams else None


def _refused(asked: float, left: float | None, message: str) -> BudgetExceededError:
    error = BudgetExceededError(message)
    error.asked, error.remaining = asked, left
    return error
