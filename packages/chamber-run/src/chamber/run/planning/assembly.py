"""Puts together what a plan holds, from what is known of a project and its settings."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

from chamber.core.errors import PluginError
from chamber.run import answers
from chamber.run.images.environment import WORKING_DIRECTORY
from chamber.run.images.layers import ProjectLayers, image_key
from chamber.run.images.whole import whole_dockerfile
from chamber.run.job import launch, names, rendezvous, resources, topology
from chamber.run.job.commit import clean_commit
from chamber.run.job.manifest import TEAM_LABEL, Job, belongs_to, build, rendered, without_values
from chamber.run.job.topology import Topology
from chamber.run.planning import advice, history
from chamber.run.planning.facts import Facts
from chamber.run.planning.plan import DryRunResult
from chamber.run.planning.reasons import explained
from chamber.run.project.files import ignore_file
from chamber.run.project.ignore import ALWAYS, SECRETS
from chamber.run.project.profile import Profile
from chamber.run.settings.configuration import RunSettings
from chamber.run.targets import Registry

__all__ = ["assemble"]


def assemble(
    directory: Path,
    settings: RunSettings,
    facts: Facts,
    registry: Registry | None,
    layers: ProjectLayers,
) -> DryRunResult:
    """The plan of the project in `directory` with these facts.

    Raises ConfigurationError: the manifest would be longer than the API takes.
    Raises PluginError: a plugin failed, or took the team out of the manifest.
    """
    environment, profile = facts.environment, facts.profile
    shape = topology.of(settings.gpus, settings.nodes, settings.gpus_per_node)
    command = launch.command(profile, shape, settings.entrypoint_args)
    project = names.label(settings.name)
    repository = f"{registry.prefix}/{project}" if registry else project
    tag = image_key(*_made_from(settings, facts), layers.content_key)
    image = f"{repository}:{tag}"
    name = names.job_name(settings.name, secrets.token_hex(4), launch.kind_of(profile.launcher))
    return DryRunResult(
        directory=str(directory),
        settings=settings,
        profile=profile,
        files=facts.files,
        content_key=layers.content_key,
        environment=environment,
        topology=shape,
        command=command,
        dockerfile=_dockerfile(facts, command),
        dockerignore=_dockerignore(directory, settings, facts.own.name if facts.own else None),
        registry=registry.prefix if registry else None,
        repository=repository,
        image_tag=tag,
        image=image,
        job_name=name,
        shown_manifest=_manifest(_job(name, image, shape, settings, facts, clean_commit(directory)), profile, settings),
        build=explained(facts, layers, registry, history.read(str(directory), repository)),
        search_paths=facts.search_paths,
        warnings=(*facts.warnings, *advice.warnings(settings, facts, registry)),
        own_dockerfile=facts.own.name if facts.own else None,
        whole=facts.whole,
    )


def _made_from(settings: RunSettings, facts: Facts) -> Iterator[str]:
    """What the image is made from beside the files."""
    if facts.own is not None:
        yield from ("dockerfile", facts.own.text, settings.platform)
        return
    yield facts.environment.key
    yield from (f"{name}={folders}" for name, folders in facts.search_paths.items())
    if facts.whole is not None:
        yield _whole(facts, ())


def _dockerfile(facts: Facts, command: tuple[str, ...]) -> str:
    if facts.own is not None:
        return facts.own.text
    if facts.whole is not None:
        return _whole(facts, command)
    return facts.environment.dockerfile(command, generated=facts.generated, search_paths=facts.search_paths)


def _whole(facts: Facts, command: tuple[str, ...]) -> str:
    return whole_dockerfile(
        facts.environment,
        command,
        buildkit=False,
        install=(".",) if facts.install_project else (),
        build_requires=facts.build_requires,
        generated=facts.generated,
        search_paths=facts.search_paths,
    )


def _job(name: str, image: str, shape: Topology, settings: RunSettings, facts: Facts, commit: str | None) -> Job:
    known, gpus = resources.of(settings.gpu_type) or resources.UNKNOWN, shape.gpus_per_node
    profile, kind = facts.profile, launch.kind_of(facts.profile.launcher)
    return Job(
        name=name,
        kind=kind,
        title=settings.name,
        project=names.label(settings.name),
        team=settings.team,
        image=image,
        command=launch.in_manifest(profile, shape, settings.entrypoint_args),
        starts_itself=profile.starts_itself,
        working_dir=None if facts.own else WORKING_DIRECTORY,
        rendezvous=rendezvous.environment(name, shape, profile.framework) if kind == "Job" else {},
        env=settings.env | _modules(settings, facts),
        secrets=settings.secrets,
        image_pull_secrets=settings.image_pull_secrets,
        topology=shape,
        gpu_resource=known.resource,
        commit=commit,
        cpu=settings.cpu or str(known.cpu * gpus),
        memory=settings.memory or f"{known.memory * gpus}Gi",
        shm=settings.shm_size or f"{known.shm * gpus}Gi",
    )


def _modules(settings: RunSettings, facts: Facts) -> dict[str, str]:
    """PYTHONPATH, where the job has one of its own: it would take the place of the image's."""
    own, ours = settings.env.get("PYTHONPATH"), facts.search_paths.get("PYTHONPATH")
    return {"PYTHONPATH": f"{ours}:{own}"} if own and ours else {}


def _manifest(job: Job, profile: Profile, settings: RunSettings) -> str:
    objects = build(job)
    answers.change_manifest(objects[-1], profile, settings)
    if settings.team is not None and not belongs_to(objects, settings.team):
        raise PluginError(f"A plugin took the label {TEAM_LABEL} out of the manifest")
    return without_values(rendered(objects), settings.secret_env.keys())


def _dockerignore(directory: Path, settings: RunSettings, dockerfile: str | None) -> str:
    own = ignore_file(directory, dockerfile).splitlines()
    included = (f"!{path}" for path in settings.include)
    return "\n".join([*ALWAYS, *own, *settings.ignore, *SECRETS, *included]) + "\n"
