from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from chamber.core import (
    ChamberError,
    ConflictError,
    JobClass,
    JobStatus,
    NotFoundError,
    ScalingMode,
    ServerError,
    TransportError,
    ValidationError,
    WaitTimeout,
    Workload,
)
from chamber.core.testing import RecordingTransport, Reply, recorded_async_client, recorded_client


def row(status: str = "RUNNING", **more: object) -> dict[str, object]:
    return {"id": "wl_1", "name": "train", "status": status, **more}


def page(*statuses: str) -> dict[str, object]:
    return {"workloads": [row(status) for status in statuses]}


@pytest.fixture(params=["blocking", "awaiting"])
def ask(request):
    """Call one method of a client of either face that gets these replies; returns its result and what was asked."""

    def call(replies: dict[str, object], method: str, /, *arguments: object, **options: object):
        transport = RecordingTransport(replies)
        if request.param == "blocking":
            with recorded_client(transport) as client:
                return getattr(client, method)(*arguments, **options), transport
        client = recorded_async_client(transport)
        return asyncio.run(getattr(client, method)(*arguments, **options)), transport

    return call


EVERYTHING = {
    "name": "train",
    "initiative_id": "ml",
    "gpu_type": "H100",
    "requested_gpus": 8,
    "job_class": "elastic",
    "priority": 50,
    "external_id": "mine",
    "k8s_manifest": "kind: Job",
    "metadata": {"camelCase": {"innerKey": 1}, "snake_case": None},
    "tags": {"costCenter": "a"},
    "allocation_id": "al",
    "template_id": "te",
    "distribution_mode": "manual",
    "gpus_per_pod": 4,
    "requested_pods": 2,
    "scaling_mode": "gang",
    "min_pods": 1,
}


def test_a_submission_sends_everything_under_the_names_of_the_api(ask):
    _, transport = ask({"POST workloads": row()}, "submit_job", **EVERYTHING)
    assert transport.calls[0].body == {**EVERYTHING, "job_class": "ELASTIC", "scaling_mode": "GANG"}
    assert transport.calls[0].headers["Idempotency-Key"] == "mine"


def test_a_submission_by_position_has_the_order_of_the_reference(ask):
    _, by_position = ask({"POST workloads": row()}, "submit_job", *EVERYTHING.values())
    _, by_name = ask({"POST workloads": row()}, "submit_job", **EVERYTHING)
    assert by_position.calls[0].body == by_name.calls[0].body


def test_what_is_not_given_is_left_out_and_an_external_id_made_up(ask):
    _, transport = ask({"POST workloads": {"workload": row()}}, "submit_job", "train", "ml", "H100")
    body = dict(transport.calls[0].body)
    external_id = body.pop("external_id")
    assert external_id.startswith("cb-")
    assert transport.calls[0].headers["Idempotency-Key"] == external_id
    assert body == {"name": "train", "initiative_id": "ml", "gpu_type": "H100", "job_class": "RESERVED"}


def test_each_submission_has_an_external_id_of_its_own(ask):
    found = {
        ask({"POST workloads": row()}, "submit_job", "a", "b", "c")[1].calls[0].body["external_id"] for _ in range(5)
    }
    assert len(found) == 5


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("name", ["x", "x" * 255, "Ünï cödé"]),
        ("priority", [0, 100, 50.0]),
        ("external_id", ["x", "x" * 255, "job é 1"]),
        ("k8s_manifest", ["x" * 65_536]),
        ("requested_gpus", [0, 0.5, 512]),
        ("job_class", ["RESERVED", "reserved", "Elastic", JobClass.DISCOVERED]),
        ("scaling_mode", ["GANG", "elastic", ScalingMode.GANG]),
        ("distribution_mode", ["auto", "manual"]),
        ("min_pods", [1]),
    ],
)
def test_what_is_within_its_bounds_is_sent(ask, name, allowed):
    for value in allowed:
        _, transport = ask({"POST workloads": row()}, "submit_job", **{**EVERYTHING, name: value})
        sent = transport.calls[0].body[name]
        assert sent == (value.upper() if name in {"job_class", "scaling_mode"} else value)


