"""Blobs as files, and what the database knows about them."""

import asyncio
import copy
import hashlib
import os
from pathlib import Path

import msgspec
from aiohttp import web

from chamber.local.registry.marker import MANIFEST_TYPE, MARKER, TAG, marker_image
from chamber.local.registry.names import is_digest
from chamber.local.storage import images, tenancy
from chamber.local.storage.database import Database
from chamber.local.storage.images import StoredManifest
from chamber.local.users import ORGANIZATION

__all__ = ["STORE", "Store"]


class Store:
    """The content of the registry, as an organization sees it. Digests and names were checked before they come here.

    Each organization has repositories of its own, whatever others call theirs; the marker base is everybody's.
    """

    def __init__(self, folder: Path, database: Database) -> None:
        self._blobs, self._database = folder / "blobs" / "sha256", database
        #: Whose it is.
        self.organization_id: str = ORGANIZATION
        #: Where uploads grow; on the same file system as the blobs.
        self.uploads: Path = folder / "uploads"

    async def open(self) -> None:
        """Makes the folders, drops what uploads left behind, and seeds the marker base."""
        self._blobs.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.uploads.mkdir(parents=True, exist_ok=True, mode=0o700)
        for leftover in self.uploads.iterdir():
            leftover.unlink()
        await self._seed()

    def of(self, organization_id: str) -> "Store":
        """The same, as another organization sees it."""
        other = copy.copy(self)
        other.organization_id = organization_id
        return other

    async def of_team(self, team_id: str) -> "Store":
        """The same, as a team's organization sees it."""
        return self.of(await self._database.read(tenancy.organization_of_team, team_id))

    def blob(self, digest: str) -> Path | None:
        """The file of a blob, or None."""
        path = self._path(digest) if is_digest(digest) else None
        return path if path and path.is_file() else None

    async def blob_in(self, repository: str, digest: str) -> Path | None:
        """The file of a blob, when the repository has it."""
        return self.blob(digest) if await self._database.read(images.has_blob, self._kept(repository), digest) else None

    async def keep(self, upload: Path, repository: str, digest: str) -> None:
        """Makes a finished, verified upload a blob."""
        await asyncio.to_thread(_place, upload, self._path(digest))
        await self.link(repository, digest)

    async def link(self, repository: str, digest: str) -> None:
        """Makes a blob that is here part of a repository."""
        await self._database.write(images.add_blob, self._kept(repository), digest)

    async def manifest(self, repository: str, reference: str) -> StoredManifest | None:
        """A manifest by tag or digest, or None."""
        return await self._database.read(images.find_manifest, self._kept(repository), reference)

    async def add_manifest(self, manifest: StoredManifest, tag: str | None) -> None:
        """Keeps a manifest, and points a tag at it."""
        kept = msgspec.structs.replace(manifest, repository=self._kept(manifest.repository))
        await self._database.write(images.add_manifest, kept, tag)

    async def has_repository(self, repository: str) -> bool:
        """True when anything was ever pushed to it."""
        return await self._database.read(images.repository_exists, self._kept(repository))

    async def tags(self, repository: str, after: str, limit: int) -> tuple[str, ...]:
        """Tags behind `after`, in lexical order."""
        return await self._database.read(images.tags, self._kept(repository), after, limit)

    async def _seed(self) -> None:
        image = marker_image()
        for content in image.blobs:
            digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
            upload = self.uploads / digest.removeprefix("sha256:")
            upload.write_bytes(content)
            await self.keep(upload, MARKER, digest)
        digest = f"sha256:{hashlib.sha256(image.manifest).hexdigest()}"
        await self.add_manifest(StoredManifest(MARKER, digest, MANIFEST_TYPE, image.manifest), TAG)

    def _kept(self, repository: str) -> str:
        """What it is called in the database: no name of a repository has a colon."""
        everybodys = self.organization_id == ORGANIZATION or repository == MARKER
        return repository if everybodys else f"{self.organization_id}:{repository}"

    def _path(self, digest: str) -> Path:
        name = digest.removeprefix("sha256:")
        return self._blobs / name[:2] / name


#: Where the store is kept, as the one who asks sees it, while a request is handled.
STORE = web.RequestKey("chamber_registry_store", Store)


def _place(upload: Path, place: Path) -> None:
    """Moves a file to its place so that after a crash it is there as a whole or not at all."""
    with upload.open("rb") as file:
        os.fsync(file.fileno())
    place.parent.mkdir(exist_ok=True, mode=0o700)
    upload.replace(place)
    folder = os.open(place.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
