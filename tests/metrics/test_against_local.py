"""Every operation on a real Chamber, on both faces, in both dialects."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from chamber.core import NotFoundError, ValidationError
from chamber.local import LocalChamber
from chamber.metrics import BatchMetrics, MeasuredTeam, WorkloadMetrics

documented = pytest.mark.parametrize("chamber", ["documented"], indirect=True)
legacy = pytest.mark.parametrize("chamber", ["legacy"], indirect=True)

SPANS = ["last_1h", "last_6h", "last_24h", "last_7d", "last_30d"]


def _blocking(chamber, method, arguments, options):
    with chamber.client() as client:
        return getattr(client, method)(*arguments, **options)


def _awaiting(chamber, method, arguments, options):
    async def call():
        async with chamber.async_client() as client:
            return await getattr(client, method)(*arguments, **options)

    return asyncio.run(call())


@pytest.fixture(params=[_blocking, _awaiting], ids=["blocking", "awaiting"])
def face(request):
    return request.param


@pytest.fixture(params=["documented", "legacy"])
def chamber(request):
    with LocalChamber(request.param, executor="simulated", gpus={"H100": 8, "A100": 2}) as running:
        yield running


@pytest.fixture
def ask(chamber, face):
    """``ask(method, *arguments)`` → the result."""
    return lambda method, *arguments, **options: face(chamber, method, arguments, options)


@pytest.fixture
def jobs(chamber):
    """Two workloads of one team that have run and one of another that goes on."""
    with chamber.client() as client:
        other = client.create_team("other")
        asked = [("a", chamber.team, "H100", 0.0), ("b", chamber.team, "A100", 0.0), ("c", other.id, "H100", 3600.0)]
        found = [
            client.submit_job(
                name=name,
                initiative_id=team,
                gpu_type=gpu_type,
                requested_gpus=1,
                job_class="RESERVED",
                metadata={"simulated_seconds": seconds},
            )
            for name, team, gpu_type, seconds in asked
        ]
        ended = client.wait_for_all([job.id for job in found[:2]], poll_interval=0.02, timeout=30)
        running = client.wait_for_completion(
            found[2].id, poll_interval=0.02, timeout=30, terminal_statuses=["RUNNING", "COMPLETED"]
        )
        return [*ended, running]


def test_the_metrics_of_a_simulated_workload_say_that_nothing_was_measured(ask, jobs):
    metrics = ask("get_workload_metrics", jobs[0].id)
    assert isinstance(metrics, WorkloadMetrics)
    assert (metrics.summaries, metrics.sample_count, metrics.data_quality) == ({}, 1, "simulated")
    assert metrics.sparkline() == "Nothing was measured"


@pytest.mark.parametrize("span", ["last_1h", "last_6h", "last_24h", "job_lifetime"])
def test_the_metrics_of_a_workload_are_found_for_every_span(ask, jobs, span):
    assert ask("get_workload_metrics", jobs[0].id, span, ["gpu_utilization"]).sample_count == 1


def test_the_metrics_of_an_unknown_workload_are_not_found(ask):
    with pytest.raises(NotFoundError, match="wl_none"):
        ask("get_workload_metrics", "wl_none")


@pytest.mark.parametrize("span", SPANS)
def test_global_metrics_are_found_for_every_span(ask, jobs, span):
    metrics = ask("get_global_metrics", time_range=span)
    assert (metrics.active_workloads, metrics.team_breakdown) == (1, [])
    assert metrics.total_gpu_hours > 0


def test_global_metrics_are_broken_down_by_team(ask, jobs):
    metrics = ask("get_global_metrics", group_by="initiative_id")
    counts = {team.id: team.workload_count for team in metrics.team_breakdown}
    assert counts == {jobs[0].initiative_id: 2, jobs[2].initiative_id: 1}


def test_global_metrics_are_those_of_one_team_where_it_is_named(ask, jobs):
    assert ask("get_global_metrics", jobs[0].initiative_id).active_workloads == 0
    assert ask("get_global_metrics", jobs[2].initiative_id).active_workloads == 1


@pytest.mark.parametrize("span", [*SPANS, "last_7_days", "last_30_days"])
def test_a_ranking_is_found_for_every_span(ask, jobs, span):
    batch = ask("get_batch_workload_metrics", time_range=span)
    assert isinstance(batch, BatchMetrics)
    assert {row.name for row in batch.workloads} == {"a", "b", "c"}


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_a_ranking_is_in_the_order_of_its_metric(ask, jobs, order):
    rows = ask("get_batch_workload_metrics", sort_by="gpu_hours", sort_order=order).workloads
    hours = [row.gpu_hours for row in rows]
    assert hours == sorted(hours, reverse=order == "desc")
    assert {row.name for row in rows} == {"a", "b", "c"}


def test_a_ranking_is_filtered_and_cut(ask, jobs):
    def names(**filters):
        return {row.name for row in ask("get_batch_workload_metrics", **filters).workloads}

    assert names(status="RUNNING") == {"c"}
    assert names(status=["completed", "RUNNING"], initiative_id=jobs[0].initiative_id) == {"a", "b"}
    assert names(status="FAILED") == set()
    assert len(names(limit=1)) == 1


def test_a_ranking_of_teams_is_read(ask, jobs):
    batch = ask("get_batch_workload_metrics", group_by="initiative_id", sort_by="gpu_hours")
    assert all(isinstance(team, MeasuredTeam) for team in batch.teams)
    hours = [team.gpu_hours for team in batch.teams]
    assert hours == sorted(hours, reverse=True)
    assert batch.to_pandas()["workload_count"].to_dict() == {jobs[0].initiative_id: 2, jobs[2].initiative_id: 1}


@documented
@pytest.mark.parametrize("span", ["today", "this_week", "this_month", "last_7_days", "last_30_days"])
def test_statistics_of_the_documented_form_are_read_for_every_span(ask, jobs, span):
    stats = ask("get_workload_stats", span)
    assert (stats.total, stats.success_rate, stats.grouped) == (3, 1.0, [])
    assert stats.total_gpu_hours > 0
    assert stats.average_duration_seconds > 0


@legacy
@pytest.mark.parametrize("span", ["today", "this_week", "this_month", "last_7_days", "last_30_days"])
def test_statistics_of_the_older_form_are_read_for_every_span(ask, jobs, span):
    stats = ask("get_workload_stats", span)
    assert (stats.total, stats.by_status) == (3, {"COMPLETED": 2, "RUNNING": 1})
    assert sum(stats.by_job_class.values()) == 3
    assert stats.to_pandas()["workload_count"].to_dict() == stats.by_status


def test_statistics_of_a_chamber_without_workloads_are_zero(ask):
    stats = ask("get_workload_stats")
    assert (stats.total, stats.total_gpu_hours or 0, stats.grouped) == (0, 0, [])


@pytest.mark.parametrize("form", [lambda time: time, datetime.isoformat], ids=["datetime", "text"])
def test_statistics_of_a_custom_span_are_read(ask, jobs, form):
    now = datetime.now(UTC)
    hour = timedelta(hours=1)
    assert ask("get_workload_stats", "custom", None, form(now - hour), form(now + hour)).total == 3
    assert ask("get_workload_stats", "custom", None, form(now - 2 * hour), form(now - hour)).total == 0


def test_statistics_are_those_of_one_team_where_it_is_named(ask, jobs):
    assert ask("get_workload_stats", initiative_id=jobs[2].initiative_id).total == 1


@documented
def test_statistics_are_grouped(ask, jobs):
    stats = ask("get_workload_stats", group_by=["initiative_id", "instance_type"])
    counts = {group.key: group.workload_count for group in stats.grouped}
    assert counts == {jobs[0].initiative_id: 2, jobs[2].initiative_id: 1, "A100": 1, "H100": 2}
    assert stats.to_pandas().loc["H100", "workload_count"] == 2


def test_what_the_client_lets_pass_and_the_api_refuses_is_a_validation_error(ask):
    with pytest.raises(ValidationError, match="group_by"):
        ask("get_global_metrics", group_by="color")


def test_the_points_of_a_workload_that_ran_make_a_frame_a_line_and_a_picture(face):
    with LocalChamber(sample_interval=0.05) as chamber, chamber.client() as client:
        hello = client.get_template("tmpl_hello")
        manifest = hello.k8s_manifest
        job = client.submit_job(
            name="hello",
            initiative_id=chamber.team,
            gpu_type="H100",
            requested_gpus=1,
            job_class="RESERVED",
            k8s_manifest=manifest,
        )
        client.wait_for_completion(job.id, poll_interval=0.02, timeout=60)
        metrics = face(chamber, "get_workload_metrics", (job.id,), {})
    assert set(metrics.summaries) == {"cpu_utilization", "memory_bytes"}
    frame = metrics.to_pandas()
    assert list(frame.columns) == ["cpu_utilization", "memory_bytes"]
    assert (len(frame), str(frame.index.tz)) == (metrics.sample_count, "UTC")
    assert metrics.sparkline().splitlines()[1].endswith("MiB")
    assert len(metrics.plot().axes) == 2
