"""Answers as the two dialects were seen to give them, word for word."""

from datetime import UTC, datetime

import pytest

from chamber.core import JobStatus
from chamber.core.testing import RecordingTransport, Reply

DOCUMENTED_WORKLOAD = b"""{
  "data": {
    "workload_id": "wl_abc123", "name": "training-job-001", "status": "running",
    "submitted_by": "user@example.com", "initiative_id": "init_xyz", "instance_type": "p4d.24xlarge",
    "gpu_count": 8, "submitted_at": "2024-01-15T10:30:00Z", "started_at": "2024-01-15T10:32:00Z",
    "completed_at": null, "duration_seconds": 3600, "gpu_hours_used": 8.0, "exit_code": null,
    "is_managed": true, "cluster_id": "cluster_prod1", "namespace": "ml-training"
  },
  "request_id": "req_abc123"
}"""
LEGACY_WORKLOAD = b"""{
  "id": "wl_abc123", "name": "training-job-001", "status": "RUNNING", "jobClass": "RESERVED",
  "submittedBy": "user@example.com", "initiativeId": "init_xyz", "gpuType": "H100", "requestedGpus": 8,
  "submittedAt": "2024-01-15T11:30:00.000+01:00", "startedAt": "2024-01-15T10:32:00Z", "failureReason": null
}"""

DOCUMENTED_PAGE = b"""{
  "data": {"workloads": [{
    "workload_id": "wl_abc123", "name": "training-job-001", "status": "running", "submitted_by": "user@example.com",
    "initiative_id": "init_xyz", "instance_type": "p4d.24xlarge", "gpu_count": 8,
    "submitted_at": "2024-01-15T10:30:00Z", "started_at": "2024-01-15T10:32:00Z"
  }]},
  "metadata": {"next_token": "eyJ...", "total_count": 45},
  "request_id": "req_abc123"
}"""
LEGACY_PAGES = [
    b'{"workloads": [{"id": "wl_abc123", "name": "n", "status": "RUNNING", "requestedGpus": 8}], '
    b'"metadata": {"nextToken": "eyJ...", "totalCount": 45}}',
    b'{"body": [{"id": "wl_abc123", "name": "n", "status": "RUNNING", "requested_gpus": 8}], '
    b'"next_token": "eyJ...", "total_count": "45"}',
]

DOCUMENTED_STATS = b"""{
  "data": {
    "summary": {"total_workloads": 156, "total_gpu_hours": 2450.5, "average_duration_seconds": 7200,
                "success_rate": 0.94},
    "grouped": [
      {"initiative_id": "init_ml_team", "workload_count": 89, "gpu_hours": 1200.0, "success_rate": 0.96},
      {"initiative_id": "init_research", "workload_count": 67, "gpu_hours": 1250.5, "success_rate": 0.91}
    ]
  },
  "request_id": "req_abc123"
}"""
LEGACY_STATS = (
    b'{"summary": {"total": 156, "byStatus": {"COMPLETED": 150, "FAILED": 6}, "byJobClass": {"ELASTIC": 156}}}'
)

DOCUMENTED_CAPACITY = b"""{
  "data": {
    "organization_id": "org_1",
    "summary": {"total_allocated_gpu_hours": 1000, "total_used_gpu_hours": 250.5,
                "total_remaining_gpu_hours": 749.5, "current_active_gpus": 12},
    "pools": [{"pool_id": "pool_1", "name": "east", "allocated_gpu_hours": 1000, "used_gpu_hours": 250.5,
               "remaining_gpu_hours": 749.5, "instance_types": ["p4d.24xlarge"]}],
    "initiatives": [{"initiative_id": "init_1", "name": "ML", "allocated_gpu_hours": 500, "used_gpu_hours": 100,
                     "remaining_gpu_hours": 400}]
  },
  "request_id": "req_1"
}"""
LEGACY_CAPACITY = b"""{
  "budget": {"allocated": 1000, "used": 250.5, "available": 749.5},
  "pools": [{"id": "pool_1", "name": "east", "gpuType": "H100", "totalGpus": 16, "usedGpus": 4, "availableGpus": 12}]
}"""

