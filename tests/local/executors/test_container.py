"""Containers of real engines."""

import json
import signal
import subprocess
import sys
import tarfile
import textwrap

import pytest

from chamber.local import LocalChamber

pytestmark = pytest.mark.engine

BASE = "localhost/chamber-tests/python:1"
VALUE = "correct-horse-battery-staple"
INDEX = "metadata.annotations['batch.kubernetes.io/job-completion-index']"


class Contained:
    """Submits Jobs of the test image."""

    def __init__(self, call, tools):
        self.call, self.tools = call, tools

    def submit(self, command, env=(), image=BASE, **container):
        return self.call.submit(k8s_manifest=self.tools.job(command, env, image, **container))

    def python(self, code, env=(), **container):
        return self.submit(["python", "-u", "-c", textwrap.dedent(code)], env, **container)

    def pods(self, code, count):
        """Pods of an Indexed Job, called job-<index>.job."""
        env = [
            {"name": "RANK", "valueFrom": {"fieldRef": {"fieldPath": INDEX}}},
            {"name": "MASTER_ADDR", "value": "job-0.job"},
            {"name": "MASTER_PORT", "value": "29500"},
        ]
        manifest = json.loads(self.tools.job(["python", "-u", "-c", textwrap.dedent(code)], env, BASE))
        manifest["metadata"] = {"name": "job"}
        manifest["spec"] |= {"completionMode": "Indexed", "completions": count, "parallelism": count}
        manifest["spec"]["template"]["spec"]["subdomain"] = "job"
        return self.call.submit(k8s_manifest=json.dumps(manifest))

    def failed(self, *arguments, **container):
        return self.call.wait(self.submit(*arguments, **container), "failed")

    def log(self, workload):
        return self.call.chamber.logs(workload["workload_id"])


@pytest.fixture
def contained(engine, tools):
    secrets = {"wandb": {"api-key": VALUE}}
    with LocalChamber(executor="container", grace=1.0, sample_interval=0.2, secrets=secrets) as chamber:
        yield Contained(tools.Caller(chamber), tools)


def test_a_container_has_its_command_environment_folder_and_image(contained, engine):
    code = """
        import json, os, sys
        print(json.dumps([sys.argv[1:], os.environ["LINES"], os.environ["B"], os.getcwd(), os.environ["PATH"]]))
        print("and", file=sys.stderr)
    """
    env = [{"name": "LINES", "value": "two\nlines "}, {"name": "B", "value": '$(LINES)|"$$(B)"'}]
    workload = contained.python(code, env, args=["$(B)"], workingDir="/srv")
    done = contained.call.wait(workload, "completed")

    (said,) = [line for line in contained.log(done).splitlines() if line != "and"]  # two streams, in either order
    assert json.loads(said) == [
        ['two\nlines |"$(B)"'],
        "two\nlines ",
        'two\nlines |"$(B)"',
        "/srv",
        "/opt/python/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
    ]
    assert "and" in contained.log(done).splitlines()
    assert done["exit_code"] == 0
    assert engine.containers(workload) == []


def test_what_ends_badly_has_the_reason(contained):
    failed = contained.failed(["sh", "-c", "echo one; echo two; exit 3"])
    assert (failed["exit_code"], failed["failure_reason"]) == (3, "exit code 3: one | two")

    missing = contained.failed(["no-such-program"])
    assert "start" in missing["failure_reason"]
    assert "no-such-program" in missing["failure_reason"]


def test_limits_are_the_containers_and_going_over_them_is_the_reason(contained, engine):
    resources = {"limits": {"memory": "64Mi", "cpu": "1500m"}}
    code = "import time; print('here'); time.sleep(1); x = bytearray(300 << 20); time.sleep(600)"
    workload = contained.python(code, resources=resources)
    contained.tools.until(lambda: contained.call.chamber.logs(workload))
    (container,) = engine.containers(workload)
    said = json.loads(engine.call("inspect", "--format", "{{json .HostConfig}}", container))
    failed = contained.call.wait(workload, "failed")

    assert (said["Memory"], said["MemorySwap"], said["NanoCpus"]) == (64 << 20, 64 << 20, 1_500_000_000)
    assert failed["exit_code"] == 137
    assert "more" in failed["failure_reason"]
    assert "than its limit of 64Mi" in failed["failure_reason"]


def test_gpus_that_are_not_there_are_asked_for_in_vain(contained):
    failed = contained.failed(["true"], resources={"limits": {"amd.com/gpu": "2"}})

    assert failed["failure_reason"].startswith("the job asks for 2 amd.com/gpu, and this machine has no such GPU")
    assert "container_gpus='count'" in failed["failure_reason"]


