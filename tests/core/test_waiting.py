"""wait_for_completion(), in time that passes only when it sleeps."""

import aiohttp
import pytest

from chamber.core import JobStatus, NotFoundError, ServerError, TransportError, ValidationError, WaitTimeout
from chamber.core.testing import RecordingTransport, Reply

CALL = "GET workloads/wl_1"


def workload(status, **fields):
    return {"id": "wl_1", "name": "train", "status": status, **fields}


def states(*statuses):
    return RecordingTransport({CALL: [workload(status) for status in statuses]})


@pytest.mark.parametrize("last", ["COMPLETED", "FAILED", "CANCELLED", "PREEMPTED", "completed"])
def test_the_workload_is_returned_once_it_has_ended_in_whatever_way(client_of, last):
    transport = states("PENDING", "QUEUED", "STARTING", "RUNNING", "PAUSED", last)
    job = client_of(transport).wait_for_completion("wl_1", poll_interval=30)
    assert job.status == JobStatus(last)
    assert transport.clock.sleeps == [30] * 5


def test_polls_are_ten_seconds_apart_unless_said_otherwise(client_of):
    transport = states("RUNNING", "COMPLETED")
    client_of(transport).wait_for_completion("wl_1")
    assert transport.clock.sleeps == [10]


def test_an_end_under_an_unknown_status_is_an_end(client_of):
    ended = workload("EVICTED", completed_at="2026-01-01T00:00:00Z")
    assert client_of(RecordingTransport({CALL: ended})).wait_for_completion("wl_1").status == "EVICTED"


def test_a_timeout_of_nothing_looks_once(client_of):
    transport = states("RUNNING", "COMPLETED")
    with pytest.raises(WaitTimeout):
        client_of(transport).wait_for_completion("wl_1", timeout=0)
    assert (len(transport.calls), transport.clock.sleeps) == (1, [])


def test_a_workload_that_has_ended_needs_no_time(client_of):
    assert client_of(states("COMPLETED")).wait_for_completion("wl_1", timeout=0).status == "COMPLETED"


def test_the_timeout_is_kept_to_the_second_with_a_last_look_at_its_end(client_of):
    transport = states("RUNNING")
    with pytest.raises(WaitTimeout):
        client_of(transport).wait_for_completion("wl_1", poll_interval=30, timeout=70)
    assert (transport.clock.sleeps, len(transport.calls)) == ([30, 30, 10], 4)


def test_the_error_is_a_timeout_error_that_carries_the_workload(client_of):
    with pytest.raises(TimeoutError, match="is still RUNNING after 5 s") as caught:
        client_of(states("PENDING", "RUNNING")).wait_for_completion("wl_1", timeout=5)
    assert (caught.value.workload.id, caught.value.workload.status) == ("wl_1", JobStatus.RUNNING)


def test_only_the_statuses_that_are_named_end_the_wait(client_of):
    transport = states("PENDING", "STARTING", "RUNNING", "COMPLETED")
    job = client_of(transport).wait_for_completion("wl_1", terminal_statuses=["running", JobStatus.FAILED])
    assert job.status == "RUNNING"


@pytest.mark.parametrize("nothing", [[], "", ()])
def test_to_wait_for_no_status_is_refused(client_of, nothing):
    with pytest.raises(ValidationError, match="terminal_statuses is empty"):
        client_of(states("RUNNING")).wait_for_completion("wl_1", terminal_statuses=nothing)


@pytest.mark.parametrize("name", ["poll_interval", "timeout"])
@pytest.mark.parametrize("value", [-1, float("nan"), float("inf"), "10", True])
def test_times_that_are_no_times_are_refused_before_anything_is_sent(client_of, name, value):
    transport = states("COMPLETED")
    with pytest.raises(ValidationError, match=name):
        client_of(transport).wait_for_completion("wl_1", **{name: value})
    assert transport.calls == []


@pytest.mark.parametrize("fault", [Reply(500), Reply(502, b"<html>"), Reply(429), TransportError("gone"), b"{}"])
def test_an_outage_while_waiting_is_not_final(client_of, fault):
    replies = [workload("RUNNING"), *[fault] * 5, workload("COMPLETED")]
    transport = RecordingTransport({CALL: [Reply(body=r) if isinstance(r, bytes) else r for r in replies]})
    assert client_of(transport).wait_for_completion("wl_1").status == "COMPLETED"


@pytest.mark.parametrize("fault", [Reply(500), Reply(502, b"<html>"), TransportError("gone")])
def test_an_outage_before_the_first_look_is_not_final(client_of, fault):
    transport = RecordingTransport({CALL: [*[fault] * 20, workload("COMPLETED")]})
    assert client_of(transport).wait_for_completion("wl_1").status == "COMPLETED"


def test_what_was_never_seen_in_time_fails_as_the_last_look_did(client_of):
    transport = RecordingTransport({CALL: Reply(500)})
    with pytest.raises(ServerError):
        client_of(transport).wait_for_completion("wl_1", timeout=70)
    assert 70 <= transport.clock.time < 75


def test_what_can_never_be_seen_is_not_waited_for(client_of):
    untrusted = TransportError("not trusted")
    untrusted.__cause__ = aiohttp.InvalidUrlClientError("https://chamber.test")
    transport = RecordingTransport({CALL: untrusted})
    with pytest.raises(TransportError):
        client_of(transport).wait_for_completion("wl_1")
    assert len(transport.calls) == 1
    with pytest.raises(NotFoundError):
        client_of(RecordingTransport({CALL: [workload("RUNNING"), Reply(404)]})).wait_for_completion("wl_1")


def test_an_api_that_stays_away_for_15_minutes_is_given_up(client_of):
    transport = RecordingTransport({CALL: [workload("RUNNING"), Reply(503)]})
    with pytest.raises(ServerError):
        client_of(transport).wait_for_completion("wl_1", 30.0)
    assert 900 < transport.clock.time < 1000
