"""What is made of the API's answers, in every dialect."""

import json
from datetime import UTC, datetime

import pytest

from chamber.core import NotFoundError, UnexpectedResponseError
from chamber.core.testing import Reply
from chamber.metrics import BatchMetrics, MetricSummary

WORKLOAD = "GET workloads/wl_1/metrics"
STATISTICS = "GET workloads/stats"
RANKED = "GET workloads/metrics"

USE = {"avg": 87.5, "min": 10, "max": 99.5, "current": 91.0}
HEAT = {"avg": 61, "min": 40, "max": 70, "current": None}

WORKLOAD_ANSWERS = {
    "documented": {
        "data": {
            "workload_id": "wl_1",
            "metrics": {"gpu_utilization": USE, "temperature": HEAT},
            "sample_count": 12,
            "data_quality": "good",
        },
        "metadata": {"next_token": None, "total_count": 1},
        "request_id": "req_1",
    },
    "documented, not nested": {
        "data": {"gpu_utilization": USE, "temperature": HEAT, "sample_count": 12, "data_quality": "good"}
    },
    "legacy": {"metrics": {"gpu_utilization": USE, "temperature": HEAT}, "sample_count": 12, "data_quality": "good"},
    "legacy, bare": {"gpu_utilization": USE, "temperature": HEAT, "sample_count": 12, "data_quality": "good"},
    "camelCase": {
        "body": {"metrics": {"gpuUtilization": USE, "temperature": HEAT}, "sampleCount": 12, "dataQuality": "good"}
    },
    "everything nested": {
        "metrics": {"gpu_utilization": USE, "temperature": HEAT, "sample_count": 12, "data_quality": "good"}
    },
    "nulls, and fields to come": {
        "data": {
            "gpu_utilization": None,
            "metrics": {"gpu_utilization": {**USE, "p95": 98}, "temperature": HEAT, "power_usage": None, "fans": 2},
            "gpu_usage": None,
            "sample_count": "12",
            "data_quality": "good",
            "namespace": "ml",
        }
    },
}

STATS_DOCUMENTED = {
    "summary": {
        "total_workloads": 156,
        "total_gpu_hours": 2450.5,
        "average_duration_seconds": 7200,
        "success_rate": 0.94,
    },
    "grouped": [
        {"initiative_id": "init_ml_team", "workload_count": 89, "gpu_hours": 1200.0, "success_rate": 0.96},
        {"initiative_id": "init_research", "workload_count": 67, "gpu_hours": 1250.5, "success_rate": 0.91},
    ],
}

#: Of these, each call refuses every one.
BAD_ANSWERS = {
    "nothing": b"",
    "a page of a gateway": b"<html>Bad gateway</html>",
    "null": b"null",
    "a text": b'"ok"',
    "a number": b"3",
    "an empty object": b"{}",
    "an empty envelope": b'{"data": {}}',
    "another object": b'{"data": {"message": "hello"}}',
    "a list of numbers": b"[1, 2]",
    "broken JSON": b'{"workloads": [',
    "a cut text": b'{"metrics": {"gpu_utilization": "hi',
    "metrics that are a list": b'{"metrics": ["gpu_utilization"], "summary": []}',
}
CALLS = {
    "get_workload_metrics": (WORKLOAD, ("wl_1",)),
    "get_global_metrics": ("GET metrics", ()),
    "get_batch_workload_metrics": (RANKED, ()),
    "get_workload_stats": (STATISTICS, ()),
}


@pytest.mark.parametrize("body", WORKLOAD_ANSWERS.values(), ids=WORKLOAD_ANSWERS)
def test_the_metrics_of_a_workload_are_read_in_every_dialect(call, body):
    metrics, _ = call({WORKLOAD: body}, "get_workload_metrics", "wl_1")
    use = metrics.gpu_utilization
    assert (use.avg, use.min, use.max, use.current) == (87.5, 10, 99.5, 91)
    assert metrics.temperature == MetricSummary(avg=61, min=40, max=70)
    assert (metrics.sample_count, metrics.data_quality) == (12, "good")
    assert not metrics.power_usage
    assert not metrics.memory_utilization
    assert not metrics.gpu_usage


