import os

import psutil
import pytest


@pytest.fixture
def project(call, tools):
    """Pushes files as a project layer; the reference of the image."""

    def push(**files):
        entries = [(f"app/{name.replace('__', '.')}", content.encode()) for name, content in files.items()]
        return call.push_image("team/project", tools.layer(*entries))

    return push


def test_a_project_runs_in_its_folder_with_the_hosts_python(call, project):
    image = project(train__py="import helper, sys; print(helper.WORD, sys.version_info[0])", helper__py="WORD = 'hi'")

    done = call.wait(call.run(["python", "train.py"], image=image), "completed")

    assert (done["exit_code"], done["failure_reason"]) == (0, None)
    assert call.chamber.logs(done["workload_id"]) == "hi 3\n"


def test_args_follow_the_command_and_the_working_directory_is_the_manifests(call, project, tools):
    image = project(sub__txt="here")
    manifest = tools.job(["python3", "-c"], args=["import os; print(os.getcwd())"], workingDir="/app/deep", image=image)

    done = call.wait(call.submit(k8s_manifest=manifest), "completed")

    assert call.chamber.logs(done["workload_id"]).rstrip().endswith("/root/app/deep")


def test_the_environment_is_the_manifests_over_a_clean_one(call, monkeypatch):
    monkeypatch.setenv("SECRET_OF_THE_SERVER", "hidden")
    env = [{"name": "LR", "value": "3e-4"}, {"name": "EMPTY"}]

    code = "import os; print(sorted(set(os.environ) - {'LC_CTYPE', 'PWD', '_', 'SHLVL', 'OLDPWD'}))"
    done = call.wait(call.run(["python", "-c", code], env), "completed")

    assert call.chamber.logs(done["workload_id"]) == ("['EMPTY', 'HOME', 'LANG', 'LR', 'PATH', 'PYTHONUNBUFFERED']\n")


def test_an_exit_code_fails_the_workload_and_the_reason_has_the_last_lines(call):
    failed = call.wait(call.python("print('one'); print('two'); raise SystemExit(3)"), "failed")

    assert (failed["exit_code"], failed["failure_reason"]) == (3, "exit code 3: one | two")
    assert call.chamber.logs(failed["workload_id"]) == "one\ntwo\n"


def test_a_signal_is_named(call):
    failed = call.wait(call.python("import os; print('x'); os.kill(os.getpid(), 9)"), "failed")

    assert (failed["exit_code"], failed["failure_reason"]) == (137, "killed by signal 9 (SIGKILL): x")


def test_output_that_is_no_text_does_no_harm(call):
    failed = call.wait(call.python(r"import sys; sys.stdout.buffer.write(b'\xff\x00bad'); sys.exit(1)"), "failed")

    assert failed["failure_reason"].startswith("exit code 1: \ufffd")
    assert call.chamber.logs(failed["workload_id"]).endswith("bad")


@pytest.mark.parametrize("stubborn", [False, True])
def test_cancelling_kills_the_whole_group(call, tools, stubborn):
    code = f"""
        import signal, subprocess, sys, time
        if {stubborn}:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        print(child.pid, flush=True)
        time.sleep(600)
    """
    workload = call.python(code)
    call.wait(workload, "running")
    child = int(tools.until(lambda: call.chamber.logs(workload)))

    answer = call("POST", f"/v1/workloads/{workload}/cancel")

    assert (answer.data["status"], answer.data["failure_reason"]) == ("cancelled", "cancelled by local-user")
    tools.until(lambda: not psutil.pid_exists(child))
    assert call("POST", f"/v1/workloads/{workload}/cancel").data["status"] == "cancelled"


def test_what_a_job_leaves_running_ends_with_it(call, tools):
    code = """
        import subprocess, sys
        print(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]).pid)
    """
    done = call.wait(call.python(code), "completed")

    child = int(call.chamber.logs(done["workload_id"]))
    tools.until(lambda: not psutil.pid_exists(child))


