"""What the system, the clock and the user do to a process while it calls, on both faces."""

import asyncio
import pathlib
import subprocess
import sys
import tempfile
import threading
import time
import uuid

import pytest
from reliability.proxy import AFTER, KINDS, PHASES
from reliability.proxy.child import in_child
from reliability.proxy.environment import AROUND, STRUCK

from chamber.core import AsyncChamberClient, ChamberClient, ChamberError
from chamber.core.journal import Journal

LOST, TOO_LATE = AFTER[0], AFTER[5]
SEARCH = "POST /v1/workloads/search"


@pytest.fixture
def world(monkeypatch):
    """A folder of settings that whoever runs this could read even if it were nobody."""
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder).chmod(0o755)
        monkeypatch.setenv("CHAMBER_CONFIG_DIR", f"{folder}/.chamber")
        yield folder


@pytest.fixture(params=["blocking", "awaiting"])
def face(request, proxy, chamber):
    """``face()`` -> ``ended(operation, *arguments)`` -> what it ends in, with a new client in this process."""
    connection = chamber.token, proxy.url, chamber.organization_id

    def blocking(operation, *arguments, **options):
        with ChamberClient(*connection) as client:
            return getattr(client, operation)(*arguments, **options)

    async def awaiting(operation, *arguments, **options):
        async with AsyncChamberClient(*connection) as client:
            return await getattr(client, operation)(*arguments, **options)

    def face():
        loop = asyncio.new_event_loop() if request.param == "awaiting" else None

        def ended(*asked, **options):
            try:
                return loop.run_until_complete(awaiting(*asked, **options)) if loop else blocking(*asked, **options)
            except ChamberError as error:
                return error

        return ended

    return face


@pytest.fixture
def job(chamber):
    with chamber.client() as client:
        return client.submit_job("there", chamber.team, "H100", 1)


def told(result):
    return type(result).__name__ if isinstance(result, ChamberError) else "result"


@pytest.mark.parametrize("kind", AROUND, ids=lambda kind: kind.name)
def test_a_read_ends_as_the_table_says(world, face, job, kind):
    def work():
        ended = face()
        if kind.name == "fork":
            ended("health")
        with kind.fault():
            return ended("get_workload", job.id)

    assert told(in_child(work)) == kind.read


@pytest.mark.parametrize("kind", AROUND, ids=lambda kind: kind.name)
def test_a_submission_whose_answer_is_lost_is_there_once(world, face, proxy, chamber, job, kind):
    """The API cannot be searched, so that the job is looked for by when it was submitted."""
    mine = f"mine-{uuid.uuid4()}"
    within = None if kind.submit == "once" else 3.0

    def work():
        ended = face()
        with kind.fault():
            return ended("submit_job", "train", chamber.team, "H100", 1, external_id=mine, timeout=within)

    proxy.befall(LOST)
    proxy.unknown.add(SEARCH)
    try:
        result = in_child(work)
    finally:
        proxy.befall(None)
        proxy.unknown.clear()
    present = [workload.id for workload in chamber.workloads() if workload.external_id == mine]
    if kind.submit == "once":
        assert told(result) == "result", result
        assert present == [result.id]
    else:
        assert told(result) == kind.submit, result
        assert (told(result), result.sent, present) == (kind.submit, False, [])


def test_a_client_that_ran_out_of_descriptors_works_when_there_are_some(world, face, job):
    (emfile,) = (kind for kind in AROUND if kind.name == "emfile")

    def work():
        ended = face()
        with emfile.fault():
            first = ended("get_workload", job.id)
        return told(first), told(ended("get_workload", job.id))

    assert in_child(work) == ("TransportError", "result")


def test_a_connection_that_is_there_needs_no_descriptor(world, proxy, chamber, job):
    (emfile,) = (kind for kind in AROUND if kind.name == "emfile")

    def work():
        with ChamberClient(chamber.token, proxy.url, chamber.organization_id) as client:
            client.get_workload(job.id)
            with emfile.fault():
                return client.get_workload(job.id).id

    assert in_child(work) == job.id


PROGRAM = """
import sys, threading
from chamber.core import ChamberClient
token, url, team, mine = sys.argv[1:]
client = ChamberClient(token, url)
def submit():
    client.submit_job("train", team, "H100", 1, external_id=mine)
if {in_a_thread}:
    threading.Thread(target=submit, daemon=True).start()
    sys.stdin.readline()
else:
    submit()
"""


@pytest.mark.parametrize("kind", STRUCK, ids=lambda kind: kind.name)
def test_a_submission_in_flight_outlives_its_program(world, proxy, chamber, kind):
    mine = f"mine-{uuid.uuid4()}"
    proxy.befall(TOO_LATE, times=None)
    code = PROGRAM.format(in_a_thread=kind.name == "exit_in_flight")
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    arguments = [chamber.token, proxy.url, chamber.team, mine]
    with subprocess.Popen([sys.executable, "-c", code, *arguments], text=True, **pipes) as program:
        try:
            _until(lambda: _present(chamber, mine))
            kind.fault(program)
            out, err = program.communicate(timeout=20)
        finally:
            program.kill()
            proxy.befall(None)
    assert out == ""
    if kind.name == "interrupt":
        assert program.returncode == -2
        assert err.rstrip().endswith(f"client.resolve_submission({mine!r}) tells")
    else:
        assert (err, program.returncode) == ("", 0 if kind.name == "exit_in_flight" else -9)
    assert [intent.external_id for intent in Journal().pending()] == [mine]
    with chamber.client() as client:
        assert [client.resolve_submission(mine).id] == _present(chamber, mine)
    assert Journal().pending() == []


def test_a_wait_outlasts_a_network_that_goes_away(proxy, chamber):
    with ChamberClient(chamber.token, proxy.url, chamber.organization_id) as client:
        job = client.submit_job("lasting", chamber.team, "H100", 1, metadata={"simulated_seconds": 3600})
        flapping = threading.Thread(target=_flap, args=(proxy, lambda: chamber.clock.advance(3600)))
        flapping.start()
        found = client.wait_for_completion(job.id, poll_interval=0.05, timeout=60)
        flapping.join(20)
    assert found.status == "COMPLETED"


def test_an_async_client_outlives_the_loops_it_was_used_in(proxy, chamber, job):
    client = AsyncChamberClient(chamber.token, proxy.url, chamber.organization_id)
    assert [asyncio.run(client.get_workload(job.id)).id for _ in range(3)] == [job.id] * 3
    loop = asyncio.new_event_loop()
    assert loop.run_until_complete(client.get_workload(job.id)).id == job.id
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()
    assert asyncio.run(client.get_workload(job.id)).id == job.id


def test_there_are_at_least_sixty_kinds_in_six_phases_each_once():
    counts = {phase: sum(kind.phase == phase for kind in KINDS) for phase in PHASES}
    assert all(counts[phase] >= least for phase, least in LEAST.items()), counts
    assert len({kind.name for kind in KINDS}) == len(KINDS) >= 60


LEAST = {"connect": 10, "before": 9, "after": 10, "malformed": 16, "hostile": 11, "environment": 10}


def _flap(proxy, meanwhile):
    for _ in range(3):
        time.sleep(0.2)
        proxy.shut()
        time.sleep(0.2)
        proxy.open()
    meanwhile()


def _present(chamber, external_id):
    return [workload.id for workload in chamber.workloads() if workload.external_id == external_id]


def _until(happened):
    ends = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < ends
        time.sleep(0.01)
