"""The Kubernetes manifest of a job: objects, written as YAML (Kubernetes API reference, ``batch/v1`` Job)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import yaml
from msgspec import Struct

from chamber.core.errors import ConfigurationError
from chamber.run.images.environment import WORKING_DIRECTORY

__all__ = [
    "LARGEST",
    "TEAM_LABEL",
    "Job",
    "belongs_to",
    "build",
    "parsed",
    "rendered",
    "with_image",
    "with_values",
    "without_values",
]

#: What the API takes, in characters.
LARGEST = 65_536
#: Whose job it is; the scheduler rejects what lacks it.
TEAM_LABEL = "chamber.io/team"
_KEPT_SECONDS = 24 * 3600
_CONTAINER = "main"
_SHARED_MEMORY = "shared-memory"


class Job(Struct, frozen=True, kw_only=True):
    """What a manifest says."""

    name: str
    project: str
    team: str | None
    image: str
    command: tuple[str, ...]
    env: Mapping[str, str]
    gpus: int
    cpu: str
    memory: str
    shm: str


def build(job: Job) -> dict[str, Any]:
    """The manifest of a job on one node."""
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": job.name, "labels": _labels(job)},
        "spec": {
            "backoffLimit": 0,
            "ttlSecondsAfterFinished": _KEPT_SECONDS,
            "template": {"metadata": {"labels": _labels(job)}, "spec": _pod(job)},
        },
    }


def rendered(manifest: Mapping[str, Any]) -> str:
    """The manifest as YAML.

    Raises ConfigurationError: it has more characters than the API takes.
    """
    text = yaml.dump(manifest, Dumper=_Dumper, sort_keys=False, width=2**20)
    if len(text) > LARGEST:
        raise ConfigurationError(
            f"The manifest has {len(text)} characters, and {LARGEST} are allowed: pass less in env and "
            "entrypoint_args, for example the name of a file of the project"
        )
    return text


def parsed(text: str) -> dict[str, Any]:
    """The manifest that was written as `text`."""
    manifest: dict[str, Any] = yaml.safe_load(text)
    return manifest


def belongs_to(manifest: Mapping[str, Any], team: str) -> bool:
    """Whether the scheduler finds the team on the object and on its pods."""
    owners = (manifest, manifest.get("spec", {}).get("template", {}))
    return all(owner.get("metadata", {}).get("labels", {}).get(TEAM_LABEL) == team for owner in owners)


def with_image(text: str, planned: str, actual: str) -> str:
    """The manifest with another reference in place of the image that was planned."""
    manifest = parsed(text)
    for container in _containers(manifest):
        if container.get("image") == planned:
            container["image"] = actual
    return rendered(manifest)


def without_values(text: str, names: Collection[str]) -> str:
    """The manifest with ``***`` in place of the values of these environment variables."""
    manifest = parsed(text)
    for container in _containers(manifest):
        for variable in container.get("env", ()):
            if variable["name"] in names:
                variable["value"] = "***"
    return rendered(manifest)


def with_values(text: str, values: Mapping[str, str]) -> str:
    """The manifest with the values of these environment variables, which `without_values` took out."""
    if not values:
        return text
    manifest = parsed(text)
    for container in _containers(manifest):
        for variable in container.get("env", ()):
            if "value" in variable:
                variable["value"] = values.get(variable["name"], variable["value"])
    return rendered(manifest)


def _labels(job: Job) -> dict[str, str]:
    team = {TEAM_LABEL: job.team} if job.team else {}
    return {**team, "app.kubernetes.io/managed-by": "chamber-run", "app.kubernetes.io/name": job.project}


def _pod(job: Job) -> dict[str, Any]:
    return {
        "restartPolicy": "Never",
        "containers": [_container(job)],
        "volumes": [{"name": _SHARED_MEMORY, "emptyDir": {"medium": "Memory", "sizeLimit": job.shm}}],
    }


def _container(job: Job) -> dict[str, Any]:
    return {
        "name": _CONTAINER,
        "image": job.image,
        "command": list(job.command),
        "workingDir": WORKING_DIRECTORY,
        "env": [{"name": name, "value": value} for name, value in sorted(job.env.items())],
        "resources": {
            "requests": {"cpu": job.cpu, "memory": job.memory},
            "limits": {"memory": job.memory, "nvidia.com/gpu": job.gpus},
        },
        "volumeMounts": [{"name": _SHARED_MEMORY, "mountPath": "/dev/shm"}],  # noqa: S108  the mount's own path
    }


def _containers(manifest: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    pod = manifest.get("spec", {}).get("template", {}).get("spec", {})
    yield from pod.get("initContainers", ())
    yield from pod.get("containers", ())


class _Dumper(yaml.SafeDumper):
    """Writes a text without quotes only where every version of YAML reads a text, and never an anchor."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    plain = _PLAIN.fullmatch(text) and text.lower() not in _YAML_1_1
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else '"')


_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9/._-]*")
_YAML_1_1 = {"y", "n"}
_Dumper.add_representer(str, _text)
