"""The GPUs of this machine, given to one container at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chamber.local.executors.manifest import Task
from chamber.local.executors.refusal import Refused

__all__ = ["Gpus", "gpus_asked", "installed"]

_NVIDIA = "nvidia.com/gpu"
#: A folder for each GPU (NVIDIA driver README: the /proc interface).
_DRIVER = Path("/proc/driver/nvidia/gpus")


def installed() -> int:
    """How many NVIDIA GPUs the driver of this machine has."""
    return len(tuple(_DRIVER.iterdir())) if _DRIVER.is_dir() else 0


def gpus_asked(task: Task) -> dict[str, int]:
    """The GPUs that one pod asks for, by the name of the resource. Raises Refused."""
    if task.ray_gpus is not None:
        return {_NVIDIA: task.ray_gpus} if task.ray_gpus else {}
    limits = {name: count for name, count in task.container.limits.items() if name.endswith("/gpu")}
    try:
        return {name: int(count) for name, count in limits.items() if int(count)}
    except ValueError as error:
        raise Refused(f"the manifest's number of GPUs is none: {error}") from error


class Gpus:
    """Those that are free. Where they are `counted` alone, nobody gets any, and nobody is refused."""

    def __init__(self, count: int, *, counted: bool) -> None:
        self.counted = counted
        self._count, self._free = count, list(range(count))

    @contextmanager
    def held(self, asked: dict[str, int], pods: int) -> Iterator[list[tuple[int, ...]]]:
        """Numbers of GPUs for each of the pods. Raises Refused: there are not as many."""
        each = 0 if self.counted else sum(asked.values())
        if each:
            self._check(asked, each * pods)
        taken, self._free = self._free[: each * pods], self._free[each * pods :]
        try:
            yield [tuple(taken[pod * each : (pod + 1) * each]) for pod in range(pods)]
        finally:
            self._free = sorted([*self._free, *taken])

    def _check(self, asked: dict[str, int], gpus: int) -> None:
        if self._count and set(asked) == {_NVIDIA}:
            if gpus > len(self._free):
                raise Refused(
                    f"the job asks for {gpus} GPUs, and of the {self._count} of this machine {len(self._free)} are "
                    f"free: give this Chamber as many as there are, such as gpus={{'H100': {self._count}}}, and jobs "
                    "wait for them"
                )
            return
        raise Refused(
            f"the job asks for {gpus} {', '.join(sorted(asked))}, and this machine has no such GPU for containers: "
            "with container_gpus='count' (--container-gpus count) jobs run without those that they ask for"
        )
