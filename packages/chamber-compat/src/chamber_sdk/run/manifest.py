"""The Kubernetes manifest of a project, as a run would have it."""

from __future__ import annotations

from collections.abc import Mapping

from chamber_sdk.run.detect import ProjectProfile
from chamber_sdk.run.planning import plan_of

__all__ = ["generate_manifest"]


def generate_manifest(
    profile: ProjectProfile,
    image: str,
    name: str,
    gpus: int = 1,
    gpu_type: str = "H100",
    distributed: str | None = None,
    env: Mapping[str, str] | None = None,
    cpu_override: str | None = None,
    memory_override: str | None = None,
    shm_override: str | None = None,
) -> str:
    """The manifest, as YAML, of a job that runs `image`. Without a team: `ChamberClient.run` adds its label."""
    return (
        plan_of(
            profile,
            name=name,
            gpus=gpus,
            gpu_type=gpu_type,
            distributed=distributed,
            env=env,
            cpu=cpu_override,
            memory=memory_override,
            shm_size=shm_override,
        )
        .at(image)
        .manifest
    )