def test_an_image_that_cannot_be_had_fails_with_the_reason(contained):
    registry = contained.call.chamber.registry
    on_marker = contained.call.push_image("team/project", contained.tools.layer(("app/a", b"")))
    reasons = {
        "chamber.local/python:latest": "runs with the process executor alone",
        on_marker: "is made on chamber.local/python, which is no root file system",
        f"{registry}/team/none:1": "is not in this Chamber's registry",
        "127.0.0.1:1/team/none:1": "could not pull the image 127.0.0.1:1/team/none:1: ",
        "--privileged": "'--privileged' is not an image reference",
    }
    for image, reason in reasons.items():
        assert reason in contained.failed(["true"], image=image)["failure_reason"]
    never = contained.failed(["true"], image="127.0.0.1:1/team/none:1", imagePullPolicy="Never")
    assert "imagePullPolicy is Never" in never["failure_reason"]


def test_shared_memory_is_as_large_as_asked_and_other_volumes_are_refused(contained, tools):
    def submit(volume, path="/dev/shm"):
        manifest = json.loads(tools.job(["df", "--output=size,target", path], (), BASE))
        pod = manifest["spec"]["template"]["spec"]
        pod["volumes"] = [{"name": "v", **volume}]
        pod["containers"][0]["volumeMounts"] = [{"name": "v", "mountPath": path}]
        return contained.call.wait(contained.call.submit(k8s_manifest=json.dumps(manifest)))

    done = submit({"emptyDir": {"medium": "Memory", "sizeLimit": "96Mi"}})
    assert contained.log(done).split()[-2:] == [str(96 << 10), "/dev/shm"]
    assert contained.log(submit({"emptyDir": {}}, "/scratch")).split()[-1] == "/scratch"
    refused = submit({"persistentVolumeClaim": {"claimName": "data"}}, "/data")
    assert "mounts a persistentVolumeClaim at /data" in refused["failure_reason"]


def test_pods_meet_by_their_names_in_a_network_of_their_own(contained, engine):
    code = """
        import os, socket, time
        rank, address = os.environ["RANK"], (os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"]))
        assert socket.gethostname() == f"job-{rank}", socket.gethostname()
        if rank == "0":
            with socket.create_server(("", address[1])) as server:
                print(server.accept()[0].recv(99).decode())
        else:
            while True:
                try:
                    socket.create_connection(address, timeout=1).sendall(b"hello from " + rank.encode())
                    break
                except OSError:
                    time.sleep(0.05)
    """
    jobs = [contained.pods(code, 2) for _ in range(2)]

    for workload in jobs:
        assert contained.log(contained.call.wait(workload, "completed")) == "[0] hello from 1\n"
        assert (engine.containers(workload), engine.networks(workload)) == ([], [])


def test_the_first_pod_that_fails_ends_the_others(contained, engine):
    workload = contained.pods(
        "import os, sys, time; sys.exit('luck') if os.environ['RANK'] == '1' else time.sleep(600)", 2
    )
    failed = contained.call.wait(workload, "failed")

    assert (failed["exit_code"], failed["failure_reason"]) == (1, "pod 1: exit code 1: luck")
    assert (engine.containers(workload), engine.networks(workload)) == ([], [])


def test_cancelling_tells_a_container_first_and_leaves_nothing(contained, engine):
    code = """
        import signal, sys, time
        signal.signal(signal.SIGTERM, lambda *_: sys.exit("saved"))
        print("ready")
        time.sleep(600)
    """
    workload = contained.python(code)
    contained.tools.until(lambda: "ready" in contained.call.chamber.logs(workload))

    assert contained.call("POST", f"/v1/workloads/{workload}/cancel").data["status"] == "cancelled"
    assert contained.call.chamber.logs(workload) == "ready\nsaved\n"
    assert engine.containers(workload) == []


def test_use_is_measured_and_a_full_log_does_not_stop_it(engine, tools):
    code = """
        import itertools, time
        held = bytearray(b"x") * 60_000_000
        for number in itertools.count():
            print("x" * 999)
            time.sleep(0.01)
    """
    with LocalChamber(executor="container", grace=0, sample_interval=0.2, log_limit=3000) as chamber:
        call = tools.Caller(chamber)
        workload = Contained(call, tools).python(code)
        tools.until(lambda: _memory(call, workload) > 60_000_000)
        tools.until(lambda: chamber.logs(workload).endswith("and the job goes on\n"))
        metrics = call.get(f"/workloads/{workload}/metrics")
        assert call.status(workload) == "running"
        log = chamber.logs(workload)

    assert metrics["data_quality"] == "measured:cpu"
    assert metrics["cpu_utilization"]["max"] > 0
    assert len(log) < 4000


