"""The legacy dialect on the wire; `tests/local/peer` has the published client speak it."""

import pytest

from chamber.core import ChamberClient
from chamber.core.errors import AuthorizationError, NotFoundError, ValidationError
from chamber.local import LocalChamber


@pytest.fixture
def legacy(tools):
    with LocalChamber("legacy", executor="simulated") as chamber:
        yield tools.Caller(chamber)


def submit(call, **fields):
    asked = {"name": "job", "initiative_id": call.chamber.team, "gpu_type": "H100", **fields}
    return call("POST", "/v1/workloads", asked)


def finish(call, **fields):
    with call.chamber.client() as client:
        return client.wait_for_completion(submit(call, **fields).json["workload"]["id"], poll_interval=0.01, timeout=20)


def test_a_workload_is_bare_in_camel_case_with_an_upper_case_status(legacy):
    done = finish(legacy, requested_gpus=2, external_id="e", tags={"a": "b"})

    workload = legacy("GET", f"/v1/workloads/{done.id}").json

    told = {name: workload[name] for name in ("id", "status", "requestedGpus", "gpuType", "externalId", "jobClass")}
    expected = {"status": "COMPLETED", "requestedGpus": 2, "gpuType": "H100", "externalId": "e", "jobClass": "RESERVED"}
    assert told == {"id": done.id, **expected}
    assert not [name for name in workload if "_" in name]


def test_answers_to_writes_are_in_one_wrapper_or_another(legacy):
    made = submit(legacy, metadata={"simulated_seconds": 600})
    workload = made.json["workload"]["id"]

    cancelled = legacy("POST", f"/v1/workloads/{workload}/cancel").json

    assert made.status == 201
    assert (cancelled["body"]["id"], cancelled["body"]["status"]) == (workload, "CANCELLED")
    assert list(legacy("POST", "/v1/teams", {"name": "ML"}).json) == ["team"]


def test_the_first_page_is_under_workloads_and_later_ones_are_under_body(legacy):
    made = [finish(legacy).id for _ in range(3)]

    first = legacy("GET", "/v1/workloads?limit=2").json
    later = legacy("GET", f"/v1/workloads?limit=2&next_token={first['metadata']['next_token']}").json

    assert [w["id"] for w in (*first["workloads"], *later["body"])] == made[::-1]
    assert (first["metadata"]["total_count"], later["next_token"]) == (3, None)


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("status=COMPLETED", 1),
        ("status=completed", 0),
        ("status=RUNNING,COMPLETED", 1),
        ("submitted_before=2000-01-01", 0),
        ("submitted_after=2000-01-01", 1),
        ("end_date=2000-01-01", 1),
    ],
)
def test_filters_have_the_legacy_words_and_names(legacy, query, count):
    finish(legacy)

    assert len(legacy("GET", f"/v1/workloads?{query}").json["workloads"]) == count


def test_a_search_answers_results_in_camel_case(legacy):
    finish(legacy)

    found = legacy("POST", "/v1/workloads/search", {"status": ["COMPLETED"]}).json

    assert {name: found[name] for name in ("totalCount", "returnedCount", "hasMore", "nextCursor")} == {
        "totalCount": 1,
        "returnedCount": 1,
        "hasMore": False,
        "nextCursor": None,
    }
    assert legacy("POST", "/v1/workloads/search", {"status": ["completed"]}).json["results"] == []


def test_statistics_count_by_status_and_class_within_legacy_bounds(legacy):
    finish(legacy, job_class="ELASTIC")

    told = legacy("GET", "/v1/workloads/stats?time_range=custom&start_time=2000-01-01").json
    before = legacy("GET", "/v1/workloads/stats?time_range=custom&end_time=2000-01-01").json

    assert told == {"summary": {"total": 1, "byStatus": {"COMPLETED": 1}, "byJobClass": {"ELASTIC": 1}}}
    assert before["summary"]["total"] == 0


def test_capacity_is_a_budget_and_pools_with_counts(legacy):
    told = legacy("GET", "/v1/capacity").json

    pool = {"id": "pool_h100", "name": "local H100", "gpuType": "H100"}
    assert told["pools"] == [{**pool, "totalGpus": 8, "usedGpus": 0, "availableGpus": 8}]
    assert told["budget"]["available"] == told["budget"]["allocated"] - told["budget"]["used"]


def test_metrics_leave_out_what_was_not_measured(legacy):
    told = legacy("GET", f"/v1/workloads/{finish(legacy).id}/metrics").json

    assert (told["data_quality"], told["sample_count"], told["metrics"]) == ("simulated", 1, {})


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_batch_metrics_are_sorted_by_the_legacy_name(legacy, order):
    for _ in range(3):
        finish(legacy)

    query = f"sort_by=gpu_hours&sort_order={order}&status=COMPLETED"
    rows = legacy("GET", f"/v1/workloads/metrics?{query}").json["data"]["workloads"]

    hours = [row["gpu_hours"] for row in rows]
    assert hours == sorted(hours, reverse=order == "desc")
    assert {row["status"] for row in rows} == {"COMPLETED"}


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "body"),
    [
        ("GET", "/v1/workloads/wl_none", {}, 404, {"error": "there is no workload 'wl_none'"}),
        ("GET", "/v1/workloads?status=asleep", {}, 400, None),
        ("GET", "/v1/teams", {"Authorization": "Bearer wrong"}, 401, None),
        ("GET", "/v1/teams", {"X-Organization-Id": "other"}, 403, None),
        ("DELETE", "/v1/teams", {}, 405, None),
    ],
)
def test_refusals_are_a_text_under_error_or_message(legacy, method, path, headers, status, body):
    answer = legacy(method, path, headers=headers)

    told = answer.json
    assert answer.status == status
    assert list(told) == (["error"] if status in {400, 404} else ["message"])
    assert body is None or told == body


def test_an_idempotency_key_is_not_heeded_unless_asked_for(legacy, tools):
    headers = {"Idempotency-Key": "k"}
    asked = {"name": "job", "initiative_id": legacy.chamber.team, "gpu_type": "H100"}
    with LocalChamber("legacy", executor="simulated", idempotency=True) as chamber:
        heeding = tools.Caller(chamber)
        kept = [heeding("POST", "/v1/workloads", asked, headers).json["workload"]["id"] for _ in range(2)]
    made = [legacy("POST", "/v1/workloads", asked, headers).json["workload"]["id"] for _ in range(2)]

    assert kept[0] == kept[1]
    assert made[0] != made[1]


def test_our_own_client_speaks_it_too(legacy):
    done = finish(legacy, requested_gpus=2)
    with legacy.chamber.client() as client:
        assert [w.id for w in client.iter_workloads(status="completed")] == [done.id]
        assert client.search_workloads(status=["completed"]).items[0].id == done.id
        assert client.get_capacity().pools[0].total_gpus == 8
        assert client.get_workload_stats().by_status == {"COMPLETED": 1}
        with pytest.raises(NotFoundError, match="wl_none"):
            client.get_workload("wl_none")
        with pytest.raises(ValidationError, match="there is no team"):
            client.submit_job("job", "nobody", "H100")
        with (
            pytest.raises(AuthorizationError),
            ChamberClient(legacy.chamber.token, legacy.chamber.api_url, "other") as other,
        ):
            other.list_workloads()
