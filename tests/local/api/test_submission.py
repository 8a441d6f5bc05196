import asyncio
import contextlib
import sqlite3
import threading
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from datetime import UTC, datetime, timedelta

import pytest

from chamber.local.storage import replies
from chamber.local.storage.replies import Reply


def submit(call, headers=None, **fields):
    body = {"name": "job", "initiative_id": call.chamber.team, "gpu_type": "H100", **fields}
    return call("POST", "/v1/workloads", body, headers)


def test_a_submission_is_answered_with_the_pending_workload(simulated):
    answer = submit(simulated, requested_gpus=2, external_id="mine", tags={"a": "b"}, metadata={"n": [1]})

    workload = answer.data
    assert answer.status == 201
    assert workload["workload_id"].startswith("wl_")
    assert (workload["status"], workload["gpu_count"], workload["instance_type"]) == ("pending", 2, "H100")
    assert (workload["external_id"], workload["tags"], workload["metadata"]) == ("mine", {"a": "b"}, {"n": [1]})


def test_every_status_on_the_way_is_in_the_history(simulated):
    done = simulated.wait(simulated.submit())

    statuses = [event["status"] for event in done["status_history"]]
    times = [event["at"] for event in done["status_history"]]
    assert statuses == ["pending", "queued", "starting", "running", "completed"]
    assert times == sorted(times)
    assert done["exit_code"] == 0


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"name": 7}, "name"),
        ({"priority": 101}, "priority"),
        ({"priority": -1}, "priority"),
        ({"external_id": "x" * 256}, "external_id"),
        ({"k8s_manifest": "x" * 65537}, "k8s_manifest"),
        ({"job_class": "DISCOVERED"}, "job_class"),
        ({"scaling_mode": "rigid"}, "scaling_mode"),
        ({"requested_gpus": -1}, "requested_gpus"),
        ({"requested_pods": 0}, "requested_pods"),
        ({"min_pods": 3, "requested_pods": 2}, "min_pods"),
        ({"initiative_id": "init_nobody"}, "initiative_id"),
        ({"template_id": "tmpl_none"}, "template_id"),
        ({"allocation_id": "alloc_none"}, "allocation_id"),
        ({"gpu_type": None}, "gpu_type"),
    ],
)
def test_what_the_reference_forbids_is_a_validation_error_that_names_the_field(simulated, fields, field):
    answer = submit(simulated, **fields)

    error = answer.json["error"]
    assert (answer.status, error["code"]) == (400, "VALIDATION_ERROR")
    assert [detail["field"] for detail in error["details"]] == [field]
    assert simulated.get("/workloads")["workloads"] == []


def test_an_unknown_team_is_told_which_there_are(simulated):
    assert "there is init_local" in submit(simulated, initiative_id="ml").json["error"]["message"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"\xff\xfe", b"[" * 100_000])
def test_a_body_that_is_no_object_is_a_validation_error(simulated, body):
    answer = simulated("POST", "/v1/workloads", body)

    assert (answer.status, answer.json["error"]["code"]) == (400, "VALIDATION_ERROR")


def test_a_body_over_the_limit_is_refused(simulated):
    answer = simulated("POST", "/v1/workloads", b" " * (1 << 20) + b"{}")

    assert (answer.status, answer.json["error"]["code"]) == (413, "PAYLOAD_TOO_LARGE")


def test_the_same_idempotency_key_gets_the_same_workload_again(simulated):
    first = submit(simulated, {"Idempotency-Key": "k1"})
    again = submit(simulated, {"Idempotency-Key": "k1"})
    other = submit(simulated, {"Idempotency-Key": "k2"})

    assert (again.status, again.data) == (201, first.data)
    assert other.data["workload_id"] != first.data["workload_id"]
    assert len(simulated.get("/workloads")["workloads"]) == 2


def test_an_idempotency_key_makes_one_workload_of_many_requests_at_once(simulated):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: submit(simulated, {"Idempotency-Key": "k"}), range(24)))

    made = submit(simulated, {"Idempotency-Key": "k"}).data["workload_id"]
    assert {answer.data["workload_id"] for answer in answers if answer.status == 201} == {made}
    assert {answer.json["error"]["code"] for answer in answers if answer.status != 201} <= {"IDEMPOTENCY_KEY_IN_USE"}
    assert len(simulated.get("/workloads")["workloads"]) == 1


