from __future__ import annotations

import copy
import inspect
import json
import pickle
from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest

from chamber.core import JobStatus, PaginatedResponse, Workload, WorkloadFailedError, WorkloadSearchResult, models
from chamber.core.models import Model

MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
KINDS = [
    kind for _, kind in inspect.getmembers(models, inspect.isclass) if issubclass(kind, Model) and kind is not Model
]


def workload(**fields) -> Workload:
    return Workload(**{"id": "wl_1", "name": "train", "status": JobStatus.RUNNING, **fields})


@pytest.mark.parametrize("kind", KINDS)
def test_every_model_is_a_frozen_value_that_keeps_what_it_does_not_know(kind):
    assert kind.__struct_config__.frozen
    assert "extra" in kind.__struct_fields__
    assert kind.__doc__


def test_a_model_cannot_be_changed():
    with pytest.raises(AttributeError):
        workload().name = "other"  # pyright: ignore[reportAttributeAccessIssue]


def test_a_model_survives_pickling_and_copying():
    original = workload(submitted_at=MOMENT, extra={"a": [1]}, status=JobStatus("odd"))
    assert pickle.loads(pickle.dumps(original)) == copy.deepcopy(original) == copy.copy(original) == original


def test_no_two_models_share_what_can_be_changed():
    first, second = workload(), workload()
    first.metadata["a"] = 1
    first.extra["b"] = 1
    assert (second.metadata, second.extra) == ({}, {})


def test_times_given_by_hand_are_made_aware_and_utc():
    naive = workload(submitted_at=datetime(2026, 1, 2, 3, 4, 5))
    other = workload(submitted_at=datetime(2026, 1, 2, 4, 4, 5, tzinfo=timezone(timedelta(hours=1))))
    assert naive.submitted_at == other.submitted_at == MOMENT
    assert all(found.submitted_at and found.submitted_at.tzinfo is UTC for found in (naive, other))


def test_a_plain_dict_holds_everything_and_is_json():
    plain = workload(submitted_at=MOMENT, metadata={"camelCase": 1}, extra={"x": 1}).to_dict()
    assert plain["submitted_at"] == "2026-01-02T03:04:05Z"
    assert (plain["status"], plain["metadata"], plain["x"]) == ("RUNNING", {"camelCase": 1}, 1)
    assert type(plain["status"]) is str
    assert json.loads(json.dumps(plain)) == plain
    assert set(plain) == {*Workload.__struct_fields__, "x"} - {"extra"}


def test_a_repr_shows_what_there_is():
    shown = repr(workload(requested_gpus=0, submitted_at=MOMENT, failure_reason="x" * 10_000))
    assert shown.startswith("Workload(id='wl_1', name='train', status='RUNNING', requested_gpus=0, ")
    assert "submitted_at=2026-01-02T03:04:05+00:00" in shown
    assert "priority" not in shown
    assert len(shown) < 500


@pytest.mark.parametrize(
    ("fields", "ended"),
    [
        ({"status": JobStatus.RUNNING}, False),
        ({"status": JobStatus.FAILED}, True),
        ({"status": JobStatus("odd")}, False),
        ({"status": JobStatus("odd"), "completed_at": MOMENT}, True),
    ],
)
def test_a_workload_knows_whether_it_has_ended(fields, ended):
    assert workload(**fields).is_terminal is ended


@pytest.mark.parametrize("status", ["PENDING", "RUNNING", "COMPLETED"])
def test_what_has_not_failed_raises_nothing(status):
    found = workload(status=JobStatus(status))
    assert found.raise_for_status() is found


@pytest.mark.parametrize("status", ["FAILED", "CANCELLED", "PREEMPTED"])
def test_what_has_failed_says_why(status):
    failed = workload(status=JobStatus(status), failure_reason="exit code 3")
    with pytest.raises(WorkloadFailedError, match=rf"train \(wl_1\) ended as {status}: exit code 3") as caught:
        failed.raise_for_status()
    assert caught.value.workload is failed


def test_a_page_is_as_long_as_its_items_and_iterates_over_them():
    items = [workload(), workload(id="wl_2")]
    for page in (PaginatedResponse(items=items), WorkloadSearchResult(items=items)):
        assert (len(page), list(page), page.has_more) == (2, items, False)
    assert PaginatedResponse(items=items, next_token="t").has_more


def test_models_are_plain_structs_to_other_code():
    assert msgspec.json.decode(msgspec.json.encode(workload()), type=Workload) == workload()
