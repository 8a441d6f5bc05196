from typing import Any

import pytest

from chamber.run.job import resources
from chamber.run.job.launch import command, launcher_for, python_path
from chamber.run.project.profile import Launcher, Profile


@pytest.mark.parametrize(
    ("facts", "distributed", "gpus", "launcher"),
    [
        ({"framework": "pytorch"}, "auto", 1, "python"),
        ({"framework": "pytorch"}, "auto", 4, "torchrun"),
        ({"framework": "pytorch"}, "none", 4, "python"),
        ({"framework": "pytorch", "uses_accelerate": True}, "auto", 4, "accelerate"),
        ({"framework": "pytorch", "uses_deepspeed": True}, "auto", 4, "deepspeed"),
        ({"framework": "pytorch", "uses_ray": True}, "auto", 4, "ray"),
        ({"framework": "tensorflow", "uses_horovod": True}, "auto", 4, "mpi"),
        ({"framework": "jax"}, "auto", 4, "python"),
        ({}, "auto", 4, "python"),
        ({}, "ray", 4, "ray"),
        ({}, "deepspeed", 1, "deepspeed"),
        ({"framework": "pytorch"}, "deepspeed", 4, "deepspeed"),
    ],
)
def test_the_launcher_follows_what_is_used_and_asked_for(
    facts: dict[str, Any], distributed: str, gpus: int, launcher: Launcher
) -> None:
    assert launcher_for(Profile(entrypoint="train.py", **facts), distributed, gpus) == launcher


@pytest.mark.parametrize(
    ("launcher", "line"),
    [
        ("python", "python train.py --x"),
        ("ray", "python train.py --x"),
        ("torchrun", "python -m torch.distributed.run --standalone --nproc-per-node=4 train.py --x"),
        ("accelerate", "python -m accelerate.commands.launch --num_processes=4 train.py --x"),
        ("deepspeed", "deepspeed --num_gpus=4 train.py --x"),
        ("mpi", "horovodrun -np 4 python train.py --x"),
    ],
)
def test_each_launcher_has_its_command_line(launcher: Launcher, line: str) -> None:
    assert " ".join(command(Profile(entrypoint="train.py", launcher=launcher), 4, ["--x"])) == line


def test_a_module_is_started_as_a_module() -> None:
    assert command(Profile(entrypoint="-m a.b"), 1, []) == ("python", "-m", "a.b")
    assert command(Profile(entrypoint="-m a", launcher="deepspeed"), 2, [])[-2:] == ("--module", "a")


def test_packages_in_src_are_found() -> None:
    assert python_path(Profile(entrypoint="-m a"), {"src/a/__main__.py"}) == "src"
    assert python_path(Profile(entrypoint="-m a"), {"a/__main__.py"}) is None
    assert python_path(Profile(entrypoint="src/train.py"), {"src/train.py"}) is None


@pytest.mark.parametrize("gpu_type", ["H100", "h100", "NVIDIA-H100", "a100_80gb", "A100 80GB"])
def test_a_gpu_type_is_known_in_its_usual_spellings(gpu_type: str) -> None:
    assert resources.of(gpu_type) is not None


def test_another_gpu_type_is_not_in_the_table() -> None:
    assert resources.of("TPU") is None
