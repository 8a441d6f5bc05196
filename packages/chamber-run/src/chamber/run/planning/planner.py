"""Makes a plan: reads the project, asks the plugins, and puts the answers together."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from chamber.core.errors import ConfigurationError, PluginError
from chamber.run import answers
from chamber.run.errors import ProjectNotFoundError
from chamber.run.images.layers import content_key, image_key
from chamber.run.job import launch, names, resources
from chamber.run.job.manifest import TEAM_LABEL, Job, belongs_to, build, rendered
from chamber.run.planning import readiness
from chamber.run.planning.facts import Facts, gather
from chamber.run.planning.plan import DryRunResult
from chamber.run.progress import Reporter
from chamber.run.project.ignore import ALWAYS, SECRETS
from chamber.run.project.profile import Profile
from chamber.run.settings import configuration, registries
from chamber.run.settings.configuration import RunSettings
from chamber.run.targets import Registry
from chamber.run.threads import in_thread

__all__ = ["Prepared", "Request", "prepare"]


class Request(Struct, frozen=True, kw_only=True):
    """What the caller asks for."""

    directory: str | os.PathLike[str]
    #: The arguments that are settings, given or not.
    arguments: Mapping[str, object]
    dockerfile: str | None = None
    #: Whether the plan is to be carried out, and not only shown.
    in_earnest: bool


class Prepared(Struct, frozen=True, kw_only=True):
    """A plan, and the registry with its login."""

    plan: DryRunResult
    registry: Registry | None


async def prepare(request: Request, api_url: str, report: Reporter) -> Prepared:
    """The plan of a run. Nothing is written, sent or built.

    Raises ConfigurationError: something is missing, malformed or not what a run can do.
    """
    directory = _project(request.directory)
    settings, registry, warnings = await asyncio.to_thread(_settled, directory, request, api_url)
    if request.in_earnest:
        readiness.require_target(settings, registry)
    await report("config", f"{settings.name}: {settings.gpus} x {settings.gpu_type}")
    facts = await asyncio.to_thread(gather, directory, settings, registry)
    await report("detect", f"{facts.profile.framework} project, started by {facts.profile.entrypoint}")
    dockerfile = readiness.own_dockerfile(directory, request.dockerfile, facts)
    await report("dockerfile", dockerfile or facts.environment.base.reference)
    key = await in_thread(lambda stop: content_key(directory, facts.files, stop=stop))
    plan = _plan(directory, settings, facts, registry, key, dockerfile)
    await report("manifest", plan.job_name)
    return Prepared(plan=replace(plan, warnings=(*warnings, *plan.warnings)), registry=registry)


def _project(directory: str | os.PathLike[str]) -> Path:
    path = Path(directory).expanduser()
    if not path.is_dir():
        what = "is not a directory" if path.exists() else "does not exist"
        raise ProjectNotFoundError(f"The project directory {path} {what}")
    return path.resolve()


def _settled(directory: Path, request: Request, api_url: str) -> tuple[RunSettings, Registry | None, tuple[str, ...]]:
    default = registries.default_name()
    settings, warnings = configuration.resolve(directory, request.arguments, os.environ, default)
    if settings.gpus > resources.GPUS_PER_NODE:
        raise ConfigurationError(
            f"{settings.gpus} GPUs take several nodes, and run() starts jobs on one, of up to "
            f"{resources.GPUS_PER_NODE} GPUs: submit a manifest of your own with submit_job(k8s_manifest=...)"
        )
    address = registries.located(settings.registry) if settings.registry else None
    registry = answers.registry(address, api_url) or (Registry(address) if address else None)
    if registry is not None and address is None:
        sources = settings.sources | {"registry": "plugin"}
        settings = replace(settings, registry=registry.prefix, sources=sources)
    return settings, registry, warnings


def _plan(
    directory: Path,
    settings: RunSettings,
    facts: Facts,
    registry: Registry | None,
    project_key: str,
    dockerfile: str | None,
) -> DryRunResult:
    environment, profile = facts.environment, facts.profile
    command = launch.command(profile, settings.gpus, settings.entrypoint_args)
    project = names.label(settings.name)
    repository = f"{registry.prefix}/{project}" if registry else project
    text = readiness.text_of(directory, dockerfile) if dockerfile else environment.dockerfile(command)
    made = ("dockerfile", text, settings.platform) if dockerfile else (environment.key,)
    tag = image_key(*made, project_key)
    image = f"{repository}:{tag}"
    name = names.job_name(settings.name, secrets.token_hex(4))
    return DryRunResult(
        directory=str(directory),
        settings=settings,
        profile=profile,
        files=facts.files,
        content_key=project_key,
        environment=environment,
        command=command,
        dockerfile=text,
        dockerignore=_dockerignore(directory, settings),
        registry=registry.prefix if registry else None,
        repository=repository,
        image_tag=tag,
        image=image,
        job_name=name,
        manifest=_manifest(_job(name, image, command, settings, facts), profile, settings),
        warnings=(*facts.warnings, *_warnings(settings, facts, registry, dockerfile)),
        own_dockerfile=dockerfile,
        whole=f"{dockerfile} makes the image" if dockerfile else facts.whole,
    )


def _job(name: str, image: str, command: tuple[str, ...], settings: RunSettings, facts: Facts) -> Job:
    share, gpus = resources.of(settings.gpu_type) or resources.UNKNOWN, settings.gpus
    return Job(
        name=name,
        project=names.label(settings.name),
        team=settings.team,
        image=image,
        command=command,
        env=settings.env | _python_path(settings, facts),
        gpus=gpus,
        cpu=settings.cpu or str(share.cpu * gpus),
        memory=settings.memory or f"{share.memory * gpus}Gi",
        shm=settings.shm_size or f"{share.shm * gpus}Gi",
    )


def _python_path(settings: RunSettings, facts: Facts) -> dict[str, str]:
    folder = launch.python_path(facts.profile, {file.path for file in facts.files})
    if folder is None:
        return {}
    return {"PYTHONPATH": ":".join(part for part in (folder, settings.env.get("PYTHONPATH")) if part)}


def _manifest(job: Job, profile: Profile, settings: RunSettings) -> str:
    manifest = build(job)
    answers.change_manifest(manifest, profile, settings)
    if settings.team is not None and not belongs_to(manifest, settings.team):
        raise PluginError(f"A plugin took the label {TEAM_LABEL} out of the manifest")
    return rendered(manifest)


def _warnings(settings: RunSettings, facts: Facts, registry: Registry | None, dockerfile: str | None) -> Iterator[str]:
    yield from readiness.missing(settings, registry)
    if resources.of(settings.gpu_type) is None:
        yield (
            f"{settings.gpu_type} is not a GPU type that chamber-run knows, so it asks for little beside the GPUs; "
            f"set cpu, memory and shm_size. Known are {', '.join(resources.PER_GPU)}"
        )
    if facts.profile.launcher not in {"python", "ray"}:
        yield (
            f"{facts.profile.launcher} starts one process for each of the {settings.gpus} GPUs; "
            "distributed='none' starts one process in all"
        )
    if facts.environment.base.recipe and facts.environment.image_steps:
        yield (
            f"{', '.join(facts.environment.image_steps)} is left out: there is no image to do it in, and the job runs "
            "with what this machine has"
        )
    if dockerfile and (idle := readiness.without_effect(settings)):
        yield f"{dockerfile} makes the image, so these do nothing: {', '.join(idle)}"
    if facts.profile.has_dockerfile and dockerfile is None:
        yield "Dockerfile is left aside: the job runs with what this machine has"


def _dockerignore(directory: Path, settings: RunSettings) -> str:
    file = directory / ".dockerignore"
    own = file.read_text("utf-8-sig").splitlines() if file.is_file() else []
    included = (f"!{path}" for path in settings.include)
    return "\n".join([*ALWAYS, *own, *settings.ignore, *SECRETS, *included]) + "\n"