@pytest.mark.parametrize(
    ("name", "refused"),
    [
        ("name", [None, "", " ", "x" * 256, 7]),
        ("initiative_id", [None, "", 7]),
        ("gpu_type", [None, "", 7]),
        ("priority", [-1, 101, 1.5, float("nan"), True, "high"]),
        ("external_id", ["x" * 256, 7, "a\nb"]),
        ("k8s_manifest", ["", "x" * 65_537, 7]),
        ("requested_gpus", [-1, float("inf"), "4", True]),
        ("job_class", ["SPOT", "", 7]),
        ("scaling_mode", ["FAST", "", 7]),
        ("distribution_mode", ["automatic", ""]),
        ("gpus_per_pod", [0, 1.5]),
        ("requested_pods", [0, -1]),
        ("min_pods", [0]),
        ("metadata", [{"a": object()}, {"loss": float("nan")}]),
    ],
)
def test_what_is_outside_its_bounds_is_refused_before_anything_is_sent(name, refused):
    transport = RecordingTransport()
    with recorded_client(transport) as client:
        for value in refused:
            with pytest.raises(ValidationError) as caught:
                client.submit_job(**{**EVERYTHING, name: value})  # pyright: ignore[reportArgumentType]
            assert name in caught.value.message or name == "metadata"
            assert isinstance(caught.value, ValueError)
    assert transport.calls == []


def test_a_submission_that_is_refused_is_told_and_not_repeated(ask):
    with pytest.raises(ValidationError, match="no such team"):
        ask({"POST workloads": Reply(422, {"message": "no such team"})}, "submit_job", "a", "b", "c")


def test_filters_are_sent_as_the_api_reads_them(ask):
    moment = datetime(2026, 1, 2, tzinfo=UTC)
    _, transport = ask(
        {"GET workloads": page("RUNNING")},
        "list_workloads",
        "RUNNING",
        initiative_id="ml",
        submitted_by="me",
        is_managed=False,
        submitted_after=moment,
        submitted_before="2026-02-01",
        sort_order="asc",
        limit=100,
        next_token="t",
    )
    assert transport.calls[0].params == {
        "status": "running",
        "initiative_id": "ml",
        "submitted_by": "me",
        "is_managed": "false",
        "start_date": "2026-01-02T00:00:00Z",
        "submitted_after": "2026-01-02T00:00:00Z",
        "end_date": "2026-02-01",
        "submitted_before": "2026-02-01",
        "sort_order": "asc",
        "limit": "100",
        "next_token": "t",
    }


@pytest.mark.parametrize(
    "options",
    [
        {"limit": 0},
        {"limit": 101},
        {"limit": 1.5},
        {"limit": "20"},
        {"sort_order": "up"},
        {"status": 7},
        {"status": [7]},
    ],
)
def test_a_filter_outside_its_bounds_is_refused(options):
    transport = RecordingTransport()
    with recorded_client(transport) as client, pytest.raises(ValidationError):
        client.list_workloads(**options)
    assert transport.calls == []


@pytest.mark.parametrize(
    ("status", "sent"),
    [
        ("RUNNING", "running"),
        ("Running, failed", "running,failed"),
        (JobStatus.RUNNING, "running"),
        ([JobStatus.RUNNING, "FAILED"], "running,failed"),
        (("running,failed", "odd"), "running,failed,odd"),
        ([], None),
        ("", None),
        (None, None),
    ],
)
def test_statuses_are_one_or_several_or_comma_separated(ask, status, sent):
    _, transport = ask({"GET workloads": page("RUNNING")}, "list_workloads", status)
    assert [call.params.get("status") for call in transport.calls] == [sent]


