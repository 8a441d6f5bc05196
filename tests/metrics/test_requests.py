"""What is asked of the API, and what is refused before it is asked."""

import inspect
from datetime import UTC, datetime, timedelta, timezone

import pytest

from chamber.core import AsyncChamberClient, ChamberClient, ValidationError
from chamber.core.testing import RecordingTransport

ONE = {"sample_count": 1}
STATS = {"summary": {"total": 1}}
BATCH = {"workloads": [{"id": "wl_1"}]}
SPAN = {"start_date": "2026-01-01", "start_time": "2026-01-01", "end_date": "2026-02-01", "end_time": "2026-02-01"}
RANKING = {"time_range": "last_24h", "sort_by": "gpu_utilization", "order": "desc", "sort_order": "desc", "limit": "10"}
WORKLOAD = "GET workloads/wl_1/metrics"
STATISTICS = "GET workloads/stats"
RANKED = "GET workloads/metrics"

REQUESTS = [
    ("get_workload_metrics", ("wl_1",), WORKLOAD, ONE, {"time_range": "job_lifetime"}),
    (
        "get_workload_metrics",
        ("wl_1", "last_6h", ["temperature", "power_usage"]),
        WORKLOAD,
        ONE,
        {"time_range": "last_6h", "metrics": "temperature,power_usage"},
    ),
    (
        "get_workload_metrics",
        ("wl_1", "last_1h", "gpu_usage, temperature"),
        WORKLOAD,
        ONE,
        {"time_range": "last_1h", "metrics": "gpu_usage,temperature"},
    ),
    ("get_workload_metrics", ("wl_1", "last_24h", []), WORKLOAD, ONE, {"time_range": "last_24h"}),
    ("get_global_metrics", (), "GET metrics", {"active_workloads": 1}, {"time_range": "last_24h"}),
    (
        "get_global_metrics",
        ("team-ml", "last_30d", "cluster-1", "initiative_id"),
        "GET metrics",
        {"active_workloads": 1},
        {
            "initiative_id": "team-ml",
            "time_range": "last_30d",
            "cluster_id": "cluster-1",
            "group_by": "initiative_id",
        },
    ),
    ("get_batch_workload_metrics", (), RANKED, BATCH, RANKING),
    (
        "get_batch_workload_metrics",
        (["RUNNING", "completed"], "team-ml", "last_7_days", "gpu_hours", "asc", 50, "initiative_id"),
        RANKED,
        BATCH,
        {
            "status": "running,completed",
            "initiative_id": "team-ml",
            "time_range": "last_7_days",
            "sort_by": "gpu_hours",
            "order": "asc",
            "sort_order": "asc",
            "limit": "50",
            "group_by": "initiative_id",
        },
    ),
    ("get_workload_stats", (), STATISTICS, STATS, {"time_range": "last_7_days"}),
    (
        "get_workload_stats",
        ("custom", "team-ml", "2026-01-01", "2026-02-01", ["submitted_by", "instance_type"]),
        STATISTICS,
        STATS,
        {"time_range": "custom", "initiative_id": "team-ml", "group_by": "submitted_by,instance_type", **SPAN},
    ),
    (
        "get_workload_stats",
        (
            "custom",
            None,
            datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=2))),
            datetime(2026, 2, 1, tzinfo=UTC),
            "initiative_id",
        ),
        STATISTICS,
        STATS,
        {
            "time_range": "custom",
            "group_by": "initiative_id",
            **{name: f"{day}T00:00:00Z" for name, day in SPAN.items()},
        },
    ),
]

SIGNATURES = {
    "get_workload_metrics": {"workload_id": ..., "time_range": "job_lifetime", "metrics": None},
    "get_global_metrics": {"initiative_id": None, "time_range": "last_24h", "cluster_id": None, "group_by": None},
    "get_batch_workload_metrics": {
        "status": None,
        "initiative_id": None,
        "time_range": "last_24h",
        "sort_by": "gpu_utilization",
        "sort_order": "desc",
        "limit": 10,
        "group_by": None,
    },
    "get_workload_stats": {
        "time_range": "last_7_days",
        "initiative_id": None,
        "start_time": None,
        "end_time": None,
        "group_by": None,
    },
}

