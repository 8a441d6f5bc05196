"""A run that was killed before it was acknowledged is taken up by the next of the same plan, and by nothing else."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from chamber.core import ChamberClient, JobStatus, SubmissionUnknownError, Workload
from chamber.core.journal import Journal
from chamber.core.testing import FakeClock
from chamber.core.transport import Transport
from chamber.core.transport.exchange import Request
from chamber.core.wire import Answer
from chamber.local import LocalChamber

#: Runs the project and is killed: ``before`` the submission is sent, or ``after`` the API has it.
KILLED = """
import os, signal, sys
from chamber.core import ChamberClient
from chamber.core.transport import Transport

url, token, organization, team, project, when = sys.argv[1:]
send = Transport._send

async def killed(self, request, timeout):
    submits = request.method == "POST" and request.url.endswith("/workloads")
    if submits and when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    answer = await send(self, request, timeout)
    if submits:
        os.kill(os.getpid(), signal.SIGKILL)
    return answer

Transport._send = killed
with ChamberClient(token, url, organization) as client:
    client.run(project, team=team)
"""


@pytest.fixture
def chamber() -> Iterator[LocalChamber]:
    with LocalChamber(executor="simulated", idempotency=False) as running:
        yield running


@pytest.fixture
def client(chamber: LocalChamber) -> Iterator[ChamberClient]:
    with chamber.client(clock=FakeClock()) as made:
        yield made


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "train.py").write_text("print('trained')\n")
    return folder


class Interrupted(BaseException):
    """As a kill, for all that is kept: the run ends where it is."""


@pytest.fixture
def interrupted(client: ChamberClient, project: Path) -> Callable[[str], str]:
    """Has a run end ``before`` or ``after`` its submission is sent, and returns the external id that it left."""

    def interrupt(when: str) -> str:
        send = Transport._send

        async def ended(self: Transport, request: Request, timeout: float) -> Answer:
            submits = request.method == "POST" and request.url.endswith("/workloads")
            if not submits or when == "after":
                answer = await send(self, request, timeout)
            if submits:
                raise Interrupted
            return answer

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Transport, "_send", ended)
            with pytest.raises(Interrupted):
                asyncio.run(client._async.run(project, team="init_local"))
        (intent,) = Journal().pending()
        return intent.external_id

    return interrupt


def run(client: ChamberClient, project: Path, **options: Any) -> Workload:
    return client.run(project, **{"team": "init_local", **options})


def present(chamber: LocalChamber) -> list[str | None]:
    return [workload.external_id for workload in chamber.workloads()]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_killed_run_is_taken_up_once(chamber: LocalChamber, client: ChamberClient, project: Path, when: str) -> None:
    arguments = (chamber.api_url, chamber.token, chamber.organization_id, chamber.team, project, when)
    done = subprocess.run([sys.executable, "-c", KILLED, *arguments], env=os.environ, check=False)
    assert done.returncode == -9
    (intent,) = Journal().pending()
    left = intent.external_id
    told: list[str] = []
    workload = run(client, project, on_progress=lambda _, message: told.append(message))
    assert (workload.external_id, workload.reused, present(chamber)) == (left, when == "after", [left])
    assert f"an earlier run of this plan was not acknowledged: looking for {left}" in told
    assert f"resumed project, which is {workload.id} and {workload.status}" in told or not workload.reused
    assert f"submitted project as {workload.id}" in told or workload.reused
    assert Journal().pending() == []


def test_a_run_after_the_one_that_was_taken_up_is_a_new_one(
    chamber: LocalChamber, client: ChamberClient, project: Path, interrupted: Callable[[str], str]
) -> None:
    left = interrupted("after")
    first, second = run(client, project), run(client, project)
    assert first.external_id == left
    assert second.external_id not in {None, left}
    assert len(present(chamber)) == 2


def test_an_acknowledged_run_is_never_returned_again(
    chamber: LocalChamber, client: ChamberClient, project: Path
) -> None:
    first = run(client, project)
    chamber.clock.advance(3600)
    second = run(client, project)
    assert (first.reused, second.reused, first.id == second.id) == (False, False, False)
    assert first.external_id != second.external_id


def test_a_job_that_completed_before_anybody_was_told_is_returned_once(
    chamber: LocalChamber, client: ChamberClient, project: Path, interrupted: Callable[[str], str]
) -> None:
    left = interrupted("after")
    chamber.clock.advance(3600)
    first, second = run(client, project), run(client, project)
    assert (first.external_id, first.status) == (left, "COMPLETED")
    assert not second.reused
    assert len(present(chamber)) == 2


def test_a_job_that_failed_before_anybody_was_told_is_submitted_anew(
    chamber: LocalChamber, client: ChamberClient, project: Path, interrupted: Callable[[str], str]
) -> None:
    left = interrupted("after")
    (failed,) = chamber.workloads()
    told: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("chamber.core.submission.Submission._same", _failed)
        workload = run(client, project, on_progress=lambda _, message: told.append(message))
    assert workload.external_id != left
    assert f"warning: the earlier run is {failed.id}, which is FAILED: submitting anew" in told
    assert Journal().pending() == []


def _failed(_: object, found: Workload, __: object) -> Workload:
    return msgspec.structs.replace(found, status=JobStatus.FAILED, reused=True)


@pytest.mark.parametrize("change", ["code", "gpus", "env", "name"])
def test_another_plan_takes_up_nothing(
    chamber: LocalChamber, client: ChamberClient, project: Path, interrupted: Callable[[str], str], change: str
) -> None:
    left = interrupted("before")
    options: dict[str, Any] = {"gpus": {"gpus": 2}, "env": {"env": {"A": "1"}}, "name": {"name": "other"}}
    if change == "code":
        (project / "train.py").write_text("print('trained better')\n")
    assert run(client, project, **options.get(change, {})).external_id != left
    assert [intent.external_id for intent in Journal().pending()] == [left]


def test_another_organisation_takes_up_nothing(
    chamber: LocalChamber, project: Path, interrupted: Callable[[str], str]
) -> None:
    left = interrupted("before")
    with ChamberClient(chamber.token, chamber.api_url) as client:
        assert run(client, project).external_id != left


def test_what_another_process_has_under_way_is_not_taken_up(
    client: ChamberClient, project: Path, interrupted: Callable[[str], str]
) -> None:
    left = interrupted("before")
    with Journal().claim(left) or pytest.fail("it is held"):
        assert run(client, project).external_id != left
    assert run(client, project).external_id == left


def test_several_that_were_killed_are_taken_up_one_by_one(
    client: ChamberClient, project: Path, interrupted: Callable[[str], str]
) -> None:
    first = interrupted("after")
    (intent,) = Journal().pending()
    later = msgspec.structs.replace(intent, external_id="later", time=intent.time + timedelta(seconds=1))
    Journal().write(later).release()
    assert [run(client, project).external_id for _ in range(2)] == [first, "later"]
    assert run(client, project).external_id not in {first, "later"}


def test_a_run_that_ended_unknown_is_taken_up_by_the_next(
    chamber: LocalChamber, client: ChamberClient, project: Path
) -> None:
    chamber.faults.add("reset_after", method="POST", path="/v1/workloads")
    chamber.faults.add("status", method="POST", path="/v1/workloads/search", times=None)
    chamber.faults.add("status", method="GET", path="/v1/workloads*", times=None)
    with pytest.raises(SubmissionUnknownError) as caught:
        _submitted_in_the_dark(client, project)
    with pytest.raises(SubmissionUnknownError) as again:
        _submitted_in_the_dark(client, project)
    chamber.faults.clear()
    (file,) = Path(os.environ["CHAMBER_CONFIG_DIR"], "submissions").iterdir()
    assert f"remove {file}" in "".join(again.value.__notes__)
    workload = run(client, project)
    assert (workload.external_id, workload.reused) == (caught.value.external_id, True)
    assert again.value.external_id == caught.value.external_id
    assert len(present(chamber)) == 1


def _submitted_in_the_dark(client: ChamberClient, project: Path) -> None:
    """A run whose access is granted before the API goes blind."""
    with pytest.MonkeyPatch.context() as patch:

        async def granted(_: object) -> None: ...

        patch.setattr("chamber.run.operations.RunOperations._require_access", granted)
        run(client, project)


def test_resolving_by_hand_ends_it_too(
    chamber: LocalChamber, client: ChamberClient, project: Path, interrupted: Callable[[str], str]
) -> None:
    left = interrupted("after")
    assert client.resolve_submission(left)
    assert run(client, project).external_id != left


def test_a_plan_has_one_digest_whatever_its_job_is_called(client: ChamberClient, project: Path) -> None:
    plans = [client.plan(project, team="init_local") for _ in range(2)]
    assert plans[0].job_name != plans[1].job_name
    assert plans[0].digest == plans[1].digest
    assert client.plan(project, team="init_local", env={"KEY": "other"}).digest != plans[0].digest
    assert client.plan(project, team="init_local", priority=7).digest != plans[0].digest
