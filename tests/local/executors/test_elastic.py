import json

import pytest

INDEXED = {"completionMode": "Indexed", "completions": 4, "parallelism": 4}


@pytest.fixture
def scaling(call, tools):
    """Submits an Indexed Job of 1 to 4 pods with two GPUs each."""

    def submit(command, **fields):
        manifest = json.loads(tools.job(command))
        manifest["spec"] |= INDEXED
        asked = {"requested_gpus": 8, "requested_pods": 4, "gpus_per_pod": 2, "min_pods": 1, **fields}
        return call.submit(k8s_manifest=json.dumps(manifest), job_class="ELASTIC", scaling_mode="ELASTIC", **asked)

    return submit


COUNT = ["python", "-c", "import os; print(os.environ['JOB_COMPLETION_INDEX'])"]


def test_as_many_pods_run_as_were_placed(call, scaling):
    other = call.run(["sleep", "600"], requested_gpus=4)
    call.wait(other, "running")

    done = call.wait(scaling(COUNT), "completed")

    assert sorted(call.chamber.logs(done["workload_id"]).splitlines()) == ["[0] 0", "[1] 1"]
    call("POST", f"/v1/workloads/{other}/cancel")


def test_all_pods_run_where_there_is_room_for_all(call, scaling):
    done = call.wait(scaling(COUNT), "completed")

    assert sorted(call.chamber.logs(done["workload_id"]).splitlines()) == [f"[{i}] {i}" for i in range(4)]


def test_a_single_pod_that_was_placed_runs_by_itself(call, scaling):
    other = call.run(["sleep", "600"], requested_gpus=6)
    call.wait(other, "running")

    done = call.wait(scaling(COUNT), "completed")

    assert call.chamber.logs(done["workload_id"]) == "0\n"
    call("POST", f"/v1/workloads/{other}/cancel")
