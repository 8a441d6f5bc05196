"""Puts a planned image into its registry."""

from __future__ import annotations

import asyncio
from pathlib import Path

from chamber.core.transport import Transport
from chamber.run import answers
from chamber.run.images.environment import WORKING_DIRECTORY
from chamber.run.images.layers import Layer, pack, pack_entries
from chamber.run.planning.plan import DryRunResult
from chamber.run.progress import Reporter
from chamber.run.reference import Reference
from chamber.run.registry import publish as images
from chamber.run.registry.manifests import ImageSettings
from chamber.run.registry.publish import Published
from chamber.run.targets import Registry

__all__ = ["publish"]


async def publish(
    transport: Transport, plan: DryRunResult, registry: Registry, no_cache: bool, report: Reporter
) -> DryRunResult:
    """The plan with the image at its digest, once the registry has it.

    `no_cache`: upload anew although the registry has an image of the same content.

    Raises DockerError, RegistryAuthError: the image could not be pushed.
    """
    await report("docker", f"{plan.image} on {plan.base_image.reference}")

    async def progress(message: str) -> None:
        await report("upload", message)

    environment = await _environment_layer(plan)
    published = await images.publish(
        transport,
        registry,
        plan.repository,
        plan.base_image,
        environment,
        plan.environment_key if environment else None,
        lambda stop: pack(Path(plan.directory), plan.files, key=plan.content_key, stop=stop),
        plan.image_tag,
        ImageSettings(working_dir=WORKING_DIRECTORY),
        progress,
        fresh=no_cache,
        source_registry=answers.known_registry(_source(plan), transport.settings.api_url),
    )
    await report("upload", _about(published))
    return plan.at(published.reference)


def _source(plan: DryRunResult) -> str:
    return Reference.parse(plan.base_image.location or plan.base_image.reference).name


async def _environment_layer(plan: DryRunResult) -> Layer | None:
    if plan.environment.is_base_alone:
        return None
    return await asyncio.to_thread(pack_entries, plan.environment.recipe)


def _about(published: Published) -> str:
    if published.reused:
        return f"nothing to upload: {published.reference} is there"
    layers = "1 layer" if published.uploaded_layers == 1 else f"{published.uploaded_layers} layers"
    return f"uploaded {layers} of {published.uploaded_bytes} bytes: {published.reference}"