def _memory(call, workload):
    measured = call.get(f"/workloads/{workload}/metrics")
    return measured["memory_bytes"]["max"] if measured["sample_count"] else 0


def test_a_secret_is_in_the_container_and_nowhere_else(contained):
    env = [{"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "wandb", "key": "api-key"}}}]
    workload = contained.python(
        "import os, time; print(len(os.environ['KEY']), os.environ['KEY']); time.sleep(600)", env
    )
    contained.tools.until(lambda: "***" in contained.call.chamber.logs(workload))
    folder = contained.call.chamber._started.folder.path
    files = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    lines = contained.tools.command_lines()
    contained.call("POST", f"/v1/workloads/{workload}/cancel")

    assert contained.call.chamber.logs(workload) == f"{len(VALUE)} ***\n"
    assert not any(VALUE.encode() in content for content in files)
    assert not any(VALUE in line for line in lines)


def test_what_a_killed_chamber_left_is_removed_by_the_next(engine, tools, tmp_path):
    """Also by one of another folder: to a temporary one nobody comes back."""
    command = [sys.executable, "-m", "chamber.local", "up", "--executor", "container", "--data-dir", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as served:
        told = dict(served.stdout.readline().removeprefix("export ").strip().split("=", 1) for _ in range(5))
        address, token = told["CHAMBER_LOCAL_REGISTRY"], told["CHAMBER_TOKEN"]
        chamber = type("Told", (), {"registry": address, "token": token, "team": told["CHAMBER_LOCAL_TEAM"]})
        call = tools.Caller(chamber)
        workload = Contained(call, tools).pods("import time; time.sleep(600)", 2)
        call.wait(workload, "running")
        served.send_signal(signal.SIGKILL)
    assert len(engine.containers(workload)) == 2

    data_dir = tmp_path if engine.name == "docker" else tmp_path / "other"
    with LocalChamber(executor="container", data_dir=data_dir) as following:
        assert (engine.containers(workload), engine.networks(workload)) == ([], [])
        if engine.name == "docker":
            failed = tools.Caller(following).wait(workload, "failed")
            assert "Chamber stopped while this workload was running" in failed["failure_reason"]


def test_a_project_is_run_on_an_image_of_the_chambers_own_registry(contained, engine, tmp_path):
    """run() puts a project on a base that is there, and the engine pulls what came of it."""
    chamber, registry = contained.call.chamber, contained.call.chamber.registry
    base = f"{registry}/team/python:1"
    _push(contained, engine, "team/python", tmp_path)
    project = tmp_path / "project"
    project.mkdir()
    (project / "train.py").write_text("import os, sys\nprint(os.getcwd(), sys.argv[1:])\n")

    with chamber.client() as client:
        refused = client.run(project, gpus=1, team=chamber.team, base_image=base, wait=True, poll_interval=0.2)
        assert "this machine has no such GPU" in refused.failure_reason
    manifest = contained.tools.job(["python", "train.py", "--x"], (), _image_of(contained, refused), workingDir="/app")
    done = contained.call.wait(contained.call.submit(k8s_manifest=manifest), "completed")

    assert contained.log(done) == "/app ['--x']\n"
    assert engine.has_images_of(registry)
    chamber.stop()
    assert not engine.has_images_of(registry)


def _image_of(contained, job):
    (held,) = [workload for workload in contained.call.chamber.workloads() if workload.id == job.id]
    (line,) = [line for line in held.k8s_manifest.splitlines() if "image:" in line]
    return line.partition("image:")[2].strip().strip('"')


def _push(contained, engine, repository, folder):
    """The test image, its layers as they are: to compress them takes longer than all the rest."""
    archive = folder / "image.tar"
    engine.call("save", "--output", str(archive), BASE)
    with tarfile.open(archive) as saved:
        (listed,) = json.load(saved.extractfile("manifest.json"))
        config = saved.extractfile(listed["Config"]).read()
        layers = [saved.extractfile(name).read() for name in listed["Layers"]]
    for blob in (config, *layers):
        contained.call.push_blob(repository, blob)
    plain = "application/vnd.oci.image.layer.v1.tar"
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": contained.tools.descriptor("application/vnd.oci.image.config.v1+json", config),
        "layers": [contained.tools.descriptor(plain, layer) for layer in layers],
    }
    assert contained.call.put_manifest(repository, "1", manifest).status == 201
