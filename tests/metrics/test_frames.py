"""Metrics as data frames."""

from datetime import UTC, datetime, timedelta, timezone

import pandas as pd
import pytest

from chamber.metrics import BatchMetrics, DataPoint, MeasuredTeam, MetricSummary, StatsGroup, WorkloadMetrics
from chamber.metrics.models import GlobalMetrics, WorkloadStats

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)


def points(*values, start=NOON):
    return [DataPoint(timestamp=start + timedelta(minutes=n), value=value) for n, value in enumerate(values)]


def course(*values, start=NOON):
    return MetricSummary(data_points=points(*values, start=start))


def test_points_become_a_time_series_with_a_column_for_each_metric():
    frame = WorkloadMetrics(gpu_utilization=course(80, 90), temperature=course(60, None)).to_pandas()
    assert list(frame.columns) == ["gpu_utilization", "temperature"]
    assert list(frame["gpu_utilization"]) == [80.0, 90.0]
    assert frame["temperature"].isna().tolist() == [False, True]
    assert set(map(str, frame.dtypes)) == {"float64"}


def test_the_times_of_a_series_are_aware_and_in_utc():
    east = datetime(2026, 1, 15, 14, tzinfo=timezone(timedelta(hours=2)))
    frame = WorkloadMetrics(power_usage=course(1, 2, start=east)).to_pandas()
    assert isinstance(frame.index, pd.DatetimeIndex)
    assert (str(frame.index.tz), frame.index.name) == ("UTC", "timestamp")
    assert list(frame.index) == [pd.Timestamp(NOON), pd.Timestamp(NOON + timedelta(minutes=1))]


def test_series_that_were_measured_at_different_times_share_an_ordered_index():
    late = NOON + timedelta(minutes=1)
    frame = WorkloadMetrics(gpu_utilization=course(3, 4, start=late), power_usage=course(1, 2)).to_pandas()
    assert frame.index.is_monotonic_increasing
    assert frame.index.is_unique
    assert frame["power_usage"].dropna().tolist() == [1, 2]
    assert frame["gpu_utilization"].dropna().tolist() == [3, 4]
    assert len(frame) == 3


def test_points_in_any_order_and_twice_at_a_time_become_one_row_each():
    twice = MetricSummary(data_points=[*points(1, 2)[::-1], *points(7)])
    assert WorkloadMetrics(power_usage=twice).to_pandas()["power_usage"].tolist() == [7, 2]


def test_a_series_can_be_resampled():
    frame = WorkloadMetrics(power_usage=course(*range(120))).to_pandas()
    assert frame.resample("1h").mean()["power_usage"].tolist() == [29.5, 89.5]


def test_metrics_without_points_become_one_column_of_figures():
    frame = WorkloadMetrics(power_usage=MetricSummary(avg=300, max=400), extra={"fan": {"avg": 7}}).to_pandas()
    assert list(frame.columns) == ["value"]
    assert frame["value"]["power_usage", "avg"] == 300
    assert frame["value"]["power_usage", "max"] == 400
    assert frame["value"]["fan", "avg"] == 7
    assert frame["value"].isna().sum() == 5
    assert frame.index.names == ["metric", "figure"]


def test_the_metrics_of_an_organisation_become_a_frame_too():
    frame = GlobalMetrics(gpu_usage=MetricSummary(avg=12), team_breakdown=[MeasuredTeam(id="ml")]).to_pandas()
    assert frame["value"]["gpu_usage", "avg"] == 12


def test_nothing_measured_is_an_empty_frame():
    frame = WorkloadMetrics().to_pandas()
    assert (frame.empty, list(frame.columns), frame.index.names) == (True, ["value"], ["metric", "figure"])


ROWS = [
    {"workload_id": "wl_1", "name": "train", "status": "running", "gpu_utilization": {"avg": 90, "max": 99}},
    {"id": "wl_2", "power_usage": 300, "gpu_hours": 7.5, "color": "red"},
]


def test_a_ranking_is_a_row_for_each_workload_by_its_id():
    frame = BatchMetrics({"workloads": ROWS}).to_pandas()
    assert (frame.index.name, list(frame.index)) == ("id", ["wl_1", "wl_2"])
    assert set(frame.columns) == {
        "name",
        "status",
        "gpu_hours",
        "gpu_utilization_avg",
        "gpu_utilization_max",
        "power_usage_avg",
    }
    assert frame.loc["wl_1", "gpu_utilization_max"] == 99
    assert frame.loc["wl_2", "power_usage_avg"] == 300
    assert type(frame.loc["wl_1", "status"]) is str


def test_a_ranking_of_teams_is_a_row_for_each_team():
    rows = [{"initiative_id": "ml", "name": "ML", "workload_count": 3, "gpu_hours": 4}, {"team_id": "web"}]
    frame = BatchMetrics({"teams": rows}).to_pandas()
    assert frame.loc["ml", "workload_count"] == 3
    assert list(frame.index) == ["ml", "web"]


def test_an_empty_ranking_is_an_empty_frame():
    frame = BatchMetrics({"workloads": []}).to_pandas()
    assert (frame.empty, frame.index.name) == (True, "id")


GROUPS = [
    StatsGroup(key="ada", submitted_by="ada", workload_count=3, gpu_hours=2.5, success_rate=1.0),
    StatsGroup(key="bob", submitted_by="bob", workload_count=2, gpu_hours=1),
]


def test_statistics_are_a_row_for_each_group():
    frame = WorkloadStats(total=5, grouped=GROUPS).to_pandas()
    assert list(frame.columns) == ["workload_count", "gpu_hours", "success_rate"]
    assert frame["workload_count"].to_dict() == {"ada": 3, "bob": 2}
    assert frame["gpu_hours"].sum() == 3.5
    assert frame["success_rate"].isna().tolist() == [False, True]


def test_groups_of_several_dimensions_have_a_column_for_each():
    groups = [StatsGroup(key="ada / H100", submitted_by="ada", instance_type="H100", workload_count=3)]
    frame = WorkloadStats(total=3, grouped=groups).to_pandas()
    assert frame.loc["ada / H100"].to_dict() == {"submitted_by": "ada", "instance_type": "H100", "workload_count": 3}


@pytest.mark.parametrize(
    ("stats", "rows"),
    [
        (WorkloadStats(total=5, by_status={"RUNNING": 3, "FAILED": 2}, by_job_class={"ELASTIC": 5}), [3, 2]),
        (WorkloadStats(total=5, by_job_class={"ELASTIC": 5}), [5]),
        (WorkloadStats(total=0), [0]),
    ],
)
def test_statistics_without_groups_are_by_status_by_class_or_a_whole(stats, rows):
    assert stats.to_pandas()["workload_count"].tolist() == rows
