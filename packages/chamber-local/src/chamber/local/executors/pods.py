"""A pod's command line and environment: as a process of this host, and as a container."""

import re
from collections.abc import Callable, Mapping

import msgspec

from chamber.core.redaction import Secret
from chamber.local.executors.expansion import expanded
from chamber.local.executors.manifest import Task
from chamber.local.executors.ports import Ports
from chamber.local.executors.refusal import Refused

__all__ = ["Process", "contained", "process"]

_INDEX = "JOB_COMPLETION_INDEX"
_PORT = "MASTER_PORT"
_HOST = "127.0.0.1"
#: Behind a pod's name and its Service's: the rest of the name that a cluster gives it, and a port.
_REST = r"(?:\.[a-z0-9-]+\.svc(?:\.cluster\.local)?)?(?![\w-])(?::(?P<port>\d+))?"
#: Open MPI takes its nodes for hosts of their own, which here share one: no shared memory, and the loopback alone.
_ONE_HOST = {"OMPI_MCA_btl": "self,tcp", "OMPI_MCA_btl_tcp_if_include": "127.0.0.0/8"}


class Process(msgspec.Struct, frozen=True):
    """What is started for one pod; of a container, the command is what takes the place of the image's own."""

    command: tuple[str, ...]
    env: Mapping[str, str]
    args: tuple[str, ...] = ()


def process(task: Task, index: int, base: Mapping[str, str], ports: Ports) -> Process:
    """The pod with this index, whose environment is put over `base`. Raises Refused: it has no command.

    Pods of one Job share this host: their names become its loopback address, and each port that is written behind a
    name, or that they meet at, becomes one of `ports`, so that two pods, or two Jobs, may run side by side.
    """

    def here(name: str, value: str) -> str:
        return (
            str(ports.of(0, value)) if name == _PORT and (task.pods > 1 or task.indexed) else _here(value, task, ports)
        )

    if not task.container.command:
        raise Refused(
            "the manifest's container has no command: an image on chamber.local/python has none of its own, "
            "so name one in spec.template.spec.containers[0].command"
        )
    shared = _ONE_HOST if task.pods > 1 else {}
    env = {**base, **shared, **_environment(task, index, here), **_logical_gpus(task)}
    words = _words(task, env)
    return Process(tuple(_here(word, task, ports) for word in (*words.command, *words.args)), env)


def contained(task: Task, index: int, *, counted: bool) -> Process:
    """The pod with this index as a container, which has a host of its own; `counted` GPUs are in books alone."""
    env = _environment(task, index, lambda _name, value: value)
    return _words(task, {**env, **(_logical_gpus(task) if counted else {})})


def _words(task: Task, env: Mapping[str, str]) -> Process:
    """A RayJob's entrypoint is no command of a container: what looks like a reference to Kubernetes is its shell's."""
    command, args = task.container.command, task.container.args
    if task.ray_gpus is None:
        command, args = (tuple(expanded(word, env) for word in words) for words in (command, args))
    return Process(command, env, args)


def _environment(task: Task, index: int, seen: Callable[[str, str], str]) -> dict[str, str]:
    known = {_INDEX: str(index)} if task.indexed else {}
    for name, value in ((variable.name, variable.value) for variable in task.container.env):
        if isinstance(value, Secret):
            known[name] = value.reveal()
        else:
            assert value is None or isinstance(value, str)
            known[name] = seen(name, str(index) if value is None else expanded(value, known))
    return known


def _here(text: str, task: Task, ports: Ports) -> str:
    """`text` with this host in place of the pods' names, and a port of its own in place of each that follows one."""
    if not (task.indexed and task.name and task.subdomain):
        return text

    def place(found: re.Match[str]) -> str:
        index, port = int(found["index"]), found["port"]
        if index >= task.pods:
            return found[0]
        return _HOST if port is None else f"{_HOST}:{ports.of(index, port)}"

    name, subdomain = re.escape(task.name), re.escape(task.subdomain)
    return re.sub(rf"(?<![\w.-]){name}-(?P<index>\d+)\.{subdomain}{_REST}", place, text)


def _logical_gpus(task: Task) -> dict[str, str]:
    """A local Ray has the GPUs of the cluster in its books, so that tasks which ask for some are placed."""
    if not task.ray_gpus:
        return {}
    return {"RAY_OVERRIDE_RESOURCES": msgspec.json.encode({"GPU": task.ray_gpus}).decode()}
