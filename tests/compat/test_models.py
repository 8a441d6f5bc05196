"""Models: to plain data and back, and from the models below."""

import dataclasses
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

import chamber.core
from chamber.core.models import Workload as CoreWorkload
from chamber_sdk import models
from chamber_sdk.conversion import Model

TEXTS = st.text(min_size=1)
SAID = st.none() | TEXTS
FIGURES = st.none() | st.floats(allow_nan=False, allow_infinity=False)
TIMES = st.none() | st.datetimes(min_value=datetime(1970, 1, 1), timezones=st.just(UTC))
LABELS = st.dictionaries(TEXTS, TEXTS)
WORKLOADS = st.builds(
    models.Workload,
    TEXTS,
    TEXTS,
    st.sampled_from(models.JobStatus),
    st.none() | st.sampled_from(models.JobClass),
    st.none() | st.integers(0, 100),
    st.none() | st.floats(0, 1_000_000),
    *[SAID] * 3,
    TIMES,
    external_id=SAID,
    started_at=TIMES,
    completed_at=TIMES,
    failure_reason=SAID,
    metadata=LABELS,
    tags=LABELS,
    allocation_id=SAID,
    capacity_pool_id=SAID,
    template_id=SAID,
)
SUMMARIES = st.none() | st.builds(models.MetricSummary, st.floats(0, 100), FIGURES, FIGURES, FIGURES)
KINDS = {
    "Workload": WORKLOADS,
    "WorkloadSearchResult": st.builds(
        models.WorkloadSearchResult,
        st.lists(WORKLOADS, max_size=3),
        st.integers(0),
        st.integers(0),
        st.booleans(),
        SAID,
    ),
    "WorkloadMetrics": st.builds(
        models.WorkloadMetrics, SUMMARIES, SUMMARIES, SUMMARIES, SUMMARIES, st.integers(0), SAID
    ),
    "Capacity": st.builds(
        models.Capacity,
        st.builds(models.CapacityBudget, FIGURES, FIGURES, FIGURES),
        st.lists(st.builds(models.CapacityPool, TEXTS, SAID, SAID, FIGURES, FIGURES, FIGURES), max_size=3),
    ),
    "Team": st.builds(models.Team, TEXTS, TEXTS, SAID, SAID, LABELS, TIMES),
    "Template": st.builds(
        models.Template,
        TEXTS,
        TEXTS,
        st.sampled_from(["PERSONAL", "PROJECT", "ORGANIZATION"]),
        SAID,
        SAID,
        FIGURES,
        SAID,
        LABELS,
    ),
    "Allocation": st.builds(
        models.Allocation, TEXTS, SAID, SAID, st.integers(1, 9), st.sampled_from(models.AllocationStatus), TIMES
    ),
    "AggregationResult": st.builds(
        models.AggregationResult,
        st.just("gpu_type"),
        st.lists(st.builds(models.AggregationBucket, TEXTS, st.integers(0)), max_size=3),
        st.integers(0),
    ),
    "WorkloadStats": st.builds(
        models.WorkloadStats,
        st.integers(0),
        st.dictionaries(st.sampled_from(["RUNNING", "FAILED"]), st.integers(0)),
        st.dictionaries(st.sampled_from(["ELASTIC"]), st.integers(0)),
    ),
    "HealthStatus": st.builds(models.HealthStatus, TEXTS, SAID, TIMES),
}


@given(st.data())
@pytest.mark.parametrize("kind", KINDS)
def test_what_to_dict_gives_is_json_and_from_dict_makes_the_same_of_it(kind, data):
    made = data.draw(KINDS[kind])
    assert type(made).from_dict(json.loads(json.dumps(made.to_dict()))) == made


@pytest.mark.parametrize("name", [name for name in models.__all__ if name != "PaginatedResponse"])
def test_every_model_has_both_directions(name):
    kind = getattr(models, name)
    if dataclasses.is_dataclass(kind):
        assert callable(kind.to_dict)
        assert name == "SubmitJobRequest" or issubclass(kind, Model)


def test_what_is_no_such_model_is_told():
    with pytest.raises(chamber.core.UnexpectedResponseError, match="no Workload: Workload has no id, name"):
        models.Workload.from_dict({"status": "RUNNING"})


def test_a_users_own_kind_of_a_model_is_made_from_a_dict():
    class Mine(models.Workload):
        """Of a user's program."""

    made = Mine.from_dict({"id": "wl_1", "name": "job", "status": "running"})
    assert (type(made), made.status) == (Mine, models.JobStatus.RUNNING)


def test_a_model_is_made_of_the_one_below():
    below = CoreWorkload(id="wl_1", name="job", status=models.JobStatus.RUNNING, requested_gpus=2, exit_code=3)
    made = models.Workload.of(below)
    assert (made.id, made.requested_gpus, made.submitted_at) == ("wl_1", 2.0, None)
    assert not hasattr(made, "exit_code")


def test_the_figures_of_a_summary_come_from_its_points_where_the_api_left_them_out():
    points = [{"timestamp": f"2026-01-02T03:04:0{second}Z", "value": second} for second in (1, 3)]
    made = models.WorkloadMetrics.from_dict({"metrics": {"temperature": {"data_points": points}}, "sample_count": 2})
    assert made.temperature == models.MetricSummary(avg=2.0, min=1.0, max=3.0, current=3.0)
    assert made.gpu_utilization is None


def test_a_row_of_a_breakdown_keeps_what_is_not_known_here():
    row = {"initiative_id": "ml", "gpu_hours": 2.0, "gpu_utilization": {"avg": 50.0}, "color": "red"}
    made = models.GlobalMetrics.from_dict({"total_gpu_hours": 2.0, "team_breakdown": [row]})
    (told,) = made.team_breakdown
    assert (told["initiative_id"], told["gpu_hours"], told["color"]) == ("ml", 2.0, "red")
    assert told["gpu_utilization"]["avg"] == 50.0


def test_a_request_leaves_out_what_is_not_set():
    request = models.SubmitJobRequest("job", "ml", "H100", 0, "ELASTIC", tags={}, min_pods=0)
    assert request.to_dict() == {
        "name": "job",
        "initiative_id": "ml",
        "gpu_type": "H100",
        "requested_gpus": 0,
        "job_class": "ELASTIC",
        "min_pods": 0,
    }


def test_a_model_shows_its_fields_and_no_secret():
    token = "ghp_" + "a1" * 18
    job = models.Workload.from_dict({"id": "wl_1", "name": "job", "status": "RUNNING", "metadata": {"token": token}})
    assert repr(job).startswith("Workload(id='wl_1', name='job', status=")
    assert token not in repr(job)
    assert token in str(job.to_dict())
