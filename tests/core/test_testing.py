from __future__ import annotations

import pytest

from chamber.core import NotFoundError, TransportError
from chamber.core.testing import FakeClock, RecordingTransport, Reply, recorded_async_client, recorded_client

WORKLOAD = {"id": "wl_1", "name": "a", "status": "RUNNING"}


def test_a_recording_client_answers_from_its_table_and_keeps_what_it_was_asked():
    transport = RecordingTransport({"GET workloads/wl_1": WORKLOAD, "POST workloads/wl_1/cancel": WORKLOAD})
    with recorded_client(transport) as client:
        assert client.get_workload("wl_1").id == client.cancel_workload("wl_1").id == "wl_1"
    assert [(call.method, call.path) for call in transport.calls] == [
        ("GET", "workloads/wl_1"),
        ("POST", "workloads/wl_1/cancel"),
    ]


async def test_it_works_on_the_async_face_too():
    client = recorded_async_client(RecordingTransport({"GET workloads/wl_1": WORKLOAD}))
    assert (await client.get_workload("wl_1")).id == "wl_1"
    await client.aclose()


def test_a_list_of_replies_is_used_up_but_for_its_last():
    transport = RecordingTransport({"GET workloads/wl_1": [TransportError("cut"), Reply(500), WORKLOAD]})
    with recorded_client(transport) as client:
        client.get_workload("wl_1")
        client.get_workload("wl_1")
    assert len(transport.calls) == 4
    assert len(transport.sleeps) == 2


def test_an_error_reply_is_the_error_of_a_real_api():
    with (
        recorded_client(RecordingTransport({"GET workloads/wl_1": Reply(404, {"message": "gone"})})) as client,
        pytest.raises(NotFoundError, match="gone"),
    ):
        client.get_workload("wl_1")


def test_a_call_that_is_not_in_the_table_fails_the_test_and_names_it():
    with (
        recorded_client(RecordingTransport({"GET health": {}})) as client,
        pytest.raises(AssertionError, match="no reply is recorded for 'GET workloads/wl_1', only for GET health"),
    ):
        client.get_workload("wl_1")


def test_one_table_serves_two_transports():
    replies = {"GET workloads/wl_1": [Reply(500), WORKLOAD]}
    for _ in range(2):
        transport = RecordingTransport(replies)
        with recorded_client(transport) as client:
            client.get_workload("wl_1")
        assert len(transport.calls) == 2


async def test_a_fake_clock_moves_only_when_somebody_sleeps():
    clock = FakeClock()
    assert (clock.monotonic(), clock.now()) == (clock.monotonic(), clock.now())
    before = clock.now()
    await clock.sleep(90)
    assert clock.monotonic() == 90
    assert (clock.now() - before).total_seconds() == 90
    assert clock.sleeps == [90]
