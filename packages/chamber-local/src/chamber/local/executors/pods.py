"""A pod as a process of this host: its command line and its environment."""

import socket
from collections.abc import Mapping

import msgspec

from chamber.local.executors.expansion import expanded
from chamber.local.executors.manifest import Task

__all__ = ["Process", "free_port", "process"]

_INDEX = "JOB_COMPLETION_INDEX"
_PORT = "MASTER_PORT"
_HOST = "127.0.0.1"
#: Open MPI takes its nodes for hosts of their own, which here share one: no shared memory, and the loopback alone.
_ONE_HOST = {"OMPI_MCA_btl": "self,tcp", "OMPI_MCA_btl_tcp_if_include": "127.0.0.0/8"}


class Process(msgspec.Struct, frozen=True):
    """What is started for one pod."""

    command: tuple[str, ...]
    env: dict[str, str]


def process(task: Task, index: int, base: Mapping[str, str], port: int) -> Process:
    """The pod with this index, whose environment is put over `base`.

    Pods of one Job share this host: their names become its loopback address, and the port that they meet at becomes
    `port`, so that two Jobs may run side by side.
    """
    shared = _ONE_HOST if task.pods > 1 else {}
    env = {**base, **shared, **_environment(task, index, port)}
    command = tuple(_here(expanded(word, env), task) for word in _words(task))
    return Process(command, env)


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        return int(probe.getsockname()[1])


def _words(task: Task) -> tuple[str, ...]:
    """A RayJob's entrypoint is no command of a container: what looks like a reference to Kubernetes is its shell's."""
    command = task.container.command
    return command if task.ray_gpus is None else tuple(word.replace("$", "$$") for word in command)


def _environment(task: Task, index: int, port: int) -> dict[str, str]:
    known = {_INDEX: str(index)} if task.indexed else {}
    for variable in task.container.env:
        value = str(index) if variable.value is None else expanded(variable.value, known)
        known[variable.name] = _here(value, task)
        if variable.name == _PORT and task.pods > 1:
            known[_PORT] = str(port)
    return known | _logical_gpus(task)


def _here(text: str, task: Task) -> str:
    if not (task.indexed and task.name and task.subdomain):
        return text
    for index in range(task.pods):
        text = text.replace(f"{task.name}-{index}.{task.subdomain}", _HOST)
    return text


def _logical_gpus(task: Task) -> dict[str, str]:
    """A local Ray has the GPUs of the cluster in its books, so that tasks which ask for some are placed."""
    if not task.ray_gpus:
        return {}
    return {"RAY_OVERRIDE_RESOURCES": msgspec.json.encode({"GPU": task.ray_gpus}).decode()}
