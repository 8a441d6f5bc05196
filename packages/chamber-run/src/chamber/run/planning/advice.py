"""What a reader of a plan should know before it is carried out: warnings, by pure functions of the facts."""

from __future__ import annotations

from collections.abc import Iterator

from rich.filesize import decimal

from chamber.run.images.whole import without_effect
from chamber.run.job import resources
from chamber.run.planning import readiness
from chamber.run.planning.dockerfiles import OwnDockerfile
from chamber.run.planning.facts import Facts
from chamber.run.settings.configuration import DEFAULT, RunSettings
from chamber.run.targets import Registry

__all__ = ["warnings"]

#: Bytes from which a file is named: an image is not where data sets and checkpoints live.
_LARGE = 50_000_000
_MOST_NAMED = 5
#: The priority from which work is reserved, by convention of the API.
_RESERVED = 100


def warnings(settings: RunSettings, facts: Facts, registry: Registry | None) -> Iterator[str]:
    """What could surprise somebody who carries the plan out."""
    yield from readiness.missing(settings, registry)
    yield from _about_the_job(settings, facts)
    yield from _about_files(facts)
    if facts.environment.base.recipe and facts.environment.image_steps:
        yield (
            f"{', '.join(facts.environment.image_steps)} is left out: there is no image to do it in, and the job runs "
            "with what this machine has"
        )
    if facts.own:
        yield from _about_the_dockerfile(settings, facts, facts.own)
    if facts.environment.base.recipe and settings.pip_index_url is not None:
        yield "pip_index_url is left out: the job's environment is installed from the package index of this machine"
    if facts.profile.has_dockerfile and facts.own is None:
        yield "Dockerfile is left aside: the job runs with what this machine has"


def _about_the_dockerfile(settings: RunSettings, facts: Facts, own: OwnDockerfile) -> Iterator[str]:
    given = [name for name, source in settings.sources.items() if source != DEFAULT]
    yield from without_effect(given, own.name)
    if facts.profile.starts_itself and settings.gpus > 1:
        yield f"{own.name} says what is run, in one process on each node; entrypoint= starts one for each GPU"


def _about_the_job(settings: RunSettings, facts: Facts) -> Iterator[str]:
    if resources.of(settings.gpu_type) is None:
        yield (
            f"{settings.gpu_type} is not a GPU type that chamber-run knows, so it asks for little beside the GPUs; "
            f"set cpu, memory and shm_size. Known are {', '.join(resources.TYPES)}"
        )
    if facts.profile.launcher not in {"python", "ray"}:
        yield (
            f"{facts.profile.launcher} starts one process for each of the {settings.gpus} GPUs; "
            "distributed='none' starts one process in all"
        )
    if facts.profile.launcher == "ray":
        yield (
            "The job is a RayJob, which needs KubeRay in the cluster; distributed='none' runs the project on one node "
            "with a Ray of its own"
        )
    if settings.job_class == "RESERVED" and settings.priority is not None and settings.priority < _RESERVED:
        yield (
            f"RESERVED work has a priority of {_RESERVED} or more by convention, and this has {settings.priority}: "
            f"set priority={_RESERVED}, or job_class='ELASTIC'"
        )


def _about_files(facts: Facts) -> Iterator[str]:
    large = sorted((file for file in facts.files if file.size >= _LARGE), key=lambda file: -file.size)
    if large:
        named = ", ".join(f"{file.path} ({decimal(file.size)})" for file in large[:_MOST_NAMED])
        more = f" and {len(large) - _MOST_NAMED} more" if len(large) > _MOST_NAMED else ""
        yield f"Large files go into the image: {named}{more}. Leave them out with 'ignore' if the job can fetch them"
