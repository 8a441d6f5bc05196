import base64
import json
from typing import Any

import pytest

from chamber.core.errors import ConfigurationError
from chamber.run.job.launch import command, in_manifest, kind_of, launcher_for, shown
from chamber.run.job.topology import Topology
from chamber.run.project.profile import Launcher, Profile

ONE, FOUR, SIXTEEN = Topology(1, 1), Topology(1, 4), Topology(2, 8)


@pytest.mark.parametrize(
    ("facts", "distributed", "topology", "launcher"),
    [
        ({"framework": "pytorch"}, "auto", ONE, "python"),
        ({"framework": "pytorch"}, "auto", FOUR, "torchrun"),
        ({"framework": "pytorch"}, "auto", Topology(2, 1), "torchrun"),
        ({"framework": "pytorch"}, "none", FOUR, "python"),
        ({"framework": "pytorch", "uses_accelerate": True}, "auto", FOUR, "accelerate"),
        ({"framework": "pytorch", "uses_deepspeed": True}, "auto", FOUR, "deepspeed"),
        ({"framework": "pytorch", "uses_ray": True}, "auto", FOUR, "ray"),
        ({"framework": "pytorch", "uses_ray": True}, "auto", ONE, "ray"),
        ({"framework": "pytorch", "uses_ray": True, "uses_deepspeed": True}, "auto", FOUR, "ray"),
        ({"framework": "pytorch", "uses_ray": True}, "none", FOUR, "python"),
        ({"framework": "tensorflow", "uses_horovod": True}, "auto", FOUR, "mpi"),
        ({"framework": "jax"}, "auto", SIXTEEN, "python"),
        ({}, "auto", FOUR, "python"),
        ({}, "ray", FOUR, "ray"),
        ({}, "deepspeed", ONE, "deepspeed"),
        ({"framework": "pytorch"}, "deepspeed", FOUR, "deepspeed"),
    ],
)
def test_the_launcher_follows_what_is_used_and_asked_for(
    facts: dict[str, Any], distributed: str, topology: Topology, launcher: Launcher
) -> None:
    profile = Profile(entrypoint="train.py", **facts)
    assert launcher_for(profile, distributed, topology) == launcher
    assert launcher_for(profile, distributed, topology, "mpi") == "mpi"


def test_one_process_on_several_nodes_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="16 GPUs are on 2 nodes"):
        launcher_for(Profile(entrypoint="train.py"), "none", SIXTEEN)
    assert launcher_for(Profile(entrypoint="train.py"), "none", SIXTEEN, "python") == "python"


def test_only_ray_is_no_job() -> None:
    kinds = {
        launcher: kind_of(launcher) for launcher in ("python", "torchrun", "accelerate", "deepspeed", "ray", "mpi")
    }
    assert [launcher for launcher, kind in kinds.items() if kind == "RayJob"] == ["ray"]


@pytest.mark.parametrize(
    ("launcher", "line"),
    [
        ("python", "python train.py --x"),
        ("ray", "python train.py --x"),
        ("torchrun", "python -m torch.distributed.run --standalone --nproc-per-node=4 train.py --x"),
        ("accelerate", "python -m accelerate.commands.launch --num_processes=4 --multi_gpu train.py --x"),
        ("deepspeed", "deepspeed --num_gpus=4 train.py --x"),
        ("mpi", "horovodrun -np 4 python train.py --x"),
    ],
)
def test_each_launcher_has_its_command_line_on_one_node(launcher: Launcher, line: str) -> None:
    assert " ".join(command(Profile(entrypoint="train.py", launcher=launcher), FOUR, ["--x"])) == line


@pytest.mark.parametrize(
    ("launcher", "line"),
    [
        ("python", "python train.py --x"),
        ("ray", "python train.py --x"),
        (
            "torchrun",
            "python -m torch.distributed.run --nnodes=2 --node-rank=$(JOB_COMPLETION_INDEX) --nproc-per-node=8 "
            "--master-addr=$(MASTER_ADDR) --master-port=$(MASTER_PORT) train.py --x",
        ),
        (
            "accelerate",
            "python -m accelerate.commands.launch --num_processes=16 --multi_gpu --num_machines=2 "
            "--machine_rank=$(JOB_COMPLETION_INDEX) --main_process_ip=$(MASTER_ADDR) "
            "--main_process_port=$(MASTER_PORT) --same_network train.py --x",
        ),
    ],
)
def test_each_launcher_has_its_command_line_on_several_nodes(launcher: Launcher, line: str) -> None:
    assert " ".join(command(Profile(entrypoint="train.py", launcher=launcher), SIXTEEN, ["--x"])) == line


def test_deepspeed_is_told_of_the_whole_world_without_a_host_file() -> None:
    words = command(Profile(entrypoint="-m a", launcher="deepspeed"), Topology(2, 2), ["--x"])
    world = next(word.partition("=")[2] for word in words if word.startswith("--world_info="))
    assert json.loads(base64.urlsafe_b64decode(world)) == {"pod-0": [0, 1], "pod-1": [0, 1]}
    assert "--node_rank=$(JOB_COMPLETION_INDEX)" in words
    assert words[-3:] == ("--module", "a", "--x")


def test_mpi_brings_its_own_launcher_and_is_shown_without_it() -> None:
    words = command(Profile(entrypoint="train.py", launcher="mpi"), SIXTEEN, [])
    assert words[:2] == ("python", "-c")
    assert words[3:] == (
        *("$(JOB_COMPLETION_INDEX)", "$(MASTER_ADDR)", "$(MASTER_PORT)", "2", "8", "python", "train.py"),
    )
    compile(words[2], "mpi", "exec")
    assert len(shown(words)) < 200


def test_words_of_the_project_are_no_references_in_a_manifest() -> None:
    profile = Profile(entrypoint="train.py", launcher="torchrun")
    words = in_manifest(profile, SIXTEEN, ["$(MASTER_ADDR)", "$HOME"])
    assert words[-2:] == ("$$(MASTER_ADDR)", "$HOME")
    assert "--master-addr=$(MASTER_ADDR)" in words
    assert command(profile, SIXTEEN, ["$(A)"])[-1] == "$(A)"
    assert in_manifest(Profile(entrypoint="train.py", launcher="ray"), SIXTEEN, ["$(A)"])[-1] == "$(A)"


def test_a_module_is_started_as_a_module() -> None:
    assert command(Profile(entrypoint="-m a.b"), ONE, []) == ("python", "-m", "a.b")
    assert command(Profile(entrypoint="-m a", launcher="deepspeed"), Topology(1, 2), [])[-2:] == ("--module", "a")
