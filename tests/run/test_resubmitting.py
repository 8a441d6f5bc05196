"""A run whose job is preempted is submitted again: as often as was allowed, once each time, and never doubled."""

import asyncio
import itertools
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from chamber.core import BudgetExceededError, ChamberClient, ConfigurationError, ValidationError, Workload
from chamber.core.hooks import hookimpl
from chamber.core.journal import Journal
from chamber.core.testing import FakeClock, RecordingTransport, Reply, registered
from chamber.core.transport import Transport
from chamber.core.transport.exchange import Request
from chamber.core.wire import Answer
from chamber.core.workloads import WorkloadOperations
from chamber.local import LocalChamber
from chamber.run.attempts import Attempt, fields_of
from chamber.run.job.objects import templates
from chamber.run.resubmitting import _ended_for_good

HOUR = 3600
OVER = Reply(409, {"message": "over"})

#: Counts epochs in a file that outlives it; the first attempt would never end by itself.
SCRIPT = """
import os, pathlib, time

folder = pathlib.Path(os.environ["CHAMBER_CHECKPOINT_DIR"])
folder.mkdir(parents=True, exist_ok=True)
checkpoint = folder / "epoch"
begins = int(checkpoint.read_text()) if checkpoint.exists() else 0
print("attempt", os.environ["CHAMBER_ATTEMPT"], "begins at epoch", begins, flush=True)
checkpoint.write_text(str(begins + 1))
while begins == 0:
    time.sleep(1)
"""


class Lasting:
    """Has every job last for an hour of the Chamber's own time."""

    @hookimpl
    def chamber_run_manifest(self, manifest: dict[str, Any]) -> None:
        manifest["metadata"]["annotations"]["chamber.io/simulated-seconds"] = str(HOUR)


@pytest.fixture
def chamber() -> Iterator[LocalChamber]:
    with LocalChamber(executor="simulated", gpus={"H100": 8}) as running, registered(Lasting()):
        yield running


@pytest.fixture
def client(chamber: LocalChamber) -> Iterator[ChamberClient]:
    with chamber.client(clock=chamber.virtual_time) as made:
        yield made


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "train.py").write_text("print('trained')\n")
    return folder


class Preempting:
    """Who needs the GPUs as soon as a run's job has them, so many times."""

    def __init__(self, chamber: LocalChamber, times: int) -> None:
        self._chamber, self._left, self.told = chamber, times, list[str]()

    def __call__(self, _stage: str, message: str) -> None:
        self.told.append(message)
        if message.endswith("is RUNNING") and self._left:
            self._left -= 1
            with self._chamber.client(clock=FakeClock()) as other:
                lasts = {"simulated_seconds": 120}
                other.submit_job("urgent", self._chamber.team, "H100", 8, metadata=lasts)


def run(client: ChamberClient, project: Path, **options: Any) -> Workload:
    usual: dict[str, Any] = {
        "team": "init_local",
        "gpus": 8,
        "wait": True,
        "poll_interval": 60.0,
        "on_preempted": "resubmit",
        "env": {"CHAMBER_CHECKPOINT_DIR": "s3://runs/char/"},
    }
    return client.run(project, **(usual | options))


def own(chamber: LocalChamber) -> list[Any]:
    return [workload for workload in chamber.workloads() if workload.name != "urgent"]


def environment(workload: Any) -> dict[str, str]:
    (document,) = yaml.safe_load_all(workload.k8s_manifest)
    (container,) = document["spec"]["template"]["spec"]["containers"]
    return {variable["name"]: variable["value"] for variable in container["env"] if "CHAMBER_" in variable["name"]}


