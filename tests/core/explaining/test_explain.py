"""`explain()` on real workloads of the embedded Chamber: its scheduler's decisions, and processes that fail."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from chamber.core import AsyncChamberClient, ChamberClient, Explanation, NotFoundError, Reason, Workload, hookimpl
from chamber.core.testing import FakeClock, RecordingTransport, Reply, recorded_client, registered
from chamber.local import LocalChamber

LONG = {"simulated_seconds": 36_000}


@pytest.fixture(params=["documented", "legacy"])
def simulated(request: pytest.FixtureRequest) -> Iterator[LocalChamber]:
    teams = [
        {"id": "poor", "name": "poor", "gpu_hours": 0.001},
        {"id": "ml", "name": "ml"},
    ]
    reserved = [{"id": "res", "pool": "pool", "team": "ml", "gpus": 4}]
    pools = [{"id": "pool", "name": "pool", "gpu_type": "H100", "gpus": 8}]
    with LocalChamber(
        dialect=request.param, executor="simulated", pools=pools, teams=teams, reservations=reserved
    ) as running:
        yield running


@pytest.fixture
def submit(simulated: LocalChamber) -> Iterator[Callable[..., str]]:
    """Submits a job of the team `ml`, and tells its id."""
    with simulated.client(clock=FakeClock()) as client:

        def submitted(gpus: int, team: str = "ml", job_class: str = "ELASTIC", **others: Any) -> str:
            found = client.submit_job("train", team, "H100", gpus, job_class, metadata=LONG, **others).id
            simulated.clock.advance(1)  # until the scheduler has decided
            return found

        submitted.client = client  # type: ignore[attr-defined]
        yield submitted


def reason(submit: Any, workload_id: str) -> Reason:
    return submit.client.explain(workload_id).reason


def test_work_that_waits_for_idle_gpus(submit: Any) -> None:
    submit(6)
    assert reason(submit, submit(4)) == "CAPACITY"


def test_work_that_waits_for_other_work(submit: Any) -> None:
    submit(8)
    submit(4, priority=90)
    assert reason(submit, submit(4, priority=10)) == "PRIORITY"


def test_work_that_waits_for_its_reservation(submit: Any) -> None:
    submit(4, job_class="RESERVED")
    assert reason(submit, submit(2, job_class="RESERVED")) == "RESERVATION"


def test_work_that_was_preempted(submit: Any) -> None:
    elastic = submit(8)
    submit(4, job_class="RESERVED")
    explained = submit.client.explain(elastic)
    assert (explained.status, explained.reason) == ("PREEMPTED", "RESERVATION")
    assert 'run(on_preempted="resubmit")' in explained.next_step


def test_work_of_a_team_that_has_used_up_its_budget(submit: Any) -> None:
    submit(4, team="poor")
    submit(1)  # and time passes
    assert reason(submit, submit(1, team="poor")) == "QUOTA"


def test_work_that_no_pool_can_hold(submit: Any) -> None:
    assert reason(submit, submit(16)) == "UNSCHEDULABLE"


def test_work_that_runs_completes_or_is_cancelled(submit: Any, simulated: LocalChamber) -> None:
    first, second = submit(1), submit(1)
    assert reason(submit, first) == "RUNNING"
    submit.client.cancel_workload(first)
    simulated.clock.advance(40_000)
    assert (reason(submit, first), reason(submit, second)) == ("CANCELLED", "COMPLETED")


def manifest(command: Sequence[str], image: str = "chamber.local/python:latest") -> str:
    container = {"name": "main", "image": image, "command": list(command)}
    template = {"spec": {"containers": [container], "restartPolicy": "Never"}}
    return json.dumps({"apiVersion": "batch/v1", "kind": "Job", "spec": {"template": template}})


@pytest.fixture(scope="module")
def chamber() -> Iterator[LocalChamber]:
    with LocalChamber() as running:
        yield running


def ended(client: ChamberClient, chamber: LocalChamber, text: str) -> Workload:
    return client.wait_for_completion(client.submit_job("train", chamber.team, "H100", 1, k8s_manifest=text).id, 0.05)


@pytest.mark.parametrize(
    ("code", "reason", "message"),
    [
        ("raise ValueError('no such split')", "EXIT_CODE", "exit code 1: ValueError: no such split"),
        ("import no_such_module", "CONFIGURATION", "No module named 'no_such_module'"),
        ("raise MemoryError", "OUT_OF_MEMORY", "MemoryError"),
        ("print('NCCL WARN Connect refused'); raise SystemExit(5)", "NCCL", "NCCL WARN Connect refused"),
        ("import os; os.kill(os.getpid(), 9)", "SIGNAL", "exit code 137"),
    ],
)
def test_real_processes_that_fail(chamber: LocalChamber, code: str, reason: str, message: str) -> None:
    with chamber.client() as client:
        explained = client.explain(ended(client, chamber, manifest(["python", "-c", code])).id)
    assert explained.reason == reason
    assert message in explained.message


def test_an_image_that_is_not_there(chamber: LocalChamber) -> None:
    with chamber.client() as client:
        text = manifest(["true"], f"{chamber.registry}/{chamber.team}/none:latest")
        explained = client.explain(ended(client, chamber, text).id)
    assert explained.reason == "IMAGE_PULL"


async def test_the_other_face_explains_too_and_a_workload_that_does_not_exist_is_not_found(
    chamber: LocalChamber,
) -> None:
    async with chamber.async_client() as client:
        assert isinstance(client, AsyncChamberClient)
        with pytest.raises(NotFoundError):
            await client.explain("wl_none")


def test_what_cannot_be_had_is_left_out() -> None:
    told = {"id": "wl_1", "name": "n", "status": "FAILED", "failure_reason": "exit code 3", "exit_code": 3}
    replies = {"GET workloads/wl_1": told, "GET workloads/wl_1/logs": Reply(500, {"message": "no logs today"})}
    with recorded_client(RecordingTransport(replies)) as client:
        explained = client.explain("wl_1")
    assert explained.reason == "EXIT_CODE"
    assert "its output could not be read: The API answered 500: no logs today" in explained.evidence[-1]


def test_chamber_explain_of_a_plugin_comes_before_the_table() -> None:
    class Licences:
        @hookimpl
        def chamber_explain(self, workload: Workload, lines: Sequence[str]) -> Explanation | None:
            if workload.exit_code != 42:
                return None
            step = "Free one on licences.acme.example"
            return Explanation(workload.id, workload.status, Reason("LICENCE"), "no licence was free", step)

    told = {"id": "wl_1", "name": "n", "status": "FAILED", "exit_code": 42}
    replies = {"GET workloads/wl_1": [told, {**told, "exit_code": 1}], "GET workloads/wl_1/logs": Reply(404, {})}
    with registered(Licences()), recorded_client(RecordingTransport(replies)) as client:
        assert str(client.explain("wl_1")) == "FAILED (LICENCE): no licence was free\nFree one on licences.acme.example"
        assert client.explain("wl_1").reason == "EXIT_CODE"
