"""Virtual time for a client's waits against a real Chamber."""

import time

import pytest

from chamber.core import WaitTimeout
from chamber.core.testing import FakeClock
from chamber.local import LocalChamber


def test_a_poll_every_ten_minutes_takes_no_longer_than_the_job(tools):
    with LocalChamber() as chamber, chamber.client(clock=chamber.virtual_time) as client:
        call = tools.Caller(chamber)
        started = time.monotonic()
        jobs = [call.python("import time; time.sleep(0.5)") for _ in range(2)]
        done = [client.wait_for_completion(job, poll_interval=600, timeout=1e5) for job in jobs]

        assert [str(job.status) for job in done] == ["COMPLETED", "COMPLETED"]
        assert time.monotonic() - started < 300
        assert max(chamber.virtual_time.sleeps) == 600


async def test_a_timeout_of_an_hour_takes_the_polls_alone():
    async with LocalChamber(executor="simulated") as chamber, chamber.async_client(clock=FakeClock()) as client:
        job = await client.submit_job("long", chamber.team, "H100", metadata={"simulated_seconds": 1e6})
        with pytest.raises(WaitTimeout):
            await client.wait_for_completion(job.id, poll_interval=60, timeout=3600)


def test_pauses_between_attempts_take_no_time_where_nothing_runs():
    with LocalChamber(executor="simulated") as chamber, chamber.client(clock=chamber.virtual_time) as client:
        chamber.faults.add("status", status=503, headers={"Retry-After": "20"}, times=2)
        started = time.monotonic()

        assert client.list_teams()
        assert time.monotonic() - started < 20
        assert [pause >= 20 for pause in chamber.virtual_time.sleeps] == [True, True]


def test_a_simulated_job_of_two_hours_takes_the_polls_alone():
    with LocalChamber(executor="simulated") as chamber, chamber.client(clock=chamber.virtual_time) as client:
        job = client.submit_job("long", chamber.team, "H100", metadata={"simulated_seconds": 7200})
        done = client.wait_for_completion(job.id, poll_interval=60, timeout=7300)

        assert str(done.status) == "COMPLETED"
        assert len(chamber.virtual_time.sleeps) <= 121


async def test_a_wait_is_never_longer_than_was_asked_for(tools):
    async with LocalChamber(grace=0.1) as chamber:
        call = tools.Caller(chamber)
        call.wait(call.python("import time; time.sleep(600)"), "running")
        await chamber.virtual_time.sleep(3600)
        begun, before = time.monotonic(), chamber.virtual_time.monotonic()
        await chamber.virtual_time.sleep(0.05)

        assert time.monotonic() - begun >= 0.05
        assert chamber.virtual_time.monotonic() - before >= 0.05


async def test_a_wait_without_a_chamber_is_over_at_once():
    chamber = LocalChamber(executor="simulated")
    before = chamber.virtual_time.monotonic()

    await chamber.virtual_time.sleep(3600)

    assert 3600 <= chamber.virtual_time.monotonic() - before < 3900