def test_a_waiting_workload_is_cancelled_and_a_finished_one_is_not(call):
    first = call.run(["sleep", "600"], requested_gpus=8)
    waiting = call.run(["sleep", "600"])
    call.wait(waiting, "queued")

    assert call("POST", f"/v1/workloads/{waiting}/cancel").data["status"] == "cancelled"
    call("POST", f"/v1/workloads/{first}/cancel")
    done = call.wait(call.run(["true"]), "completed")
    refused = call("POST", f"/v1/workloads/{done['workload_id']}/cancel")

    assert (refused.status, refused.json["error"]["code"]) == (409, "CONFLICT")


@pytest.mark.parametrize(
    ("manifest", "reason"),
    [
        (None, "no k8s_manifest was submitted"),
        ("", "no k8s_manifest was submitted"),
        ("a: [", "k8s_manifest is not YAML"),
        ("[" * 5000, "k8s_manifest is not YAML"),
        ("just text", "holds no batch/v1 Job or ray.io/v1 RayJob, but nothing"),
        ("apiVersion: v1\nkind: Pod", "holds no batch/v1 Job or ray.io/v1 RayJob, but v1 Pod"),
        ("apiVersion: ray.io/v1\nkind: RayJob", "is not a RayJob that can be run"),
        ("apiVersion: batch/v1\nkind: Job", "is not a Job that can be run"),
        (
            '{"apiVersion": "batch/v1", "kind": "Job", "spec": {"template": {"spec": {"containers": []}}}}',
            "no container",
        ),
    ],
)
def test_a_manifest_that_cannot_be_run_fails_with_the_reason(call, manifest, reason):
    fields = {} if manifest is None else {"k8s_manifest": manifest}

    assert reason in call.wait(call.submit(**fields), "failed")["failure_reason"]


@pytest.mark.parametrize(
    ("container", "reason"),
    [
        ({"command": []}, "container has no command"),
        ({"command": "python x.py"}, "is not a Job that can be run"),
        ({"command": ["no-such-program"]}, "the command 'no-such-program' cannot be started"),
        ({"command": ["true\0"]}, "cannot be started"),
        (
            {"env": [{"name": "A", "valueFrom": {"secretKeyRef": {}}}]},
            "takes A from a ConfigMap, a field or a whole Secret, or",
        ),
        ({"envFrom": [{"configMapRef": {}}]}, "takes envFrom from"),
        ({"env": [{"name": "A=B", "value": "x"}]}, "env has 'A=B'"),
        ({"workingDir": "/../.."}, "workingDir '/../..' leads out"),
        ({"image": "ubuntu"}, "is not an image reference"),
        ({"image": "docker.io/library/ubuntu:22.04"}, "is in another registry"),
        ({"image": "127.0.0.1:1/team/none:latest"}, "is not in this Chamber's registry"),
        ({"image": "chamber.local/python:3"}, "is not in this Chamber's registry"),
    ],
)
def test_a_container_that_cannot_be_run_fails_with_the_reason(call, tools, container, reason):
    asked = {"command": ["true"], **container}

    workload = call.submit(k8s_manifest=tools.job(**asked))

    assert reason in call.wait(workload, "failed")["failure_reason"]


def test_an_image_on_another_base_is_refused(call, tools):
    image = call.push_image("team/other", tools.layer(("app/a", b"")), labels={})

    failed = call.wait(call.run(["true"], image=image), "failed")

    assert "is not made on chamber.local/python" in failed["failure_reason"]


def test_an_image_that_leads_out_of_its_folder_is_refused(call, tools, tmp_path):
    image = call.push_image("team/evil", tools.layer(("../../../../../../../../tmp/evil", b"x")))

    failed = call.wait(call.run(["true"], image=image), "failed")

    assert "leads out of its folder" in failed["failure_reason"]


def test_nothing_of_a_run_is_left_behind(call, project, tools):
    folder = call.chamber._started.folder.path
    call.wait(call.run(["true"], image=project(a__txt="a")), "completed")

    tools.until(lambda: list((folder / "runs").iterdir()) == [])