SEARCHES = [
    b'{"results": [{"id": "wl_1", "name": "n", "status": "RUNNING"}], "total_count": 7, "returned_count": 1, '
    b'"has_more": true, "next_cursor": "c1"}',
    b'{"items": [{"workload_id": "wl_1", "name": "n", "status": "running"}], "totalCount": 7, "returnedCount": 1, '
    b'"hasMore": true, "nextCursor": "c1"}',
    b'{"data": {"items": [{"workload_id": "wl_1", "name": "n", "status": "running"}], "total_count": 7, '
    b'"returned_count": 1, "has_more": true, "next_cursor": "c1"}, "request_id": "req_1"}',
    b'{"data": {"workloads": [{"workload_id": "wl_1", "name": "n", "status": "running"}]}, '
    b'"metadata": {"next_token": "c1", "total_count": 7, "returned_count": 1}}',
]

COUNTS = [
    b'{"dimension": "status", "buckets": [{"key": "RUNNING", "count": 2}, {"key": "FAILED", "count": 1}], "total": 3}',
    b'{"data": {"dimension": "status", "buckets": [{"key": "running", "count": 2}, {"key": "failed", "count": 1}], '
    b'"total": 3}, "request_id": "r"}',
]


def answered(client_of, endpoint, body):
    return client_of(RecordingTransport({endpoint: Reply(body=body)}))


@pytest.mark.parametrize("body", [DOCUMENTED_WORKLOAD, LEGACY_WORKLOAD], ids=["documented", "legacy"])
def test_a_workload(client_of, body):
    job = answered(client_of, "GET workloads/wl_abc123", body).get_workload("wl_abc123")
    assert (job.id, job.name, job.status) == ("wl_abc123", "training-job-001", JobStatus.RUNNING)
    assert (job.submitted_by, job.initiative_id, job.requested_gpus) == ("user@example.com", "init_xyz", 8)
    assert (job.submitted_at, job.started_at) == (
        datetime(2024, 1, 15, 10, 30, tzinfo=UTC),
        datetime(2024, 1, 15, 10, 32, tzinfo=UTC),
    )
    assert (job.completed_at, job.failure_reason, job.extra) == (None, None, {})


def test_the_documented_extras_of_a_workload(client_of):
    job = answered(client_of, "GET workloads/wl_abc123", DOCUMENTED_WORKLOAD).get_workload("wl_abc123")
    assert (job.instance_type, job.duration_seconds, job.gpu_hours_used) == ("p4d.24xlarge", 3600, 8.0)
    assert (job.exit_code, job.is_managed, job.cluster_id, job.namespace) == (
        None,
        True,
        "cluster_prod1",
        "ml-training",
    )


@pytest.mark.parametrize("body", [DOCUMENTED_PAGE, *LEGACY_PAGES])
def test_a_page_of_workloads(client_of, body):
    page = answered(client_of, "GET workloads", body).list_workloads()
    assert [(w.id, w.status, w.requested_gpus) for w in page] == [("wl_abc123", "RUNNING", 8)]
    assert (page.next_token, page.total_count, page.has_more, len(page)) == ("eyJ...", 45, True, 1)


@pytest.mark.parametrize("nothing", [b"{}", b'{"next_token": null}', b'{"next_token": ""}', b'{"total_count": null}'])
def test_a_last_page(client_of, nothing):
    body = b'{"data": {"workloads": []}, "metadata": ' + nothing + b"}"
    page = answered(client_of, "GET workloads", body).list_workloads()
    assert (page.items, page.next_token, page.has_more) == ([], None, False)


@pytest.mark.parametrize("body", SEARCHES)
def test_a_page_of_a_search(client_of, body):
    found = answered(client_of, "POST workloads/search", body).search_workloads()
    assert [w.id for w in found] == ["wl_1"]
    assert (found.total_count, found.returned_count, found.has_more, found.next_cursor) == (7, 1, True, "c1")


@pytest.mark.parametrize("body", COUNTS)
def test_counts_by_status_have_the_names_of_the_statuses_in_either_case(client_of, body):
    found = answered(client_of, "GET workloads/aggregations", body).get_workload_aggregations("status")
    assert {bucket.key: bucket.count for bucket in found.buckets} == {"RUNNING": 2, "FAILED": 1}
    assert (found.dimension, found.total) == ("status", 3)


def test_documented_statistics(client_of):
    stats = answered(client_of, "GET workloads/stats", DOCUMENTED_STATS).get_workload_stats()
    assert (stats.total, stats.total_gpu_hours, stats.average_duration_seconds, stats.success_rate) == (
        156,
        2450.5,
        7200,
        0.94,
    )
    assert [(group.key, group.workload_count, group.gpu_hours, group.success_rate) for group in stats.grouped] == [
        ("init_ml_team", 89, 1200.0, 0.96),
        ("init_research", 67, 1250.5, 0.91),
    ]
    assert stats.extra == {}