def test_an_idempotency_key_in_flight_is_a_conflict_until_its_request_is_answered(simulated):
    with ThreadPoolExecutor(2) as pool, no_writes(simulated.chamber):
        asked = [pool.submit(submit, simulated, {"Idempotency-Key": "k"}) for _ in range(2)]
        (refused,), (waiting,) = wait(asked, 20, FIRST_COMPLETED)

    assert (refused.result().status, refused.result().json["error"]["code"]) == (409, "IDEMPOTENCY_KEY_IN_USE")
    assert waiting.result().status == 201
    assert submit(simulated, {"Idempotency-Key": "k"}).data == waiting.result().data


@contextlib.contextmanager
def no_writes(chamber):
    """Nothing is written meanwhile."""
    thread, over = chamber._started, threading.Event()
    asyncio.run_coroutine_threadsafe(thread._server._database.write(lambda _: over.wait(30)), thread._loop)
    try:
        yield
    finally:
        over.set()


@pytest.mark.parametrize("hours", [23, 25])
def test_an_idempotency_key_is_remembered_for_a_day(tmp_path, hours):
    kept = Reply("k", "f", "w", b"{}", datetime(2024, 1, 1, tzinfo=UTC))
    database = sqlite3.connect(tmp_path / "replies")
    database.row_factory = sqlite3.Row
    database.execute("CREATE TABLE replies (key, fingerprint, workload_id, body, created_at)")
    replies.add(database, kept)

    found = replies.find(database, "k", kept.created_at + timedelta(hours=hours))

    assert found == (kept if hours < 24 else None)
    database.close()


def test_the_same_payload_may_be_written_in_another_way(simulated):
    fields = {"name": "job", "initiative_id": simulated.chamber.team, "gpu_type": "H100", "tags": {"a": "b", "c": "d"}}
    orders = [fields, dict(reversed(fields.items())) | {"tags": {"c": "d", "a": "b"}}]

    made = [simulated("POST", "/v1/workloads", order, {"Idempotency-Key": "k"}).data for order in orders]

    assert made[0] == made[1]


def test_an_idempotency_key_does_not_fit_another_payload(simulated):
    submit(simulated, {"Idempotency-Key": "k1"})

    answer = submit(simulated, {"Idempotency-Key": "k1"}, name="another")

    assert (answer.status, answer.json["error"]["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")


def test_pods_times_gpus_is_what_a_submission_without_a_count_asks_for(simulated):
    assert submit(simulated, gpus_per_pod=2, requested_pods=3).data["gpu_count"] == 6
    assert submit(simulated).data["gpu_count"] == 1


def test_a_template_gives_what_the_submission_leaves_out(simulated):
    answer = submit(simulated, gpu_type=None, template_id="tmpl_hello")

    assert (answer.data["gpu_type"], answer.data["template_id"]) == ("H100", "tmpl_hello")


def test_what_can_never_be_scheduled_fails_and_says_what_there_is(simulated):
    failed = simulated.wait(simulated.submit(gpu_type="H200"), "failed")

    assert failed["failure_reason"].endswith("this Chamber has H100 x 8, A100 x 2")


def test_workloads_wait_for_gpus_and_run_when_some_are_freed(simulated, tools):
    first = simulated.submit(requested_gpus=8, metadata={"simulated_seconds": 600})
    simulated.wait(first, "running")
    second = simulated.submit(requested_gpus=1)
    simulated.wait(second, "queued")

    simulated("POST", f"/v1/workloads/{first}/cancel")

    assert simulated.wait(second)["status"] == "completed"


def test_a_simulated_workload_says_so_in_its_metrics(simulated):
    workload = simulated.wait(simulated.submit())

    metrics = simulated.get(f"/workloads/{workload['workload_id']}/metrics")

    assert (metrics["data_quality"], metrics["gpu_utilization"]) == ("simulated", None)


def test_simulated_seconds_must_be_a_number(simulated):
    failed = simulated.wait(simulated.submit(metadata={"simulated_seconds": "long"}), "failed")

    assert "simulated_seconds is 'long'" in failed["failure_reason"]
