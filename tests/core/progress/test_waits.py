"""What is told of waits, in time that passes only when they sleep."""

import io
import os
import pty
import subprocess
import sys

import pytest

from chamber.core import WaitTimeout
from chamber.core.progress import display
from chamber.core.testing import RecordingTransport, Reply, recorded_client
from chamber.local import LocalChamber

PROGRAM = """
import os, sys
from chamber.core import ChamberClient
with ChamberClient() as client:
    jobs = [client.submit_job(f"job-{number}", "init_local", "H100", 1) for number in range(2)]
    client.wait_for_all([job.id for job in jobs], poll_interval=0.05)
"""


def row(workload_id, status, **fields):
    return {"id": workload_id, "name": f"name of {workload_id}", "status": status, **fields}


def pages(*looks, **alone):
    """An API whose listing has these statuses, one after the other; what is left at the end is asked for `alone`."""
    bodies = [{"workloads": [row(f"wl_{n}", status) for n, status in enumerate(look)]} for look in looks]
    single = {f"GET workloads/{name}": reply for name, reply in alone.items()}
    return RecordingTransport({"GET workloads": [Reply(body=body) for body in bodies], **single})


def told_by(transport, call, *arguments, **options):
    """What a wait told, as (text, done, total, status)."""
    told = []

    def hear(stage, step):
        told.append((stage, str(step), step.done, step.total, step.workload and str(step.workload.status)))

    with recorded_client(transport) as client:
        try:
            getattr(client, call)(*arguments, on_progress=hear, **options)
        finally:
            assert {stage for stage, *_ in told} <= {"wait"}
            told[:] = [tuple(rest) for _, *rest in told]
    return told


def test_each_new_status_of_each_workload_is_told_and_how_many_have_ended():
    transport = pages(["RUNNING", "QUEUED"], ["COMPLETED", "QUEUED"], wl_1=row("wl_1", "FAILED"))
    assert told_by(transport, "wait_for_all", ["wl_0", "wl_1"]) == [
        ("0 of 2 have ended: name of wl_0 is RUNNING", 0, 2, "RUNNING"),
        ("0 of 2 have ended: name of wl_1 is QUEUED", 0, 2, "QUEUED"),
        ("1 of 2 have ended (1 COMPLETED): name of wl_0 is COMPLETED", 1, 2, "COMPLETED"),
        ("2 of 2 have ended (1 COMPLETED, 1 FAILED): name of wl_1 is FAILED", 2, 2, "FAILED"),
    ]


def test_a_status_that_stays_is_told_once():
    assert len(told_by(pages(*[["RUNNING", "RUNNING"]] * 5, ["COMPLETED"] * 2), "wait_for_all", ["wl_0", "wl_1"])) == 4


def test_what_can_never_be_read_is_told_as_a_warning_and_counts_as_over():
    (first, *_), (last, done, total, status) = told_by(
        pages(["COMPLETED"], wl_none=Reply(404)), "wait_for_all", ["wl_0", "wl_none"]
    )
    assert first.startswith("warning: wl_none cannot be read: ")
    assert (last, done, total, status) == (
        "2 of 2 have ended (1 not readable, 1 COMPLETED): name of wl_0 is COMPLETED",
        2,
        2,
        "COMPLETED",
    )


@pytest.mark.parametrize("call", ["wait_for_all", "wait_for_completion"])
def test_of_one_workload_each_status_is_told_and_why_it_failed(call):
    failed = row("wl_1", "FAILED", failure_reason="exit code 3")
    transport = RecordingTransport({"GET workloads/wl_1": [row("wl_1", "RUNNING"), Reply(503), failed]})
    argument = ["wl_1"] if call == "wait_for_all" else "wl_1"
    assert told_by(transport, call, argument, poll_interval=60) == [
        ("name of wl_1 is RUNNING", 0, 1, "RUNNING"),
        ("name of wl_1 is FAILED: exit code 3", 1, 1, "FAILED"),
    ]


