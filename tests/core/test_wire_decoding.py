"""Every dialect and mix of the API becomes the same models; what is not understood is an error."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chamber.core import (
    Capacity,
    HealthStatus,
    JobClass,
    JobStatus,
    PaginatedResponse,
    UnexpectedResponseError,
    Workload,
    WorkloadSearchResult,
)
from chamber.core.wire import Answer, decode

PAGE = PaginatedResponse[Workload]


def answer(body: Any, status: int = 200) -> Answer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status, {"Content-Type": "application/json"}, raw, "GET", "https://api.example/v1/x")


DOCUMENTED = {
    "workload_id": "wl_1",
    "name": "train",
    "status": "running",
    "job_class": "elastic",
    "gpu_count": 8,
    "instance_type": "p4d.24xlarge",
    "initiative_id": "ml",
    "submitted_at": "2026-01-02T03:04:05Z",
    "duration_seconds": 12.5,
}
LEGACY = {
    "id": "wl_1",
    "name": "train",
    "status": "RUNNING",
    "jobClass": "ELASTIC",
    "requestedGpus": 8,
    "instanceType": "p4d.24xlarge",
    "initiativeId": "ml",
    "submittedAt": "2026-01-02T04:04:05.000+01:00",
    "durationSeconds": "12.5",
}
SNAKE = {
    "id": "wl_1",
    "name": "train",
    "status": "Running",
    "job_class": "Elastic",
    "requested_gpus": 8,
    "instance_type": "p4d.24xlarge",
    "initiative_id": "ml",
    "submitted_at": "2026-01-02T03:04:05",
    "duration_seconds": 12.5,
}
WORKLOAD = Workload(
    id="wl_1",
    name="train",
    status=JobStatus.RUNNING,
    job_class=JobClass.ELASTIC,
    requested_gpus=8,
    instance_type="p4d.24xlarge",
    initiative_id="ml",
    submitted_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    duration_seconds=12.5,
)
BODIES = pytest.mark.parametrize("body", [DOCUMENTED, LEGACY, SNAKE], ids=["documented", "legacy", "snake"])


@BODIES
@pytest.mark.parametrize(
    "envelope",
    [
        lambda body: body,
        lambda body: {"data": body, "metadata": {}, "request_id": "req_1"},
        lambda body: {"workload": body},
        lambda body: {"body": body},
        lambda body: {"data": {"workload": body}},
        lambda body: {"body": {"data": body}, "statusCode": 200},
    ],
    ids=["bare", "data", "workload", "body", "data.workload", "body.data"],
)
def test_a_workload_is_the_same_in_every_dialect_and_envelope(body, envelope):
    assert decode(answer(envelope(body)), Workload) == WORKLOAD


@BODIES
@pytest.mark.parametrize(
    ("envelope", "token", "total"),
    [
        (lambda rows: rows, None, None),
        (lambda rows: {"workloads": rows}, None, None),
        (lambda rows: {"data": rows}, None, None),
        (lambda rows: {"items": rows, "nextToken": "t", "totalCount": 5}, "t", 5),
        (lambda rows: {"results": rows, "next_cursor": "t"}, "t", None),
        (lambda rows: {"body": rows, "next_token": "t"}, "t", None),
        (lambda rows: {"data": {"workloads": rows}, "metadata": {"next_token": "t", "total_count": 5}}, "t", 5),
        (lambda rows: {"workloads": rows, "metadata": {"next_token": "t", "total_count": "5"}}, "t", 5),
        (lambda rows: {"data": {"items": rows, "next_token": "t"}, "request_id": "r"}, "t", None),
        (lambda rows: {"data": {"body": rows, "metadata": {"nextToken": "t"}}}, "t", None),
        (lambda rows: {"workloads": rows, "next_token": None, "total_count": None}, None, None),
        (lambda rows: {"workloads": rows, "next_token": ""}, None, None),
        (lambda rows: {"workloads": rows, "next_token": 40}, "40", None),
        (lambda rows: {"workloads": rows, "total_count": 0}, None, 0),
    ],
)
def test_a_page_is_the_same_in_every_dialect_and_envelope(body, envelope, token, total):
    page = decode(answer(envelope([body, body])), PAGE)
    assert page == PaginatedResponse(items=[WORKLOAD, WORKLOAD], next_token=token, total_count=total)
    assert page.has_more == bool(token)


@pytest.mark.parametrize("body", [[], {"workloads": []}, {"data": []}, {"data": {"workloads": []}, "metadata": {}}])
def test_an_empty_list_that_says_so_is_an_empty_page(body):
    assert decode(answer(body), PAGE) == PaginatedResponse(items=[])


@BODIES
@pytest.mark.parametrize(
    ("envelope", "has_more", "cursor"),
    [
        (lambda rows: {"results": rows, "has_more": True, "next_cursor": "c"}, True, "c"),
        (lambda rows: {"items": rows, "hasMore": True, "nextCursor": "c"}, True, "c"),
        (lambda rows: {"data": {"results": rows, "next_cursor": "c"}}, True, "c"),
        (lambda rows: {"data": {"workloads": rows}, "metadata": {"next_token": "c"}}, True, "c"),
        (lambda rows: {"results": rows, "has_more": False, "next_cursor": None}, False, None),
        (lambda rows: rows, False, None),
    ],
)
def test_a_search_is_the_same_in_every_dialect_and_envelope(body, envelope, has_more, cursor):
    found = decode(answer(envelope([body])), WorkloadSearchResult)
    assert (found.items, found.has_more, found.next_cursor) == ([WORKLOAD], has_more, cursor)


def test_a_search_tells_what_the_api_counts():
    body = {"results": [SNAKE], "total_count": 90, "returned_count": 1, "has_more": True, "next_cursor": "c"}
    found = decode(answer(body), WorkloadSearchResult)
    assert (found.total_count, found.returned_count, len(found), list(found)) == (90, 1, 1, [WORKLOAD])


CAPACITY_DOCUMENTED = {
    "data": {
        "organization_id": "org_1",
        "summary": {
            "total_allocated_gpu_hours": 100,
            "total_used_gpu_hours": 40.5,
            "total_remaining_gpu_hours": 59.5,
            "current_active_gpus": 8,
        },
        "pools": [{"pool_id": "p", "name": "main", "allocated_gpu_hours": 100, "instance_types": ["p5.48xlarge"]}],
        "initiatives": [{"initiative_id": "ml", "name": "ML", "used_gpu_hours": 3}],
    },
    "request_id": "r",
}
CAPACITY_LEGACY = {
    "budget": {"allocated": 100, "used": 40.5, "available": 59.5},
    "pools": [{"id": "p", "name": "main", "gpuType": "H100", "totalGpus": 16, "usedGpus": 8, "availableGpus": 8}],
}


def test_both_shapes_of_capacity_are_one_model():
    documented, legacy = decode(answer(CAPACITY_DOCUMENTED), Capacity), decode(answer(CAPACITY_LEGACY), Capacity)
    for found in (documented, legacy):
        assert (found.budget.allocated, found.budget.used, found.budget.available) == (100, 40.5, 59.5)
        assert [(pool.id, pool.name) for pool in found.pools] == [("p", "main")]
    assert (documented.summary.current_active_gpus, documented.organization_id) == (8, "org_1")
    assert [(team.id, team.used_gpu_hours) for team in documented.teams] == [("ml", 3)]
    assert documented.pools[0].instance_types == ["p5.48xlarge"]
    assert (legacy.pools[0].total_gpus, legacy.pools[0].available_gpus) == (16, 8)


@pytest.mark.parametrize("envelope", [lambda body: body, lambda body: {"data": body}])
def test_health_is_understood(envelope):
    found = decode(
        answer(envelope({"status": "healthy", "version": "2.1", "timestamp": "2026-01-02T03:04:05Z"})), HealthStatus
    )
    assert (found.is_healthy, found.version, found.timestamp) == (
        True,
        "2.1",
        datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (Workload, {}),
        (Workload, {"data": None}),
        (Workload, {"data": []}),
        (Workload, {"workload": "wl_1"}),
        (Workload, {"workloads": [SNAKE]}),
        (Workload, {"id": "wl_1", "name": "train"}),
        (Workload, {**SNAKE, "status": None}),
        (Workload, {**SNAKE, "status": 3}),
        (Workload, {**SNAKE, "priority": "high"}),
        (Workload, {**SNAKE, "submitted_at": "yesterday"}),
        (Workload, {**SNAKE, "metadata": "text"}),
        (Workload, {"error": {"message": "nope"}}),
        (Workload, {"message": "fine"}),
        (PAGE, {}),
        (PAGE, {"data": {}}),
        (PAGE, {"workloads": None}),
        (PAGE, {"workloads": {}}),
        (PAGE, {"workloads": "none"}),
        (PAGE, {"workloads": [None]}),
        (PAGE, {"workloads": ["wl_1"]}),
        (PAGE, {"workloads": [SNAKE, {"id": "wl_2"}]}),
        (PAGE, {"total_count": 0}),
        (PAGE, {"message": "fine"}),
        (PAGE, {"workloads": [], "next_token": {"key": 1}}),
        (PAGE, {"workloads": [], "next_token": ["a"]}),
        (PAGE, {"workloads": [], "total_count": "many"}),
        (WorkloadSearchResult, {}),
        (WorkloadSearchResult, {"results": [SNAKE], "next_cursor": 7.5}),
        (WorkloadSearchResult, {"results": [SNAKE], "has_more": "perhaps"}),
        (Capacity, {}),
        (Capacity, {"pools": {}}),
        (Capacity, {"pools": None}),
        (Capacity, {"pools": [{"name": "no id"}]}),
        (HealthStatus, {"data": {}}),
        (HealthStatus, {"ok": True}),
        (dict, []),
        (dict, "text"),
    ],
)
def test_what_is_not_understood_is_an_error_and_never_an_empty_success(kind, body):
    with pytest.raises(UnexpectedResponseError) as caught:
        decode(answer(body), kind)
    assert caught.value.status_code == 200
    assert caught.value.url == "https://api.example/v1/x"


def test_an_error_shows_what_came_and_says_what_is_missing():
    with pytest.raises(UnexpectedResponseError, match=r"Workload has no status \(it has id, name\)") as caught:
        decode(answer({"id": "wl_1", "name": "train"}), Workload)
    assert '"wl_1"' in caught.value.message
    with pytest.raises(UnexpectedResponseError) as caught:
        decode(answer(b"<html>" + b"x" * 100_000), Workload)
    assert len(caught.value.message) < 1000


def test_a_state_that_nobody_knew_is_kept_and_a_listing_survives_it():
    page = decode(answer({"workloads": [{**SNAKE, "status": "Paused", "job_class": "SPOT"}, SNAKE]}), PAGE)
    first, second = page
    assert first.status == "Paused"
    assert not first.status.is_known
    assert not first.is_terminal
    assert first.job_class == "SPOT"
    assert second == WORKLOAD


def test_fields_that_nobody_knew_are_kept_as_they_came():
    found = decode(answer({**SNAKE, "colour": "red", "nestedThing": {"aB": 1}, "extra": 7}), Workload)
    assert found.extra == {"colour": "red", "nestedThing": {"aB": 1}, "extra": 7}


@pytest.mark.parametrize("name", ["data", "body", "workload", "workloads"])
def test_a_field_that_is_called_like_an_envelope_hides_nothing(name):
    found = decode(answer({**SNAKE, name: {"id": "other", "name": "other", "status": "FAILED"}}), Workload)
    assert found.id == "wl_1"
    assert name in found.extra


def test_nulls_are_what_is_not_there():
    names = [name for name in Workload.__struct_fields__ if name not in {"id", "name", "status", "extra"}]
    found = decode(answer({"id": "a", "name": "b", "status": "PENDING", **dict.fromkeys(names)}), Workload)
    assert found == Workload(id="a", name="b", status=JobStatus.PENDING)
    assert found.metadata == {}
    assert found.extra == {}


def test_the_plain_spelling_of_a_field_wins_over_another():
    for body in ({"gpu_count": 1, "requested_gpus": 2}, {"requested_gpus": 2, "gpu_count": 1}):
        assert decode(answer({**LEGACY, "requestedGpus": 3, **body}), Workload).requested_gpus == 2


def test_the_users_own_words_are_never_renamed():
    words = {"workloadId": 1, "gpu_count": 2, "camelCase": {"innerKey": [{"jobClass": None}]}, "": None}
    found = decode(answer({**SNAKE, "metadata": words, "tags": {"costCenter": "a", "cost_center": "b"}}), Workload)
    assert found.metadata == words
    assert found.tags == {"costCenter": "a", "cost_center": "b"}


@pytest.mark.parametrize(
    ("text", "micro"),
    [
        ("2026-01-02T03:04:05Z", 0),
        ("2026-01-02T03:04:05.25Z", 250_000),
        ("2026-01-02T03:04:05.123456789Z", 123_457),
        ("2026-01-02T03:04:05+00:00", 0),
        ("2026-01-02T04:34:05+01:30", 0),
        ("2026-01-01T19:04:05-08:00", 0),
        ("2026-01-02t03:04:05z", 0),
        ("2026-01-02 03:04:05", 0),
        ("2026-01-02T03:04:05", 0),
    ],
)
def test_every_time_is_aware_and_in_utc(text, micro):
    found = decode(answer({**SNAKE, "submitted_at": text}), Workload).submitted_at
    assert found == datetime(2026, 1, 2, 3, 4, 5, micro, tzinfo=UTC)
    assert found is not None
    assert found.tzinfo is UTC


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00"])
def test_a_time_that_utc_does_not_have_is_not_understood(text):
    with pytest.raises(UnexpectedResponseError):
        decode(answer({**SNAKE, "submitted_at": text}), Workload)


@pytest.mark.parametrize("count", [4, 4.0, "4", 0.5, "0.5"])
def test_a_number_of_gpus_may_be_a_part_of_one(count):
    assert decode(answer({**SNAKE, "requested_gpus": count}), Workload).requested_gpus == float(count)


@pytest.mark.parametrize("depth", [100, 1_000, 5_000, 100_000])
@pytest.mark.parametrize("kind", [Workload, PAGE, WorkloadSearchResult, Capacity])
def test_an_answer_nested_without_end_is_not_understood(kind, depth):
    with pytest.raises(UnexpectedResponseError):
        decode(answer(b'{"data":' * depth + b"7" + b"}" * depth), kind)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: (
        st.lists(children) | st.dictionaries(st.text() | st.sampled_from([*SNAKE, *LEGACY, "data"]), children)
    ),
    max_leaves=20,
)


@given(
    json_values
    | st.fixed_dictionaries({"data": json_values})
    | st.fixed_dictionaries({"workloads": st.lists(json_values)})
)
def test_any_answer_is_understood_or_an_error_of_ours(value):
    for kind in (Workload, PAGE, WorkloadSearchResult, Capacity, HealthStatus, dict):
        try:
            found = decode(answer(value), kind)
        except UnexpectedResponseError:
            continue
        assert type(found) is (PaginatedResponse if kind is PAGE else kind)


@given(st.binary())
def test_any_bytes_are_understood_or_an_error_of_ours(raw):
    with pytest.raises(UnexpectedResponseError):
        decode(answer(raw), Workload)


unknown = st.dictionaries(st.text().filter(lambda key: key.startswith("x")), json_values, max_size=3)


@given(st.dictionaries(st.text(), json_values, max_size=3), unknown)
def test_what_is_written_is_read_again_with_unknown_fields_kept(metadata, extra):
    workload = Workload(id="a", name="b", status=JobStatus("odd"), metadata=metadata, extra=extra)
    body = workload.to_dict()
    assert decode(answer(body), Workload) == workload
