"""Puts the evidence together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chamber.run.project.detection import dependencies, entrypoint, python
from chamber.run.project.detection.frameworks import framework_of
from chamber.run.project.profile import Profile

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from chamber.run.project.detection.dependencies import Dependencies

__all__ = ["detect"]

_VERSION_FILE = ".python-version"


def detect(directory: Path, paths: Collection[str], start: str | None = None) -> tuple[Profile, Dependencies]:
    """What the project in `directory` with the files `paths` is, and what it needs.

    `start`: the entrypoint, where it was said.

    Raises EntrypointNotFoundError, AmbiguousEntrypointError: see `chamber.run.project.detection.entrypoint`.
    Raises ConfigurationError: a file that was to be read is malformed.
    """
    needs = dependencies.read(directory, paths)
    version, accepted = _python(directory, paths, needs.requires_python)
    profile = Profile(
        entrypoint=entrypoint.find(paths, start),
        framework=framework_of(needs.names),
        dependency_files=needs.sources,
        requirements_file=needs.requirements_file,
        python_version=version,
        requires_python=accepted,
        uses_ray="ray" in needs.names,
        uses_deepspeed="deepspeed" in needs.names,
        uses_accelerate="accelerate" in needs.names,
        uses_horovod="horovod" in needs.names,
        has_dockerfile="Dockerfile" in paths,
    )
    return profile, needs


def _python(directory: Path, paths: Collection[str], accepted: str | None) -> tuple[str | None, str | None]:
    version = python.of_version_file(directory / _VERSION_FILE) if _VERSION_FILE in paths else None
    if version is None and accepted is not None:
        version = python.satisfying(accepted, "pyproject.toml")
    return version, accepted or (f"=={version}.*" if version else None)
