"""What must hold before a plan is carried out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from chamber.core.errors import ConfigurationError, DockerError
from chamber.run.planning.facts import Facts
from chamber.run.settings.configuration import RunSettings
from chamber.run.targets import Registry

__all__ = ["missing", "own_dockerfile", "require_no_engine", "require_target", "text_of"]

_DOCKERFILE = "Dockerfile"


def missing(settings: RunSettings, registry: Registry | None) -> Iterator[str]:
    """What a plan can do without, and a run cannot."""
    if settings.team is None:
        yield "A run needs a team: pass team=..., or write 'team: ...' in .chamber.yaml"
    if registry is None:
        yield (
            "A run needs a registry: pass registry=..., or configure one with "
            "ChamberClient.add_registry(name, url, set_default=True)"
        )


def require_target(settings: RunSettings, registry: Registry | None) -> None:
    """Raises ConfigurationError: it is not known for which team, or to which registry."""
    for lack in missing(settings, registry):
        raise ConfigurationError(lack)


def own_dockerfile(directory: Path, asked_for: str | None, facts: Facts) -> str | None:
    """The project's Dockerfile that makes the image, where it has one. Executors of recipes use none.

    Raises ConfigurationError: the one that was asked for is not there.
    """
    if asked_for is None:
        return _DOCKERFILE if facts.profile.has_dockerfile and not facts.environment.base.recipe else None
    if not (directory / asked_for).is_file():
        raise ConfigurationError(f"There is no Dockerfile {asked_for!r} in {directory}")
    return asked_for


def text_of(directory: Path, dockerfile: str) -> str:
    """What the project's Dockerfile says. Raises ConfigurationError: it cannot be read."""
    try:
        return (directory / dockerfile).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{directory / dockerfile} cannot be read: {error}") from None


def require_no_engine(facts: Facts, dockerfile: str | None) -> None:
    """Raises DockerError: the image can only be built by a container engine, which chamber-run does not drive."""
    if dockerfile is not None:
        raise DockerError(
            f"{dockerfile} has to be built by a container engine, which this version of chamber-run does not do. "
            f"Do without it (add it to 'ignore' in .chamber.yaml), or run the project on chamber-local"
        )
    environment = facts.environment
    if not (environment.is_base_alone or environment.base.recipe):
        raise DockerError(
            f"The project needs {_needs(facts)} on {environment.base.reference}, which a container engine would have "
            "to build; this version of chamber-run does not do that. Use a base_image that has them and add the "
            "dependency file to 'ignore' in .chamber.yaml, depend on nothing, or run the project on chamber-local"
        )


def _needs(facts: Facts) -> str:
    environment = facts.environment
    needs = (environment.requirements_file, *environment.requirements, *environment.image_steps)
    return ", ".join(need for need in needs if need)