def test_a_status_that_is_waited_for_is_the_end():
    transport = RecordingTransport({"GET workloads/wl_1": [row("wl_1", "PENDING"), row("wl_1", "RUNNING")]})
    told = told_by(transport, "wait_for_completion", "wl_1", terminal_statuses=["RUNNING"])
    assert [done for _, done, _, _ in told] == [0, 1]


async def test_the_awaiting_face_tells_the_same(chamber_of_two):
    chamber, ids = chamber_of_two
    told = []
    async with chamber.async_client() as client:
        await client.wait_for_all(
            ids, 0.02, on_progress=lambda stage, step: told.append((stage, step.done, step.total))
        )
    assert told[-1] == ("wait", 2, 2)


@pytest.fixture(scope="module")
def chamber_of_two():
    """A Chamber and the ids of two workloads of it."""
    with LocalChamber(executor="simulated") as chamber, chamber.client() as client:
        yield chamber, [client.submit_job("train", chamber.team, "H100", 1).id for _ in range(2)]


def test_what_the_listener_raises_ends_the_wait():
    def refuse(stage, step):
        raise LookupError(step)

    with recorded_client(pages(["RUNNING"] * 2)) as client, pytest.raises(LookupError, match="is RUNNING"):
        client.wait_for_all(["wl_0", "wl_1"], on_progress=refuse)


class Recorded:
    """A display that writes down what it shows."""

    def __init__(self):
        self.shown = []

    def __call__(self, stage, message):
        self.shown.append(str(message))

    def close(self):
        self.shown.append("closed")


@pytest.mark.parametrize(
    ("options", "is_shown"),
    [({}, True), ({"progress": False}, False), ({"on_progress": print}, False), ({"progress": True}, True)],
    ids=["by default", "unwanted", "heard", "wanted"],
)
def test_it_is_shown_unless_somebody_listens_or_it_is_not_wanted(monkeypatch, options, is_shown):
    recorded = Recorded()
    monkeypatch.setattr(display, "found", lambda: recorded)
    with recorded_client(pages(["COMPLETED"] * 2)) as client:
        client.wait_for_all(["wl_0", "wl_1"], **options)
    assert recorded.shown[-1:] == (["closed"] if is_shown else [])
    assert len(recorded.shown) == 3 * is_shown


def test_the_display_is_closed_when_the_wait_ends_in_vain(monkeypatch):
    recorded = Recorded()
    monkeypatch.setattr(display, "found", lambda: recorded)
    with recorded_client(pages(["RUNNING"] * 2)) as client, pytest.raises(WaitTimeout):
        client.wait_for_all(["wl_0", "wl_1"], timeout=0)
    assert recorded.shown[-1] == "closed"


def test_in_a_pipe_nothing_is_shown(capfd):
    with recorded_client(pages(["COMPLETED"] * 2)) as client:
        client.wait_for_all(["wl_0", "wl_1"])
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("stream", [None, "closed"])
def test_a_program_without_standard_error_waits_all_the_same(monkeypatch, stream):
    if stream:
        stream = io.StringIO()
        stream.close()
    monkeypatch.setattr(sys, "stderr", stream)
    with recorded_client(pages(["COMPLETED"] * 2)) as client:
        assert len(client.wait_for_all(["wl_0", "wl_1"])) == 2


@pytest.mark.parametrize("without", ["", "rich"])
def test_a_wait_on_a_real_terminal_shows_how_many_have_ended_where_there_is_rich(tmp_path, written_to, without):
    hide = f"import sys; sys.modules[{without!r}] = None\n" if without else ""
    main, side = pty.openpty()
    with LocalChamber(executor="simulated") as chamber:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "TERM": "xterm-256color",
            "COLUMNS": "120",
            "CHAMBER_CONFIG_DIR": str(tmp_path),
            "CHAMBER_TOKEN": chamber.token,
            "CHAMBER_API_URL": chamber.api_url,
        }
        running = subprocess.Popen([sys.executable, "-c", hide + PROGRAM], env=environment, stderr=side, stdout=side)
        os.close(side)
        seen = written_to(main)
        assert running.wait() == 0, seen
    assert ("2 of 2 have ended (2 COMPLETED)" in seen) is (without == "")
    assert without == "" or seen == ""
