"""Reading blobs and listing tags (OCI distribution spec, "Pulling blobs", "Listing Tags")."""

from urllib.parse import quote

import msgspec
from aiohttp import web

from chamber.local.registry.errors import RegistryError
from chamber.local.registry.names import check_digest, check_repository
from chamber.local.registry.store import STORE

__all__ = ["Blobs", "Tags"]


class Blobs:
    """The handlers of ``/v2/<name>/blobs/<digest>``."""

    async def get(self, request: web.Request) -> web.FileResponse:
        """GET and HEAD; a Range is served."""
        repository, digest = check_repository(request.match_info["name"]), check_digest(request.match_info["digest"])
        path = await request[STORE].blob_in(repository, digest)
        if path is None:
            raise RegistryError(404, "BLOB_UNKNOWN", "the repository has no such blob", digest)
        headers = {"Docker-Content-Digest": digest, "Content-Type": "application/octet-stream"}
        return web.FileResponse(path, headers=headers)


class Tags:
    """The handler of ``/v2/<name>/tags/list``."""

    async def get(self, request: web.Request) -> web.Response:
        """GET: tags in lexical order; ``n`` and ``last`` cut pages, and Link leads to the next."""
        repository = check_repository(request.match_info["name"])
        if not await request[STORE].has_repository(repository):
            raise RegistryError(404, "NAME_UNKNOWN", "nothing was pushed to this repository", repository)
        limit = _limit(request.query.get("n"))
        found = await request[STORE].tags(repository, request.query.get("last", ""), -1 if limit is None else limit + 1)
        shown = found[:limit]
        body = msgspec.json.encode({"name": repository, "tags": shown})
        headers = _link(repository, shown, limit) if len(found) > len(shown) else {}
        return web.Response(body=body, content_type="application/json", headers=headers)


def _limit(asked: str | None) -> int | None:
    if asked is None:
        return None
    if not asked.isascii() or not asked.isdigit() or len(asked) > 9:
        raise RegistryError(400, "PAGINATION_NUMBER_INVALID", "n is not a number of tags", asked)
    return int(asked)


def _link(repository: str, shown: tuple[str, ...], limit: int | None) -> dict[str, str]:
    if not shown:
        return {}
    return {"Link": f'</v2/{repository}/tags/list?n={limit}&last={quote(shown[-1])}>; rel="next"'}
