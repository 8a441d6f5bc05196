"""A job that may use more than its team has left is not submitted."""

from __future__ import annotations

from typing import Any

import pytest

from chamber.core import BudgetExceededError, ServerError, ValidationError
from chamber.core.testing import RecordingTransport, Reply, recorded_client
from chamber.local import LocalChamber

WORKLOAD = {"id": "wl_1", "name": "train", "status": "PENDING"}
DOCUMENTED = {"data": {"summary": {}, "pools": [], "initiatives": [{"initiative_id": "ml", "remaining_gpu_hours": 10}]}}
LEGACY = {"budget": {"allocated": 100, "used": 90, "available": 10}, "pools": []}


def submitted(capacity: Any, hours: float, **options: Any) -> list[str]:
    """The calls of a submission."""
    transport = RecordingTransport({"GET capacity": capacity, "POST workloads": Reply(201, WORKLOAD)})
    with recorded_client(transport) as client:
        try:
            client.submit_job("train", "ml", "H100", max_gpu_hours=hours, **options)
        finally:
            assert [call.params for call in transport.calls if call.path == "capacity"] in (
                [],
                [{"initiative_id": "ml"}] * sum(call.path == "capacity" for call in transport.calls),
            )
    return [call.method for call in transport.calls]


@pytest.mark.parametrize("capacity", [DOCUMENTED, LEGACY], ids=["documented", "legacy"])
def test_a_job_is_submitted_up_to_the_last_hour_of_the_budget_and_not_beyond(capacity: Any) -> None:
    assert submitted(capacity, 10) == ["GET", "POST"]
    assert submitted(capacity, 0, timeout=30) == ["GET", "POST"]
    with pytest.raises(BudgetExceededError, match=r"may use 10\.5 GPU-hours, and team ml has 10 left") as refused:
        submitted(capacity, 10.5)
    assert (refused.value.asked, refused.value.remaining) == (10.5, 10)


@pytest.mark.parametrize(
    "capacity",
    [
        {"pools": []},
        {"pools": [], "initiatives": [{"initiative_id": "ml"}]},
        {"pools": [], "initiatives": [{"initiative_id": "other", "remaining_gpu_hours": 10}]},
    ],
)
def test_a_budget_that_nobody_tells_lets_nothing_pass(capacity: Any) -> None:
    with pytest.raises(BudgetExceededError, match="tells no budget of team ml") as refused:
        submitted(capacity, 1)
    assert refused.value.remaining is None


def test_a_budget_that_cannot_be_asked_for_lets_nothing_pass() -> None:
    with pytest.raises(ServerError):
        submitted(Reply(500, {}), 1)


@pytest.mark.parametrize("hours", [-1, float("nan"), "3"])
def test_a_guard_is_a_number_of_hours(hours: Any) -> None:
    with pytest.raises(ValidationError, match="max_gpu_hours is a number of 0 or more"):
        submitted(LEGACY, hours)


@pytest.mark.parametrize("dialect", ["documented", "legacy"])
def test_what_a_team_has_used_is_no_longer_left(dialect: str) -> None:
    teams = [{"id": "ml", "name": "ml", "gpu_hours": 10}, {"id": "other", "name": "other"}]
    many = {"H100": 7200}  # seconds are enough to use hours, and no month ends meanwhile
    with LocalChamber(dialect, "simulated", teams=teams, gpus=many) as chamber, chamber.client() as client:
        client.submit_job("first", "ml", "H100", 7200, metadata={"simulated_seconds": 2}, max_gpu_hours=4)
        chamber.clock.advance(4)
        with pytest.raises(BudgetExceededError, match="have the budget raised") as refused:
            client.submit_job("second", "ml", "H100", 2, max_gpu_hours=7)
        assert refused.value.remaining == pytest.approx(6, abs=1)
        assert client.submit_job("third", "ml", "H100", 2, max_gpu_hours=4.9).id
        assert client.submit_job("elsewhere", "other", "H100", 2, max_gpu_hours=100).id


@pytest.mark.parametrize("dialect", ["documented", "legacy"])
def test_what_teams_below_have_used_is_not_left_for_the_team_above_them_nor_for_one_beside_them(dialect: str) -> None:
    teams = [
        {"id": "lab", "name": "lab", "gpu_hours": 10},
        {"id": "vision", "name": "vision", "parent": "lab"},
        {"id": "speech", "name": "speech", "parent": "lab", "gpu_hours": 8},
    ]
    with LocalChamber(dialect, "simulated", teams=teams, gpus={"H100": 720}) as chamber, chamber.client() as client:
        client.submit_job("first", "vision", "H100", 720, metadata={"simulated_seconds": 40})
        chamber.clock.advance(60)
        for team in ("lab", "vision", "speech"):
            with pytest.raises(BudgetExceededError, match=f"team {team} has") as refused:
                client.submit_job("second", team, "H100", 2, max_gpu_hours=5)
            assert refused.value.remaining == pytest.approx(2, abs=1)
        client.submit_job("third", "speech", "H100", 720, metadata={"simulated_seconds": 20})
        chamber.clock.advance(40)
        for team in ("lab", "vision", "speech"):
            with pytest.raises(BudgetExceededError, match="has 0 left"):
                client.submit_job("never started", team, "H100", 2, max_gpu_hours=0.1)
