"""`run()` without a client, and what comes of a dry run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from chamber.core.errors import ConfigurationError
from chamber_sdk.defaults import GPU_TYPE, GPUS, JOB_CLASS
from chamber_sdk.extra import extra
from chamber_sdk.models import JobClass, Workload
from chamber_sdk.run.arguments import translated
from chamber_sdk.run.detect import ProjectProfile, conventional, described
from chamber_sdk.run.project_config import load_chamber_config

if TYPE_CHECKING:
    import os

    import chamber.core
    import chamber.run
    from chamber_sdk.client import ChamberClient

__all__ = ["DryRunResult", "carried_out", "get_configured_registries", "get_default_registry_name", "run"]


@dataclass
class DryRunResult:
    """What a run would build and submit."""

    profile: ProjectProfile
    dockerfile: str
    dockerignore: str
    #: The image's whole reference: registry, name and tag.
    image_tag: str
    #: YAML, with the values of all environment variables.
    manifest: str = field(repr=False)
    #: ``client.submit_job(**submit_payload)`` submits it.
    submit_payload: dict[str, Any] = field(repr=False)

    @classmethod
    def of(cls, plan: chamber.run.DryRunResult) -> Self:
        """The parts of a plan that have a name here."""
        profile = described(plan.profile, Path(plan.directory))
        payload = {"initiative_id": None, **plan.submit_payload}
        return cls(profile, plan.dockerfile, plan.dockerignore, plan.image, plan.manifest, payload)


def carried_out(
    client: chamber.core.ChamberClient, directory: str | os.PathLike[str], arguments: Mapping[str, Any]
) -> Workload | DryRunResult:
    """What comes of a run of `directory` by `client`. What several programs could start is started by convention."""
    with extra():
        from chamber.run import AmbiguousEntrypointError, EntrypointNotFoundError
    settings = translated(directory, arguments)
    try:
        return _of(client.run(directory, **settings))
    except (AmbiguousEntrypointError, EntrypointNotFoundError):
        start = conventional(Path(directory))
        if start is None or settings.get("entrypoint") or (load_chamber_config(directory) or {}).get("entrypoint"):
            raise
    return _of(client.run(directory, **{**settings, "entrypoint": start}))


def run(
    directory: str | os.PathLike[str],
    gpus: int = GPUS,
    gpu_type: str = GPU_TYPE,
    team: str | None = None,
    name: str | None = None,
    entrypoint: str | None = None,
    entrypoint_args: str | None = None,
    registry: str | None = None,
    base_image: str | None = None,
    dockerfile: str | None = None,
    distributed: str | None = None,
    job_class: JobClass | str = JOB_CLASS,
    env: Mapping[str, str] | None = None,
    no_cache: bool = False,
    dry_run: bool = False,
    save_dockerfile: bool = False,
    save_manifest: bool = False,
    wait: bool = False,
    poll_interval: float = 10.0,
    timeout: float | None = None,
    on_progress: Callable[[str, str], None] | None = None,
    client: ChamberClient | None = None,
) -> Any:
    """`ChamberClient.run` of `client`, without which only a dry run can be made.

    Raises ValueError: there is no client. Raises what `ChamberClient.run` does.
    """
    if client is None and not dry_run:
        raise ConfigurationError("A run needs a client: pass client=..., or call ChamberClient(...).run()")
    return (client or _offline()).run(
        directory,
        gpus,
        gpu_type,
        team,
        name,
        entrypoint,
        entrypoint_args,
        registry,
        base_image,
        dockerfile,
        distributed,
        job_class,
        env,
        no_cache,
        dry_run,
        save_dockerfile,
        save_manifest,
        wait,
        poll_interval,
        timeout,
        on_progress,
    )


def get_configured_registries() -> dict[str, str]:
    """The configured registries: names and URLs."""
    with extra():
        from chamber.run.settings import registries
    return registries.listed()


def get_default_registry_name() -> str | None:
    """The name of the default registry; None where there is none, or it has no name."""
    with extra():
        from chamber.run.settings import registries
    name = registries.default_name()
    return name if name in registries.listed() else None


def _of(done: Any) -> Workload | DryRunResult:
    from chamber.run import DryRunResult as Plan

    return DryRunResult.of(done) if isinstance(done, Plan) else Workload.of(done)


def _offline() -> ChamberClient:
    """A client for what asks nobody."""
    from chamber_sdk.client import ChamberClient

    return ChamberClient("a-plan-is-made-offline")
