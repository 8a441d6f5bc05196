"""GET /workloads/{workload_id}/logs: a workload's output. chamber-local's own; Chamber publishes no such endpoint."""

import asyncio
import functools
import os
from pathlib import Path
from typing import Annotated

import msgspec
from aiohttp import web

from chamber.local.api.services import Services, the_workload
from chamber.local.executors.manifest import task_of
from chamber.local.executors.refusal import Refused

__all__ = ["AskedLogs", "workload_logs"]

_MOST = 1 << 20


class AskedLogs(msgspec.Struct):
    """`offset` in bytes."""

    offset: Annotated[int, msgspec.Meta(ge=0, le=1 << 62)] = 0


async def workload_logs(parts: Services, workload_id: str, query: AskedLogs) -> web.Response:
    """The output from byte `offset` on, at most 1 MiB; ask again from the header X-Next-Offset for what follows.

    X-Log-Ended is true when nothing follows any more, and X-Log-Pods how many pods print: with several, each line
    begins with ``[number of the pod] ``.
    """
    workload = await the_workload(parts, workload_id)
    output = await asyncio.to_thread(_read, parts.logs / f"{workload.id}.log", query.offset)
    headers = {
        "Content-Type": "text/plain; charset=utf-8",
        "X-Content-Type-Options": "nosniff",
        "X-Next-Offset": str(query.offset + len(output)),
        "X-Log-Ended": "true" if workload.finished and not output else "false",
        "X-Log-Pods": str(_pods(workload.k8s_manifest)),
    }
    return web.Response(body=output, headers=headers)


@functools.lru_cache(maxsize=64)
def _pods(manifest: str | None) -> int:
    try:
        return task_of(manifest).pods
    except Refused:
        return 1


def _read(log: Path, offset: int) -> bytes:
    try:
        with log.open("rb") as file:
            file.seek(min(offset, file.seek(0, os.SEEK_END)))  # no file system takes every number
            return file.read(_MOST)
    except FileNotFoundError:
        return b""
