"""From the reference in a manifest to an image that the engine has."""

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

from chamber.core.loopback import is_loopback
from chamber.core.redaction import Secret
from chamber.local.executors import images as registry_images
from chamber.local.executors.containers.engine import Engine
from chamber.local.executors.containers.login import login
from chamber.local.executors.manifest import Container
from chamber.local.executors.refusal import Refused
from chamber.local.registry.marker import LABEL, MARKER
from chamber.local.registry.store import Store

__all__ = ["Images"]


class Images:
    """Images of this Chamber's own registry (`registry` is its host:port), of the engine, and of other registries.

    `token_of` makes what pulls the images of an organization, whose jobs see its own repositories alone.
    """

    def __init__(self, engine: Engine, store: Store, registry: str, token_of: Callable[[str], str]) -> None:
        self._engine, self._store, self._registry, self._token_of = engine, store, registry, token_of
        #: What was pulled from the own registry.
        self.pulled: set[str] = set()

    async def ready(self, asked: Container, team_id: str, folder: Path) -> str:
        """The id of an image, pulled if need be, for which `folder` is made and removed. Raises Refused."""
        if not asked.image or asked.image.startswith("-") or not asked.image.isprintable() or " " in asked.image:
            raise Refused(f"{asked.image!r} is not an image reference")
        store = await self._store.of_team(team_id)
        own = await registry_images.find(store, asked.image, self._registry)
        if own is not None and own.marked:
            raise _on_marker(asked.image)
        name = asked.image if own is None else f"{self._registry}/{own.repository}@{own.digest}"
        found = await self._engine.image(name)
        if found is None or (asked.pull == "Always" and own is None):
            token = None if own is None else Secret(self._token_of(store.organization_id))
            await self._pull(name, asked, folder, token)
            found = await self._engine.image(name)
        if found is None:
            raise Refused(f"{self._engine.name} pulled the image {name} and does not have it")
        image, labels = found
        if labels.get(LABEL) == MARKER:
            raise _on_marker(asked.image)
        return image

    async def _pull(self, name: str, asked: Container, folder: Path, token: Secret | None) -> None:
        if asked.pull == "Never":
            raise Refused(
                f"{self._engine.name} does not have the image {name}, and the manifest's imagePullPolicy is Never"
            )
        insecure = token is not None or is_loopback(name.partition("/")[0])
        options = ["--tls-verify=false"] if insecure and self._engine.name == "podman" else []
        if token is None:
            await self._engine.pull(name, options, {})
            return
        variables = await asyncio.to_thread(login, self._registry, token, folder)
        try:
            await self._engine.pull(name, options, variables)
        finally:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        self.pulled.add(name)


def _on_marker(image: str) -> Refused:
    return Refused(
        f"the image {image} is made on {MARKER}, which is no root file system: it runs with the process executor "
        "alone. Build it again for a Chamber with executor='container', or name a base_image"
    )
