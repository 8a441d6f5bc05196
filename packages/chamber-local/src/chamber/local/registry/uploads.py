"""Blob uploads: in one request or in several, hashed while they are written to disk.

OCI distribution spec, "Pushing blobs". A docker push is one PATCH of unknown length without Content-Range.
"""

import asyncio
import hashlib
import re
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO

from aiohttp import StreamReader, web

from chamber.local.registry.errors import RegistryError
from chamber.local.registry.names import check_digest, check_repository
from chamber.local.registry.store import STORE, Store

__all__ = ["Uploads"]

_PIECE = 1 << 20
_MOST_OPEN = 256


class Uploads:
    """The handlers of ``/v2/<name>/blobs/uploads/``."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._open: dict[str, _Upload] = {}

    async def start(self, request: web.Request) -> web.Response:
        """POST: mounts a blob, takes one whole, or opens an upload."""
        repository = check_repository(request.match_info["name"])
        if "mount" in request.query and await self._mount(request, repository):
            return _created(repository, request.query["mount"])
        session = self._begin(request[STORE].organization_id, repository)
        if "digest" in request.query and "mount" not in request.query:
            return await self._finish(request, session)
        return _accepted(session, self._open[session])

    async def append(self, request: web.Request) -> web.Response:
        """PATCH: a piece; with Content-Range it must begin where the upload ends."""
        session = self._session(request)
        upload = self._open[session]
        _check_range(request, upload)
        await self._take(request, session)
        return _accepted(session, upload)

    async def finish(self, request: web.Request) -> web.Response:
        """PUT ?digest=: the last piece, which may be empty; the blob is kept if its digest is right."""
        session = self._session(request)
        _check_range(request, self._open[session])
        return await self._finish(request, session)

    async def status(self, request: web.Request) -> web.Response:
        """GET: how far it is."""
        session = self._session(request)
        answer = _accepted(session, self._open[session])
        answer.set_status(204)
        return answer

    async def cancel(self, request: web.Request) -> web.Response:
        """DELETE: drops it."""
        self._drop(self._session(request))
        return web.Response(status=204)

    def _begin(self, organization_id: str, repository: str) -> str:
        if len(self._open) >= _MOST_OPEN:
            self._drop(next(iter(self._open)))
        session = secrets.token_hex(16)
        self._open[session] = _Upload((organization_id, repository), self._store.uploads / session)
        return session

    def _session(self, request: web.Request) -> str:
        repository, session = check_repository(request.match_info["name"]), request.match_info["session"]
        upload = self._open.get(session)
        if upload is None or upload.place != (request[STORE].organization_id, repository):
            raise RegistryError(404, "BLOB_UPLOAD_UNKNOWN", "there is no such upload: start again with POST", session)
        return session

    async def _mount(self, request: web.Request, repository: str) -> bool:
        digest, source = check_digest(request.query["mount"]), request.query.get("from")
        if source is None or await request[STORE].blob_in(check_repository(source), digest) is None:
            return False
        await request[STORE].link(repository, digest)
        return True

    async def _take(self, request: web.Request, session: str) -> None:
        upload = self._open[session]
        if upload.busy:
            raise RegistryError(409, "BLOB_UPLOAD_INVALID", "another request is writing to this upload", session)
        try:
            await upload.take(request.content)
        except BaseException:  # the rest of the piece will not come: what was hashed is of no use
            self._drop(session)
            raise

    async def _finish(self, request: web.Request, session: str) -> web.Response:
        digest = check_digest(request.query.get("digest", ""))
        upload = self._open[session]
        await self._take(request, session)
        if upload.digest != digest:
            self._drop(session)
            raise RegistryError(400, "DIGEST_INVALID", "the content has another digest", upload.digest)
        del self._open[session]
        await request[STORE].keep(upload.path, upload.repository, digest)
        return _created(upload.repository, digest)

    def _drop(self, session: str) -> None:
        if upload := self._open.pop(session, None):
            upload.path.unlink(missing_ok=True)


class _Upload:
    """A blob that is being received, for a repository of an organization."""

    def __init__(self, place: tuple[str, str], path: Path) -> None:
        self.place, self.path, self.size = place, path, 0
        self._hash = hashlib.sha256()
        self.busy = False
        path.touch(mode=0o600)

    @property
    def repository(self) -> str:
        return self.place[1]

    @property
    def digest(self) -> str:
        return f"sha256:{self._hash.hexdigest()}"

    async def take(self, body: StreamReader) -> None:
        self.busy = True
        with self.path.open("ab") as file:
            async for piece in _pieces(body):
                await asyncio.to_thread(self._write, file, piece)
        self.busy = False

    def _write(self, file: BinaryIO, piece: bytes) -> None:
        file.write(piece)
        self._hash.update(piece)
        self.size += len(piece)


async def _pieces(body: StreamReader) -> AsyncIterator[bytes]:
    held = bytearray()
    async for chunk in body.iter_any():
        held += chunk
        if len(held) >= _PIECE:
            yield bytes(held)
            held.clear()
    if held:
        yield bytes(held)


def _check_range(request: web.Request, upload: _Upload) -> None:
    asked = request.headers.get("Content-Range")
    if asked is None:
        return
    match = re.fullmatch(r"(?:bytes[ =])?(\d+)-(\d+)(?:/.*)?", asked)
    if match is None or int(match[1]) != upload.size:
        raise RegistryError(416, "BLOB_UPLOAD_INVALID", f"the next byte of this upload is {upload.size}", asked)


def _accepted(session: str, upload: _Upload) -> web.Response:
    headers = {
        "Location": f"/v2/{upload.repository}/blobs/uploads/{session}",
        "Range": f"0-{max(upload.size - 1, 0)}",
        "Docker-Upload-UUID": session,
    }
    return web.Response(status=202, headers=headers)


def _created(repository: str, digest: str) -> web.Response:
    headers = {"Location": f"/v2/{repository}/blobs/{digest}", "Docker-Content-Digest": digest}
    return web.Response(status=201, headers=headers)
