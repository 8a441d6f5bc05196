"""One more tag for an image, by the registry's own API: no engine, and no layer that crosses twice."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from chamber.core.redaction import without_locals
from chamber.core.settings import DEFAULT_API_URL, Settings
from chamber.core.transport import Transport
from chamber.run.reference import Reference
from chamber.run.registry.client import RegistryClient
from chamber.run.registry.repository import Repository
from chamber.run.targets import Registry

__all__ = ["found", "tagged"]

Known = Callable[[str], Registry]

_PLATFORM = "linux/amd64"


async def tagged(source: str, target: str, known: Known) -> str:
    """Store the image `source` as `target` too; its digest there. `known` tells how to log in.

    Raises DockerError: there is no such image, or it cannot be stored.
    """
    async with _transport() as transport:
        return await _stored(transport, Reference.parse(source), Reference.parse(target), known)


async def found(image: str, known: Known) -> str | None:
    """The digest of an image in its registry; None: there is none."""
    reference = Reference.parse(image)
    async with _transport() as transport:
        client = RegistryClient(transport, reference.host, known(reference.name))
        return await Repository(client, reference.repository).find(reference.digest or reference.tag or "latest")


@asynccontextmanager
async def _transport() -> AsyncIterator[Transport]:
    transport = Transport(Settings("registries-are-asked-alone", DEFAULT_API_URL))
    try:
        with without_locals():
            yield transport
    finally:
        await transport.close()


async def _stored(transport: Transport, source: Reference, target: Reference, known: Known) -> str:
    here = RegistryClient(transport, source.host, known(source.name))
    there = here if target.host == source.host else RegistryClient(transport, target.host, known(target.name))
    origin = Repository(here, source.repository, _scopes(source, target))
    goal = Repository(there, target.repository, _scopes(target, source))
    image = await origin.image(source.digest or source.tag or "latest", _PLATFORM)
    if goal.name != origin.name:
        for blob in (*image.manifest.layers, image.manifest.config):
            await goal.take(blob, origin)
    return await goal.put_manifest(image.manifest, target.tag or "latest")


def _scopes(own: Reference, other: Reference) -> tuple[str, ...]:
    both = f"repository:{own.repository}:pull,push"
    return (both, f"repository:{other.repository}:pull") if own.host == other.host and own != other else (both,)
