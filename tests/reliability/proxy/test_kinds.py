"""Each kind of fault on a real connection, on both faces: what a read and a submission end in.

The table of the embedded Chamber is the oracle.
"""

import uuid

import pytest
from reliability.proxy import ANSWERS, CONNECT

from chamber.core import ChamberError, SubmissionUnknownError

#: Seconds that an attempt is given where only patience ends it.
PATIENCE = 0.5

#: What takes no time is tried in every run, the rest in CI.
QUICK = {"before", "after", "malformed"}


def marked(kinds):
    long = [pytest.mark.reliability]
    return [pytest.param(k, id=k.name, marks=[] if k.phase in QUICK and not k.slow else long) for k in kinds]


ANSWER = pytest.mark.parametrize("kind", marked(ANSWERS))
CONNECTING = pytest.mark.parametrize("kind", marked(CONNECT))


def ended(call, *arguments, **options):
    """What a call ends in: its result, or an error of ours."""
    try:
        return call(*arguments, **options)
    except ChamberError as error:
        return error


def told(result):
    return type(result).__name__ if isinstance(result, ChamberError) else "result"


@pytest.fixture(scope="module")
def job(chamber):
    with chamber.client() as client:
        return client.submit_job("there", chamber.team, "H100", 1)


@ANSWER
def test_a_read_ends_as_the_table_says(face, proxy, job, kind):
    client = face(proxy.url, PATIENCE if kind.slow else None)
    proxy.befall(kind)
    result = ended(client.get_workload, job.id)
    assert told(result) == kind.read
    assert proxy.is_spent
    if kind.read == "result":
        assert (result.id, result.name) == (job.id, "there")


@ANSWER
def test_a_submission_is_there_once_and_its_caller_knows(face, proxy, chamber, kind):
    client, mine = face(proxy.url, PATIENCE if kind.slow else None), f"mine-{uuid.uuid4()}"
    proxy.befall(kind)
    result = ended(client.submit_job, "train", chamber.team, "H100", 1, external_id=mine)
    present = [workload.id for workload in chamber.workloads() if workload.external_id == mine]
    assert proxy.is_spent
    assert told(result) == "result"
    assert present == [result.id]


@pytest.mark.reliability
@ANSWER
def test_a_submission_that_is_never_answered_right_is_reported(face, proxy, chamber, kind, monkeypatch):
    """Its fate can be unknown, and then its id is told; it is never there twice."""
    monkeypatch.setattr("chamber.core.transport.calls._LARGEST_ANSWER", 1 << 20)
    mine = f"mine-{uuid.uuid4()}"
    proxy.befall(kind, times=None)
    client = face(proxy.url, 0.1 if kind.slow else None)
    result = ended(client.submit_job, "train", chamber.team, "H100", 1, external_id=mine, timeout=20)
    proxy.befall(None)
    present = [workload for workload in chamber.workloads() if workload.external_id == mine]
    assert len(present) <= 1
    if present and isinstance(result, ChamberError):
        assert isinstance(result, SubmissionUnknownError)
        assert result.external_id == mine
    if told(result) == "result":
        assert [workload.id for workload in present] == [result.id]


@CONNECTING
def test_a_call_that_never_reaches_the_server_says_that_it_was_not_sent(face, proxy, chamber, job, kind):
    there = len(chamber.workloads())
    with kind.fault(chamber.api_url) as url:
        client = face(url, 0.2 if kind.slow else None)
        read = ended(client.get_workload, job.id)
        sent = ended(client.submit_job, "train", chamber.team, "H100", 1, external_id=f"mine-{uuid.uuid4()}")
    assert (told(read), told(sent)) == (kind.read, kind.submit)
    assert (read.sent, sent.sent) == (False, False)
    assert len(chamber.workloads()) == there
