import json
from datetime import timedelta

import pytest

from chamber.core.errors import ConfigurationError
from chamber.local import LocalChamber
from chamber.local.workloads import Status

HOURS = 3600


def lasting(seconds, **others):
    return {"simulated_seconds": seconds, **others}


def test_a_job_of_two_hours_ends_at_once_when_time_is_moved_on(simulated):
    job = simulated.submit(requested_gpus=4, metadata=lasting(2 * HOURS))
    before = simulated.chamber.clock.now()

    simulated.chamber.clock.advance(2 * HOURS + 60)

    ended = simulated.get(f"/workloads/{job}")
    assert ended["status"] == "completed"
    assert ended["duration_seconds"] == pytest.approx(2 * HOURS, abs=2)
    assert ended["gpu_hours_used"] == pytest.approx(8, abs=0.01)
    assert simulated.chamber.clock.now() - before >= timedelta(seconds=2 * HOURS + 60)


def test_a_job_goes_on_when_time_was_not_moved_far_enough(simulated):
    job = simulated.submit(metadata=lasting(2 * HOURS))

    simulated.chamber.clock.advance(HOURS)

    assert simulated.status(job) == "running"
    metrics = simulated.get(f"/workloads/{job}/metrics")
    assert metrics["data_quality"] == "simulated"
    assert 55 <= metrics["sample_count"] <= 62
    simulated.chamber.clock.advance(HOURS + 1)
    assert simulated.status(job) == "completed"


def test_metrics_are_made_up_for_the_whole_of_a_job_and_the_same_for_the_same_name(simulated):
    jobs = [simulated.submit(name="alike", requested_gpus=2, metadata=lasting(HOURS)) for _ in range(2)]

    simulated.chamber.clock.advance(HOURS + 1)

    first, second = (simulated.get(f"/workloads/{job}/metrics") for job in jobs)
    assert first["sample_count"] == 121
    assert 60 < first["gpu_utilization"]["avg"] <= 100
    assert first["gpu_usage"]["max"] <= 2
    assert first["gpu_utilization"]["avg"] == second["gpu_utilization"]["avg"]
    assert len(first["power_usage"]["data_points"]) == 120


def test_a_manifest_says_in_its_annotations_how_long_it_lasts_and_how_it_ends(simulated):
    said = {"chamber.io/simulated-seconds": str(HOURS), "chamber.io/simulated-outcome": "failed"}
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}}
    manifest = json.dumps({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"annotations": said}})
    jobs = [
        simulated.submit(k8s_manifest=manifest),
        simulated.submit(k8s_manifest=f"{json.dumps(service)}\n---\n{manifest}"),
        simulated.submit(k8s_manifest=manifest, tags={"simulated_outcome": "completed"}),
        simulated.submit(k8s_manifest=manifest, metadata=lasting(2 * HOURS)),
        simulated.submit(k8s_manifest="a: [", metadata=lasting(2 * HOURS)),
    ]

    simulated.chamber.clock.advance(HOURS + 1)

    assert [simulated.status(job) for job in jobs] == ["failed", "failed", "completed", "running", "running"]


def test_what_waits_for_gpus_runs_after_it_in_the_same_stretch_of_time(simulated):
    jobs = [simulated.submit(requested_gpus=8, metadata=lasting(HOURS)) for _ in range(5)]

    simulated.chamber.clock.advance(3.5 * HOURS)

    assert [simulated.status(job) for job in jobs] == ["completed"] * 3 + ["running", "queued"]
    held = {w.id: w for w in simulated.chamber.workloads()}
    ends = [held[job].completed_at for job in jobs[:3]]
    starts = [held[job].started_at for job in jobs[1:4]]
    assert starts == ends
    assert ends[2] - ends[1] == timedelta(hours=1)


def test_a_simulated_job_fails_when_it_is_to(simulated):
    by_metadata = simulated.submit(metadata=lasting(60, simulated_outcome="FAILED"))
    by_tags = simulated.submit(tags={"simulated_seconds": "60", "simulated_outcome": "failed"})

    simulated.chamber.clock.advance(61)

    for job in (by_metadata, by_tags):
        ended = simulated.get(f"/workloads/{job}")
        assert (ended["status"], ended["exit_code"]) == ("failed", 1)
        assert ended["duration_seconds"] == pytest.approx(60, abs=2)


@pytest.mark.parametrize(
    "metadata", [lasting(True), lasting([1]), lasting(-1), lasting("nan"), lasting(0, simulated_outcome="LOST")]
)
def test_what_cannot_be_simulated_fails_and_says_why(simulated, metadata):
    failed = simulated.wait(simulated.submit(metadata=metadata), "failed")

    assert "simulated_" in failed["failure_reason"]


def test_time_cannot_be_moved_back(simulated):
    with pytest.raises(ConfigurationError, match="by 0 to 1e9 seconds"):
        simulated.chamber.clock.advance(-1)


