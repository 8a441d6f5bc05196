"""What must hold before a plan is carried out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from chamber.core.errors import ConfigurationError, DockerError
from chamber.run.planning.plan import DryRunResult
from chamber.run.settings.configuration import RunSettings
from chamber.run.targets import Registry

if TYPE_CHECKING:
    from chamber.run.engines import Engine

__all__ = ["missing", "require_engine", "require_target"]


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


async def require_engine(plan: DryRunResult) -> Engine:
    """The container engine that builds what the registry lacks.

    Raises ConfigurationError: CHAMBER_ENGINE names none.
    Raises DockerError: none answers; the message says what it is needed for, and what would do without.
    """
    from chamber.run.engines import find

    secrets = bool(plan.environment.secret_ids) and plan.own_dockerfile is None
    try:
        return await find(secrets=secrets)
    except DockerError as error:
        raise DockerError(f"{_needs(plan)} {error.message}. {_without(plan)}") from None


def _needs(plan: DryRunResult) -> str:
    if plan.whole:
        return f"{plan.whole}, so a container engine has to build the image."
    environment = plan.environment
    needs = (environment.requirements_file, *environment.requirements, *environment.image_steps)
    what = ", ".join(need for need in needs if need)
    return (
        f"{plan.repository} has no image yet of {what} on {environment.base.reference}, and a container engine has to "
        "build it."
    )


def _without(plan: DryRunResult) -> str:
    if plan.own_dockerfile:
        return f"Without an engine: add {plan.own_dockerfile} to 'ignore', or run the project on chamber-local"
    if plan.whole:
        return "Without an engine: run the project on chamber-local"
    return (
        "Without an engine: use a base_image that has what the project needs and add the dependency file to 'ignore' "
        "in .chamber.yaml, or run the project on chamber-local"
    )
