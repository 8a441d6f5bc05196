"""The command lines that containers are made with: pure functions.

docker: https://docs.docker.com/reference/cli/docker/container/create/;
podman: https://docs.podman.io/en/latest/markdown/podman-create.1.html.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal

import msgspec

from chamber.local.executors.containers.quantities import quantity
from chamber.local.executors.manifest import Container, Mount
from chamber.local.executors.pods import Process
from chamber.local.executors.refusal import Refused

__all__ = ["Place", "created", "in_environment"]

_SHARED_MEMORY = "/dev/shm"  # noqa: S108 - where every program looks for it
#: What docker takes for less is refused (docs.docker.com: resource constraints).
_LEAST_CPU, _LEAST_MEMORY = Decimal("0.01"), 6 << 20
#: Characters in a line of a file of environment variables: docker takes a little more.
_LONGEST = 60_000


class Place(msgspec.Struct, frozen=True):
    """What a container gets of this machine: its labels, a network with its names in it, and numbers of GPUs."""

    labels: Mapping[str, str]
    cpus: int
    gpus: tuple[int, ...] = ()
    network: str | None = None
    names: tuple[str, ...] = ()


def created(engine: str, image: str, asked: Container, pod: Process, place: Place) -> list[str]:
    """The options and arguments of ``create``, but for the environment. Raises Refused.

    The engine keeps no log of its own, which would have no limit; what removes a container does not wait for it.
    Memory that is limited has no swap beside it, as in Kubernetes; CPUs are limited to those that there are.
    """
    return [
        "--log-driver=none",
        "--pull=never",
        "--stop-timeout=0",
        *(f"--label={name}={value}" for name, value in place.labels.items()),
        *_network(place),
        *_limits(asked, place),
        *_gpus(engine, place.gpus),
        *(option for mount in asked.mounts for option in _mounted(mount)),
        *([f"--workdir={asked.working_dir}"] if asked.working_dir else []),
        *([f"--entrypoint={pod.command[0]}"] if pod.command else []),
        image,
        *pod.command[1:],
        *pod.args,
    ]


def in_environment(value: str) -> bool:
    """True for a value that a line of a file cannot hold: it goes through the environment of the engine's client."""
    return len(value) > _LONGEST or len(value.splitlines()) > 1 or value.endswith(("\n", "\r"))


def _network(place: Place) -> Iterator[str]:
    if place.network is not None:
        yield f"--network={place.network}"
        yield f"--hostname={place.names[0]}"
        yield from (f"--network-alias={name}" for name in place.names)


def _limits(asked: Container, place: Place) -> Iterator[str]:
    if "cpu" in asked.limits:
        cpus = min(max(quantity("CPU limit", asked.limits["cpu"]), _LEAST_CPU), Decimal(place.cpus))
        yield f"--cpus={cpus.normalize():f}"
    if "memory" in asked.limits:
        memory = max(int(quantity("memory limit", asked.limits["memory"])), _LEAST_MEMORY)
        yield f"--memory={memory}"
        yield f"--memory-swap={memory}"


def _gpus(engine: str, gpus: tuple[int, ...]) -> Iterator[str]:
    """docker takes a list as a quoted field of CSV; podman names devices as CDI does."""
    if engine == "podman":
        yield from (f"--device=nvidia.com/gpu={gpu}" for gpu in gpus)
    elif gpus:
        yield f'--gpus="device={",".join(map(str, gpus))}"'


def _mounted(mount: Mount) -> Iterator[str]:
    if mount.kind != "emptyDir":
        raise Refused(f"the manifest mounts a {mount.kind} at {mount.path}; the container executor has emptyDir alone")
    if not mount.path.startswith("/") or any(mark in mount.path for mark in ":,"):
        raise Refused(f"the manifest mounts a volume at {mount.path!r}, which is no absolute path without : and ,")
    if mount.path == _SHARED_MEMORY:
        size = None if mount.size is None else int(quantity("sizeLimit", mount.size))
        yield from [] if size is None else [f"--shm-size={size}"]
    elif mount.in_memory:
        bound = "" if mount.size is None else f":size={int(quantity('sizeLimit', mount.size))}"
        yield f"--tmpfs={mount.path}{bound}"
    else:
        yield f"--volume={mount.path}"
