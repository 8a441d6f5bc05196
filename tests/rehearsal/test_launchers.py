"""The command lines of jobs on several nodes, run as they are: real launchers on two pods, with CPU workers.

Each project is submitted by `run()` to an embedded Chamber, whose executor installs what the project asks for. That
takes about 1.5 GB of disk and, with torch at hand, less than a minute.
"""

import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chamber.core.models import Workload
from chamber.local import LocalChamber

pytestmark = [pytest.mark.rehearsal, pytest.mark.timeout(900)]

Rehearse = Callable[..., list[str]]
EXAMPLES = Path(__file__).parents[2] / "examples"

#: Each tells its line in one piece: print() may write the end of the line after another process has written.
TORCH = r"""
    import os, sys, torch, torch.distributed as dist
    dist.init_process_group("gloo")
    total = torch.tensor([dist.get_rank() + 1.0])
    dist.all_reduce(total)
    told = *sys.argv[1:], os.environ["NODE_RANK"], dist.get_rank(), dist.get_world_size(), total.item()
    sys.stdout.write(" ".join(map(str, told)) + "\n")
    dist.destroy_process_group()
"""
ACCELERATE = r"""
    import os, sys, torch
    from accelerate import Accelerator
    accelerator = Accelerator()
    total = accelerator.reduce(torch.tensor([accelerator.process_index + 1.0]))
    rank, size = accelerator.process_index, accelerator.num_processes
    sys.stdout.write(f"accelerate {os.environ['NODE_RANK']} {rank} {size} {total.item()}\n")
    accelerator.end_training()
"""
RAY = """
    import ray, sys
    @ray.remote(num_gpus=1)
    def worker(index):
        return index + 1
    ray.init()
    print(sys.argv[1:], ray.cluster_resources()["GPU"], sum(ray.get([worker.remote(index) for index in range(4)])))
"""
MPI = r"""
    import os, sys
    from mpi4py import MPI
    world = MPI.COMM_WORLD
    total = float(world.allreduce(world.rank + 1))
    sys.stdout.write(f"mpi {os.environ['NODE_RANK']} {world.rank} {world.size} {total}\n")
"""


@pytest.fixture
def rehearse(tmp_path: Path) -> Iterator[Rehearse]:
    """Runs a project on two nodes of two GPUs each to its end, and gives the lines that its pods printed."""
    with LocalChamber(gpus={"H100": 16}) as chamber, chamber.client() as client:

        def run(name: str, code: str, requirements: str, **arguments: Any) -> list[str]:
            project = tmp_path / name
            project.mkdir()
            (project / "train.py").write_text(textwrap.dedent(code))
            (project / "requirements.txt").write_text(requirements)
            workload: Workload = client.run(
                project, gpus=4, nodes=2, team="init_local", wait=True, poll_interval=0.2, timeout=800, **arguments
            )
            assert workload.status == "COMPLETED", f"{workload.failure_reason}\n{chamber.logs(workload.id)}"
            return sorted(chamber.logs(workload.id).splitlines())

        yield run


def test_torchrun_and_accelerate_meet_on_two_nodes(rehearse: Rehearse) -> None:
    requirements = "torch==2.13.0\naccelerate==1.12.0\n"
    lines = rehearse("torch", TORCH, requirements, launcher="torchrun", entrypoint_args=["$(MASTER_ADDR)"])
    assert _told(lines, "$(MASTER_ADDR)") == [
        f"[{rank // 2}] $(MASTER_ADDR) {rank // 2} {rank} 4 10.0" for rank in range(4)
    ]
    lines = rehearse("accelerate", ACCELERATE, requirements)
    assert _told(lines, "accelerate ") == [f"[{rank // 2}] accelerate {rank // 2} {rank} 4 10.0" for rank in range(4)]
    example = (EXAMPLES / "pytorch" / "train.py").read_text()
    lines = rehearse("example", example, requirements, launcher="torchrun", entrypoint_args="--epochs 2")
    assert [line.partition("  loss")[0] for line in _told(lines, "epoch ")] == ["[0] epoch 1/2", "[0] epoch 2/2"]


def test_the_example_of_jax_is_one_computation_on_two_nodes(rehearse: Rehearse) -> None:
    example = (EXAMPLES / "jax" / "train.py").read_text()
    lines = rehearse("jax", example, "jax==0.10.2\n", entrypoint_args="--steps 50")
    assert _told(lines, "process ") == [f"[{pod}] process {pod} of 2, 2 devices" for pod in range(2)]
    (loss,) = [line.partition("  loss ")[2] for line in _told(lines, "step 50/50")]
    assert float(loss) < 0.1


def test_a_rayjobs_entrypoint_has_the_gpus_of_all_its_nodes(rehearse: Rehearse) -> None:
    lines = rehearse(
        "ray", RAY, "ray==2.60.0\n", entrypoint_args=["a b", "$HOME", "*"], env={"RAY_USAGE_STATS_ENABLED": "0"}
    )
    assert "['a b', '$HOME', '*'] 4.0 10" in lines
    example = (EXAMPLES / "ray" / "search.py").read_text()
    lines = rehearse("example", example, "ray==2.60.0\n", env={"RAY_USAGE_STATS_ENABLED": "0"})
    assert "best: 0.03" in lines
    assert len([line for line in lines if line.startswith("rate ")]) == 6


def test_mpi_meets_on_two_nodes_without_ssh(rehearse: Rehearse) -> None:
    """Open MPI as its wheel has it."""
    lines = rehearse("mpi", MPI, "mpi4py==4.1.2\nopenmpi==5.0.11\n", launcher="mpi")
    told = sorted(line.partition("mpi ")[2] for line in _told(lines, "mpi "))
    assert told == [f"{rank // 2} {rank} 4 10.0" for rank in range(4)]


def _told(lines: list[str], word: str) -> list[str]:
    return [line for line in lines if f"] {word}" in line]
