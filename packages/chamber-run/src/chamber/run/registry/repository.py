"""One repository of a registry: its manifests and blobs.

OCI distribution specification 1.1, sections "Pull" and "Push". A blob is one POST and one PUT, started again
as a whole after a fault: uploads in pieces do not work at every registry.
"""

import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from functools import partial
from typing import Any
from urllib.parse import quote, urljoin

from msgspec import Struct, json

from chamber.core.errors import DockerError
from chamber.core.transport.exchange import Streamed
from chamber.run.images.layers import Layer
from chamber.run.reference import is_digest
from chamber.run.registry.authorization import Scopes
from chamber.run.registry.blobs import Verified, pieces
from chamber.run.registry.client import Body, RegistryClient
from chamber.run.registry.manifests import ACCEPTED, Descriptor, Manifest, choose_platform, read_config, read_manifest

__all__ = ["Image", "Repository", "digest_of"]

_OK, _CREATED, _ACCEPTED, _NOT_FOUND = 200, 201, 202, 404
_LARGEST_CONFIG = 8 << 20
_EMPTY = f"sha256:{hashlib.sha256().hexdigest()}"
_BINARY = {"Content-Type": "application/octet-stream"}


class Image(Struct, frozen=True):
    """A manifest as it lies in a repository, and the config that it names."""

    digest: str
    manifest: Manifest
    config: dict[str, Any]


