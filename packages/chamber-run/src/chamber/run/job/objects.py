"""The Kubernetes objects of a job: a Job, an Indexed Job with its Service, or a RayJob."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from chamber.run.job.pods import Job, head, metadata, worker
from chamber.run.job.rendezvous import PORT_NUMBER

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["build", "templates"]

_KEPT_SECONDS = 24 * 3600


def build(job: Job) -> tuple[dict[str, Any], ...]:
    """The objects, in the order in which they are to be made; the last one is the workload."""
    if job.kind == "RayJob":
        return (_ray_job(job),)
    return (_job(job),) if job.topology.nodes == 1 else (_service(job), _indexed(job))


def templates(manifest: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The pod templates of an object that `build` makes, and of a RayJob's submitter that a plugin gave it."""
    spec = manifest.get("spec", {})
    cluster = spec.get("rayClusterSpec", {})
    groups = (cluster.get("headGroupSpec", {}), *cluster.get("workerGroupSpecs", ()))
    found = (spec.get("template"), spec.get("submitterPodTemplate"), *(group.get("template") for group in groups))
    yield from (template for template in found if template is not None)


def _job(job: Job) -> dict[str, Any]:
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": job.name, **metadata(job)},
        "spec": {"backoffLimit": 0, "ttlSecondsAfterFinished": _KEPT_SECONDS, "template": worker(job)},
    }


def _indexed(job: Job) -> dict[str, Any]:
    """A pod on each node, with an index (Kubernetes: Indexed completion mode). One that fails ends them all."""
    made = _job(job)
    made["spec"] = {
        "completionMode": "Indexed",
        "completions": job.topology.nodes,
        "parallelism": job.topology.nodes,
        **made["spec"],
    }
    made["spec"]["template"]["spec"] |= {"subdomain": job.name}
    return made


def _service(job: Job) -> dict[str, Any]:
    """Gives the pods their names, from before they are ready, since they wait for each other.

    It has no address, takes nothing, and stays when the Job is gone: its owner has no identity before it is made.
    """
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": job.name, **metadata(job)},
        "spec": {
            "clusterIP": "None",
            "publishNotReadyAddresses": True,
            "selector": {"job-name": job.name},
            "ports": [{"name": "rendezvous", "port": PORT_NUMBER}],
        },
    }


def _ray_job(job: Job) -> dict[str, Any]:
    """A RayJob of KubeRay (``ray.io/v1``): the nodes are workers, and a head without GPUs runs the driver.

    HTTPMode, because it takes the entrypoint as it is: the submitter of the other modes puts it through a shell twice,
    with the quotes of another system in between. The cluster goes as soon as the job has ended: its ttl would keep
    the GPUs.
    """
    return {
        "apiVersion": "ray.io/v1",
        "kind": "RayJob",
        "metadata": {"name": job.name, **metadata(job)},
        "spec": {
            "entrypoint": shlex.join(job.command),
            "submissionMode": "HTTPMode",
            "backoffLimit": 0,
            "shutdownAfterJobFinishes": True,
            "ttlSecondsAfterFinished": 0,
            "rayClusterSpec": {"headGroupSpec": _head_group(job), "workerGroupSpecs": [_worker_group(job)]},
        },
    }


def _head_group(job: Job) -> dict[str, Any]:
    """No work is placed on the head (docs.ray.io: large cluster best practices)."""
    return {"rayStartParams": {"num-cpus": "0", "dashboard-host": "0.0.0.0"}, "template": head(job)}  # noqa: S104


def _worker_group(job: Job) -> dict[str, Any]:
    nodes = job.topology.nodes
    return {
        "groupName": "gpus",
        "replicas": nodes,
        "minReplicas": nodes,
        "maxReplicas": nodes,
        "rayStartParams": {},
        "template": worker(job),
    }