def test_fields_that_are_not_known_are_kept_as_they_came(call):
    metrics, _ = call({WORKLOAD: WORKLOAD_ANSWERS["nulls, and fields to come"]}, "get_workload_metrics", "wl_1")
    assert metrics.extra == {"fans": 2, "namespace": "ml"}
    assert metrics.gpu_utilization.extra == {"p95": 98}


def test_every_metric_of_the_reference_has_its_own_field(call):
    names = ["gpu_utilization", "memory_utilization", "temperature", "power_usage", "gpu_usage"]
    sent = {name: {"avg": number} for number, name in enumerate(names)}
    metrics, _ = call({WORKLOAD: sent}, "get_workload_metrics", "wl_1")
    assert [getattr(metrics, name).avg for name in names] == [0, 1, 2, 3, 4]
    assert list(metrics.summaries) == names


def test_a_metric_that_is_not_known_is_among_the_summaries(call):
    sent = {
        "metrics": {
            "cpu_utilization": USE,
            "fans": 2,
            "limits": {"min": 4},
            "odd": {"avg": "high"},
            "power_usage": None,
        }
    }
    metrics, _ = call({WORKLOAD: sent}, "get_workload_metrics", "wl_1")
    assert metrics.summaries == {"cpu_utilization": MetricSummary(avg=87.5, min=10, max=99.5, current=91)}


def test_a_workload_without_measurements_is_understood_as_such(call):
    metrics, _ = call({WORKLOAD: {"data": {"workload_id": "wl_1", "metrics": {}}}}, "get_workload_metrics", "wl_1")
    assert metrics.summaries == {}


def test_a_summary_of_zeros_is_a_measurement():
    assert MetricSummary(avg=0.0)
    assert MetricSummary(current=0.0)
    assert not MetricSummary()


@pytest.mark.parametrize("key", ["data_points", "dataPoints"])
def test_a_time_series_is_read_where_it_is_sent(call, key):
    points = [
        {"timestamp": "2026-01-15T10:30:00Z", "value": 80},
        {"timestamp": "2026-01-15T11:30:00.5+01:00", "value": None},
    ]
    metrics, _ = call({WORKLOAD: {"metrics": {"power_usage": {**USE, key: points}}}}, "get_workload_metrics", "wl_1")
    first, second = metrics.power_usage.data_points
    assert (first.timestamp, first.value) == (datetime(2026, 1, 15, 10, 30, tzinfo=UTC), 80)
    assert (second.timestamp, second.value) == (datetime(2026, 1, 15, 10, 30, 0, 500_000, tzinfo=UTC), None)


@pytest.mark.parametrize("rows_key", ["team_breakdown", "teamBreakdown"])
@pytest.mark.parametrize("nested", [True, False])
@pytest.mark.parametrize("envelope", [True, False])
def test_global_metrics_are_read_in_every_dialect(call, rows_key, nested, envelope):
    rows = [
        {"initiative_id": "init_ml", "name": "ML", "gpu_hours": 7.5, "metrics": {"gpu_utilization": USE}},
        {
            "team_id": "init_web",
            "totalGpuHours": 2,
            "workload_count": 3,
            "active_workloads": 1,
            "gpu_utilization": 40.5,
            "color": "red",
        },
    ]
    measured = {"gpu_utilization": USE, "power_usage": HEAT}
    facts = {"totalGpuHours" if nested else "total_gpu_hours": 9.5, "active_workloads": 4, rows_key: rows}
    body = {**({"metrics": measured} if nested else measured), **facts}
    metrics, _ = call({"GET metrics": {"data": body} if envelope else body}, "get_global_metrics")
    assert (metrics.total_gpu_hours, metrics.active_workloads) == (9.5, 4)
    assert (metrics.gpu_utilization.avg, metrics.power_usage.max) == (87.5, 70)
    first, second = metrics.team_breakdown
    assert (first.id, first.name, first.gpu_hours, first.gpu_utilization.avg) == ("init_ml", "ML", 7.5, 87.5)
    assert (second.id, second.gpu_hours, second.workload_count, second.active_workloads) == ("init_web", 2, 3, 1)
    assert (second.gpu_utilization, second.extra) == (MetricSummary(avg=40.5), {"color": "red"})