def statuses_asked(filters: list[str | None], *pages: dict[str, object]) -> list[str | None]:
    """What a server is asked when a client lists with these filters one after another, and gets these pages."""
    transport = RecordingTransport({"GET workloads": list(pages)})
    with recorded_client(transport) as client:
        for status in filters:
            client.list_workloads(status)
    return [call.params.get("status") for call in transport.calls]


def test_an_empty_page_is_asked_for_once_more_in_the_other_case():
    assert statuses_asked(["RUNNING"], page(), page("RUNNING")) == ["running", "RUNNING"]


def test_the_case_that_found_something_is_kept():
    pages = [page(), page("RUNNING"), page(), page("QUEUED")]
    assert statuses_asked(["RUNNING", "failed", "queued"], *pages) == ["running", "RUNNING", "FAILED", "QUEUED"]


def test_while_neither_case_found_anything_both_are_asked():
    assert statuses_asked(["x", "y"], page()) == ["x", "X", "y", "Y"]


def test_without_a_filter_an_empty_page_is_an_empty_page():
    assert statuses_asked([None], page()) == [None]


def test_a_workload_is_cancelled_by_its_id(ask):
    found, transport = ask({"POST workloads/wl_1/cancel": row("cancelled")}, "cancel_workload", "wl_1")
    assert found.status is JobStatus.CANCELLED
    assert transport.calls[0].body is None


def test_cancelling_what_has_ended_is_a_conflict(ask):
    with pytest.raises(ConflictError):
        ask({"POST workloads/wl_1/cancel": Reply(409, {"message": "it has ended"})}, "cancel_workload", "wl_1")


def test_capacity_is_asked_for_one_team_or_pool(ask):
    _, transport = ask({"GET capacity": {"pools": []}}, "get_capacity", "ml", pool_id="p")
    assert transport.calls[0].params == {"initiative_id": "ml", "pool_id": "p"}


GET = "GET workloads/wl_1"


def test_waiting_looks_at_once_and_then_at_each_interval(ask):
    replies = [row("PENDING"), row("QUEUED"), row("RUNNING"), row("COMPLETED", exit_code=0)]
    found, transport = ask({GET: replies}, "wait_for_completion", "wl_1", 30.0)
    assert (found.status, found.exit_code) == (JobStatus.COMPLETED, 0)
    assert transport.sleeps == [30.0] * 3


@pytest.mark.parametrize("status", ["COMPLETED", "failed", "Cancelled", "PREEMPTED"])
def test_waiting_ends_with_each_way_to_end(ask, status):
    found, transport = ask({GET: [row("RUNNING"), row(status)]}, "wait_for_completion", "wl_1")
    assert found.status == status.upper()
    assert transport.sleeps == [10.0]


def test_waiting_ends_with_an_unknown_status_of_what_is_completed(ask):
    replies = [row("EVICTED"), row("EVICTED", completed_at="2026-01-02T03:04:05Z")]
    found, transport = ask({GET: replies}, "wait_for_completion", "wl_1")
    assert (found.status, len(transport.calls)) == ("EVICTED", 2)


@pytest.mark.parametrize(
    "awaited", ["RUNNING", "running", ["RUNNING"], (JobStatus.RUNNING, "FAILED"), "failed,running"]
)
def test_waiting_for_another_status_ends_with_it(ask, awaited):
    replies = [row("PENDING"), row("RUNNING"), row("COMPLETED")]
    found, _ = ask({GET: replies}, "wait_for_completion", "wl_1", terminal_statuses=awaited)
    assert found.status is JobStatus.RUNNING


def test_waiting_never_longer_than_the_timeout(ask):
    with pytest.raises(WaitTimeout, match=r"still RUNNING after 25 s.*wait again.*or cancel") as caught:
        ask({GET: row("RUNNING")}, "wait_for_completion", "wl_1", 10.0, 25.0)
    assert isinstance(caught.value, TimeoutError)
    assert isinstance(caught.value.workload, Workload)
    assert caught.value.workload.id == "wl_1"