def test_logs_are_followed_by_offset(call):
    workload = call.wait(call.python("print('0123456789', end='')"), "completed")["workload_id"]

    first = call("GET", f"/v1/workloads/{workload}/logs")
    rest = call("GET", f"/v1/workloads/{workload}/logs?offset=4")
    none = call("GET", f"/v1/workloads/{workload}/logs?offset=99")

    assert (first.body, first.headers["X-Next-Offset"]) == (b"0123456789", "10")
    assert first.headers["Content-Type"].startswith("text/plain")
    assert (rest.body, rest.headers["X-Next-Offset"]) == (b"456789", "10")
    assert (none.body, none.headers["X-Next-Offset"]) == (b"", "99")
    assert call("GET", f"/v1/workloads/{workload}/logs?offset=-1").status == 400


def test_metrics_are_measured_from_the_real_process(call):
    busy = """
        import time
        held, end = bytearray(60_000_000), time.monotonic() + 1
        while time.monotonic() < end:
            pass
    """
    workload = call.wait(call.python(busy), "completed")["workload_id"]

    metrics = call.get(f"/workloads/{workload}/metrics")

    assert metrics["data_quality"] in {"measured:cpu", "measured:cpu+gpu"}
    assert metrics["sample_count"] == len(metrics["cpu_utilization"]["data_points"]) >= 3
    assert metrics["memory_bytes"]["max"] > 60_000_000
    assert 10 < metrics["cpu_utilization"]["max"] < 200
    only = call.get(f"/workloads/{workload}/metrics?metrics=memory_bytes&time_range=last_1h")
    assert only["memory_bytes"] == metrics["memory_bytes"]
    assert "cpu_utilization" not in only
    assert call("GET", f"/v1/workloads/{workload}/metrics?metrics=colour").status == 400


def test_the_shortest_job_has_samples_and_no_gpu_is_invented(call):
    workload = call.wait(call.run(["true"]), "completed")["workload_id"]

    metrics = call.get(f"/workloads/{workload}/metrics")

    assert metrics["sample_count"] >= 1
    if metrics["data_quality"] == "measured:cpu":
        assert metrics["gpu_utilization"] is None


def test_metrics_of_many_workloads_are_ranked_and_summed(call):
    workloads = [call.wait(call.run(["true"]), "completed")["workload_id"] for _ in range(2)]

    batch = call.get("/workloads/metrics?sort_by=gpu_hours&order=asc")["workloads"]
    teams = call.get("/workloads/metrics?group_by=initiative_id")["teams"]
    whole = call.get("/metrics?group_by=initiative_id&time_range=last_30d")

    assert {row["workload_id"] for row in batch} == set(workloads)
    assert [row["gpu_hours"] for row in batch] == sorted(row["gpu_hours"] for row in batch)
    assert set(batch[0]["cpu_utilization"]) == {"avg", "min", "max", "current"}
    assert [(team["initiative_id"], team["workload_count"]) for team in teams] == [(call.chamber.team, 2)]
    assert whole["active_workloads"] == 0
    assert whole["total_gpu_hours"] == pytest.approx(sum(row["gpu_hours"] for row in batch))
    assert len(whole["team_breakdown"]) == 1
    assert call("GET", "/v1/workloads/metrics?limit=51").status == 400
    assert call("GET", "/v1/metrics?time_range=ever").status == 400


def test_stopping_kills_what_runs(tools):
    from chamber.local import LocalChamber

    with LocalChamber(grace=0.5) as chamber:
        call = tools.Caller(chamber)
        workload = call.python("import os, time; print(os.getpid(), flush=True); time.sleep(600)")
        pid = int(tools.until(lambda: call.status(workload) == "running" and chamber.logs(workload)))
    tools.until(lambda: not psutil.pid_exists(pid))


def test_a_job_does_not_get_the_interrupt_of_its_server(call):
    workload = call.python("import os; print(os.getpgid(0), os.getsid(0), os.getpid())")
    call.wait(workload, "completed")

    group, session, pid = call.chamber.logs(workload).split()

    assert group == session == pid
    assert int(group) != os.getpgid(0)
