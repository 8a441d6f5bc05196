"""Metrics for terminals and logs."""

from datetime import UTC, datetime, timedelta

import pytest

from chamber.metrics import BatchMetrics, DataPoint, MetricSummary, StatsGroup, WorkloadMetrics, WorkloadStats
from chamber.metrics.quantities import quantity
from chamber.metrics.text import spark

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)


def points(*values):
    return [DataPoint(timestamp=NOON + timedelta(minutes=n), value=value) for n, value in enumerate(values)]


def blocks(*values, width=40, metric="power_usage"):
    return spark(points(*values), width, quantity(metric))


def test_a_course_goes_from_the_least_to_the_greatest_value():
    assert blocks(*range(100, 900, 100)) == "▁▂▃▄▅▆▇█"


def test_utilisation_is_drawn_on_the_whole_scale():
    assert blocks(0, 50, 100, metric="gpu_utilization") == "▁▅█"
    assert blocks(97, 98, 99, metric="gpu_utilization") == "███"


def test_values_beyond_the_scale_stay_within_the_blocks():
    assert blocks(-5, 120, metric="gpu_utilization") == "▁█"


def test_a_course_that_never_changes_is_level():
    assert blocks(300, 300, 300) == "▄▄▄"


def test_what_could_not_be_measured_is_a_gap():
    assert blocks(1, None, 2) == "▁ █"
    assert blocks(None, None) == ""
    assert blocks() == ""


def test_a_long_course_is_averaged_into_the_width():
    assert blocks(*[0] * 500, *[10] * 500, width=4) == "▁▁██"


def test_time_without_a_measurement_goes_on_from_the_one_before():
    sparse = [DataPoint(timestamp=NOON + timedelta(minutes=n), value=v) for n, v in ((0, 1), (1, 1), (2, 1), (100, 9))]
    assert spark(sparse, 40, quantity("power_usage")) == "▁▁▁█"


def test_points_that_come_in_any_order_are_drawn_in_the_order_of_time():
    assert spark(points(1, 5, 9)[::-1], 40, quantity("power_usage")) == blocks(1, 5, 9)


def test_a_sparkline_has_the_figures_and_the_unit_of_each_metric():
    metrics = WorkloadMetrics(
        gpu_utilization=MetricSummary(avg=50, min=0, max=100, current=100, data_points=points(0, 50, 100)),
        power_usage=MetricSummary(avg=412.25),
    )
    assert metrics.sparkline().splitlines() == [
        "GPU utilisation  ▁▅█  avg 50     min 0  max 100  current 100  %",
        "GPU power             avg 412.2  min -  max -    current -    W",
    ]


def test_a_sparkline_is_no_wider_than_it_is_asked_to_be():
    metrics = WorkloadMetrics(power_usage=MetricSummary(data_points=points(*range(500))))
    drawn = [sign for sign in metrics.sparkline(width=12) if sign in "▁▂▃▄▅▆▇█"]
    assert len(drawn) == 12


def test_a_summary_is_a_plain_sentence_for_each_metric():
    metrics = WorkloadMetrics(
        temperature=MetricSummary(avg=61, min=40, max=70), extra={"memory_bytes": {"avg": 3 * 2**30}}
    )
    assert metrics.summary().splitlines() == [
        "GPU temperature: avg 61 °C, min 40 °C, max 70 °C, current -",
        "Memory: avg 3,072 MiB, min -, max -, current -",
    ]


def test_figures_that_the_api_left_out_come_from_its_points():
    summary = MetricSummary(max=100, data_points=points(10, None, 20)[::-1])
    assert summary.figures == {"avg": 15, "min": 10, "max": 100, "current": 20}
    assert MetricSummary(avg=3).figures == {"avg": 3, "min": None, "max": None, "current": None}


@pytest.mark.parametrize("show", ["summary", "sparkline"])
def test_nothing_measured_is_said(show):
    assert getattr(WorkloadMetrics(), show)() == "Nothing was measured"


def test_a_metric_that_is_not_known_is_called_by_its_name():
    metrics = WorkloadMetrics(extra={"nvlink_traffic": {"avg": 3}})
    assert metrics.summary() == "Nvlink traffic: avg 3, min -, max -, current -"


def test_a_ranking_is_a_table():
    rows = [{"id": "wl_1", "name": "train", "gpu_utilization": 90, "gpu_hours": 8}, {"id": "wl_2", "power_usage": 300}]
    assert BatchMetrics({"workloads": rows}).summary().splitlines() == [
        "           GPU utilisation (%)  GPU power (W)  GPU time (GPU-hours)",
        "1.  train  90                   -              8",
        "2.  wl_2   -                    300            -",
    ]
    assert BatchMetrics({"workloads": []}).summary() == "Nothing was measured"


def test_statistics_are_a_line_for_all_and_one_for_each_group():
    groups = [StatsGroup(key="ada", workload_count=1200, gpu_hours=3, success_rate=0.5), StatsGroup(workload_count=1)]
    stats = WorkloadStats(
        total=1201, total_gpu_hours=2450.5, average_duration_seconds=7200, success_rate=0.94, grouped=groups
    )
    assert stats.summary().splitlines() == [
        "1,201 workloads, 2,450 GPU-hours, 94 % completed, 2h 00m on average",
        "  ada  1,200  3 GPU-hours  50 % completed",
        "  -    1",
    ]
    assert WorkloadStats(total=1).summary() == "1 workload"
    assert WorkloadStats(total=1, average_duration_seconds=0.462).summary() == "1 workload, 0.46s on average"
    assert WorkloadStats(total=1, average_duration_seconds=6456).summary() == "1 workload, 1h 47m on average"
    assert WorkloadStats(total=1, by_status={"RUNNING": 1}).summary() == "1 workload\n  RUNNING  1"


def test_no_name_reaches_the_terminal_as_a_command():
    evil = "a\x1b[2Jb\r\nc"
    shown = (
        BatchMetrics({"workloads": [{"id": "wl_1", "name": evil}]}).summary()
        + WorkloadStats(total=1, grouped=[StatsGroup(key=evil, workload_count=1)]).summary()
        + WorkloadMetrics(extra={evil: {"avg": 1}}).summary()
        + WorkloadMetrics(extra={evil: {"avg": 1}}).sparkline()
    )
    assert "\x1b" not in shown
    assert "\r" not in shown
