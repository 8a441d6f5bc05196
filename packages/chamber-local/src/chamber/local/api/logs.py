"""GET /workloads/{workload_id}/logs: a workload's output. chamber-local's own; Chamber publishes no such endpoint."""

import asyncio
from pathlib import Path
from typing import Annotated

import msgspec
from aiohttp import web

from chamber.local.api import requests
from chamber.local.api.services import services, the_workload

__all__ = ["workload_logs"]

_MOST = 1 << 20


class _Logs(msgspec.Struct):
    offset: Annotated[int, msgspec.Meta(ge=0, le=1 << 62)] = 0


async def workload_logs(request: web.Request) -> web.Response:
    """The output from byte `offset` on, at most 1 MiB; ask again from the header X-Next-Offset for what follows."""
    workload, asked = await the_workload(request), requests.query(request, _Logs)
    log = services(request).logs / f"{workload.id}.log"
    output = await asyncio.to_thread(_read, log, asked.offset)
    headers = {
        "Content-Type": "text/plain; charset=utf-8",
        "X-Content-Type-Options": "nosniff",
        "X-Next-Offset": str(asked.offset + len(output)),
    }
    return web.Response(body=output, headers=headers)


def _read(log: Path, offset: int) -> bytes:
    try:
        with log.open("rb") as file:
            file.seek(offset)
            return file.read(_MOST)
    except FileNotFoundError:
        return b""