class Repository:
    """The repository `path` of a registry; `scopes`: what will be done there, for registries that hand out tokens."""

    def __init__(self, client: RegistryClient, path: str, scopes: Scopes = ()) -> None:
        self.client = client
        self.path = path
        self.name: str = f"{client.host}/{path}"
        self._root = f"{client.url}/v2/{path}"
        self._scopes = scopes or (f"repository:{path}:pull",)

    async def find(self, tag: str) -> str | None:
        """The digest of what `tag` names; None: nothing."""
        return await self.client.patiently(f"a look for {self.name}:{tag}", partial(self._find, tag))

    async def image(self, reference: str, platform: str) -> Image:
        """The image with that tag or digest; of an index the one for `platform` (``os/architecture``).

        Raises DockerError: it is not there, or is no image.
        """
        digest, found = await self._manifest(reference)
        if not isinstance(found, Manifest):
            digest, found = await self._manifest(choose_platform(found, platform, f"{self.name}:{reference}").digest)
        if not isinstance(found, Manifest):
            raise DockerError(f"{self.name}:{reference} is an index of indexes, which is not supported")
        content = await self._small_blob(found.config)
        return Image(digest, found, read_config(content, len(found.layers), f"{self.name}:{reference}"))

    async def has(self, digest: str) -> bool:
        """Whether the blob is there."""
        return await self.client.patiently(f"a look for a layer of {self.name}", partial(self._has, digest))

    async def require_push(self) -> None:
        """Begin an upload, and give it up: raises RegistryAuthError when this login may not push here."""
        doing = f"an upload to {self.name}"
        await self.client.patiently(doing, partial(self._begin_and_cancel, doing))

    async def put_layer(self, layer: Layer) -> None:
        """Upload `layer`."""
        await self._put_blob(layer.digest, layer.size, lambda: nullcontext[Body](partial(pieces, layer)))

    async def put_config(self, content: bytes) -> None:
        """Upload an image's config."""
        await self._put_blob(digest_of(content), len(content), lambda: nullcontext[Body](content))

    async def take(self, blob: Descriptor, source: "Repository") -> bool:
        """Have a blob of another repository here as well; False: the registry mounted it, and nothing was sent."""
        mount = source.path if source.client is self.client else None
        return await self._put_blob(blob.digest, blob.size, partial(source.opened, blob), mount)

    async def put_manifest(self, manifest: Manifest, tag: str) -> str:
        """Store `manifest` under `tag`; its digest."""
        content = json.encode(manifest)
        await self.client.patiently(
            f"the upload of {self.name}:{tag}", partial(self._put_manifest, content, manifest.media_type, tag)
        )
        return digest_of(content)

    @asynccontextmanager
    async def opened(self, blob: Descriptor) -> AsyncIterator[Body]:
        """The content of a blob while it is downloaded, to be asked for once, and verified by who reads it."""
        async with self.client.download(
            f"{self._root}/blobs/{blob.digest}",
            doing=f"the download of a layer of {self.name}",
            scopes=self._scopes,
            size=blob.size,
        ) as answer:
            checked = Verified(answer.chunks(), blob.digest, blob.size, self.client.host)
            try:
                yield checked.chunks
            finally:
                checked.raise_failure()

    async def _find(self, tag: str) -> str | None:
        async with self._asking("HEAD", f"manifests/{tag}", f"a look for {self.name}:{tag}", ACCEPTED) as answer:
            if answer.status == _NOT_FOUND:
                return None
            if answer.status != _OK:
                raise await self.client.refusal(f"a look for {self.name}:{tag}", answer)
            known = answer.headers.get("Docker-Content-Digest")
        return known if is_digest(known or "") else (await self._fetch_manifest(tag))[0]

    async def _manifest(self, reference: str) -> tuple[str, Manifest | tuple[Descriptor, ...]]:
        digest, content, kind = await self.client.patiently(
            f"the manifest of {self.name}", partial(self._fetch_manifest, reference)
        )
        return digest, read_manifest(content, kind, f"{self.name}:{reference}")

    async def _fetch_manifest(self, reference: str) -> tuple[str, bytes, str]:
        doing = f"the manifest of {self.name}:{reference}"
        async with self._asking("GET", f"manifests/{reference}", doing, ACCEPTED) as answer:
            if answer.status != _OK:
                raise await self.client.refusal(doing, answer)
            content = await answer.read()
            kind = answer.headers.get("Content-Type", "")
        digest = digest_of(content)
        if ":" in reference:
            _check_digest(content, reference, doing)
            digest = reference
        return digest, content, kind

    async def _small_blob(self, blob: Descriptor) -> bytes:
        if blob.size > _LARGEST_CONFIG:
            raise DockerError(f"the config of {self.name} has {blob.size} bytes, which is too much")
        return await self.client.patiently(f"the config of {self.name}", partial(self._read, blob))

    async def _read(self, blob: Descriptor) -> bytes:
        async with self.opened(blob) as body:
            assert callable(body)
            return b"".join([piece async for piece in body()])

    async def _has(self, digest: str) -> bool:
        doing = f"a look for a layer of {self.name}"
        async with self._asking("HEAD", f"blobs/{digest}", doing) as answer:
            if answer.status not in {_OK, _NOT_FOUND}:
                raise await self.client.refusal(doing, answer)
            return answer.status == _OK

    async def _put_blob(self, digest: str, size: int, source: "_Source", mount: str | None = None) -> bool:
        doing = f"an upload to {self.name}"
        return await self.client.patiently(doing, partial(self._upload, digest, size, source, mount, doing))

    async def _upload(self, digest: str, size: int, source: "_Source", mount: str | None, doing: str) -> bool:
        location = await self._upload_location(digest, mount, doing)
        if location is None:
            return False
        async with (
            source() as body,
            self.client.exchange(
                "PUT", location, doing=doing, scopes=self._scopes, headers=_BINARY, body=body, size=size
            ) as answer,
        ):
            if answer.status != _CREATED:
                raise await self.client.refusal(doing, answer)
        return True

    async def _upload_location(self, digest: str, mount: str | None, doing: str) -> str | None:
        """Where to PUT the blob; None: it was mounted from the repository `mount`."""
        query = f"?mount={quote(digest, safe='')}&from={quote(mount, safe='')}" if mount else ""
        url = f"{self._root}/blobs/uploads/{query}"
        async with self.client.exchange("POST", url, doing=doing, scopes=self._scopes, body=b"") as answer:
            if mount and answer.status == _CREATED:
                return None
            if answer.status != _ACCEPTED or "Location" not in answer.headers:
                raise await self.client.refusal(doing, answer)
            location = urljoin(url, answer.headers["Location"])
        return f"{location}{'&' if '?' in location else '?'}digest={quote(digest, safe='')}"

    async def _begin_and_cancel(self, doing: str) -> None:
        location = await self._upload_location(_EMPTY, None, doing)
        assert location is not None
        async with self.client.exchange("DELETE", location, doing=doing, scopes=self._scopes):
            pass  # not every registry knows how, and all forget uploads that nobody goes on with

    async def _put_manifest(self, content: bytes, kind: str, tag: str) -> None:
        doing = f"the upload of {self.name}:{tag}"
        url = f"{self._root}/manifests/{tag}"
        headers = {"Content-Type": kind}
        async with self.client.exchange(
            "PUT", url, doing=doing, scopes=self._scopes, headers=headers, body=content
        ) as answer:
            if answer.status != _CREATED:
                raise await self.client.refusal(doing, answer)

    def _asking(self, method: str, path: str, doing: str, accept: str = "*/*") -> AbstractAsyncContextManager[Streamed]:
        url = f"{self._root}/{path}"
        return self.client.exchange(method, url, doing=doing, scopes=self._scopes, headers={"Accept": accept})


_Source = Callable[[], AbstractAsyncContextManager[Body]]


def digest_of(content: bytes) -> str:
    """``sha256:…`` of `content`."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _check_digest(content: bytes, digest: str, doing: str) -> None:
    algorithm, _, expected = digest.partition(":")
    if hashlib.new(algorithm, content).hexdigest() != expected:
        raise DockerError(f"{doing} came with other bytes than its digest says: nothing was used")
