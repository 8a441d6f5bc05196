"""The command line of a job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chamber.run.project.detection.entrypoint import module_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from chamber.run.project.profile import Launcher, Profile

__all__ = ["command", "launcher_for", "python_path"]


def launcher_for(profile: Profile, distributed: str, gpus: int) -> Launcher:
    """What starts the processes of a job on one node, by what the project uses and what was asked for."""
    if distributed == "ray":
        return "ray"
    if distributed == "deepspeed":
        return "deepspeed"
    if distributed == "none" or gpus == 1:
        return "python"
    return _by_evidence(profile)


def command(profile: Profile, gpus: int, arguments: Sequence[str]) -> tuple[str, ...]:
    """The words of the command line, without a shell."""
    module = module_of(profile.entrypoint)
    option = "--module" if profile.launcher == "deepspeed" else "-m"
    target = (option, module) if module else (profile.entrypoint,)
    return (*_start(profile.launcher, gpus), *target, *arguments)


def python_path(profile: Profile, paths: Collection[str]) -> str | None:
    """The folder of the project that holds its packages, where ``-m package`` would not find them."""
    module = module_of(profile.entrypoint)
    if module is None:
        return None
    top = module.partition(".")[0]
    return "src" if any(path.startswith((f"src/{top}/", f"src/{top}.py")) for path in paths) else None


def _by_evidence(profile: Profile) -> Launcher:
    if profile.uses_deepspeed:
        return "deepspeed"
    if profile.uses_ray:
        return "ray"
    if profile.uses_accelerate:
        return "accelerate"
    if profile.uses_horovod:
        return "mpi"
    return "torchrun" if profile.framework == "pytorch" else "python"


def _start(launcher: Launcher, gpus: int) -> tuple[str, ...]:
    """What goes before the script. Ray's script starts its own workers on the node."""
    match launcher:
        case "torchrun":
            return ("python", "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={gpus}")
        case "accelerate":
            return ("python", "-m", "accelerate.commands.launch", f"--num_processes={gpus}")
        case "deepspeed":
            return ("deepspeed", f"--num_gpus={gpus}")
        case "mpi":
            return ("horovodrun", "-np", str(gpus), "python")
        case "python" | "ray":
            return ("python",)
