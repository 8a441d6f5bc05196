import json
import textwrap

import psutil
import pytest


@pytest.fixture
def pods(call, tools):
    """Submits an Indexed Job behind a Service that runs Python code, or a command."""

    def submit(code, count=2, env=(), image="chamber.local/python:latest", name="job", **job):
        command = ["python", "-c", textwrap.dedent(code)] if isinstance(code, str) else code
        manifest = json.loads(tools.job(command, env, image))
        manifest["metadata"] = {"name": name}
        manifest["spec"] |= {"completionMode": "Indexed", "completions": count, "parallelism": count, **job}
        manifest["spec"]["template"]["spec"]["subdomain"] = name
        service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": {"clusterIP": "None"}}
        return call.submit(k8s_manifest=f"{json.dumps(service)}\n---\n{json.dumps(manifest)}\n")

    return submit


INDEX = {
    "name": "RANK",
    "valueFrom": {"fieldRef": {"fieldPath": "metadata.annotations['batch.kubernetes.io/job-completion-index']"}},
}
MEETING = [{"name": "MASTER_ADDR", "value": "job-0.job"}, {"name": "MASTER_PORT", "value": "29500"}]


def _lines(call, workload):
    return sorted(call.chamber.logs(workload["workload_id"]).splitlines())


def test_each_pod_has_its_index_and_its_lines_say_which_it_is(call, pods):
    code = "import os, sys; print(os.environ['JOB_COMPLETION_INDEX'], os.environ['RANK'], sys.argv[1:])"
    env = [INDEX, {"name": "PLACE", "value": "$(RANK)/$$(RANK)/$(NONE)"}]
    done = call.wait(pods(["python", "-c", code, "--rank=$(RANK)", "$(PLACE)", "$$(RANK)"], 3, env), "completed")

    assert done["exit_code"] == 0
    assert _lines(call, done) == [f"[{i}] {i} {i} ['--rank={i}', '{i}/$(RANK)/$(NONE)', '$(RANK)']" for i in range(3)]


def test_pods_meet_at_the_first_ones_name_and_two_jobs_side_by_side_do_not_meet(call, pods):
    code = """
        import os, socket, time
        address = (os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"]))
        if os.environ["JOB_COMPLETION_INDEX"] == "0":
            with socket.create_server(address) as server:
                connection, _ = server.accept()
                print(connection.recv(99).decode())
        else:
            while True:
                try:
                    socket.create_connection(address, timeout=1).sendall(os.environ["WORD"].encode())
                    break
                except OSError:
                    time.sleep(0.02)
    """
    jobs = [pods(code, env=[*MEETING, {"name": "WORD", "value": word}]) for word in ("one", "other")]
    assert [_lines(call, call.wait(job, "completed")) for job in jobs] == [["[0] one"], ["[0] other"]]


def test_pods_do_not_share_files(call, pods, tools):
    image = call.push_image("team/project", tools.layer(("app/data.txt", b"kept")))
    code = """
        import os, pathlib
        pathlib.Path(os.environ["JOB_COMPLETION_INDEX"]).touch()
        print(sorted(os.listdir(".")), os.environ["HOME"])
    """
    lines = _lines(call, call.wait(pods(code, image=image), "completed"))
    assert [line.partition("]")[2].partition(" /")[0] for line in lines] == [" ['0', 'data.txt']", " ['1', 'data.txt']"]
    assert lines[0].split()[-1] != lines[1].split()[-1]


def test_the_first_pod_that_fails_ends_the_others_and_is_named(call, pods, tools):
    code = """
        import os, subprocess, sys, time
        if os.environ["JOB_COMPLETION_INDEX"] == "1":
            sys.exit("out of luck")
        print(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]).pid, flush=True)
        time.sleep(600)
    """
    failed = call.wait(pods(code, 3), "failed")

    assert (failed["exit_code"], failed["failure_reason"]) == (1, "pod 1: exit code 1: out of luck")
    children = [int(line.split()[1]) for line in _lines(call, failed) if "luck" not in line]
    tools.until(lambda: not any(map(psutil.pid_exists, children)))


