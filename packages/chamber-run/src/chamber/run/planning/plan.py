"""What a run would do: one value, made offline and shown before anything is touched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct, to_builtins
from msgspec.structs import replace

from chamber.core.journal import payload_hash
from chamber.run.images.environment import Environment
from chamber.run.job.manifest import with_image, with_values
from chamber.run.job.topology import Topology
from chamber.run.planning.reasons import Build
from chamber.run.project.files import ProjectFile
from chamber.run.project.profile import Profile
from chamber.run.settings.configuration import RunSettings
from chamber.run.targets import BaseImage

if TYPE_CHECKING:
    from rich.console import RenderableType

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
    #: The Kubernetes manifest as YAML, with ``***`` for the values that may be secret: for eyes and files.
    shown_manifest: str
    #: Folders of the image that come first in PATH and PYTHONPATH, separated by ``:``.
    search_paths: dict[str, str] = {}
    build: Build = Build()
    warnings: tuple[str, ...] = ()
    #: The Dockerfile of the project that makes the image, where one does.
    own_dockerfile: str | None = None
    #: Why an engine builds the image as a whole, in a sentence; None: the project is put on its environment.
    whole: str | None = None

    @property
    def manifest(self) -> str:
        """The Kubernetes manifest as YAML. Holds the values of all environment variables."""
        return with_values(self.shown_manifest, self.settings.secret_env)

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
        return {**self.submitted, "k8s_manifest": self.manifest}

    @property
    def submitted(self) -> dict[str, Any]:
        """What `submit_job` is called with beside the manifest."""
        payload = {
            "name": self.settings.name,
            "initiative_id": self.settings.team,
            "gpu_type": self.settings.gpu_type,
            "requested_gpus": self.topology.gpus,
            **self.topology.submission(),
            "job_class": self.settings.job_class,
            "priority": self.settings.priority,
        }
        return {field: value for field, value in payload.items() if value is not None}

    @property
    def digest(self) -> str:
        """SHA-256 in hexadecimal, before `at`: the same if and only if what is run is, whatever its job is called."""
        return payload_hash({**self.submitted, "k8s_manifest": self.manifest.replace(self.job_name, "")})

    def at(self, image: str) -> DryRunResult:
        """This plan with the image at another reference."""
        return replace(self, image=image, shown_manifest=with_image(self.shown_manifest, self.image, image))

    def summary(self, hours: float | None = None) -> str:
        """The plan as text for a terminal. Values that may be secret are left out.

        `hours`: how long the job may take; the GPU-hours are told then.
        """
        from chamber.run.planning.summary import text

        return text(self, hours)

    def to_dict(self) -> dict[str, Any]:
        """The plan in the types of JSON, with ``***`` for values that may be secret."""
        plain = {name: to_builtins(getattr(self, name)) for name in _PLAIN}
        return {
            **plain,
            "settings": to_builtins(self.settings.shown),
            "sources": self.sources,
            "environment": {"key": self.environment_key, **to_builtins(self.environment.inputs)},
            "manifest": self.shown_manifest,
            "submit_payload": {**self.submitted, "k8s_manifest": self.shown_manifest},
        }

    def __rich__(self) -> RenderableType:
        from chamber.run.planning.summary import summary

        return summary(self)

    def _repr_html_(self) -> str:
        from chamber.run.planning.summary import html

        return html(self)

    def __repr__(self) -> str:
        return (
            f"DryRunResult(image={self.image!r}, command={self.command!r}, "
            f"settings={self.settings!r}, files={len(self.files)}, warnings={len(self.warnings)})"
        )


_PLAIN = (
    "directory",
    "profile",
    "files",
    "content_key",
    "command",
    "dockerfile",
    "dockerignore",
    "registry",
    "repository",
    "image_tag",
    "image",
    "build",
    "job_name",
    "warnings",
)
