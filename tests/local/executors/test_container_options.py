import os
import platform
import subprocess
import sys

import psutil
import pytest

from chamber.local.executors.containers.ending import outcome
from chamber.local.executors.containers.engine import State
from chamber.local.executors.containers.gpus import Gpus, gpus_asked
from chamber.local.executors.containers.labels import is_left, labels_of
from chamber.local.executors.containers.options import Place, created, in_environment
from chamber.local.executors.containers.quantities import quantity
from chamber.local.executors.manifest import Container, Mount, Task, task_of
from chamber.local.executors.pods import contained
from chamber.local.executors.refusal import Refused

HERE = Place({"io.chamber.local.workload": "wl_1"}, 4)


def options(engine="docker", place=HERE, **said):
    container = Container("image", **{"command": ("run", "it"), **said})
    return created(engine, "sha256:1", container, contained(Task(container), 0, counted=False), place)


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("2", 2),
        (2, 2),
        ("500m", 0.5),
        ("1.5", 1.5),
        ("16Gi", 16 << 30),
        ("1e3", 1000),
        ("100M", 100_000_000),
        ("1k", 1000),
    ],
)
def test_quantities_are_read_as_kubernetes_does(written, number):
    assert quantity("CPU limit", written) == pytest.approx(number)


@pytest.mark.parametrize("written", ["", "much", "-1", "1 Gi", "1Xi", "NaN", "Infinity", "Gi"])
def test_what_is_no_quantity_is_refused_and_named(written):
    with pytest.raises(Refused, match="the manifest's CPU limit is"):
        quantity("CPU limit", written)


def test_a_command_takes_the_place_of_the_images_and_arguments_of_its_arguments():
    assert options(args=("x",))[-4:] == ["--entrypoint=run", "sha256:1", "it", "x"]
    assert options(command=(), args=("x",))[-2:] == ["sha256:1", "x"]
    assert not any(option.startswith("--entrypoint") for option in options(command=()))


def test_cpus_are_no_more_than_there_are_and_no_fewer_than_an_engine_takes():
    def cpus(limit):
        return next(option for option in options(limits={"cpu": limit}) if option.startswith("--cpus"))

    assert [cpus("22"), cpus("1500m"), cpus("1m"), cpus("3")] == ["--cpus=4", "--cpus=1.5", "--cpus=0.01", "--cpus=3"]


def test_memory_has_no_swap_beside_it():
    assert {"--memory=2147483648", "--memory-swap=2147483648"} < set(options(limits={"memory": "2Gi"}))
    assert not any(option.startswith(("--memory", "--cpus")) for option in options())


def test_volumes_are_empty_ones_in_memory_or_on_disk():
    mounts = (
        Mount("/dev/shm", "emptyDir", in_memory=True, size="1Gi"),
        Mount("/fast", "emptyDir", in_memory=True, size="1Mi"),
        Mount("/scratch", "emptyDir"),
    )
    assert {"--shm-size=1073741824", "--tmpfs=/fast:size=1048576", "--volume=/scratch"} < set(options(mounts=mounts))


@pytest.mark.parametrize(
    ("mount", "reason"),
    [
        (Mount("/data", "hostPath"), "mounts a hostPath at /data; the container executor has emptyDir alone"),
        (Mount("/data:/etc", "emptyDir"), "no absolute path without : and ,"),
        (Mount("data", "emptyDir"), "no absolute path without : and ,"),
    ],
)
def test_other_volumes_are_refused(mount, reason):
    with pytest.raises(Refused, match=reason):
        options(mounts=(mount,))


def test_gpus_are_named_to_each_engine_in_its_own_way():
    place = Place({}, 4, gpus=(0, 3))

    assert '--gpus="device=0,3"' in options("docker", place)
    assert [option for option in options("podman", place) if "gpu" in option] == [
        "--device=nvidia.com/gpu=0",
        "--device=nvidia.com/gpu=3",
    ]


def test_values_that_a_line_cannot_hold_go_another_way():
    assert [in_environment(value) for value in ("a", "a b='\"", "a\nb", "a\n", "a\u2028b", "x" * 70_000)] == [
        False,
        False,
        True,
        True,
        True,
        True,
    ]


