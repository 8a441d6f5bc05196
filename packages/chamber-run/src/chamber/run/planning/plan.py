"""What a run would do: one value, made offline and shown before anything is touched."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from chamber.run.images.environment import Environment
from chamber.run.job.launch import shown
from chamber.run.job.manifest import with_image, without_values
from chamber.run.job.topology import Topology
from chamber.run.project.files import ProjectFile
from chamber.run.project.profile import Profile
from chamber.run.settings.configuration import DEFAULT, RunSettings
from chamber.run.targets import BaseImage

__all__ = ["DryRunResult"]


class DryRunResult(Struct, frozen=True, kw_only=True):
    """A plan: everything that a run would build, upload and submit."""

    #: The project's directory.
    directory: str
    settings: RunSettings
    profile: Profile
    #: What goes into the image, sorted by path.
    files: tuple[ProjectFile, ...]
    #: 16 hexadecimal digits that are the same if and only if those are.
    content_key: str
    environment: Environment
    topology: Topology
    command: tuple[str, ...]
    #: A complete Dockerfile for the image.
    dockerfile: str
    #: The ``.dockerignore`` that goes with it.
    dockerignore: str
    #: ``host[:port]/path`` of the registry; None when none is known.
    registry: str | None
    #: Where the image goes, with the registry in front when one is known.
    repository: str
    #: 16 hexadecimal digits that are the same if and only if the image is.
    image_tag: str
    #: The image's reference; once it is in the registry, by its digest.
    image: str
    job_name: str
    #: The Kubernetes manifest, as YAML. Holds the values of all environment variables.
    manifest: str
    warnings: tuple[str, ...] = ()

    @property
    def environment_key(self) -> str:
        """16 hexadecimal digits that are the same if and only if the environment is."""
        return self.environment.key

    @property
    def base_image(self) -> BaseImage:
        """What the environment is put on."""
        return self.environment.base

    @property
    def sources(self) -> dict[str, str]:
        """Where each setting came from: ``argument``, ``.chamber.yaml``, ``~/.chamber/config.json``, ``default``."""
        return self.settings.sources

    @property
    def submit_payload(self) -> dict[str, Any]:
        """What `submit_job` is called with."""
        payload = {
            "name": self.settings.name,
            "initiative_id": self.settings.team,
            "gpu_type": self.settings.gpu_type,
            "requested_gpus": self.topology.gpus,
            **self.topology.submission(),
            "job_class": self.settings.job_class,
            "k8s_manifest": self.manifest,
        }
        return {field: value for field, value in payload.items() if value is not None}

    @property
    def shown_manifest(self) -> str:
        """The manifest without the values that may be secret, for eyes and files."""
        return without_values(self.manifest, self.settings.secret_env)

    def at(self, image: str) -> DryRunResult:
        """This plan with the image at another reference."""
        return replace(self, image=image, manifest=with_image(self.manifest, self.image, image))

    def summary(self) -> str:
        """The plan as text for a terminal; values that may be secret are left out."""
        rows = list(_rows(self))
        width = max(len(name) for name, _ in rows)
        lines = [f"{self.settings.name}: {self.settings.gpus} x {self.settings.gpu_type}"]
        lines += [f"  {name:<{width}}  {value}" for name, value in rows]
        lines += [f"  warning: {warning}" for warning in self.warnings]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return (
            f"DryRunResult(image={self.image!r}, command={self.command!r}, "
            f"settings={self.settings!r}, files={len(self.files)}, warnings={len(self.warnings)})"
        )


def _rows(plan: DryRunResult) -> Iterator[tuple[str, str]]:
    settings, profile = plan.settings, plan.profile
    yield "team", settings.team or "(none)"
    yield "class", settings.job_class
    yield "command", shown(plan.command)
    yield "framework", profile.framework + (f", Python {profile.python_version}" if profile.python_version else "")
    yield "base", plan.base_image.reference
    yield "environment", _environment(plan.environment)
    yield "project", f"{len(plan.files)} files, {_size(sum(file.size for file in plan.files))}"
    yield "image", plan.image
    for name, value in sorted(settings.shown_env.items()):
        yield "env", f"{name}={value}"
    for source in dict.fromkeys(settings.sources.values()):
        names = [name for name, origin in settings.sources.items() if origin == source != DEFAULT and name != "env"]
        if names:
            yield "set by", f"{source}: {', '.join(names)}"


def _environment(environment: Environment) -> str:
    if environment.is_base_alone:
        return "the base alone"
    how = "installed by the executor" if environment.base.recipe else "built by a container engine"
    parts = [environment.requirements_file or "", *environment.requirements, *environment.image_steps]
    return f"{environment.key}, {how}: {', '.join(part for part in parts if part)}"


def _size(size: int) -> str:
    amount = float(size)
    for unit in ("B", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"
