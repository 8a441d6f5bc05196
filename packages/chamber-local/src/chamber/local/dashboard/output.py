"""What a workload prints, as it prints it."""

import asyncio
from pathlib import Path

from aiohttp import web

from chamber.local.api.services import Services, services, the_workload
from chamber.local.dashboard.exchange import DATA
from chamber.local.dashboard.streams import STREAMS, Message, resumed_from

__all__ = ["followed", "whole"]

_PIECE = 64 << 10
#: A reader who begins at the end gets this much of what is there, in bytes.
_TAIL = 256 << 10


async def followed(request: web.Request) -> web.StreamResponse:
    """The handler of ``/workloads/{id}/output``: ``output`` with offsets in bytes as ids, then ``end``."""
    parts = services(request)
    workload = await the_workload(parts, request.match_info["id"])
    log = parts.logs / f"{workload.id}.log"
    start = resumed_from(request)
    if start is None:
        start = await asyncio.to_thread(_tail, log)
    return await request.app[STREAMS].serve(request, _Output(parts, workload.id, log, start).look)


async def whole(request: web.Request) -> web.StreamResponse:
    """The handler of ``/workloads/{id}/output.txt``: all of it, to be kept as a file."""
    parts = services(request)
    workload = await the_workload(parts, request.match_info["id"])
    kept = {"Content-Disposition": f'attachment; filename="{workload.id}.txt"'}
    log = parts.logs / f"{workload.id}.log"
    if not await asyncio.to_thread(log.exists):
        return web.Response(text="", headers={**DATA, **kept})
    return web.FileResponse(log, headers={**DATA, **kept, "Content-Type": "text/plain; charset=utf-8"})


class _Output:
    """How far one reader is."""

    def __init__(self, parts: Services, workload_id: str, log: Path, offset: int) -> None:
        self._parts, self._workload_id, self._log, self._offset = parts, workload_id, log, offset
        self._begun = False

    async def look(self) -> Message | None:
        if not self._begun:
            self._begun = True
            return Message("begin", {"offset": self._offset}, self._offset)
        if message := await self._read(final=False):
            return message
        if not (await self._parts.ledger.get(self._workload_id)).finished:
            return None
        return await self._read(final=True) or Message("end", {"offset": self._offset}, self._offset, last=True)

    async def _read(self, *, final: bool) -> Message | None:
        piece = await asyncio.to_thread(_read, self._log, self._offset)
        piece = piece if final else _whole_characters(piece)
        if not piece:
            return None
        self._offset += len(piece)
        return Message("output", piece.decode(errors="replace"), self._offset)


def _read(log: Path, offset: int) -> bytes:
    try:
        with log.open("rb") as file:
            file.seek(offset)
            return file.read(_PIECE)
    except FileNotFoundError:
        return b""


def _tail(log: Path) -> int:
    """Where to begin so that the last 256 KiB follow, at the beginning of a line."""
    try:
        size = log.stat().st_size
    except FileNotFoundError:
        return 0
    if size <= _TAIL:
        return 0
    start = size - _TAIL
    return start + _read(log, start).find(b"\n") + 1


def _whole_characters(piece: bytes) -> bytes:
    """Without the beginning of a character of UTF-8 (RFC 3629, section 3) that is not complete yet."""
    for length in range(1, min(4, len(piece) + 1)):
        first = piece[-length]
        if first & 0xC0 == 0x80:
            continue
        needed = 4 if first >= 0xF0 else 3 if first >= 0xE0 else 2 if first >= 0xC0 else 1
        return piece[:-length] if needed > length else piece
    return piece
