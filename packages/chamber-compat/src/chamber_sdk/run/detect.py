"""What a project is, as `chamber.run` finds it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chamber.core.errors import ConfigurationError
from chamber_sdk.extra import extra
from chamber_sdk.run.project_config import load_chamber_config

if TYPE_CHECKING:
    import os

    from chamber.run import Profile

__all__ = ["ProjectProfile", "conventional", "described", "detect_project"]

_STARTS = ("train.py", "main.py", "run.py", "app.py")
_NO_PROGRAMS = {"conftest.py", "setup.py"}

_CONFIGURATION = {".json", ".toml", ".yaml", ".yml"}
#: Files of these endings that configure no training.
_OTHERS = {"docker-compose.yaml", "docker-compose.yml", "pyproject.toml"}


@dataclass
class ProjectProfile:
    """How a project is started, and with what."""

    root_dir: str
    entrypoint: str | None = None
    requirements_file: str | None = None
    config_files: list[str] = field(default_factory=list)
    #: ``pytorch``, ``tensorflow``, ``jax`` or ``generic``.
    framework: str = "generic"
    python_version: str = "3.11"
    uses_accelerate: bool = False
    uses_deepspeed: bool = False
    uses_ray: bool = False
    uses_horovod: bool = False
    has_dockerfile: bool = False
    has_chamber_config: bool = False
    chamber_config: dict[str, Any] | None = field(default=None, repr=False)


def detect_project(
    directory: str | os.PathLike[str],
    entrypoint_override: str | None = None,
    chamber_config: dict[str, Any] | None = None,
) -> ProjectProfile:
    """What the project in `directory` is; its entrypoint is None where nothing says how it is started.

    Raises FileNotFoundError: there is no such directory, or no `entrypoint_override` in it.
    Raises ValueError: a file is malformed, or several could start the project.
    """
    with extra():
        from chamber.run.errors import AmbiguousEntrypointError, EntrypointNotFoundError, ProjectNotFoundError
        from chamber.run.project import detection
        from chamber.run.project.files import select
    root = Path(directory).resolve()
    if not root.is_dir():
        raise ProjectNotFoundError(f"The project directory {directory} does not exist")
    start = entrypoint_override or (chamber_config or load_chamber_config(root) or {}).get("entrypoint")
    if start and not (root / start).resolve().is_relative_to(root):
        raise ConfigurationError(f"The entrypoint {start!r} lies outside of {root}: name a file of the project")
    paths = {file.path for file in select(root, (), ()).files if not file.is_folder}
    try:
        profile, _ = detection.detect(root, paths, start)
    except (AmbiguousEntrypointError, EntrypointNotFoundError):
        if start:
            raise
        start = conventional(root)
        profile, _ = detection.detect(root, paths, start, starter=None if start else "Dockerfile")
    return described(profile, root, chamber_config)


def conventional(root: Path) -> str | None:
    """What starts a project by convention: train.py before main.py, run.py and app.py, else its only program."""
    programs = [file.name for file in root.glob("*.py") if file.name not in _NO_PROGRAMS]
    named = [name for name in _STARTS if name in programs]
    return named[0] if named else programs[0] if len(programs) == 1 else None


def described(profile: Profile, root: Path, chamber_config: dict[str, Any] | None = None) -> ProjectProfile:
    """The profile with the names that it has here."""
    from chamber.run.project.detection.python import DEFAULT_PYTHON

    own = load_chamber_config(root)
    return ProjectProfile(
        root_dir=str(root),
        entrypoint=conventional(root) if profile.starts_itself else profile.entrypoint,
        requirements_file=profile.requirements_file or next(iter(profile.dependency_files), None),
        config_files=_configuration(root),
        framework=profile.framework,
        python_version=profile.python_version or DEFAULT_PYTHON,
        uses_accelerate=profile.uses_accelerate,
        uses_deepspeed=profile.uses_deepspeed,
        uses_ray=profile.uses_ray,
        uses_horovod=profile.uses_horovod,
        has_dockerfile=profile.has_dockerfile,
        has_chamber_config=own is not None,
        chamber_config=own if chamber_config is None else chamber_config,
    )


def _configuration(root: Path) -> list[str]:
    """The files beside the project's code that configure it, by name."""
    return sorted(
        file.name
        for file in root.iterdir()
        if file.suffix in _CONFIGURATION and not file.name.startswith(".") and file.name not in _OTHERS
    )