REFUSED = [
    ("get_workload_metrics", ("",), "is not an identifier"),
    ("get_workload_metrics", ("../teams",), "is not an identifier"),
    ("get_workload_metrics", ("wl_1", "last_7d"), "time_range is one of last_1h, last_6h, last_24h, job_lifetime"),
    ("get_workload_metrics", ("wl_1", "last_1h", ["temperature", "heat"]), "metrics is one of .*, not 'heat'"),
    ("get_workload_metrics", ("wl_1", "last_1h", 5), "a text or a list of texts, not 5"),
    ("get_workload_metrics", ("wl_1", "last_1h", [None]), "a text or a list of texts"),
    ("get_global_metrics", (None, "job_lifetime"), "time_range is one of"),
    ("get_batch_workload_metrics", (None, None, "job_lifetime"), "time_range is one of"),
    ("get_batch_workload_metrics", (None, None, "last_24h", "temperature"), "sort_by is one of"),
    ("get_batch_workload_metrics", (None, None, "last_24h", "gpu_hours", "down"), "sort_order is one of asc, desc"),
    ("get_batch_workload_metrics", (None, None, "last_24h", "gpu_hours", "asc", 0), "limit is .* from 1 to 50"),
    ("get_batch_workload_metrics", (None, None, "last_24h", "gpu_hours", "asc", 51), "limit is .* from 1 to 50"),
    ("get_batch_workload_metrics", (7,), "a text or a list of texts, not 7"),
    ("get_workload_stats", ("last_24h",), "time_range is one of"),
    ("get_workload_stats", ("custom",), "needs start_time and end_time"),
    ("get_workload_stats", ("custom", None, "2026-01-01"), "needs start_time and end_time"),
    ("get_workload_stats", ("custom", None, None, "2026-02-01"), "needs start_time and end_time"),
    ("get_workload_stats", ("today", None, "2026-01-01", "2026-02-01"), "go with time_range='custom', not .*'today'"),
    ("get_workload_stats", ("today", None, None, "2026-02-01"), "go with time_range='custom'"),
    ("get_workload_stats", ("today", None, "", None), "go with time_range='custom'"),
    ("get_workload_stats", ("today", None, None, None, ["submitted_by", "status"]), "group_by is one of"),
]


@pytest.mark.parametrize(("method", "arguments", "endpoint", "reply", "params"), REQUESTS)
def test_every_argument_reaches_the_api(call, method, arguments, endpoint, reply, params):
    _, calls = call({endpoint: reply}, method, *arguments)
    assert [(c.params, c.body) for c in calls] == [(params, None)]


@pytest.mark.parametrize(("method", "arguments", "message"), REFUSED)
def test_an_argument_out_of_bounds_is_refused_before_anything_is_sent(call, method, arguments, message):
    transport = RecordingTransport()
    with pytest.raises(ValidationError, match=message):
        call(transport, method, *arguments)
    assert transport.calls == []


@pytest.mark.parametrize("client", [ChamberClient, AsyncChamberClient])
@pytest.mark.parametrize(("method", "parameters"), SIGNATURES.items())
def test_parameters_have_the_order_and_defaults_of_the_reference(client, method, parameters):
    found = dict(inspect.signature(getattr(client, method)).parameters)
    assert "self" not in found
    defaults = {name: ... if p.default is p.empty else p.default for name, p in found.items()}
    assert list(defaults.items()) == list(parameters.items())


def test_a_status_filter_that_finds_nothing_is_asked_once_more_in_upper_case(call):
    empty = {"data": {"workloads": []}}
    found, calls = call({RANKED: [empty, BATCH]}, "get_batch_workload_metrics", ["running"])
    assert [c.params["status"] for c in calls] == ["running", "RUNNING"]
    assert [row.id for row in found.workloads] == ["wl_1"]


def test_a_status_filter_that_finds_nothing_in_either_case_gives_an_empty_ranking(call):
    found, calls = call({RANKED: {"workloads": []}}, "get_batch_workload_metrics", "failed")
    assert (found, len(calls)) == ({"workloads": []}, 2)


def test_no_status_filter_is_asked_only_once(call):
    _, calls = call({RANKED: {"workloads": []}}, "get_batch_workload_metrics")
    assert ["status" in c.params for c in calls] == [False]


@pytest.mark.parametrize(("rows", "key"), [([{"id": "wl_1"}], "workloads"), ([{"initiative_id": "t"}], "teams")])
def test_what_a_filter_found_teaches_the_case_for_listings_too(call, rows, key):
    transport = RecordingTransport(
        {RANKED: [{key: []}, {key: rows}], "GET workloads": {"workloads": []}},
    )
    call(transport, "get_batch_workload_metrics", "running")
    call(transport_reopened(transport), "list_workloads", "running")
    assert [c.params["status"] for c in transport.calls] == ["running", "RUNNING", "RUNNING"]


def transport_reopened(transport):
    """Closing a client closes its transport."""
    transport._closed = False
    return transport
