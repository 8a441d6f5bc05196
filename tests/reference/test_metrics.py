"""Section "Metrics and Statistics"."""

from datetime import UTC, datetime, timedelta

import pytest
from covering import covers, fields, parameters

from chamber.core import ValidationError
from chamber.metrics import GlobalMetrics, WorkloadMetrics, WorkloadStats

METRICS = "gpu_utilization memory_utilization temperature power_usage"


@covers(
    "get_workload_metrics()",
    *parameters("get_workload_metrics", "workload_id time_range metrics"),
    *fields("WorkloadMetrics", METRICS),
    *fields("MetricSummary", "avg min max current"),
)
def test_the_metrics_of_a_workload(client, submit, measured):
    job, other = submit(lasting=True), submit()
    for value, hours in ((20, 3), (60, 0.5), (40, 0)):
        measured(job.id, value, hours)
    metrics = client.get_workload_metrics(job.id, time_range="job_lifetime")
    assert isinstance(metrics, WorkloadMetrics)
    for name in METRICS.split():
        summary = getattr(metrics, name)
        assert (summary.avg, summary.min, summary.max, summary.current) == (40, 20, 60, 40)
    assert f"{metrics.gpu_utilization.avg:.1f}%" == "40.0%"
    assert client.get_workload_metrics(job.id, time_range="last_1h").temperature.avg == 50
    chosen = client.get_workload_metrics(job.id, metrics=["temperature", "power_usage"])
    assert sorted(chosen.summaries) == ["power_usage", "temperature"]
    assert not client.get_workload_metrics(other.id).gpu_utilization


@covers(
    "get_global_metrics()",
    *parameters("get_global_metrics", "time_range initiative_id cluster_id group_by"),
    *fields("GlobalMetrics", "active_workloads total_gpu_hours gpu_utilization"),
)
def test_the_metrics_of_an_organisation(client, team, new_team, submit, measured, submitted_before):
    job, old = submit(lasting=True), submit()
    elsewhere = submit(initiative_id=new_team(), lasting=True)
    measured(job.id, 80)
    measured(old.id, 20, hours=72)
    measured(elsewhere.id, 100)
    metrics = client.get_global_metrics(time_range="last_24h", initiative_id=team)
    assert isinstance(metrics, GlobalMetrics)
    assert (metrics.gpu_utilization.avg, metrics.active_workloads) == (80, 1)
    assert metrics.total_gpu_hours > 0
    assert client.get_global_metrics(team, time_range="last_7d").gpu_utilization.avg == 50
    assert not client.get_global_metrics(team, cluster_id="elsewhere").gpu_utilization
    grouped = client.get_global_metrics(team, group_by="initiative_id")
    assert [(row.id, row.gpu_utilization.avg) for row in grouped.team_breakdown] == [(team, 80)]


@covers(
    "get_batch_workload_metrics()",
    *parameters("get_batch_workload_metrics", "status initiative_id time_range sort_by sort_order limit group_by"),
)
def test_the_metrics_of_many_workloads_in_order(client, team, new_team, submit, measured):
    big, small, ended = submit(lasting=True, requested_gpus=8), submit(lasting=True), submit()
    for job, value, hours in ((big, 30, 0), (small, 70, 0), (ended, 90, 72)):
        measured(job.id, value, hours)
    measured(submit(initiative_id=new_team()).id, 99)

    def ranked(**options):
        found = client.get_batch_workload_metrics(**{"initiative_id": team, "time_range": "last_7d", **options})
        assert isinstance(found, dict)
        return [row["workload_id"] for row in found["workloads"]]

    assert ranked() == [ended.id, small.id, big.id]
    assert ranked(status=["RUNNING"]) == [small.id, big.id]
    assert ranked(time_range="last_24h", status=["RUNNING"], limit=1) == [small.id]
    assert ended.id not in ranked(time_range="last_24h")[:2]
    assert ranked(sort_order="asc") == [big.id, small.id, ended.id]
    assert ranked(sort_by="gpu_hours")[0] == big.id
    assert ranked(limit=2) == [ended.id, small.id]
    by_team = client.get_batch_workload_metrics(initiative_id=team, group_by="initiative_id")
    assert [row.id for row in by_team.teams] == [team]


@covers(
    "get_workload_stats()",
    *parameters("get_workload_stats", "time_range initiative_id start_time end_time group_by"),
    "WorkloadStats.total",
)
def test_what_workloads_add_up_to(client, team, new_team, submit, submitted_before):
    jobs = [submit(), submit(), submit(gpu_type="A100")]
    submitted_before(jobs[0].id, 20)
    submit(initiative_id=new_team())
    now = datetime.now(UTC)

    def total(**options):
        return client.get_workload_stats(**{"initiative_id": team, **options}).total

    assert isinstance(client.get_workload_stats(), WorkloadStats)
    assert total() == 2
    assert total(time_range="last_30_days") == 3
    past, recent = now - timedelta(days=25), now - timedelta(days=15)
    assert total(time_range="custom", start_time=past, end_time=recent) == 1
    assert total(time_range="custom", start_time=recent, end_time=now + timedelta(days=1)) == 2
    grouped = client.get_workload_stats(initiative_id=team, group_by=["instance_type"]).grouped
    assert {group.key: group.workload_count for group in grouped} == {"A100": 1, "H100": 1}


@covers(*fields("WorkloadStats", "by_status by_job_class"))
def test_counts_by_status_and_class_where_the_api_has_them(client_of):
    from chamber.core.testing import RecordingTransport

    answer = {"summary": {"total": 3, "byStatus": {"running": 2, "FAILED": 1}, "byJobClass": {"elastic": 3}}}
    stats = client_of(RecordingTransport({"GET workloads/stats": answer})).get_workload_stats()
    assert dict(stats.by_status.items()) == {"RUNNING": 2, "FAILED": 1}
    assert stats.by_job_class == {"ELASTIC": 3}


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("get_workload_metrics", {"workload_id": "wl_1", "time_range": "last_7d"}),
        ("get_workload_metrics", {"workload_id": "wl_1", "metrics": ["mood"]}),
        ("get_global_metrics", {"time_range": "job_lifetime"}),
        ("get_batch_workload_metrics", {"limit": 51}),
        ("get_batch_workload_metrics", {"sort_by": "temperature"}),
        ("get_workload_stats", {"time_range": "last_24h"}),
        ("get_workload_stats", {"time_range": "custom"}),
    ],
)
def test_words_that_the_api_does_not_know_are_refused(client, method, arguments):
    with pytest.raises(ValidationError) as caught:
        getattr(client, method)(**arguments)
    assert caught.value.status_code is None
