"""GPU-hours: which teams have used up theirs."""

from collections import defaultdict
from collections.abc import Mapping

from chamber.local.scheduling.organisation import Organisation

__all__ = ["used_up"]


def used_up(organisation: Organisation, used: Mapping[str, float]) -> dict[str, str]:
    """The teams whose GPU-hours of the month are used up, and how to say so.

    `used` is what each team's own work has used; the teams below count too.
    """
    sums: defaultdict[str | None, float] = defaultdict(float)
    for team_id, hours in used.items():
        for team in organisation.chain(team_id):
            sums[team] += hours
    return {
        team_id: f"waits: team {team_id} has used its {budget:g} GPU-hours of this month"
        for team_id, budget in organisation.budgets.items()
        if sums[team_id] >= budget
    }
