"""What to run, read from a Kubernetes ``batch/v1`` Job (Job.spec.template.spec.containers[0])."""

from collections.abc import Iterator
from typing import Any

import msgspec
import yaml

from chamber.local.executors.refusal import Refused

__all__ = ["Container", "container_of"]


class Container(msgspec.Struct, frozen=True):
    """The first container of a Job's pod. `command` holds the arguments too."""

    image: str
    command: tuple[str, ...]
    working_dir: str
    env: dict[str, str]


class _Variable(msgspec.Struct, rename="camel"):
    name: str
    value: str = ""
    value_from: Any = None


class _Spec(msgspec.Struct, rename="camel"):
    image: str
    command: list[str] = []
    args: list[str] = []
    working_dir: str = "/app"
    env: list[_Variable] = []
    env_from: list[Any] = []


class _Pod(msgspec.Struct, rename="camel"):
    containers: list[_Spec]
    init_containers: list[Any] = []


class _Template(msgspec.Struct):
    spec: _Pod


class _JobSpec(msgspec.Struct):
    template: _Template
    completions: int | None = None
    parallelism: int | None = None


class _Job(msgspec.Struct):
    spec: _JobSpec


def container_of(manifest: str | None) -> Container:
    """The container that a manifest asks for. Raises Refused for what the process executor cannot run."""
    if not manifest:
        raise Refused(
            "no k8s_manifest was submitted, so there is nothing to run; "
            "LocalChamber(executor='simulated') carries out workloads without one"
        )
    spec = _job(manifest).spec
    if max(spec.completions or 1, spec.parallelism or 1) > 1:
        raise Refused("the manifest asks for several pods; the process executor runs one")
    return _container(spec.template.spec)


def _job(manifest: str) -> _Job:
    documents = tuple(_documents(manifest))
    found = [f"{d.get('apiVersion')} {d.get('kind')}" for d in documents]
    if "batch/v1 Job" not in found:
        raise Refused(f"k8s_manifest holds no batch/v1 Job, but {', '.join(found) or 'nothing'}")
    try:
        return msgspec.convert(documents[found.index("batch/v1 Job")], _Job)
    except msgspec.ValidationError as error:
        raise Refused(f"k8s_manifest is not a Job that can be run: {error}") from error


def _documents(manifest: str) -> Iterator[dict[str, Any]]:
    try:
        yield from (d for d in yaml.safe_load_all(manifest) if isinstance(d, dict))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        place = " ".join(str(error).split())
        raise Refused(f"k8s_manifest is not YAML: {place}") from error


def _container(pod: _Pod) -> Container:
    if not pod.containers:
        raise Refused("k8s_manifest has no container")
    if pod.init_containers:
        raise Refused("k8s_manifest has initContainers, which the process executor does not run")
    spec = pod.containers[0]
    if not spec.command:
        raise Refused(
            "the manifest's container has no command: an image on chamber.local/python has none of its own, "
            "so name one in spec.template.spec.containers[0].command"
        )
    return Container(spec.image, (*spec.command, *spec.args), spec.working_dir, _environment(spec))


def _environment(spec: _Spec) -> dict[str, str]:
    referring = next((v.name for v in spec.env if v.value_from is not None), "envFrom" if spec.env_from else None)
    if referring:
        raise Refused(
            f"the manifest takes {referring} from a Secret, ConfigMap or field (valueFrom), "
            "which the process executor does not have: give its value in env"
        )
    wrong = next((v.name for v in spec.env if not v.name or "=" in v.name or "\0" in v.name + v.value), None)
    if wrong is not None:
        raise Refused(f"the manifest's env has {wrong!r}, which cannot be set")
    return {v.name: v.value for v in spec.env}