def test_each_gpu_is_given_to_one_job_at_a_time():
    gpus = Gpus(4, counted=False)
    asked = {"nvidia.com/gpu": 1}

    with gpus.held(asked, 2) as one, gpus.held(asked, 1) as other:
        assert (one, other) == ([(0,), (1,)], [(2,)])
        with (
            pytest.raises(Refused, match="asks for 2 GPUs, and of the 4 of this machine 1 are free"),
            gpus.held(asked, 2),
        ):
            pass
    with gpus.held(asked, 4) as every:
        assert every == [(0,), (1,), (2,), (3,)]


def test_gpus_that_are_counted_are_given_to_nobody():
    with Gpus(2, counted=True).held({"nvidia.com/gpu": 8}, 4) as given:
        assert given == [()] * 4


@pytest.mark.parametrize("asked", [{"nvidia.com/gpu": 1}, {"amd.com/gpu": 1}])
def test_a_machine_without_such_gpus_says_how_to_go_on(asked):
    gpus = Gpus(0 if "nvidia.com/gpu" in asked else 8, counted=False)

    with pytest.raises(Refused, match=r"no such GPU for containers: with container_gpus='count'"), gpus.held(asked, 1):
        pass


def test_the_gpus_of_a_pod_are_its_limits_and_of_a_rayjob_all_of_its_workers():
    pod = {"image": "i", "resources": {"limits": {"nvidia.com/gpu": "2", "memory": "1Gi"}}}
    job = {"apiVersion": "batch/v1", "kind": "Job", "spec": {"template": {"spec": {"containers": [pod]}}}}
    worker = {"replicas": 2, "template": {"spec": {"containers": [pod]}}}
    cluster = {"headGroupSpec": {"template": {"spec": {"containers": [pod]}}}, "workerGroupSpecs": [worker]}
    ray = {"apiVersion": "ray.io/v1", "kind": "RayJob", "spec": {"entrypoint": "x", "rayClusterSpec": cluster}}

    assert gpus_asked(task_of(repr(job))) == {"nvidia.com/gpu": 2}
    assert gpus_asked(task_of(repr(ray))) == {"nvidia.com/gpu": 4}


def test_what_is_left_is_of_this_folder_or_of_a_process_that_is_gone(tmp_path):
    own = labels_of(tmp_path / "other", "wl_1")
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    name = "io.chamber.local.owner"
    created_at = f"{psutil.Process().create_time():.2f}"

    assert not is_left(own, tmp_path)
    assert is_left(labels_of(tmp_path, "wl_1"), tmp_path)
    assert is_left({**own, name: f"{platform.node()}/{ended.pid}/1.00"}, tmp_path)
    assert is_left({**own, name: f"{platform.node()}/{os.getpid()}/1.00"}, tmp_path), "another process had that pid"
    assert not is_left({**own, name: f"elsewhere/{ended.pid}/{created_at}"}, tmp_path)
    assert not is_left({**own, name: "what is this"}, tmp_path)


def state(**said):
    return State(
        **{"started": True, "running": False, "exit_code": 0, "out_of_memory": False, "error": "", "pid": 0, **said}
    )


@pytest.mark.parametrize(
    ("ended", "reason", "code"),
    [
        (state(exit_code=3), "exit code 3: last", 3),
        (state(exit_code=143), "killed by signal 15 (SIGTERM): last", 143),
        (
            state(exit_code=137, out_of_memory=True),
            "out of memory (OOMKilled): it used more than its limit of 1Gi: last",
            137,
        ),
        (
            state(exit_code=137),
            "killed by signal 9 (SIGKILL), as one is that uses more memory than its limit of 1Gi: last",
            137,
        ),
        (state(started=False, exit_code=127, error="no such file"), "the container was not started: no such file", 127),
    ],
)
def test_the_end_of_a_container_is_told_in_words(ended, reason, code):
    made = outcome(ended, ": last", "1Gi")

    assert (str(made.status), made.reason, made.exit_code) == ("FAILED", reason, code)
    assert outcome(ended, ": last", "1Gi", 2).reason == f"pod 2: {reason}"