@pytest.mark.parametrize("body", [{"data": STATS_DOCUMENTED, "request_id": "req_1"}, STATS_DOCUMENTED])
def test_documented_statistics_are_read(call, body):
    stats, _ = call({STATISTICS: body}, "get_workload_stats", group_by="initiative_id")
    assert (stats.total, stats.total_gpu_hours) == (156, 2450.5)
    assert (stats.average_duration_seconds, stats.success_rate) == (7200, 0.94)
    assert (stats.by_status, stats.by_job_class) == ({}, {})
    first, second = stats.grouped
    assert (first.key, first.initiative_id, first.workload_count) == ("init_ml_team", "init_ml_team", 89)
    assert (second.key, second.gpu_hours, second.success_rate) == ("init_research", 1250.5, 0.91)


@pytest.mark.parametrize(
    "body",
    [
        {"summary": {"total": 5, "byStatus": {"RUNNING": 3, "PAUSED": 2}, "byJobClass": {"ELASTIC": 5}}},
        {"total": 5, "by_status": {"running": 3, "PAUSED": 2}, "by_job_class": {"elastic": 5}},
        {"data": {"summary": {"total": 5, "by_status": {"Running": 3, "PAUSED": 2}, "byJobClass": {"Elastic": 5}}}},
    ],
)
def test_legacy_statistics_are_read_whatever_their_case(call, body):
    stats, _ = call({STATISTICS: body}, "get_workload_stats")
    assert stats.total == 5
    assert stats.by_status == {"RUNNING": 3, "PAUSED": 2}
    assert stats.by_job_class == {"ELASTIC": 5}
    assert [type(word) for word in (*stats.by_status, *stats.by_job_class)] == [str, str, str]
    assert stats.total_gpu_hours is None
    assert stats.grouped == []


def test_counts_that_differ_only_in_case_are_not_lost(call):
    counts = {"running": 1, "RUNNING": 2, "": 3}
    stats, _ = call({STATISTICS: {"summary": {"total": 6, "byStatus": counts}}}, "get_workload_stats")
    assert stats.by_status == counts


@pytest.mark.parametrize(
    ("group", "key"),
    [
        ({"submitted_by": "ada@example.com"}, "ada@example.com"),
        ({"team": "unheard of"}, None),
        ({"instanceType": "p4d.24xlarge"}, "p4d.24xlarge"),
        ({"instance_type": "p4d.24xlarge", "submitted_by": "ada"}, "ada / p4d.24xlarge"),
        ({"key": "own", "submitted_by": "ada"}, "own"),
        ({"instance_type": None}, None),
    ],
)
def test_a_group_is_known_by_the_values_of_its_dimensions(call, group, key):
    body = {"summary": {"total_workloads": 1}, "grouped": [{**group, "workload_count": 1}]}
    stats, _ = call({STATISTICS: body}, "get_workload_stats")
    assert stats.grouped[0].key == key


ROW = {
    "workload_id": "wl_1",
    "name": "train",
    "status": "running",
    "initiative_id": "init_ml",
    "metrics": {"gpu_utilization": USE},
    "gpu_hours": 8,
}
CAMEL_ROW = {
    "id": "wl_1",
    "name": "train",
    "status": "RUNNING",
    "initiativeId": "init_ml",
    "gpuUtilization": USE,
    "gpuHours": 8,
}


@pytest.mark.parametrize(
    "body",
    [
        {"data": {"workloads": [ROW]}, "metadata": {"total_count": 1}},
        {"workloads": [ROW]},
        {"data": [ROW]},
        Reply(body=[ROW]),
        {"results": [ROW]},
        {"workloads": [CAMEL_ROW]},
        {"items": [ROW]},
    ],
)
def test_a_ranking_is_read_in_every_dialect(call, body):
    batch, _ = call({RANKED: body}, "get_batch_workload_metrics")
    (row,) = batch.workloads
    assert (row.id, row.name, row.status) == ("wl_1", "train", "RUNNING")
    assert (row.initiative_id, row.gpu_hours) == ("init_ml", 8)
    assert row.gpu_utilization.avg == 87.5
    assert batch.teams == []


