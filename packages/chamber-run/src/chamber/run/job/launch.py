"""The command line of a job."""

from __future__ import annotations

import base64
import json
from importlib.resources import files
from typing import TYPE_CHECKING

from chamber.core.errors import ConfigurationError
from chamber.run.job.rendezvous import ADDRESS, INDEX, PORT, literal
from chamber.run.project.detection.entrypoint import module_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chamber.run.job.names import Kind
    from chamber.run.job.topology import Topology
    from chamber.run.project.profile import Launcher, Profile

__all__ = ["command", "in_manifest", "kind_of", "launcher_for", "shown"]

_LONGEST_SHOWN = 200


def launcher_for(profile: Profile, distributed: str, topology: Topology, launcher: Launcher | None = None) -> Launcher:
    """What starts the processes of a job: what was asked for, else what the project uses.

    `launcher` beats `distributed`, which beats the evidence unless it is ``auto``.

    Raises ConfigurationError: ``distributed="none"``, which is one process, on several nodes.
    """
    if launcher is not None:
        return launcher
    match distributed:
        case "ray" | "deepspeed" as named:
            return named
        case "none":
            return _alone(topology)
    return _by_evidence(profile, topology)


def kind_of(launcher: Launcher) -> Kind:
    """What Kubernetes is asked for."""
    return "RayJob" if launcher == "ray" else "Job"


def command(profile: Profile, topology: Topology, arguments: Sequence[str]) -> tuple[str, ...]:
    """The words of the command line, without a shell. On several nodes they refer to the pod's environment.

    Of an image that starts itself, the arguments alone.
    """
    if profile.starts_itself:
        return tuple(arguments)
    return (*_start(profile.launcher, topology), *_target(profile, arguments))


def in_manifest(profile: Profile, topology: Topology, arguments: Sequence[str]) -> tuple[str, ...]:
    """The same words, with those of the project so that Kubernetes leaves them as they are.

    A RayJob's reach Ray as they are: its entrypoint is a text of its own, and not the command of a container.
    """
    if profile.starts_itself:
        return tuple(map(literal, arguments))
    if kind_of(profile.launcher) == "RayJob":
        return command(profile, topology, arguments)
    return (*_start(profile.launcher, topology), *map(literal, _target(profile, arguments)))


def shown(words: Sequence[str]) -> str:
    """A command line for eyes."""
    return " ".join(word if len(word) <= _LONGEST_SHOWN else f"<{len(word)} characters>" for word in words)


def _alone(topology: Topology) -> Launcher:
    if topology.nodes > 1:
        raise ConfigurationError(
            f"distributed='none' starts one process, and {topology.gpus} GPUs are on {topology.nodes} nodes: ask for "
            "fewer GPUs, or set launcher='python' for one process on each node"
        )
    return "python"


def _by_evidence(profile: Profile, topology: Topology) -> Launcher:
    """A program of Ray starts whatever else it uses by itself, so that comes first."""
    if profile.uses_ray:
        return "ray"
    if topology.gpus == 1:
        return "python"
    if profile.uses_deepspeed:
        return "deepspeed"
    if profile.uses_accelerate:
        return "accelerate"
    if profile.uses_horovod:
        return "mpi"
    return "torchrun" if profile.framework == "pytorch" else "python"


def _target(profile: Profile, arguments: Sequence[str]) -> tuple[str, ...]:
    module = module_of(profile.entrypoint)
    option = "--module" if profile.launcher == "deepspeed" else "-m"
    return (*((option, module) if module else (profile.entrypoint,)), *arguments)


def _start(launcher: Launcher, topology: Topology) -> tuple[str, ...]:
    """What goes before the script. Ray's script starts its own workers."""
    if launcher in {"python", "ray"}:
        return ("python",)
    return _on_one_node(launcher, topology.gpus) if topology.nodes == 1 else _on_several(launcher, topology)


def _on_one_node(launcher: Launcher, gpus: int) -> tuple[str, ...]:
    match launcher:
        case "torchrun":
            return ("python", "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={gpus}")
        case "accelerate":
            return (*_ACCELERATE, f"--num_processes={gpus}", *(("--multi_gpu",) if gpus > 1 else ()))
        case "deepspeed":
            return ("deepspeed", f"--num_gpus={gpus}")
        case _:
            return ("horovodrun", "-np", str(gpus), "python")


def _on_several(launcher: Launcher, topology: Topology) -> tuple[str, ...]:
    match launcher:
        case "torchrun":
            return _torchrun(topology)
        case "accelerate":
            return _accelerate(topology)
        case "deepspeed":
            return _deepspeed(topology)
        case _:
            return _mpi(topology)


def _torchrun(topology: Topology) -> tuple[str, ...]:
    """The static rendezvous, where node 0 has the store (docs.pytorch.org: torchrun)."""
    return (
        *("python", "-m", "torch.distributed.run", f"--nnodes={topology.nodes}", f"--node-rank={INDEX}"),
        *(f"--nproc-per-node={topology.gpus_per_node}", f"--master-addr={ADDRESS}", f"--master-port={PORT}"),
    )


def _accelerate(topology: Topology) -> tuple[str, ...]:
    """``--multi_gpu`` because one GPU a node would be taken for no distribution (accelerate: launch)."""
    return (
        *(*_ACCELERATE, f"--num_processes={topology.gpus}", "--multi_gpu", f"--num_machines={topology.nodes}"),
        *(f"--machine_rank={INDEX}", f"--main_process_ip={ADDRESS}", f"--main_process_port={PORT}", "--same_network"),
    )


def _deepspeed(topology: Topology) -> tuple[str, ...]:
    """What ``deepspeed`` itself runs on each node, which needs neither ssh nor a host file.

    ``deepspeed --no_ssh`` needs a host file, which a pod has not (DeepSpeed: launcher/runner.py, PDSHRunner).
    """
    devices = list(range(topology.gpus_per_node))
    world = json.dumps({f"pod-{node}": devices for node in range(topology.nodes)})
    info = base64.urlsafe_b64encode(world.encode()).decode()
    return (
        *("python", "-u", "-m", "deepspeed.launcher.launch", f"--world_info={info}", f"--node_rank={INDEX}"),
        *(f"--master_addr={ADDRESS}", f"--master_port={PORT}"),
    )


def _mpi(topology: Topology) -> tuple[str, ...]:
    """Open MPI's mpirun, started in the way that `chamber.run.job.mpi` says."""
    program = files("chamber.run.job").joinpath("mpi.py").read_text("utf-8")
    shape = (str(topology.nodes), str(topology.gpus_per_node))
    return ("python", "-c", literal(program), INDEX, ADDRESS, PORT, *shape, "python")


_ACCELERATE = ("python", "-m", "accelerate.commands.launch")
