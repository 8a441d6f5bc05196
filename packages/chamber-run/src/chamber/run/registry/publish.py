"""A project as an image in a registry: its files on its environment on a base.

Only what the registry lacks is sent, or even packed, and nothing at all when the tag is there.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TypeVar

from msgspec import Struct, json

from chamber.core.errors import ConfigurationError, DockerError
from chamber.core.progress.steps import Step
from chamber.core.transport import Transport
from chamber.run.images.buckets import MOST_LAYERS
from chamber.run.images.layers import Layer, PlannedLayer, ProjectLayers, StoredLayer
from chamber.run.reference import Reference, split_prefix
from chamber.run.registry import base_sizes
from chamber.run.registry.client import RegistryClient
from chamber.run.registry.manifests import Descriptor, ImageSettings, extend_config, extend_manifest
from chamber.run.registry.repository import Image, Repository, digest_of
from chamber.run.targets import BaseImage, Registry
from chamber.run.threads import in_thread

__all__ = ["EnvironmentMissingError", "Progress", "Published", "environment_tag", "publish"]

#: Told what is going on, in a sentence.
Progress = Callable[[str], Awaitable[None]]

_AT_ONCE = 4

Item = TypeVar("Item")


_Told = asyncio.Future[StoredLayer]


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


class EnvironmentMissingError(DockerError):
    """The registry lacks the image of the environment. Nothing was sent."""


async def _silent(message: str) -> None:
    """Tell nobody."""


async def publish(
    transport: Transport,
    registry: Registry,
    repository: str,
    base: BaseImage,
    environment: Layer | None,
    environment_key: str | None,
    project: ProjectLayers | None,
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
    a key: that image was built before; None without: the base is the environment. Of `project` the layers are
    packed that the registry does not have, or all if `fresh`. `tag` stands for all that goes into the image; what
    it names is not made again, unless `fresh`. `platform`: ``os/architecture``, for a base that is there for several.
    `source_registry`: what is known of the registry that has `base`.

    Raises RegistryAuthError: a login is missing or refused. Raises EnvironmentMissingError: the image of the
    environment has to be built first. Raises DockerError: anything else failed.
    """
    try:
        target, source = _repositories(transport, registry, repository, base, source_registry)
        if not fresh and (digest := await target.find(tag)):
            await progress(f"{target.name}:{tag} is there already")
            return Published(f"{target.name}@{digest}", digest, reused=True)
        publication = _Publication(target, source, platform, progress)
        image = await publication.environment(base, environment, environment_key, fresh=fresh)
        return await publication.project(image, project, tag, config, fresh=fresh)
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
        #: Digest of a layer that is sent → bytes sent so far, and its size.
        self._sent: dict[str, tuple[int, int]] = {}

    async def environment(self, base: BaseImage, layer: Layer | None, key: str | None, *, fresh: bool) -> Image:
        """The image that the project is put on, with every blob of it in the target repository."""
        tag = None if key is None else environment_tag(key)
        there = None if tag is None or (fresh and layer is not None) else await self._target.find(tag)
        if there is not None:
            return await self._target.image(there, self._platform)
        if tag is not None and layer is None:
            raise EnvironmentMissingError(f"{self._target.name}:{tag}, the image of the environment, is not there")
        image = await self._base(base)
        if tag is None or layer is None:
            return image
        await self._progress(f"the environment goes to {self._target.name}:{tag}")
        await self._send(layer)
        await self._target.put_config(_config(image, [layer], ImageSettings()))
        return await self._named(image, [layer], ImageSettings(), tag)

    async def project(
        self, image: Image, project: ProjectLayers | None, tag: str, settings: ImageSettings, *, fresh: bool
    ) -> Published:
        """The project on `image`, under `tag`."""
        layers: list[StoredLayer] = []
        if project is None:
            await self._target.put_config(_config(image, [], settings))
        else:
            layers = await self._stored(image, self._fitting(project, image), settings, fresh=fresh)
        made = await self._named(image, layers, settings, tag)
        reference = f"{self._target.name}@{made.digest}"
        return Published(reference, made.digest, self._layers, self._bytes)

    async def _stored(
        self, image: Image, project: ProjectLayers, settings: ImageSettings, *, fresh: bool
    ) -> list[StoredLayer]:
        """Has every layer of the project there, and the config, which is sent while layers still are."""
        told: list[_Told] = [asyncio.get_running_loop().create_future() for _ in project.layers]

        async def configure() -> None:
            await self._target.put_config(_config(image, [await one for one in told], settings))

        acts: list[Callable[[], Awaitable[None]]] = [
            partial(self._store, project, layer, one, fresh=fresh)
            for layer, one in zip(project.layers, told, strict=True)
        ]
        await _each([*acts, configure], lambda act: act())
        return [one.result() for one in told]

    def _fitting(self, project: ProjectLayers, image: Image) -> ProjectLayers:
        room = MOST_LAYERS - len(image.manifest.layers)
        if room < 1:
            raise DockerError(
                f"the image below the project has {len(image.manifest.layers)} layers, and engines put up with few "
                "more: choose a base_image of fewer layers"
            )
        return project.within(room)

    async def _store(self, project: ProjectLayers, layer: PlannedLayer, told: _Told, *, fresh: bool) -> None:
        """Have a layer of the project there; `told` gets to know what it became before it is sent."""
        known = None if fresh else layer.known
        if known is not None and await self._target.has(known.digest):
            told.set_result(known)
            return
        await self._progress(f"{layer.size} bytes of the project are packed")
        with await in_thread(lambda stop: project.pack(layer, stop), Layer.close) as packed:
            told.set_result(StoredLayer(packed.digest, packed.diff_id, packed.size, packed.kind))
            await self._send(packed, is_new=known is not None and known.digest == packed.digest)

    async def _base(self, base: BaseImage) -> Image:
        location = Reference.parse(base.location or base.reference)
        image = await self._source.image(location.digest or location.tag or "latest", self._platform)
        size = sum(layer.size for layer in image.manifest.layers)
        await asyncio.to_thread(base_sizes.remember, base.reference, self._platform, size)
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
        if await self._target.take(layer, self._source, partial(self._moved, "a layer of the base", layer)):
            self._count(layer.size)

    async def _named(self, image: Image, layers: Sequence[StoredLayer], settings: ImageSettings, tag: str) -> Image:
        """`layers` on `image`, under `tag`, when all of its blobs are there."""
        config = _config(image, layers, settings)
        manifest = extend_manifest(image.manifest, config, digest_of(config), layers)
        return Image(await self._target.put_manifest(manifest, tag), manifest, json.decode(config))

    async def _send(self, layer: Layer, *, is_new: bool = False) -> None:
        """Have `layer` there; `is_new`: it is known not to be."""
        if not is_new and await self._target.has(layer.digest):
            return
        await self._progress(f"the {layer.kind} layer is uploaded: {layer.size} bytes")
        await self._target.put_layer(layer, partial(self._moved, f"the {layer.kind} layer", layer))
        self._count(layer.size)
        await self._progress(f"{self._bytes} bytes are uploaded")

    async def _moved(self, what: str, layer: Layer | Descriptor, done: int) -> None:
        """One layer is told of; what is counted are all that are sent."""
        self._sent[layer.digest] = (done, layer.size)
        done_of_all, total = (sum(counts) for counts in zip(*self._sent.values(), strict=True))
        await self._progress(Step(f"{what}: {done} of {layer.size} bytes", done_of_all, total))

    def _count(self, size: int) -> None:
        self._layers += 1
        self._bytes += size


def _config(image: Image, layers: Sequence[StoredLayer], settings: ImageSettings) -> bytes:
    return json.encode(extend_config(image.config, layers, settings))


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


async def _each(items: Sequence[Item], act: Callable[[Item], Awaitable[None]]) -> None:
    """Do `act` for all, some at once and begun in order; the first error ends the others."""
    gate = asyncio.Semaphore(_AT_ONCE)

    async def guarded(item: Item) -> None:
        async with gate:
            await act(item)

    try:
        async with asyncio.TaskGroup() as group:
            for item in items:
                group.create_task(guarded(item))
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None
