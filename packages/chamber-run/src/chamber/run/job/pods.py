"""The pods of a job (Kubernetes API reference: PodTemplateSpec)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from chamber.core.errors import ConfigurationError
from chamber.run.images.environment import WORKING_DIRECTORY
from chamber.run.job.names import Kind
from chamber.run.job.rendezvous import literal
from chamber.run.job.resources import HEAD
from chamber.run.job.topology import Topology

__all__ = ["COMMIT", "DIGEST", "PROJECT", "TEAM_LABEL", "Job", "head", "metadata", "worker"]

#: Whose job it is; the scheduler rejects what lacks it.
TEAM_LABEL = "chamber.io/team"
#: Annotations: the project's name as it was written, the image's digest, and the commit that the project is.
PROJECT = "chamber.io/project"
DIGEST = "chamber.io/image-digest"
COMMIT = "chamber.io/git-commit"

_CONTAINER = "main"
_SHARED_MEMORY = "shared-memory"
_INDEX = "metadata.annotations['batch.kubernetes.io/job-completion-index']"


class Job(Struct, frozen=True, kw_only=True):
    """What a manifest says."""

    name: str
    kind: Kind = "Job"
    #: The project's name, as written and as a label.
    title: str
    project: str
    team: str | None
    image: str
    #: As the manifest has it, with references to the pod's environment; of a RayJob, the words of the entrypoint.
    command: tuple[str, ...]
    #: Whether the image says what is run, and `command` is the arguments for it.
    starts_itself: bool = False
    #: None: where the image says.
    working_dir: str | None = WORKING_DIRECTORY
    #: What the pods are told of each other, with references to what is above.
    rendezvous: Mapping[str, str] = {}
    env: Mapping[str, str]
    #: Environment variables whose values are in the cluster: ``name of a Kubernetes secret/key``.
    secrets: Mapping[str, str] = {}
    image_pull_secrets: tuple[str, ...] = ()
    topology: Topology
    #: The name under which the cluster offers the GPUs.
    gpu_resource: str
    #: Of each node.
    cpu: str
    memory: str
    shm: str
    #: The commit that the project is.
    commit: str | None = None


def metadata(job: Job) -> dict[str, Any]:
    """Labels and annotations, which every object and every pod has."""
    team = {TEAM_LABEL: job.team} if job.team else {}
    labels = {**team, "app.kubernetes.io/managed-by": "chamber-run", "app.kubernetes.io/name": job.project}
    commit = {COMMIT: job.commit} if job.commit else {}
    return {"labels": labels, "annotations": {PROJECT: job.title, **commit}}


def worker(job: Job) -> dict[str, Any]:
    """A pod with GPUs."""
    resources = {
        "requests": {"cpu": job.cpu, "memory": job.memory},
        "limits": {"memory": job.memory, job.gpu_resource: job.topology.gpus_per_node},
    }
    return _template(job, resources, job.shm, _tolerations(job))


def head(job: Job) -> dict[str, Any]:
    """The pod of a Ray cluster that has no GPU and runs the driver."""
    memory = f"{HEAD.memory}Gi"
    resources = {"requests": {"cpu": str(HEAD.cpu), "memory": memory}, "limits": {"memory": memory}}
    return _template(job, resources, f"{HEAD.shm}Gi", {})


def _template(job: Job, resources: Mapping[str, object], shm: str, more: Mapping[str, object]) -> dict[str, Any]:
    pull = [{"name": name} for name in job.image_pull_secrets]
    spec: dict[str, Any] = {
        "restartPolicy": "Never",
        **more,
        **({"imagePullSecrets": pull} if pull else {}),
        "containers": [_container(job, resources)],
        "volumes": [{"name": _SHARED_MEMORY, "emptyDir": {"medium": "Memory", "sizeLimit": shm}}],
    }
    return {"metadata": metadata(job), "spec": spec}


def _tolerations(job: Job) -> dict[str, Any]:
    """GPU nodes are kept free of other pods by a taint of this name (Kubernetes: ExtendedResourceToleration)."""
    return {"tolerations": [{"key": job.gpu_resource, "operator": "Exists", "effect": "NoSchedule"}]}


def _container(job: Job, resources: Mapping[str, object]) -> dict[str, Any]:
    return {
        "name": _CONTAINER,
        "image": job.image,
        **_command(job),
        **({"workingDir": job.working_dir} if job.working_dir else {}),
        "env": _environment(job),
        "resources": dict(resources),
        "volumeMounts": [{"name": _SHARED_MEMORY, "mountPath": "/dev/shm"}],  # noqa: S108  the mount's own path
    }


def _command(job: Job) -> dict[str, Any]:
    """A RayJob's is its entrypoint's. `args` alone leave the image's own command in force."""
    if job.kind == "RayJob" or (job.starts_itself and not job.command):
        return {}
    return {"args" if job.starts_itself else "command": list(job.command)}


def _environment(job: Job) -> list[dict[str, Any]]:
    """The index first: a variable may only refer to one before it."""
    twice = sorted(job.env.keys() & job.secrets.keys())
    if twice:
        raise ConfigurationError(f"{', '.join(twice)} is in env and in secrets: take it out of one of them")
    given: dict[str, dict[str, Any]] = {name: {"value": literal(value)} for name, value in job.env.items()}
    given |= {name: _secret(place) for name, place in job.secrets.items()}
    own: dict[str, dict[str, Any]] = {
        name: {"value": value} for name, value in job.rendezvous.items() if name not in given
    }
    field = {"valueFrom": {"fieldRef": {"fieldPath": _INDEX}}}
    index: dict[str, dict[str, Any]] = {"JOB_COMPLETION_INDEX": field} if job.rendezvous else {}
    return [{"name": name, **value} for name, value in (*index.items(), *own.items(), *sorted(given.items()))]


def _secret(place: str) -> dict[str, Any]:
    name, _, key = place.partition("/")
    return {"valueFrom": {"secretKeyRef": {"name": name, "key": key}}}