def test_the_last_look_is_at_the_end_of_the_timeout():
    transport = RecordingTransport({GET: row("RUNNING")})
    with recorded_client(transport) as client, pytest.raises(WaitTimeout):
        client.wait_for_completion("wl_1", 10.0, 25.0)
    assert transport.sleeps == [10.0, 10.0, 5.0]
    assert len(transport.calls) == 4


def test_a_timeout_of_zero_looks_once(ask):
    found, transport = ask({GET: row("COMPLETED")}, "wait_for_completion", "wl_1", timeout=0)
    assert (found.status, transport.sleeps) == (JobStatus.COMPLETED, [])
    with pytest.raises(WaitTimeout):
        ask({GET: row("RUNNING")}, "wait_for_completion", "wl_1", timeout=0)


def test_waiting_outlasts_an_api_that_comes_back(ask):
    found, transport = ask(
        {GET: [row("RUNNING"), Reply(503), Reply(502), row("COMPLETED")]}, "wait_for_completion", "wl_1"
    )
    assert found.status is JobStatus.COMPLETED
    assert len(transport.calls) == 4


def test_waiting_for_what_is_not_there_ends_at_once(ask):
    with pytest.raises(NotFoundError):
        ask({GET: Reply(404)}, "wait_for_completion", "wl_1")


@pytest.mark.parametrize(
    "options",
    [
        {"poll_interval": -1},
        {"poll_interval": float("nan")},
        {"poll_interval": "10"},
        {"timeout": -1},
        {"timeout": float("nan")},
        {"terminal_statuses": ()},
        {"terminal_statuses": ""},
        {"terminal_statuses": [7]},
        {"terminal_statuses": None},
    ],
)
def test_a_wait_that_makes_no_sense_is_refused(options):
    transport = RecordingTransport()
    with recorded_client(transport) as client, pytest.raises(ValidationError):
        client.wait_for_completion("wl_1", **options)
    assert transport.calls == []


def test_no_foreign_exception_comes_out_of_a_wait(ask):
    with pytest.raises(ChamberError) as caught:
        ask({GET: Reply(501)}, "wait_for_completion", "wl_1")
    assert type(caught.value) is ServerError


@pytest.mark.parametrize("status", ["completed", "failed", "cancelled"])
def test_waiting_for_a_status_that_can_no_longer_come_ends(status):
    transport = RecordingTransport({"GET workloads/wl_1": {"id": "wl_1", "name": "train", "status": status}})
    with recorded_client(transport) as client:
        found = client.wait_for_completion("wl_1", terminal_statuses=["RUNNING"])
    assert found.status == status.upper()
    assert transport.clock.sleeps == []


def test_waiting_goes_on_through_a_preemption_when_that_is_not_awaited():
    replies = [{"id": "wl_1", "name": "train", "status": status} for status in ("PREEMPTED", "RUNNING", "COMPLETED")]
    with recorded_client(RecordingTransport({"GET workloads/wl_1": replies})) as client:
        found = client.wait_for_completion("wl_1", 1.0, terminal_statuses=["COMPLETED", "FAILED"])
    assert found.status == "COMPLETED"


def test_a_cancellation_whose_answer_was_lost_is_asked_for_again():
    lost = TransportError("the connection broke off")
    transport = RecordingTransport({"POST workloads/wl_1/cancel": [lost, row("cancelled")]})
    with recorded_client(transport) as client:
        assert client.cancel_workload("wl_1").status == "CANCELLED"


@pytest.mark.parametrize("status", ["cancelled", "completed"])
def test_a_conflict_after_a_lost_answer_is_none_when_the_workload_is_cancelled(status):
    lost = TransportError("the connection broke off")
    replies = {"POST workloads/wl_1/cancel": [lost, Reply(409, {})], "GET workloads/wl_1": row(status)}
    with recorded_client(RecordingTransport(replies)) as client:
        if status == "cancelled":
            assert client.cancel_workload("wl_1").status == "CANCELLED"
        else:
            with pytest.raises(ConflictError):
                client.cancel_workload("wl_1")
