"""What to run, read from Kubernetes objects: a ``batch/v1`` Job, an Indexed Job with its Service, or a RayJob."""

from collections.abc import Iterator
from typing import Any

import msgspec

from chamber.local.executors.documents import documents
from chamber.local.executors.refusal import Refused

__all__ = ["INDEX", "Container", "Task", "Variable", "task_of"]

#: The annotation that a pod of an Indexed Job has its index in.
INDEX = "metadata.annotations['batch.kubernetes.io/job-completion-index']"

_KINDS = ("batch/v1 Job", "ray.io/v1 RayJob")
_MOST_PODS = 64


class Variable(msgspec.Struct, frozen=True):
    """An environment variable; its value may refer to those before it. None stands for the pod's index."""

    name: str
    value: str | None


class Container(msgspec.Struct, frozen=True):
    """The first container of a pod. `command` holds the arguments too."""

    image: str
    command: tuple[str, ...]
    working_dir: str
    env: tuple[Variable, ...]


class Task(msgspec.Struct, frozen=True):
    """A container that runs in `pods` pods, which find each other as ``<name>-<index>.<subdomain>``."""

    container: Container
    name: str = ""
    pods: int = 1
    indexed: bool = False
    subdomain: str = ""
    #: Of a RayJob: the GPUs of all workers. Its container's command is the entrypoint.
    ray_gpus: int | None = None


class _Metadata(msgspec.Struct):
    name: str = ""


class _Variable(msgspec.Struct, rename="camel"):
    name: str
    value: str = ""
    value_from: Any = None


class _Resources(msgspec.Struct):
    limits: dict[str, int | str] = {}


class _Spec(msgspec.Struct, rename="camel"):
    image: str
    command: list[str] = []
    args: list[str] = []
    working_dir: str = "/app"
    env: list[_Variable] = []
    env_from: list[Any] = []
    resources: _Resources = msgspec.field(default_factory=_Resources)


class _Pod(msgspec.Struct, rename="camel"):
    containers: list[_Spec]
    init_containers: list[Any] = []
    subdomain: str = ""


class _Template(msgspec.Struct):
    spec: _Pod


class _JobSpec(msgspec.Struct, rename="camel"):
    template: _Template
    completions: int | None = None
    parallelism: int | None = None
    completion_mode: str = "NonIndexed"


class _Job(msgspec.Struct):
    spec: _JobSpec
    metadata: _Metadata = msgspec.field(default_factory=_Metadata)


class _Group(msgspec.Struct):
    template: _Template
    replicas: int = 1


class _Cluster(msgspec.Struct, rename="camel"):
    head_group_spec: _Group
    worker_group_specs: list[_Group] = []


class _RaySpec(msgspec.Struct, rename="camel"):
    entrypoint: str
    ray_cluster_spec: _Cluster


class _RayJob(msgspec.Struct):
    spec: _RaySpec
    metadata: _Metadata = msgspec.field(default_factory=_Metadata)


def task_of(manifest: str | None) -> Task:
    """What a manifest asks for. Raises Refused for what the process executor cannot run."""
    if not manifest:
        raise Refused(
            "no k8s_manifest was submitted, so there is nothing to run; "
            "LocalChamber(executor='simulated') carries out workloads without one"
        )
    kind, document = _workload(manifest)
    try:
        if kind == "ray.io/v1 RayJob":
            return _of_ray_job(msgspec.convert(document, _RayJob))
        return _of_job(msgspec.convert(document, _Job))
    except msgspec.ValidationError as error:
        raise Refused(f"k8s_manifest is not a {kind.split()[1]} that can be run: {error}") from error


def _workload(manifest: str) -> tuple[str, dict[str, Any]]:
    held = [(f"{d.get('apiVersion')} {d.get('kind')}", d) for d in documents(manifest)]
    found = next((pair for pair in held if pair[0] in _KINDS), None)
    if found is None:
        there_is = ", ".join(kind for kind, _ in held) or "nothing"
        raise Refused(f"k8s_manifest holds no batch/v1 Job or ray.io/v1 RayJob, but {there_is}")
    return found


def _of_job(job: _Job) -> Task:
    pods, together = job.spec.completions or job.spec.parallelism or 1, job.spec.parallelism or 1
    if not 1 <= pods <= _MOST_PODS or together < pods:
        raise Refused(
            f"the manifest asks for {pods} pods, {together} at a time; the process executor runs 1 to {_MOST_PODS}, "
            "all at once (parallelism as many as completions)"
        )
    pod, indexed = job.spec.template.spec, job.spec.completion_mode == "Indexed"
    return Task(_container(pod), job.metadata.name, pods, indexed, pod.subdomain)


def _of_ray_job(job: _RayJob) -> Task:
    """Its entrypoint runs beside the head, as a line of a shell (docs.ray.io: Ray Jobs)."""
    cluster = job.spec.ray_cluster_spec
    spec = _first(cluster.head_group_spec.template.spec)
    command = ("/bin/sh", "-c", job.spec.entrypoint)
    container = Container(spec.image, command, spec.working_dir, tuple(_environment(spec)))
    return Task(container, job.metadata.name, ray_gpus=sum(map(_gpus, cluster.worker_group_specs)))


def _gpus(group: _Group) -> int:
    limits = _first(group.template.spec).resources.limits
    try:
        return group.replicas * sum(int(count) for name, count in limits.items() if name.endswith("/gpu"))
    except ValueError as error:
        raise Refused(f"the manifest's number of GPUs is none: {error}") from error


def _container(pod: _Pod) -> Container:
    spec = _first(pod)
    if not spec.command:
        raise Refused(
            "the manifest's container has no command: an image on chamber.local/python has none of its own, "
            "so name one in spec.template.spec.containers[0].command"
        )
    return Container(spec.image, (*spec.command, *spec.args), spec.working_dir, tuple(_environment(spec)))


def _first(pod: _Pod) -> _Spec:
    if not pod.containers:
        raise Refused("k8s_manifest has no container")
    if pod.init_containers:
        raise Refused("k8s_manifest has initContainers, which the process executor does not run")
    return pod.containers[0]


def _environment(spec: _Spec) -> Iterator[Variable]:
    if spec.env_from:
        raise _referring("envFrom")
    for variable in spec.env:
        if not variable.name or "=" in variable.name or "\0" in variable.name + variable.value:
            raise Refused(f"the manifest's env has {variable.name!r}, which cannot be set")
        if variable.value_from not in (None, {"fieldRef": {"fieldPath": INDEX}}):
            raise _referring(variable.name)
        yield Variable(variable.name, variable.value if variable.value_from is None else None)


def _referring(name: str) -> Refused:
    return Refused(
        f"the manifest takes {name} from a Secret, ConfigMap or field (valueFrom), "
        "which the process executor does not have: give its value in env"
    )
