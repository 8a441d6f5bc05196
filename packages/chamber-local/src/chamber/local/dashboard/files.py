"""The page and its files, as they are in the package."""

import functools
import hashlib
from importlib.resources import files

import msgspec
from aiohttp import web

from chamber.local.api.errors import ApiError

__all__ = ["HEADERS", "file", "page"]

#: Of every answer: only this server's files are loaded or asked for, and no text ever becomes markup or a script.
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

_TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


class _File(msgspec.Struct, frozen=True):
    content: bytes
    content_type: str
    tag: str


async def page(_request: web.Request) -> web.Response:
    """The page, for whoever has a session. It holds no data."""
    found = _files()["index.html"]
    headers = {**HEADERS, "Cache-Control": "no-store"}
    return web.Response(body=found.content, content_type="text/html", charset="utf-8", headers=headers)


async def file(request: web.Request) -> web.Response:
    """One of the page's files, for everybody; browsers keep it, and ask whether it is still the same."""
    found = _files().get(request.match_info["name"])
    if found is None:
        raise ApiError(404, "NOT_FOUND", "the dashboard has no such file")
    headers = {**HEADERS, "Cache-Control": "no-cache", "ETag": f'"{found.tag}"'}
    if any(known.value == found.tag for known in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    return web.Response(body=found.content, content_type=found.content_type, charset="utf-8", headers=headers)


@functools.cache
def _files() -> dict[str, _File]:
    held = files("chamber.local.dashboard") / "static"
    return {entry.name: _read(entry.name, entry.read_bytes()) for entry in held.iterdir() if entry.is_file()}


def _read(name: str, content: bytes) -> _File:
    return _File(content, _TYPES[name.rpartition(".")[2]], hashlib.sha256(content).hexdigest()[:32])
