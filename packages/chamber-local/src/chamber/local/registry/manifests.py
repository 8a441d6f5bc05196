"""Manifests by tag and by digest (OCI distribution spec, "Pulling manifests", "Pushing Manifests")."""

import hashlib
from typing import Any

import msgspec
from aiohttp import web

from chamber.core.unreadable import UNREADABLE
from chamber.local.bodies import read_body
from chamber.local.registry.errors import RegistryError
from chamber.local.registry.names import check_reference, check_repository, is_digest
from chamber.local.registry.store import STORE, Store
from chamber.local.storage.images import StoredManifest

__all__ = ["MANIFEST_LIMIT", "Manifests"]

#: The largest manifest that is taken, in bytes; the spec asks for at least 4 MiB.
MANIFEST_LIMIT = 4 << 20

_DOCKER = "application/vnd.docker.distribution.manifest"
_OCI = "application/vnd.oci.image"
_IMAGES = frozenset({f"{_OCI}.manifest.v1+json", f"{_DOCKER}.v2+json"})
_INDEXES = frozenset({f"{_OCI}.index.v1+json", f"{_DOCKER}.list.v2+json"})


class _Descriptor(msgspec.Struct, rename="camel"):
    digest: str
    media_type: str = ""
    urls: list[str] = []


class _Manifest(msgspec.Struct, rename="camel"):
    config: _Descriptor | None = None
    layers: list[_Descriptor] = []
    manifests: list[_Descriptor] = []
    media_type: str | None = None
    subject: _Descriptor | None = None


class Manifests:
    """The handlers of ``/v2/<name>/manifests/<reference>``."""

    async def get(self, request: web.Request) -> web.Response:
        """GET and HEAD."""
        repository, reference = _asked(request)
        manifest = await request[STORE].manifest(repository, reference)
        if manifest is None:
            raise await self._unknown(request[STORE], repository, reference)
        headers = {"Docker-Content-Digest": manifest.digest, "Content-Type": manifest.media_type}
        return web.Response(body=manifest.content, headers=headers)

    async def put(self, request: web.Request) -> web.Response:
        """PUT: kept byte for byte, when everything that it refers to is in the repository."""
        repository, reference = _asked(request)
        content = await read_body(request, MANIFEST_LIMIT)
        manifest = StoredManifest(repository, _digest(content), _media_type(request, content), content)
        if is_digest(reference) and reference != manifest.digest:
            raise RegistryError(400, "DIGEST_INVALID", "the manifest has another digest", manifest.digest)
        await self._check_parts(request[STORE], repository, _decode(content))
        await request[STORE].add_manifest(manifest, None if is_digest(reference) else reference)
        headers = {
            "Location": f"/v2/{repository}/manifests/{manifest.digest}",
            "Docker-Content-Digest": manifest.digest,
        }
        return web.Response(status=201, headers=headers)

    async def _check_parts(self, store: Store, repository: str, manifest: _Manifest) -> None:
        blobs = (manifest.config, *manifest.layers) if manifest.config else manifest.layers
        for blob in blobs:
            if not blob.urls and await store.blob_in(repository, blob.digest) is None:
                raise RegistryError(404, "MANIFEST_BLOB_UNKNOWN", "push the blob before the manifest", blob.digest)
        for part in manifest.manifests:
            if await store.manifest(repository, part.digest) is None:
                raise RegistryError(404, "MANIFEST_UNKNOWN", "push the manifest before its index", part.digest)

    async def _unknown(self, store: Store, repository: str, reference: str) -> RegistryError:
        if await store.has_repository(repository):
            return RegistryError(404, "MANIFEST_UNKNOWN", "there is no such manifest", reference)
        return RegistryError(404, "NAME_UNKNOWN", "nothing was pushed to this repository", repository)


def _asked(request: web.Request) -> tuple[str, str]:
    return check_repository(request.match_info["name"]), check_reference(request.match_info["reference"])


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _decode(content: bytes) -> _Manifest:
    try:
        return msgspec.json.decode(content, type=_Manifest)
    except UNREADABLE as error:
        raise RegistryError(400, "MANIFEST_INVALID", f"not an image manifest or index: {error}") from error


def _media_type(request: web.Request, content: bytes) -> str:
    manifest = _decode(content)
    declared: Any = request.headers.get("Content-Type", "").partition(";")[0].strip()
    said = manifest.media_type or declared
    if declared in _IMAGES | _INDEXES and said != declared:
        raise RegistryError(400, "MANIFEST_INVALID", f"Content-Type is {declared}, mediaType is {said}")
    if said not in (_INDEXES if manifest.manifests else _IMAGES | _INDEXES):
        raise RegistryError(400, "MANIFEST_INVALID", f"{said or 'no media type'} is not a kind of manifest kept here")
    if said in _IMAGES and manifest.config is None:
        raise RegistryError(400, "MANIFEST_INVALID", "the manifest has no config")
    return said
