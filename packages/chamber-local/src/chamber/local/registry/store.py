"""Blobs as files, and what the database knows about them."""

import asyncio
import hashlib
import os
from pathlib import Path

from chamber.local.registry.marker import MANIFEST_TYPE, MARKER, TAG, marker_image
from chamber.local.registry.names import is_digest
from chamber.local.storage import images
from chamber.local.storage.database import Database
from chamber.local.storage.images import StoredManifest

__all__ = ["Store"]


class Store:
    """The content of the registry. Digests and names were checked before they come here."""

    def __init__(self, folder: Path, database: Database) -> None:
        self._blobs, self._database = folder / "blobs" / "sha256", database
        #: Where uploads grow; on the same file system as the blobs.
        self.uploads: Path = folder / "uploads"

    async def open(self) -> None:
        """Makes the folders, drops what uploads left behind, and seeds the marker base."""
        self._blobs.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.uploads.mkdir(parents=True, exist_ok=True, mode=0o700)
        for leftover in self.uploads.iterdir():
            leftover.unlink()
        await self._seed()

    def blob(self, digest: str) -> Path | None:
        """The file of a blob, or None."""
        path = self._path(digest) if is_digest(digest) else None
        return path if path and path.is_file() else None

    async def blob_in(self, repository: str, digest: str) -> Path | None:
        """The file of a blob, when the repository has it."""
        return self.blob(digest) if await self._database.read(images.has_blob, repository, digest) else None

    async def keep(self, upload: Path, repository: str, digest: str) -> None:
        """Makes a finished, verified upload a blob."""
        await asyncio.to_thread(_place, upload, self._path(digest))
        await self.link(repository, digest)

    async def link(self, repository: str, digest: str) -> None:
        """Makes a blob that is here part of a repository."""
        await self._database.write(images.add_blob, repository, digest)

    async def manifest(self, repository: str, reference: str) -> StoredManifest | None:
        """A manifest by tag or digest, or None."""
        return await self._database.read(images.find_manifest, repository, reference)

    async def add_manifest(self, manifest: StoredManifest, tag: str | None) -> None:
        """Keeps a manifest, and points a tag at it."""
        await self._database.write(images.add_manifest, manifest, tag)

    async def has_repository(self, repository: str) -> bool:
        """True when anything was ever pushed to it."""
        return await self._database.read(images.repository_exists, repository)

    async def tags(self, repository: str, after: str, limit: int) -> tuple[str, ...]:
        """Tags behind `after`, in lexical order."""
        return await self._database.read(images.tags, repository, after, limit)

    async def _seed(self) -> None:
        image = marker_image()
        for content in image.blobs:
            digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
            upload = self.uploads / digest.removeprefix("sha256:")
            upload.write_bytes(content)
            await self.keep(upload, MARKER, digest)
        digest = f"sha256:{hashlib.sha256(image.manifest).hexdigest()}"
        await self.add_manifest(StoredManifest(MARKER, digest, MANIFEST_TYPE, image.manifest), TAG)

    def _path(self, digest: str) -> Path:
        name = digest.removeprefix("sha256:")
        return self._blobs / name[:2] / name


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
