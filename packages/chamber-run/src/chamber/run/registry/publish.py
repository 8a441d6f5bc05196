"""A project as an image in a registry: its files on its environment on a base.

Only what the registry lacks is sent, and nothing at all, not even a look at the files, when the tag is there.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from msgspec import Struct, json

from chamber.core.errors import ConfigurationError, DockerError
from chamber.core.transport import Transport
from chamber.run.images.layers import Layer
from chamber.run.reference import Reference, split_prefix
from chamber.run.registry.client import RegistryClient
from chamber.run.registry.manifests import Descriptor, ImageSettings, extend_config, extend_manifest
from chamber.run.registry.repository import Image, Repository, digest_of
from chamber.run.targets import BaseImage, Registry
from chamber.run.threads import Stop, in_thread

__all__ = ["Progress", "Published", "environment_tag", "publish"]

#: Told what is going on, in a sentence.
Progress = Callable[[str], Awaitable[None]]

_AT_ONCE = 3


class Published(Struct, frozen=True):
    """What `publish` left in the registry."""

    #: ``host/repository@sha256:…``
    reference: str
    digest: str
    #: Layers whose bytes were sent, those of the base included; mounted ones are not.
    uploaded_layers: int = 0
    #: Bytes of those layers.
    uploaded_bytes: int = 0
    #: Whether everything was there already.
    reused: bool = False


async def _silent(message: str) -> None:
    """Tell nobody."""


async def publish(
    transport: Transport,
    registry: Registry,
    repository: str,
    base: BaseImage,
    environment: Layer | None,
    environment_key: str | None,
    project: Callable[[Stop], Layer] | None,
    tag: str,
    config: ImageSettings = ImageSettings(),  # noqa: B008 - frozen
    progress: Progress = _silent,
    *,
    fresh: bool = False,
    platform: str = "linux/amd64",
    source_registry: Registry | None = None,
) -> Published:
    """Have the image under `tag` in `repository` (``<registry prefix>/<name>``).

    `environment`: the layer to put on `base` for the image ``env-<environment_key>``, closed at the end; None with
    a key: that image was built before; None without: the base is the environment. `project` packs the project
    layer in a thread and is called only when it is needed. `tag` stands for all that goes into the image; what it
    names is not made again, unless `fresh`. `source_registry`: what is known of the registry that has `base`.

    Raises RegistryAuthError: a login is missing or refused. Raises DockerError: anything else failed.
    """
    try:
        target, source = _repositories(transport, registry, repository, base, source_registry)
        if not fresh and (digest := await target.find(tag)):
            await progress(f"{target.name}:{tag} is there already")
            return Published(f"{target.name}@{digest}", digest, reused=True)
        publication = _Publication(target, source, platform, progress)
        image = await publication.environment(base, environment, environment_key, fresh=fresh)
        return await publication.project(image, project, tag, config)
    finally:
        if environment is not None:
            environment.close()


def environment_tag(key: str) -> str:
    """The tag of the environment image with that key."""
    return f"env-{key}"


class _Publication:
    """One call of `publish`: what is sent is counted here."""

    def __init__(self, target: Repository, source: Repository, platform: str, progress: Progress) -> None:
        self._target = target
        self._source = source
        self._platform = platform
        self._progress = progress
        self._layers = 0
        self._bytes = 0

    async def environment(self, base: BaseImage, layer: Layer | None, key: str | None, *, fresh: bool) -> Image:
        """The image that the project is put on, with every blob of it in the target repository."""
        tag = None if key is None else environment_tag(key)
        there = None if tag is None or (fresh and layer is not None) else await self._target.find(tag)
        if there is not None:
            return await self._target.image(there, self._platform)
        if tag is not None and layer is None:
            raise DockerError(f"{self._target.name}:{tag}, the image of the environment, is not there")
        image = await self._base(base)
        if tag is None or layer is None:
            return image
        await self._progress(f"the environment goes to {self._target.name}:{tag}")
        return await self._put_on(image, [layer], tag, ImageSettings())

    async def project(
        self, image: Image, pack: Callable[[Stop], Layer] | None, tag: str, settings: ImageSettings
    ) -> Published:
        """The project on `image`, under `tag`."""
        if pack is None:
            made = await self._put_on(image, [], tag, settings)
        else:
            await self._progress("the project is packed")
            with await in_thread(pack) as layer:
                made = await self._put_on(image, [layer], tag, settings)
        reference = f"{self._target.name}@{made.digest}"
        return Published(reference, made.digest, self._layers, self._bytes)

    async def _base(self, base: BaseImage) -> Image:
        location = Reference.parse(base.location or base.reference)
        image = await self._source.image(location.digest or location.tag or "latest", self._platform)
        if self._source.name == self._target.name:
            return image
        lacking = await self._lacking(image.manifest.layers)
        if lacking:
            size = sum(layer.size for layer in lacking)
            await self._progress(f"the base {location} crosses to {self._target.name}: {size} bytes")
        await _each(lacking, self._take)
        return image

    async def _lacking(self, layers: Sequence[Descriptor]) -> list[Descriptor]:
        wanted = list({layer.digest: layer for layer in layers if not layer.is_foreign}.values())
        there: set[str] = set()

        async def look(layer: Descriptor) -> None:
            if await self._target.has(layer.digest):
                there.add(layer.digest)

        await _each(wanted, look)
        return [layer for layer in wanted if layer.digest not in there]

    async def _take(self, layer: Descriptor) -> None:
        if await self._target.take(layer, self._source, partial(self._moved, "a layer of the base", layer.size)):
            self._count(layer.size)

    async def _put_on(self, image: Image, layers: Sequence[Layer], tag: str, settings: ImageSettings) -> Image:
        for layer in layers:
            await self._send(layer)
        config = extend_config(image.config, layers, settings)
        content = json.encode(config)
        digest = digest_of(content)
        if not await self._target.has(digest):
            await self._target.put_config(content)
        manifest = extend_manifest(image.manifest, content, digest, layers)
        return Image(await self._target.put_manifest(manifest, tag), manifest, config)

    async def _send(self, layer: Layer) -> None:
        if await self._target.has(layer.digest):
            return
        await self._progress(f"the {layer.kind} layer is uploaded: {layer.size} bytes")
        await self._target.put_layer(layer, partial(self._moved, f"the {layer.kind} layer", layer.size))
        self._count(layer.size)

    async def _moved(self, what: str, size: int, done: int) -> None:
        await self._progress(f"{what}: {done} of {size} bytes")

    def _count(self, size: int) -> None:
        self._layers += 1
        self._bytes += size


def _repositories(
    transport: Transport, registry: Registry, repository: str, base: BaseImage, known: Registry | None
) -> tuple[Repository, Repository]:
    """Where to push, and where the base is."""
    host, prefix = split_prefix(registry.prefix)
    wanted, path = split_prefix(repository)
    if wanted != host or not path.startswith(f"{prefix}/" if prefix else "") or not path:
        raise ConfigurationError(f"{repository!r} is not a repository below the registry {registry.prefix!r}")
    location = Reference.parse(base.location or base.reference)
    client = RegistryClient(transport, host, registry)
    scopes = [f"repository:{path}:pull,push"]
    if location.host.lower() == host.lower():
        holder = client
        scopes.append(f"repository:{location.repository}:pull")
    else:
        holder = RegistryClient(transport, location.host, known)
    return Repository(client, path, tuple(scopes)), Repository(holder, location.repository)


async def _each(layers: Sequence[Descriptor], act: Callable[[Descriptor], Awaitable[None]]) -> None:
    """Do `act` for all, some at once; the first error ends the others."""
    gate = asyncio.Semaphore(_AT_ONCE)

    async def guarded(layer: Descriptor) -> None:
        async with gate:
            await act(layer)

    try:
        async with asyncio.TaskGroup() as group:
            for layer in layers:
                group.create_task(guarded(layer))
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None
