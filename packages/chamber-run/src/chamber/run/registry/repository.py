"""One repository of a registry: its manifests and blobs.

OCI distribution specification 1.1, sections "Pull" and "Push". A blob is one POST and one PUT, started again
as a whole after a fault: uploads in pieces do not work at every registry.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from functools import partial
from typing import Any
from urllib.parse import quote, urlencode

from msgspec import Struct, json

from chamber.core.errors import DockerError
from chamber.core.transport.exchange import Streamed
from chamber.run.errors import RegistryAuthError
from chamber.run.images.layers import Layer
from chamber.run.reference import is_digest
from chamber.run.registry.authorization import Scopes
from chamber.run.registry.blobs import Moved, Verified, counted, pieces
from chamber.run.registry.client import Body, RegistryClient, joined
from chamber.run.registry.credentials import Login, in_plugin
from chamber.run.registry.manifests import ACCEPTED, Descriptor, Manifest, read_config, read_manifest
from chamber.run.registry.platforms import check_platform, choose_platform

__all__ = ["Image", "Repository", "digest_of"]

_OK, _CREATED, _ACCEPTED, _NOT_FOUND = 200, 201, 202, 404
#: Answers about a blob that is not there, or about which nothing is told where it lies: then it is sent.
_LACKING = {403, 404, 405}
_STORED = {_OK, _CREATED, _ACCEPTED}
_LARGEST_CONFIG = 8 << 20
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
        self._made: bool = False
        self._making = asyncio.Lock()

    async def find(self, tag: str) -> str | None:
        """The digest of what `tag` names; None: nothing."""
        return await self.client.patiently(f"a look for {self.name}:{tag}", partial(self._find, tag))

    async def image(self, reference: str, platform: str) -> Image:
        """The image with that tag or digest; of an index the one for `platform`, ``os/architecture[/variant]``.

        Raises DockerError: it is not there, is no image, or is for another platform.
        """
        digest, found = await self._manifest(reference)
        if not isinstance(found, Manifest):
            digest, found = await self._manifest(choose_platform(found, platform, f"{self.name}:{reference}").digest)
        if not isinstance(found, Manifest):
            raise DockerError(f"{self.name}:{reference} is an index of indexes, which is not supported")
        content = await self._small_blob(found.config)
        config = read_config(content, len(found.layers), f"{self.name}:{reference}")
        check_platform(config, platform, f"{self.name}:{reference}")
        return Image(digest, found, config)

    @property
    def login(self) -> Login | None:
        """Who the registry takes us for; None: nobody in particular, or it has not asked."""
        return self.client.login(self._scopes)

    async def require_push(self) -> None:
        """Begin an upload and give it up, to learn cheaply whether pushing is allowed; two small requests.

        A repository that has to be made first is made, where the registry's `create_repository` can.

        Raises RegistryAuthError: it is not. Raises DockerError: nothing can be pushed there for another reason.
        """
        doing = f"a push to {self.name}"
        location = await self.client.patiently(doing, partial(self._begun, None, doing))
        if location is not None:
            await self.client.give_up(location, doing=doing, scopes=self._scopes)

    async def has(self, digest: str) -> bool:
        """Whether the blob is there."""
        return await self.client.patiently(f"a look for a layer of {self.name}", partial(self._has, digest))

    async def put_layer(self, layer: Layer, moved: Moved | None = None) -> None:
        """Upload `layer`; `moved` is told how far it is, where it is large."""
        await self._put_blob(layer.digest, layer.size, lambda: nullcontext[Body](partial(pieces, layer)), moved=moved)

    async def put_config(self, content: bytes) -> None:
        """Upload an image's config."""
        await self._put_blob(digest_of(content), len(content), lambda: nullcontext[Body](content))

    async def take(self, blob: Descriptor, source: "Repository", moved: Moved | None = None) -> bool:
        """Have a blob of another repository here as well; False: the registry mounted it, and nothing was sent."""
        mount = source.path if source.client is self.client else None
        return await self._put_blob(blob.digest, blob.size, partial(source.opened, blob), mount, moved)

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
        url = f"{self._root}/blobs/{digest}"
        async with self.client.follow("HEAD", url, doing=doing, scopes=self._scopes) as answer:
            if answer.status != _OK and answer.status not in _LACKING:
                raise await self.client.refusal(doing, answer)
            return answer.status == _OK

    async def _put_blob(
        self, digest: str, size: int, source: "_Source", mount: str | None = None, moved: Moved | None = None
    ) -> bool:
        doing = f"an upload to {self.name}"
        return await self.client.patiently(doing, partial(self._upload, digest, size, source, mount, moved, doing))

    async def _upload(
        self, digest: str, size: int, source: "_Source", mount: str | None, moved: Moved | None, doing: str
    ) -> bool:
        location = await self._begun((digest, mount) if mount else None, doing)
        if location is None:
            return False
        url = f"{location}{'&' if '?' in location else '?'}digest={quote(digest, safe='')}"
        async with (
            source() as body,
            self.client.exchange(
                "PUT", url, doing=doing, scopes=self._scopes, headers=_BINARY, body=_telling(body, moved), size=size
            ) as answer,
        ):
            if answer.status != _CREATED:
                raise await self.client.refusal(doing, answer)
        return True

    async def _begun(self, mount: tuple[str, str] | None, doing: str) -> str | None:
        """Where to put a blob, in a repository that is made if need be; None: it was mounted."""
        try:
            return await self._upload_location(mount, doing)
        except DockerError as refused:
            if not await self._make(refused):
                raise
        return await self._upload_location(mount, doing)

    async def _make(self, refused: DockerError) -> bool:
        """Make the repository, once, if that may be what an upload was refused for; False: it is not."""
        create = self.client.known.create_repository
        is_forbidden = isinstance(refused, RegistryAuthError)
        if create is None or not (is_forbidden or refused.status_code == _NOT_FOUND):
            return False
        async with self._making:
            if not self._made:
                try:
                    await in_plugin("create_repository", create, self.path)
                except DockerError:
                    if is_forbidden:
                        return False
                    raise
            self._made = True
            return True

    async def _upload_location(self, mount: tuple[str, str] | None, doing: str) -> str | None:
        """Where to put a blob; None: the blob `mount[0]` was mounted from the repository `mount[1]`."""
        query = "?" + urlencode({"mount": mount[0], "from": mount[1]}, quote_via=quote, safe="") if mount else ""
        url = f"{self._root}/blobs/uploads/{query}"
        async with self.client.exchange("POST", url, doing=doing, scopes=self._scopes, body=b"") as answer:
            if mount and answer.status == _CREATED:
                return None
            if answer.status != _ACCEPTED or "Location" not in answer.headers:
                raise await self.client.refusal(doing, answer)
            return joined(url, answer.headers["Location"])

    async def _put_manifest(self, content: bytes, kind: str, tag: str) -> None:
        doing = f"the upload of {self.name}:{tag}"
        url = f"{self._root}/manifests/{tag}"
        headers = {"Content-Type": kind}
        async with self.client.exchange(
            "PUT", url, doing=doing, scopes=self._scopes, headers=headers, body=content
        ) as answer:
            if answer.status not in _STORED:
                raise await self.client.refusal(doing, answer)

    def _asking(self, method: str, path: str, doing: str, accept: str = "*/*") -> AbstractAsyncContextManager[Streamed]:
        url = f"{self._root}/{path}"
        return self.client.exchange(method, url, doing=doing, scopes=self._scopes, headers={"Accept": accept})


_Source = Callable[[], AbstractAsyncContextManager[Body]]


def _telling(body: Body, moved: Moved | None) -> Body:
    """`body`, which tells `moved` how far it is."""
    if moved is None or isinstance(body, bytes):
        return body
    return lambda: counted(body(), moved)


def digest_of(content: bytes) -> str:
    """``sha256:…`` of `content`."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _check_digest(content: bytes, digest: str, doing: str) -> None:
    algorithm, _, expected = digest.partition(":")
    if hashlib.new(algorithm, content).hexdigest() != expected:
        raise DockerError(f"{doing} came with other bytes than its digest says: nothing was used")
