"""Puts a planned image into its registry: what is there already is used, and only what is not is made."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from chamber.core.errors import DockerError
from chamber.core.progress.reporting import Reporter
from chamber.core.redaction import Secret
from chamber.core.transport import Transport
from chamber.run import answers, temporary, turns
from chamber.run.images.environment import WORKING_DIRECTORY
from chamber.run.images.layers import Layer, ProjectLayers, pack_entries
from chamber.run.planning import readiness
from chamber.run.planning.plan import DryRunResult
from chamber.run.reference import Reference, split_prefix
from chamber.run.registry import credentials
from chamber.run.registry import publish as images
from chamber.run.registry.client import RegistryClient
from chamber.run.registry.credentials import Login
from chamber.run.registry.manifests import ImageSettings
from chamber.run.registry.publish import EnvironmentMissingError, Published, environment_tag
from chamber.run.registry.repository import Repository
from chamber.run.targets import Registry
from chamber.run.turns import turn

if TYPE_CHECKING:
    from chamber.run.engines import Build, Engine

__all__ = ["publish"]

#: Where an engine that can keeps the steps of the last environment of a project, for the next.
_CACHE_TAG = "env-cache"


async def publish(
    transport: Transport,
    plan: DryRunResult,
    layers: ProjectLayers,
    registry: Registry,
    no_cache: bool,
    report: Reporter,
) -> DryRunResult:
    """The plan with the image at its digest, once the registry has it, with the project as `layers`.

    `no_cache`: build and upload anew although the registry has an image of the same content.

    Raises DockerError, RegistryAuthError: the image could not be built or pushed.
    """
    await report("docker", f"{plan.image} from {plan.own_dockerfile or plan.base_image.reference}")
    await asyncio.to_thread(_clear)
    publication = _Publication(transport, plan, layers, registry, no_cache, report)
    published = await (publication.whole() if plan.whole else publication.layered())
    await report("upload", f"built whole: {published.reference}" if plan.whole else _about(published))
    return plan.at(published.reference)


class _Publication:
    """One call of `publish`."""

    def __init__(
        self,
        transport: Transport,
        plan: DryRunResult,
        layers: ProjectLayers,
        registry: Registry,
        no_cache: bool,
        report: Reporter,
    ) -> None:
        self._transport = transport
        self._plan = plan
        self._layers = layers
        self._registry = registry
        self._no_cache = no_cache
        self._report = report

    async def layered(self) -> Published:
        """The project's layers on its environment, which is built only where the registry lacks it."""
        if self._is_built and self._no_cache:
            await self._build_environment()
        try:
            return await self._appended()
        except EnvironmentMissingError:
            await self._build_environment()
            return await self._appended()

    async def whole(self) -> Published:
        """The image that an engine builds from the project's files."""
        plan, target = self._plan, self._target()
        if not self._no_cache and (digest := await target.find(plan.image_tag)):
            return Published(f"{target.name}@{digest}", digest, reused=True)
        engine = await readiness.require_engine(plan)
        digest = await self._built(target, engine, plan.image_tag, self._whole_build())
        return Published(f"{target.name}@{digest}", digest)

    async def _appended(self) -> Published:
        plan = self._plan
        environment = None if self._is_built else await _recipe_layer(plan)
        return await images.publish(
            self._transport,
            self._registry,
            plan.repository,
            plan.base_image,
            environment,
            plan.environment_key if environment or self._is_built else None,
            self._layers,
            plan.image_tag,
            ImageSettings(working_dir=WORKING_DIRECTORY, prepend=plan.search_paths),
            self._progress,
            fresh=self._no_cache,
            platform=plan.settings.platform,
            source_registry=answers.known_registry(_source(plan), *self._api),
        )

    @property
    def _is_built(self) -> bool:
        """Whether the environment is an image of its own, which takes an engine."""
        environment = self._plan.environment
        return not (environment.is_base_alone or environment.base.recipe)

    async def _build_environment(self) -> None:
        plan = self._plan
        engine = await readiness.require_engine(plan)
        tag = environment_tag(plan.environment_key)
        await self._built(self._target(), engine, tag, self._environment_build(engine, tag))

    def _environment_build(self, engine: Engine, tag: str) -> Build:
        from chamber.run.engines import Build

        plan = self._plan
        return Build(
            tag=f"{plan.repository}:{tag}",
            dockerfile=plan.environment.build_dockerfile(buildkit=engine.buildkit),
            context=plan.environment.context,
            platform=plan.settings.platform,
            secrets=self._secrets(),
            no_cache=self._no_cache,
            cache=f"{plan.repository}:{_CACHE_TAG}",
        )

    def _whole_build(self) -> Build:
        from chamber.run.engines import Build

        plan = self._plan
        return Build(
            tag=f"{plan.repository}:{plan.image_tag}",
            dockerfile=plan.dockerfile,
            context=self._layers,
            platform=plan.settings.platform,
            secrets={} if plan.own_dockerfile else self._secrets(),
            no_cache=self._no_cache,
        )

    def _secrets(self) -> dict[str, Secret]:
        known = {"pip_index_url": self._plan.settings.pip_index_url}
        return {name: value for name in self._plan.environment.secret_ids if (value := known.get(name))}

    async def _built(self, target: Repository, engine: Engine, tag: str, build: Build) -> str:
        """The digest of the image under `tag` once `engine` has built and pushed it, or another run has."""
        await target.require_push()
        async with turn(build.tag) as waited:
            if waited and not self._no_cache and (digest := await target.find(tag)):
                return digest
            await self._report("docker", f"{engine.name} builds {build.tag}")
            await engine.publish(build, self._registry, self._line, await self._logins(target, build))
        digest = await target.find(tag)
        if digest is None:
            raise DockerError(f"{engine.name} says that it pushed {build.tag}, and the registry has no such image")
        return digest

    @property
    def _api(self) -> tuple[str, str | None]:
        settings = self._transport.settings
        return settings.api_url, settings.organization_id

    async def _logins(self, target: Repository, build: Build) -> dict[str, Login]:
        """The login that was just accepted, and those for the registries of the bases, as plugins know them."""
        host = target.client.host
        found = {other: answers.known_registry(other, *self._api) for other in build.hosts - {host}}
        logins = {other: await credentials.find(other, registry) for other, registry in found.items()}
        return {name: login for name, login in {**logins, host: target.login}.items() if login}

    def _target(self) -> Repository:
        host, path = split_prefix(self._plan.repository)
        client = RegistryClient(self._transport, host, self._registry)
        return Repository(client, path, (f"repository:{path}:pull,push",))

    async def _line(self, line: str) -> None:
        await self._report("docker", line)

    async def _progress(self, message: str) -> None:
        await self._report("upload", message)


def _clear() -> None:
    """Remove what killed runs have left, logins among it."""
    temporary.clear()
    turns.clear()


def _source(plan: DryRunResult) -> str:
    return Reference.parse(plan.base_image.location or plan.base_image.reference).name


async def _recipe_layer(plan: DryRunResult) -> Layer | None:
    """What an executor of recipes makes the environment from; None: the base is the environment."""
    if plan.environment.is_base_alone:
        return None
    return await asyncio.to_thread(pack_entries, plan.environment.recipe)


def _about(published: Published) -> str:
    if published.reused:
        return f"nothing to upload: {published.reference} is there"
    layers = "1 layer" if published.uploaded_layers == 1 else f"{published.uploaded_layers} layers"
    return f"uploaded {layers} of {published.uploaded_bytes} bytes: {published.reference}"