def test_the_time_of_processes_is_real(chamber):
    with pytest.raises(ConfigurationError, match="executor='simulated' only"):
        chamber.clock.advance(1)


SHARED = {
    "pools": [{"gpu_type": "H100", "gpus": 8}],
    "teams": [{"id": "research", "gpu_hours": 10}, {"id": "vision", "parent": "research"}, {"id": "guests"}],
    "reservations": [{"id": "res", "pool": "pool_h100", "gpus": 4, "team": "research"}],
    "allocations": [{"id": "alloc", "team": "vision", "reservation": "res", "gpus": 2}],
}


@pytest.fixture
def shared(tools):
    with LocalChamber(executor="simulated", **SHARED) as running:
        yield tools.Caller(running)


def test_reserved_work_preempts_elastic_work(shared):
    guest = shared.submit(initiative_id="guests", job_class="ELASTIC", requested_gpus=8, metadata=lasting(HOURS))
    shared.wait(guest, "running")
    urgent = shared.submit(initiative_id="research", requested_gpus=2, metadata=lasting(60))

    ended = shared.wait(guest, "preempted")

    assert ended["failure_reason"] == f"preempted: team research needed its reserved GPUs for workload {urgent}"
    assert shared.wait(urgent, "running")["status"] == "running"
    (workload,) = [w for w in shared.chamber.workloads() if w.id == guest]
    assert workload.status is Status.PREEMPTED


def test_elastic_pods_are_given_up_and_taken_back_and_accounted_for(shared):
    guest = shared.submit(
        initiative_id="guests",
        job_class="ELASTIC",
        requested_gpus=8,
        scaling_mode="ELASTIC",
        requested_pods=8,
        min_pods=2,
        metadata=lasting(3 * HOURS),
    )
    shared.wait(guest, "running")
    shared.chamber.clock.advance(HOURS)
    shared.submit(initiative_id="research", requested_gpus=2, metadata=lasting(HOURS))
    shared.chamber.clock.advance(0)
    assert shared.get("/capacity")["pools"][0]["used_gpus"] == 8

    shared.chamber.clock.advance(2 * HOURS + 60)

    ended = shared.get(f"/workloads/{guest}")
    assert (ended["status"], ended["gpu_hours_used"]) == ("completed", pytest.approx(8 + 6 + 8, abs=0.05))
    used = shared.get("/capacity")["summary"]["total_used_gpu_hours"]
    assert used == pytest.approx(24, abs=0.1) or shared.chamber.clock.now().day == 1


def test_a_team_that_used_up_its_gpu_hours_waits_for_the_next_month_and_says_so(shared):
    while shared.chamber.clock.now().day > 25:
        shared.chamber.clock.advance(24 * HOURS)
    spent = shared.submit(initiative_id="vision", requested_gpus=2, metadata=lasting(6 * HOURS))
    shared.chamber.clock.advance(6 * HOURS + 1)
    assert shared.status(spent) == "completed"

    waiting = shared.submit(initiative_id="research", requested_gpus=1)
    free = shared.submit(initiative_id="guests", job_class="ELASTIC")
    shared.wait(free, "completed")
    shared.chamber.clock.advance(0)

    told = shared.get(f"/workloads/{waiting}")
    assert told["status"] == "pending"
    assert told["status_history"][-1]["reason"] == "waits: team research has used its 10 GPU-hours of this month"
    shared.chamber.clock.advance(31 * 24 * HOURS)
    assert shared.status(waiting) == "completed"


def test_capacity_and_allocations_tell_who_may_use_what(shared):
    told = shared.get("/capacity")

    days = told["pools"][0]["allocated_gpu_hours"] / 8 / 24
    teams = {team["initiative_id"]: team["allocated_gpu_hours"] for team in told["initiatives"]}
    assert teams == {"init_local": 0, "research": 10, "vision": 4 * 24 * days, "guests": 0}
    (allocation,) = shared.get("/customer/allocations")["allocations"]
    assert (allocation["id"], allocation["initiative_id"], allocation["allocated_instances"]) == ("alloc", "vision", 2)


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"reservation_id": "none", "allocated_instances": 1}, "reservation_id"),
        ({"reservation_id": "res", "allocated_instances": 3}, "allocated_instances"),
    ],
)
def test_an_allocation_must_be_of_what_a_reservation_has_left(shared, asked, field):
    answer = shared("POST", "/v1/customer/allocations", {"initiative_id": "guests", **asked})

    assert (answer.status, answer.json["error"]["details"][0]["field"]) == (400, field)


def test_an_allocation_lets_a_team_run_reserved_work(shared):
    asked = {"initiative_id": "guests", "reservation_id": "res", "allocated_instances": 2}
    before = shared.wait(shared.submit(initiative_id="guests", requested_gpus=2), "failed")
    assert shared("POST", "/v1/customer/allocations", asked).status == 201

    assert "guests has 0 reserved" in before["failure_reason"]
    shared.wait(shared.submit(initiative_id="guests", requested_gpus=2), "completed")
