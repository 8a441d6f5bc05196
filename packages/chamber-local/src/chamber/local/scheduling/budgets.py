"""GPU-hours: what teams have used of theirs, and which have used up all."""

import math
from collections import defaultdict
from collections.abc import Mapping

from chamber.local.scheduling.organisation import Organisation

__all__ = ["left", "used_up", "with_those_below"]


def with_those_below(organisation: Organisation, used: Mapping[str, float]) -> Mapping[str | None, float]:
    """The GPU-hours that count against each team's budget, from what each team's own work has used."""
    sums: defaultdict[str | None, float] = defaultdict(float)
    for team_id, hours in used.items():
        for team in organisation.chain(team_id):
            sums[team] += hours
    return sums


def left(organisation: Organisation, counted: Mapping[str | None, float], team_id: str) -> float:
    """The GPU-hours that budgets leave a team: its own, and those of the teams above it. `counted` is as above."""
    chain = (team for team in organisation.chain(team_id) if team in organisation.budgets)
    return min((organisation.budgets[team] - counted.get(team, 0.0) for team in chain if team), default=math.inf)


def used_up(organisation: Organisation, used: Mapping[str, float]) -> dict[str, str]:
    """The teams whose GPU-hours of the month are used up, and how to say so.

    `used` is what each team's own work has used; the teams below count too.
    """
    sums = with_those_below(organisation, used)
    return {
        team_id: f"waits: team {team_id} has used its {budget:g} GPU-hours of this month"
        for team_id, budget in organisation.budgets.items()
        if sums[team_id] >= budget
    }
