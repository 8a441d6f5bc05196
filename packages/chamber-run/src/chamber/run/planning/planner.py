"""Makes a plan: reads the project, asks the plugins, and puts the answers together."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from chamber.core.progress.reporting import Reporter
from chamber.core.settings import Settings
from chamber.run import answers
from chamber.run.errors import ProjectNotFoundError
from chamber.run.images.layers import ProjectLayers, plan_layers
from chamber.run.job import resources, topology
from chamber.run.planning import readiness
from chamber.run.planning.assembly import assemble
from chamber.run.planning.facts import Facts, gather
from chamber.run.planning.plan import DryRunResult
from chamber.run.settings import configuration, registries
from chamber.run.settings.configuration import DEFAULT, RunSettings
from chamber.run.targets import Registry
from chamber.run.threads import Stop, in_thread

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
    """A plan, the project's layers, and the registry with its login."""

    plan: DryRunResult
    layers: ProjectLayers
    registry: Registry | None


async def prepare(request: Request, api: Settings, report: Reporter) -> Prepared:
    """The plan of a run through an API. Nothing is written, sent or built.

    Raises ConfigurationError: something is missing, malformed or not what a run can do.
    """
    directory = _project(request.directory)
    settings, registry, warnings = await asyncio.to_thread(_settled, directory, request, api)
    if request.in_earnest:
        readiness.require_target(settings, registry)
    await report("config", f"{settings.name}: {settings.gpus} x {settings.gpu_type}")
    facts = await asyncio.to_thread(gather, directory, settings, registry, request.dockerfile)
    await report("detect", f"{facts.profile.framework} project, started by {facts.profile.entrypoint}")
    await report("dockerfile", facts.own.name if facts.own else facts.environment.base.reference)
    layers = await in_thread(lambda stop: _layers(directory, facts, settings.include, stop))
    plan = assemble(directory, settings, facts, registry, layers)
    await report("manifest", plan.job_name)
    return Prepared(plan=replace(plan, warnings=(*warnings, *plan.warnings)), layers=layers, registry=registry)


def _layers(directory: Path, facts: Facts, include: Sequence[str], stop: Stop) -> ProjectLayers:
    planned = plan_layers(directory, facts.selection, facts.generated, include, stop=stop)
    _ = planned.layers  # made on demand: here it is in a thread
    return planned


def _project(directory: str | os.PathLike[str]) -> Path:
    path = Path(directory).expanduser()
    if not path.is_dir():
        what = "is not a directory" if path.exists() else "does not exist"
        raise ProjectNotFoundError(f"The project directory {path} {what}")
    return path.resolve()


def _settled(directory: Path, request: Request, api: Settings) -> tuple[RunSettings, Registry | None, tuple[str, ...]]:
    default = registries.default_name()
    settings, warnings = configuration.resolve(directory, request.arguments, os.environ, default)
    settings = _shaped(settings)
    registry = answers.destination(settings.registry, api.api_url, api.organization_id)
    if registry is not None and settings.registry is None:
        sources = settings.sources | {"registry": "plugin"}
        settings = replace(settings, registry=registry.prefix, sources=sources)
    return settings, registry, warnings


def _shaped(settings: RunSettings) -> RunSettings:
    """The settings with the GPUs, nodes and GPUs per node that they amount to."""
    gpus = None if settings.sources["gpus"] == DEFAULT else settings.gpus
    size = (resources.of(settings.gpu_type) or resources.UNKNOWN).per_node
    shape = topology.of(gpus, settings.nodes, settings.gpus_per_node, node_size=size)
    return replace(settings, gpus=shape.gpus, nodes=shape.nodes, gpus_per_node=shape.gpus_per_node)