def test_a_ranking_is_the_dict_that_came(call):
    answer = {"workloads": [ROW, {**ROW, "workload_id": "wl_2"}], "sort_by": "gpu_utilization", "color": "red"}
    batch, _ = call({RANKED: {"data": answer}}, "get_batch_workload_metrics")
    assert batch == answer
    assert json.loads(json.dumps(batch)) == answer
    assert [row["workload_id"] for row in batch["workloads"]] == ["wl_1", "wl_2"]


@pytest.mark.parametrize("key", ["teams", "initiatives"])
def test_a_ranking_of_teams_is_read(call, key):
    rows = [{"initiative_id": "init_ml", "name": "ML", "gpu_utilization": 50, "gpu_hours": 3}]
    batch, _ = call({RANKED: {"data": {key: rows}}}, "get_batch_workload_metrics", group_by="initiative_id")
    (team,) = batch.teams
    assert (team.id, team.name, team.gpu_utilization.avg, team.gpu_hours) == ("init_ml", "ML", 50, 3)
    assert batch.workloads == []


def test_rankings_are_made_by_hand_for_tests():
    assert BatchMetrics({"workloads": [{"id": "wl_1", "power_usage": 300}]}).workloads[0].power_usage.avg == 300


@pytest.mark.parametrize("body", BAD_ANSWERS.values(), ids=BAD_ANSWERS)
@pytest.mark.parametrize("method", CALLS)
def test_an_answer_that_is_not_understood_is_an_error(call, method, body):
    endpoint, arguments = CALLS[method]
    with pytest.raises(UnexpectedResponseError, match="The API answered 200 with") as caught:
        call({endpoint: Reply(body=body)}, method, *arguments)
    assert f"{caught.value.method} {caught.value.url}".partition("?")[0].endswith(endpoint.removeprefix("GET "))


@pytest.mark.parametrize(
    ("method", "body", "why"),
    [
        ("get_workload_metrics", {"id": "wl_1", "status": "RUNNING"}, "WorkloadMetrics has none of gpu_utilization"),
        ("get_workload_metrics", {"gpu_utilization": {"mean": 3}}, "MetricSummary has none of avg"),
        ("get_workload_metrics", {"gpu_utilization": {"avg": "high"}}, "Expected `float"),
        ("get_workload_metrics", {"gpu_utilization": {"data_points": [{"value": 3}]}}, "DataPoint has no timestamp"),
        (
            "get_global_metrics",
            {"total_gpu_hours": 1, "team_breakdown": [{"color": "red"}]},
            "MeasuredTeam has none of",
        ),
        ("get_batch_workload_metrics", {"data": {"message": "hello"}}, "neither workloads nor teams .*has message"),
        ("get_batch_workload_metrics", {}, "neither workloads nor teams .*has nothing"),
        ("get_batch_workload_metrics", {"workloads": [{"name": "train"}]}, "MeasuredWorkload has no id"),
        ("get_batch_workload_metrics", {"teams": [3]}, "MeasuredTeam is an object, not a number"),
        ("get_workload_stats", {"summary": {"success_rate": 1}}, "WorkloadStats has no total"),
        ("get_workload_stats", {"summary": {"total": 1, "byStatus": {"RUNNING": "many"}}}, "Expected `int"),
        ("get_workload_stats", {"summary": {"total": 1, "byStatus": 7}}, "Expected `object"),
        (
            "get_workload_stats",
            {"summary": {"total": 1}, "grouped": [{"key": "a"}]},
            "StatsGroup has no workload_count",
        ),
    ],
)
def test_the_error_says_what_is_not_understood(call, method, body, why):
    endpoint, arguments = CALLS[method]
    with pytest.raises(UnexpectedResponseError, match=why):
        call({endpoint: body}, method, *arguments)


@pytest.mark.parametrize("method", CALLS)
def test_an_error_of_the_api_is_an_error_of_the_family(call, method):
    endpoint, arguments = CALLS[method]
    told = {"error": {"code": "NOT_FOUND", "message": "no such thing"}, "request_id": "req_9"}
    with pytest.raises(NotFoundError, match="no such thing") as caught:
        call({endpoint: Reply(404, told)}, method, *arguments)
    assert (caught.value.code, caught.value.request_id) == ("NOT_FOUND", "req_9")
