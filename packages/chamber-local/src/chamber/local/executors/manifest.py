"""What to run, read from Kubernetes objects: a ``batch/v1`` Job, an Indexed Job with its Service, or a RayJob."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from chamber.core.redaction import Secret
from chamber.local.executors.documents import documents
from chamber.local.executors.refusal import Refused

__all__ = ["INDEX", "Container", "Mount", "SecretKey", "Task", "Variable", "task_of"]

#: The annotation that a pod of an Indexed Job has its index in.
INDEX = "metadata.annotations['batch.kubernetes.io/job-completion-index']"

_KINDS = ("batch/v1 Job", "ray.io/v1 RayJob")
_MOST_PODS = 64


class SecretKey(msgspec.Struct, frozen=True):
    """A value in a Kubernetes secret."""

    name: str
    key: str
    optional: bool = False


class Variable(msgspec.Struct, frozen=True):
    """An environment variable; the text of one may refer to those before it. None stands for the pod's index."""

    name: str
    value: str | SecretKey | Secret | None


class Mount(msgspec.Struct, frozen=True):
    """A volume in a container: what kind it is of, and of one in memory, how large it may grow (a quantity)."""

    path: str
    kind: str
    in_memory: bool = False
    size: str | None = None


class Container(msgspec.Struct, frozen=True):
    """The first container of a pod. Without a command, or without a folder to work in, the image's own are meant."""

    image: str
    command: tuple[str, ...]
    args: tuple[str, ...] = ()
    working_dir: str | None = None
    env: tuple[Variable, ...] = ()
    #: The most that it may use, as quantities.
    limits: Mapping[str, int | str] = {}
    mounts: tuple[Mount, ...] = ()
    #: When its image is pulled: Always, IfNotPresent or Never.
    pull: str = "IfNotPresent"


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


class _FromSecret(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    secret_key_ref: SecretKey


class _Resources(msgspec.Struct):
    limits: dict[str, int | str] = {}


class _Mounted(msgspec.Struct, rename="camel"):
    name: str
    mount_path: str


class _Spec(msgspec.Struct, rename="camel"):
    image: str
    command: list[str] = []
    args: list[str] = []
    working_dir: str | None = None
    image_pull_policy: str = "IfNotPresent"
    volume_mounts: list[_Mounted] = []
    env: list[_Variable] = []
    env_from: list[Any] = []
    resources: _Resources = msgspec.field(default_factory=_Resources)


class _EmptyDir(msgspec.Struct, rename="camel"):
    medium: str = ""
    size_limit: str | int | None = None


class _Pod(msgspec.Struct, rename="camel"):
    containers: list[_Spec]
    init_containers: list[Any] = []
    volumes: list[dict[str, Any]] = []
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
    """What a manifest asks for. Raises Refused for what no executor runs."""
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
            f"the manifest asks for {pods} pods, {together} at a time; chamber-local runs 1 to {_MOST_PODS}, "
            "all at once (parallelism as many as completions)"
        )
    pod, indexed = job.spec.template.spec, job.spec.completion_mode == "Indexed"
    return Task(_container(pod), job.metadata.name, pods, indexed, pod.subdomain)


def _of_ray_job(job: _RayJob) -> Task:
    """Its entrypoint runs beside the head, as a line of a shell (docs.ray.io: Ray Jobs)."""
    cluster = job.spec.ray_cluster_spec
    container = _container(cluster.head_group_spec.template.spec)
    command = ("/bin/sh", "-c", job.spec.entrypoint)
    container = msgspec.structs.replace(container, command=command, args=(), limits={})
    return Task(container, job.metadata.name, ray_gpus=sum(map(_gpus, cluster.worker_group_specs)))


def _gpus(group: _Group) -> int:
    limits = _first(group.template.spec).resources.limits
    try:
        return group.replicas * sum(int(count) for name, count in limits.items() if name.endswith("/gpu"))
    except ValueError as error:
        raise Refused(f"the manifest's number of GPUs is none: {error}") from error


def _container(pod: _Pod) -> Container:
    spec = _first(pod)
    return Container(
        image=spec.image,
        command=tuple(spec.command),
        args=tuple(spec.args),
        working_dir=spec.working_dir,
        env=tuple(_environment(spec)),
        limits=spec.resources.limits,
        mounts=tuple(_mount(mounted, pod) for mounted in spec.volume_mounts),
        pull=spec.image_pull_policy,
    )


def _mount(mounted: _Mounted, pod: _Pod) -> Mount:
    """A volume's kind is the one key that it has beside its name (Kubernetes API reference: Volume)."""
    volume = next((volume for volume in pod.volumes if volume.get("name") == mounted.name), {})
    kind = next((key for key in volume if key != "name"), f"volume {mounted.name}, which the pod does not have")
    said = volume.get(kind)
    held = msgspec.convert(said if isinstance(said, dict) else {}, _EmptyDir) if kind == "emptyDir" else _EmptyDir()
    size = None if held.size_limit is None else str(held.size_limit)
    return Mount(mounted.mount_path, kind, held.medium == "Memory", size)


def _first(pod: _Pod) -> _Spec:
    if not pod.containers:
        raise Refused("k8s_manifest has no container")
    if pod.init_containers:
        raise Refused("k8s_manifest has initContainers, which chamber-local does not run")
    return pod.containers[0]


def _environment(spec: _Spec) -> Iterator[Variable]:
    if spec.env_from:
        raise _referring("envFrom")
    for variable in spec.env:
        if not variable.name or "=" in variable.name or "\0" in variable.name + variable.value:
            raise Refused(f"the manifest's env has {variable.name!r}, which cannot be set")
        yield Variable(variable.name, _value(variable))


def _value(variable: _Variable) -> str | SecretKey | None:
    if variable.value_from is None:
        return variable.value
    if variable.value_from == {"fieldRef": {"fieldPath": INDEX}}:
        return None
    try:
        return msgspec.convert(variable.value_from, _FromSecret).secret_key_ref
    except msgspec.ValidationError:
        raise _referring(variable.name) from None


def _referring(name: str) -> Refused:
    return Refused(
        f"the manifest takes {name} from a ConfigMap, a field or a whole Secret, or from a Secret without saying which "
        "(valueFrom.secretKeyRef: name, key), which chamber-local does not have: give its value in env"
    )