def test_a_preempted_job_is_submitted_again_and_told_which_attempt_it_is(
    chamber: LocalChamber, client: ChamberClient, project: Path
) -> None:
    preempting = Preempting(chamber, 2)
    done = run(client, project, on_progress=preempting)
    first, second, third = own(chamber)
    assert (done.id, done.status) == (third.id, "COMPLETED")
    assert [w.status.value for w in (first, second, third)] == ["PREEMPTED", "PREEMPTED", "COMPLETED"]
    run_id = first.external_id
    assert [w.external_id for w in (first, second, third)] == [run_id, f"{run_id}.2", f"{run_id}.3"]
    folder = {"CHAMBER_RUN_ID": run_id, "CHAMBER_CHECKPOINT_DIR": f"s3://runs/char/{run_id}"}
    told = [environment(w) for w in (first, second, third)]
    assert told == [{**folder, "CHAMBER_ATTEMPT": number} for number in ("1", "2", "3")]
    names = {yaml.safe_load(w.k8s_manifest)["metadata"]["name"] for w in (first, second, third)}
    assert len(names) == 3
    assert "submitting project, attempt 3" in preempting.told
    assert Journal().pending() == []


def test_a_job_is_submitted_again_only_as_often_as_was_allowed(
    chamber: LocalChamber, client: ChamberClient, project: Path
) -> None:
    preempting = Preempting(chamber, 5)
    ended = run(client, project, on_progress=preempting, max_resubmits=1)
    assert (ended.status, len(own(chamber))) == ("PREEMPTED", 2)
    assert any("is not submitted again: attempt 2 of 2" in told for told in preempting.told)


def test_without_being_asked_for_a_preempted_job_is_the_result(
    chamber: LocalChamber, client: ChamberClient, project: Path
) -> None:
    ended = run(client, project, on_progress=Preempting(chamber, 1), on_preempted=None)
    assert (ended.status, len(own(chamber))) == ("PREEMPTED", 1)
    assert environment(own(chamber)[0]) == {"CHAMBER_CHECKPOINT_DIR": "s3://runs/char/"}


def test_the_answer_of_a_resubmission_that_is_lost_doubles_nothing(
    chamber: LocalChamber, client: ChamberClient, project: Path
) -> None:
    preempting = Preempting(chamber, 1)

    def lost(stage: str, message: str) -> None:
        preempting(stage, message)
        if message == "submitting project, attempt 2":
            chamber.faults.add("reset_after", method="POST", path="/v1/workloads")

    done = run(client, project, on_progress=lost)
    assert done.status == "COMPLETED"
    assert chamber.faults.log
    assert [w.external_id for w in own(chamber)] == [done.external_id.removesuffix(".2"), done.external_id]
    assert Journal().pending() == []


def test_a_real_job_goes_on_from_its_checkpoint(project: Path, tmp_path: Path) -> None:
    (project / "train.py").write_text(SCRIPT)
    kept, preempted = tmp_path / "kept", list[str]()

    with LocalChamber(gpus={"H100": 1}, grace=0.0) as chamber, chamber.client() as client, chamber.client() as other:

        def preempt(_stage: str, message: str) -> None:
            if message.endswith("is RUNNING") and not preempted:
                while not list(kept.glob("*/epoch")):  # it has got so far
                    time.sleep(0.02)
                preempted.append(other.submit_job("urgent", chamber.team, "H100", 1).id)

        env = {"CHAMBER_CHECKPOINT_DIR": str(kept)}
        done = run(client, project, gpus=1, env=env, poll_interval=0.1, on_progress=preempt)
        assert (done.status, list(map(str, client.logs(done.id)))) == (
            "COMPLETED",
            ["attempt 2 begins at epoch 1"],
        )
        assert client.explain(own(chamber)[0].id).reason == "RESERVATION"