def test_legacy_statistics(client_of):
    stats = answered(client_of, "GET workloads/stats", LEGACY_STATS).get_workload_stats()
    assert (stats.total, stats.by_status, stats.by_job_class) == (
        156,
        {"COMPLETED": 150, "FAILED": 6},
        {"ELASTIC": 156},
    )


@pytest.mark.parametrize("body", [DOCUMENTED_CAPACITY, LEGACY_CAPACITY], ids=["documented", "legacy"])
def test_capacity_is_one_model_in_both_shapes(client_of, body):
    capacity = answered(client_of, "GET capacity", body).get_capacity()
    assert (capacity.budget.allocated, capacity.budget.used, capacity.budget.available) == (1000, 250.5, 749.5)
    assert [(pool.id, pool.name) for pool in capacity.pools] == [("pool_1", "east")]


def test_what_only_one_shape_of_capacity_has(client_of):
    documented = answered(client_of, "GET capacity", DOCUMENTED_CAPACITY).get_capacity()
    assert documented.summary.current_active_gpus == 12
    assert [(team.id, team.remaining_gpu_hours) for team in documented.teams] == [("init_1", 400)]
    assert documented.pools[0].instance_types == ["p4d.24xlarge"]
    legacy = answered(client_of, "GET capacity", LEGACY_CAPACITY).get_capacity().pools[0]
    assert (legacy.gpu_type, legacy.total_gpus, legacy.used_gpus, legacy.available_gpus) == ("H100", 16, 4, 12)


@pytest.mark.parametrize("status", ["running", "Running", "RUNNING", "rUnNiNg"])
def test_a_status_is_itself_in_any_case(client_of, status):
    body = {"id": "wl_1", "name": "n", "status": status}
    assert answered(client_of, "GET workloads/wl_1", body).get_workload("wl_1").status is JobStatus.RUNNING


def test_an_unknown_status_or_class_is_kept_as_it_came_and_breaks_no_listing(client_of):
    rows = [
        {"id": "wl_1", "name": "n", "status": "pAused", "job_class": "Spot"},
        {"id": "wl_2", "name": "n", "status": "RUNNING", "job_class": ""},
    ]
    first, second = answered(client_of, "GET workloads", {"workloads": rows}).list_workloads()
    assert (str(first.status), str(first.job_class), first.status.is_terminal) == ("pAused", "Spot", False)
    assert second.job_class is None


@pytest.mark.parametrize(
    ("text", "microsecond"),
    [
        ("2026-01-15T12:00:00Z", 0),
        ("2026-01-15t12:00:00z", 0),
        ("2026-01-15T12:00:00.5Z", 500_000),
        ("2026-01-15T12:00:00.123456Z", 123_456),
        ("2026-01-15T12:00:00.123456789Z", 123_457),
        ("2026-01-15T17:30:00+05:30", 0),
        ("2026-01-15T04:00:00-08:00", 0),
        ("2026-01-15T12:00:00", 0),
    ],
)
def test_every_time_is_aware_and_in_utc(client_of, text, microsecond):
    body = {"id": "wl_1", "name": "n", "status": "RUNNING", "submitted_at": text}
    job = answered(client_of, "GET workloads/wl_1", body).get_workload("wl_1")
    assert job.submitted_at == datetime(2026, 1, 15, 12, 0, 0, microsecond, tzinfo=UTC)
    assert job.submitted_at.tzinfo is UTC


def test_where_two_names_of_a_field_are_there_ours_counts(client_of):
    body = {"workload_id": "wl_2", "id": "wl_1", "name": "n", "status": "RUNNING", "gpu_count": 2, "requested_gpus": 1}
    job = answered(client_of, "GET workloads/wl_1", body).get_workload("wl_1")
    assert (job.id, job.requested_gpus) == ("wl_1", 1)


@pytest.mark.parametrize("key", ["data", "body", "workload", "workloads"])
def test_an_unknown_field_named_like_an_envelope_hides_nothing(client_of, key):
    body = {"id": "wl_1", "name": "n", "status": "RUNNING", key: {"x": 1}}
    job = answered(client_of, "GET workloads/wl_1", body).get_workload("wl_1")
    assert (job.id, job.extra) == ("wl_1", {key: {"x": 1}})


def test_numbers_as_texts_are_numbers(client_of):
    body = {"id": "wl_1", "name": "n", "status": "RUNNING", "requested_gpus": "8", "priority": "50", "exit_code": "0"}
    job = answered(client_of, "GET workloads/wl_1", body).get_workload("wl_1")
    assert (job.requested_gpus, job.priority, job.exit_code) == (8, 50, 0)
