"""Submits trainings only while the team's budget lasts: ``hatch run python examples/budget_guard.py``.

`max_gpu_hours` says what a job may use at most. Where the team has less left the job is refused before anything is
uploaded; what to do then is up to the program. It runs on an embedded Chamber whose team has ten GPU-hours.
"""

from __future__ import annotations

from pathlib import Path

from chamber.core import BudgetExceededError, ChamberClient, Workload
from chamber.local import LocalChamber

PROJECT = Path(__file__).resolve().parent / "sweep"
TEAM = "ml"
#: GPUs and the hours that each training may take: the least important one comes last.
TRAININGS = {"baseline": (4, 2.0), "ablation": (1, 1.0), "large": (8, 4.0)}


def main() -> None:
    """Submit what the budget allows, and say what it does not."""
    teams = [{"id": TEAM, "gpu_hours": 10.0}]
    with LocalChamber(gpus={"H100": 8}, teams=teams) as chamber, chamber.client() as client:
        print(f"{left(client):g} GPU-hours are left")
        submitted = [job for name, (gpus, hours) in TRAININGS.items() if (job := guarded(client, name, gpus, hours))]
        for job in client.wait_for_all([job.id for job in submitted], poll_interval=0.2):
            print(job.name, job.status)


def guarded(client: ChamberClient, name: str, gpus: int, hours: float) -> Workload | None:
    """The job, or None where the team cannot pay for it."""
    try:
        return client.run(
            PROJECT, gpus, team=TEAM, name=name, entrypoint_args="--lr 0.1", max_gpu_hours=gpus * hours, progress=False
        )
    except BudgetExceededError as error:
        print(f"{name} is left out: it may use {error.asked:g} GPU-hours of {error.remaining:g}")
        return None


def left(client: ChamberClient) -> float:
    """GPU-hours that the team has left."""
    capacity = client.get_capacity(initiative_id=TEAM)
    return next(team.remaining_gpu_hours or 0.0 for team in capacity.teams if team.id == TEAM)


if __name__ == "__main__":
    main()