@pytest.mark.once
@pytest.mark.parametrize("idempotency", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_an_api_that_fails_now_and_then_gets_no_attempt_twice_and_no_two_at_once(
    project: Path, seed: int, idempotency: bool
) -> None:
    kinds: list[Any] = ["reset_before", "reset_after", "status", "truncate"]
    settings: dict[str, Any] = {"executor": "simulated", "gpus": {"H100": 8}, "idempotency": idempotency}
    with LocalChamber(**settings) as chamber, registered(Lasting()):
        preempting = Preempting(chamber, 2)

        def failing(stage: str, message: str) -> None:
            chamber.faults.clear()
            preempting(stage, message)
            if message.startswith(("submitting", "project")):
                chamber.faults.seed(seed, rate=0.3, kinds=kinds)

        with chamber.client(clock=chamber.virtual_time) as client:
            done = run(client, project, on_progress=failing)
        run_id = own(chamber)[0].external_id
        assert [w.external_id for w in own(chamber)] == [run_id, f"{run_id}.2", f"{run_id}.3"]
        assert [w.status.value for w in own(chamber)] == ["PREEMPTED", "PREEMPTED", "COMPLETED"]
        assert (done.external_id, chamber.faults.log != ()) == (f"{run_id}.3", True)
        assert Journal().pending() == []


class Interrupted(BaseException):
    """As a kill, for all that is kept: the run ends where it is."""


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_run_that_is_killed_while_it_submits_again_is_taken_up_by_the_next(
    chamber: LocalChamber, client: ChamberClient, project: Path, when: str
) -> None:
    send, submissions = Transport._send, itertools.count(1)

    async def ended(self: Transport, request: Request, timeout: float) -> Answer:
        submits = request.method == "POST" and request.url.endswith("/workloads") and b'"urgent"' not in request.body
        is_second = submits and next(submissions) == 2
        if is_second and when == "before":
            raise Interrupted
        answer = await send(self, request, timeout)
        if is_second:
            raise Interrupted
        return answer

    options = {"team": "init_local", "gpus": 8, "wait": True, "poll_interval": 60.0, "on_preempted": "resubmit"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Transport, "_send", ended)
        with pytest.raises(Interrupted):
            asyncio.run(client._async.run(project, on_progress=Preempting(chamber, 1), **options))
    (intent,) = Journal().pending()
    first = own(chamber)[0].external_id
    assert intent.external_id == f"{first}.2"
    done = client.run(project, **options)
    assert (done.external_id, done.status) == (f"{first}.2", "COMPLETED")
    assert [w.external_id for w in own(chamber)] == [first, f"{first}.2"]
    assert environment(own(chamber)[1]) == {"CHAMBER_RUN_ID": first, "CHAMBER_ATTEMPT": "2"}
    assert Journal().pending() == []


def test_the_attempts_share_the_gpu_hours_of_the_run(
    chamber: LocalChamber, client: ChamberClient, project: Path
) -> None:
    preempting = Preempting(chamber, 1)

    def later(stage: str, message: str) -> None:
        if message.endswith("is RUNNING"):
            chamber.clock.advance(HOUR / 2)  # of 8 GPUs
        preempting(stage, message)

    with pytest.raises(BudgetExceededError, match=r"have used 4.* of 3 GPU-hours .* not submitted again"):
        run(client, project, on_progress=later, max_gpu_hours=3)
    assert [w.status.value for w in own(chamber)] == ["PREEMPTED"]


def test_a_job_that_may_use_more_than_its_team_has_left_is_refused_before_anything_is_uploaded(
    project: Path,
) -> None:
    teams = [{"id": "init_local", "name": "local", "gpu_hours": 10}]
    with LocalChamber(executor="simulated", teams=teams) as chamber, chamber.client() as client:
        told: list[str] = []
        with pytest.raises(BudgetExceededError, match="team init_local has 10 left") as refused:
            client.run(project, team="init_local", max_gpu_hours=11, on_progress=lambda stage, _: told.append(stage))
        assert (refused.value.asked, refused.value.remaining) == (11, 10)
        assert not {"upload", "submit"} & set(told)
        assert client.run(project, team="init_local", max_gpu_hours=10).id


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"wait": False}, ConfigurationError, "needs wait=True"),
        ({"on_preempted": "again"}, ValidationError, "on_preempted is one of resubmit"),
        ({"max_resubmits": -1}, ValidationError, "max_resubmits is a whole number of 0 or more"),
        ({"max_gpu_hours": -1}, ValidationError, "max_gpu_hours is a number of 0 or more"),
    ],
)
def test_what_cannot_be_done_is_refused_at_once(
    client: ChamberClient, project: Path, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        run(client, project, **options)


def test_a_run_without_checkpoints_says_that_it_begins_anew(client: ChamberClient, project: Path) -> None:
    told: list[str] = []
    run(client, project, env=None, on_progress=lambda _, message: told.append(message))
    assert any("begins anew: name a place that outlives its pods" in message for message in told)


@pytest.mark.parametrize("external_id", ["cb-1", "cb-1.2", "cb-1.10"])
def test_an_attempt_is_known_by_its_external_id(external_id: str) -> None:
    attempt = Attempt.of(external_id)
    assert (attempt.run_id, attempt.external_id) == ("cb-1", external_id)
    assert Attempt.of(attempt.next.external_id) == attempt.next


@pytest.mark.parametrize("options", [{"gpus": 1}, {"gpus": 16, "nodes": 2}, {"gpus": 2, "distributed": "ray"}])
def test_the_manifest_of_a_further_attempt_is_one_that_a_cluster_takes_beside_the_first(
    project: Path, valid: Callable[[str], Any], options: dict[str, Any]
) -> None:
    env = {"CHAMBER_CHECKPOINT_DIR": "/mnt/a b$(HOME)"}
    with ChamberClient("ch.test", "https://chamber.test/v1") as client:
        plan = client.plan(project, team="ml", registry="registry.acme.example/ml", env=env, **options)
    fields = fields_of(plan, Attempt("cb-1", 2), told=True)
    assert plan.job_name not in fields["k8s_manifest"]
    assert plan.job_name[:-8] in fields["k8s_manifest"]
    made = valid(fields["k8s_manifest"])
    assert {document["metadata"]["labels"]["chamber.io/external-id"] for document in made} == {"cb-1.2"}
    pods = [template for document in made for template in templates(document)]
    assert pods
    for pod in pods:
        assert pod["metadata"]["labels"]["chamber.io/external-id"] == "cb-1.2"
        told = {v["name"]: v.get("value") for v in pod["spec"]["containers"][0]["env"]}
        assert (told["CHAMBER_RUN_ID"], told["CHAMBER_ATTEMPT"]) == ("cb-1", "2")
        assert told["CHAMBER_CHECKPOINT_DIR"] == "/mnt/a b$$(HOME)/cb-1"


class Recorded(WorkloadOperations):
    def __init__(self, transport: RecordingTransport) -> None:
        self._transport = transport

    def _bind(self, body: Callable[..., Any]) -> Any:
        return body.__get__(self)


def _workload(status: str) -> dict[str, Any]:
    return {"id": "wl_1", "name": "train", "status": status}


@pytest.mark.parametrize(
    ("replies", "status", "is_over", "cancels"),
    [
        ({"GET workloads/wl_1": _workload("RUNNING")}, "RUNNING", False, False),
        (
            {"GET workloads/wl_1": _workload("PREEMPTED"), "POST workloads/wl_1/cancel": _workload("CANCELLED")},
            "CANCELLED",
            True,
            True,
        ),
        (
            {
                "GET workloads/wl_1": _workload("PREEMPTED"),
                "POST workloads/wl_1/cancel": OVER,
            },
            "PREEMPTED",
            True,
            True,
        ),
        (
            {
                "GET workloads/wl_1": [_workload("PREEMPTED"), _workload("COMPLETED")],
                "POST workloads/wl_1/cancel": OVER,
            },
            "COMPLETED",
            False,
            True,
        ),
    ],
)
async def test_a_job_that_an_api_may_run_again_by_itself_is_ended_first(
    replies: dict[str, Any], status: str, is_over: bool, cancels: bool
) -> None:
    transport = RecordingTransport(replies)
    workload = Workload(id="wl_1", name="train", status="PREEMPTED")  # type: ignore[arg-type]
    now, over = await _ended_for_good(Recorded(transport), workload)
    assert (now.status, over) == (status, is_over)
    assert any(call.path.endswith("cancel") for call in transport.calls) == cancels
