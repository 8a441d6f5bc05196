"""Section "wait_for_completion()"."""

import pytest
from covering import covers

from chamber.core import JobStatus, WaitTimeout
from chamber.core.testing import RecordingTransport


def states(*statuses):
    replies = [{"id": "wl_1", "name": "n", "status": status} for status in statuses]
    return RecordingTransport({"GET workloads/wl_1": replies})


@covers("wait_for_completion()", "wait_for_completion(workload_id)")
def test_the_workload_is_returned_when_it_has_ended(client, submit, team):
    waited = client.submit_job("n", team, "H100", metadata={"simulated_seconds": 0.05})
    ended = client.wait_for_completion(workload_id=waited.id, poll_interval=0.01, timeout=30)
    assert (ended.id, ended.status) == (waited.id, JobStatus.COMPLETED)


@covers("wait_for_completion(poll_interval)")
def test_polls_are_as_far_apart_as_was_said(client_of):
    transport = states("PENDING", "RUNNING", "COMPLETED")
    client_of(transport).wait_for_completion("wl_1", poll_interval=30, timeout=3600)
    assert transport.clock.sleeps == [30, 30]


@covers("wait_for_completion(timeout)")
def test_waiting_ends_in_time(client_of):
    with pytest.raises(WaitTimeout) as caught:
        client_of(states(*["RUNNING"] * 10, "COMPLETED")).wait_for_completion("wl_1", timeout=45)
    assert caught.value.workload.status is JobStatus.RUNNING


@covers("wait_for_completion(terminal_statuses)")
def test_other_statuses_can_be_waited_for(client_of):
    client = client_of(states("PENDING", "RUNNING", "COMPLETED"))
    assert client.wait_for_completion("wl_1", terminal_statuses=["RUNNING"]).status is JobStatus.RUNNING