def test_a_pod_that_is_killed_says_by_what(call, pods):
    code = "import os; os.kill(os.getpid(), 9 if os.environ['JOB_COMPLETION_INDEX'] == '1' else 0)"
    failed = call.wait(pods(code), "failed")

    assert (failed["exit_code"], failed["failure_reason"]) == (137, "pod 1: killed by signal 9 (SIGKILL)")


def test_pods_without_a_program_fail_with_the_reason(call, pods):
    failed = call.wait(pods(["no-such-program"]), "failed")

    assert failed["failure_reason"].startswith("pod 0: exit code 127: the command 'no-such-program' cannot be started")


def test_cancelling_ends_every_pod_and_what_made_itself_a_group(call, pods, tools):
    code = """
        import subprocess, sys, time
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
        print(child.pid, flush=True)
        time.sleep(600)
    """
    workload = pods(code)
    tools.until(lambda: len(call.chamber.logs(workload).splitlines()) == 2)
    children = [int(line.split()[1]) for line in call.chamber.logs(workload).splitlines()]

    assert call("POST", f"/v1/workloads/{workload}/cancel").data["status"] == "cancelled"
    tools.until(lambda: not any(map(psutil.pid_exists, children)))


def test_output_without_an_end_of_line_is_kept_apart(call, pods):
    code = "import os; print(os.environ['JOB_COMPLETION_INDEX'] * 5, end='')"
    assert _lines(call, call.wait(pods(code), "completed")) == ["[0] 00000", "[1] 11111"]


def test_the_values_of_the_environment_are_in_no_command_line(call, pods, tools):
    workload = pods("import time; print('here', flush=True); time.sleep(600)", env=[{"name": "TOKEN", "value": "hush"}])
    tools.until(lambda: len(call.chamber.logs(workload).splitlines()) == 2)
    lines = tools.command_lines()
    call("POST", f"/v1/workloads/{workload}/cancel")

    assert any("gang" in line for line in lines)
    assert not any("hush" in line for line in lines)


@pytest.mark.parametrize("job", [{"parallelism": 1}, {"completions": 65, "parallelism": 65}])
def test_pods_that_cannot_run_together_are_refused(call, pods, job):
    assert "all at once" in call.wait(pods(["true"], **job), "failed")["failure_reason"]


def test_several_pods_are_simulated_as_one(simulated):
    workload = simulated.submit(k8s_manifest="kind: Service\n---\nkind: Job", requested_pods=2, gpus_per_pod=4)
    done = simulated.wait(workload, "completed")
    assert done["gpu_count"] == 8


def ray_job(image="chamber.local/python:latest", entrypoint="true"):
    head = {"image": image, "env": [{"name": "A", "value": "1"}]}
    worker = {"image": image, "resources": {"limits": {"nvidia.com/gpu": 8}}}
    cluster = {
        "headGroupSpec": {"template": {"spec": {"containers": [head]}}},
        "workerGroupSpecs": [{"replicas": 2, "template": {"spec": {"containers": [worker]}}}],
    }
    spec = {"entrypoint": entrypoint, "rayClusterSpec": cluster}
    return json.dumps({"apiVersion": "ray.io/v1", "kind": "RayJob", "metadata": {"name": "job"}, "spec": spec})


def test_a_rayjob_without_ray_fails_with_what_to_do(call):
    failed = call.wait(call.submit(k8s_manifest=ray_job()), "failed")
    assert "add ray[default] to the project's dependencies" in failed["failure_reason"]


def test_a_rayjobs_entrypoint_is_a_line_of_a_shell(call, tools):
    """A module called ray, which is found: what follows is the entrypoint's."""
    image = call.push_image("team/ray", tools.layer(("app/ray.py", b"")))
    manifest = ray_job(image, "echo '$(A)' \"$A\" $RAY_OVERRIDE_RESOURCES; exit 3")

    failed = call.wait(call.submit(k8s_manifest=manifest), "failed")

    assert failed["exit_code"] == 3
    assert call.chamber.logs(failed["workload_id"]) == '$(A) 1 {"GPU":16}\n'
