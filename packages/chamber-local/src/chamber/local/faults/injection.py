"""Faults on real connections."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from chamber.local.faults.faults import Due, Faults
from chamber.local.faults.kinds import Fault
from chamber.local.faults.rewriting import cursor_repeated, enums_unknown, statuses_unknown

__all__ = ["injecting"]

_PAGE = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><h1>Sign in to this network</h1></body></html>"
#: How many pieces a body drips in.
_DROPS = 20
#: Close with a reset, not with a farewell (socket(7), SO_LINGER).
_AT_ONCE = struct.pack("ii", 1, 0)


def injecting(faults: Faults) -> Middleware:
    """The outermost middleware: what it does, nothing can repair. Whoever watches is spared."""

    @web.middleware
    async def injected(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path == "/" or request.path.startswith("/dashboard/"):
            return await handler(request)
        due = faults.due(request.method, request.path)
        if due is None:
            return await handler(request)
        return await _befallen(request, handler, faults, due)

    return injected


async def _befallen(request: web.Request, handler: Handler, faults: Faults, due: Due) -> web.StreamResponse:
    fault = due.fault
    if fault.kind == "reset_before" or (fault.kind == "status" and not fault.acted):
        faults.came(due, request.method, request.path)
        return _reset(request) if fault.kind == "reset_before" else _made(fault)
    answer = await handler(request)
    changed = await _CHANGES[fault.kind](fault, request, answer)
    if changed is None:
        faults.passed(due)
        return answer
    faults.came(due, request.method, request.path)
    return changed


async def _reset_after(_fault: Fault, request: web.Request, _answer: web.StreamResponse) -> web.StreamResponse:
    return _reset(request)


async def _delayed(fault: Fault, _request: web.Request, answer: web.StreamResponse) -> web.StreamResponse:
    await asyncio.sleep(1.0 if fault.seconds is None else fault.seconds)
    return answer


async def _status_after(fault: Fault, _request: web.Request, _answer: web.StreamResponse) -> web.StreamResponse:
    return _made(fault)


async def _page(_fault: Fault, _request: web.Request, _answer: web.StreamResponse) -> web.StreamResponse:
    return web.Response(body=_PAGE, content_type="text/html")


async def _truncated(_fault: Fault, request: web.Request, answer: web.StreamResponse) -> web.StreamResponse | None:
    body = _body(answer)
    if not body or request.transport is None:
        return None
    cut = web.StreamResponse(status=answer.status, headers=_headers(answer))
    cut.content_length = len(body)
    await cut.prepare(request)
    await cut.write(body[: len(body) // 2])
    request.transport.close()
    return cut


async def _dripping(fault: Fault, request: web.Request, answer: web.StreamResponse) -> web.StreamResponse | None:
    body = _body(answer)
    if not body:
        return None
    slow = web.StreamResponse(status=answer.status, headers=_headers(answer))
    slow.content_length = len(body)
    await slow.prepare(request)
    pause = (1.0 if fault.seconds is None else fault.seconds) / _DROPS
    with suppress(ConnectionError):  # whoever asked may have had enough
        for start in range(0, len(body), size := -(-len(body) // _DROPS)):
            await asyncio.sleep(pause)
            await slow.write(body[start : start + size])
    return slow


async def _relabelled(fault: Fault, _request: web.Request, answer: web.StreamResponse) -> web.StreamResponse:
    named = {name.title(): value for name, value in fault.headers.items()}
    answer.headers["Content-Type"] = named.get("Content-Type", "text/plain; charset=utf-8")
    return answer


async def _rewritten(fault: Fault, request: web.Request, answer: web.StreamResponse) -> web.StreamResponse | None:
    body = _body(answer)
    changed = _REWRITES[fault.kind](request, body) if body else None
    return web.Response(status=answer.status, headers=_headers(answer), body=changed) if changed else None


_Change = Callable[[Fault, web.Request, web.StreamResponse], Awaitable[web.StreamResponse | None]]

_CHANGES: Mapping[str, _Change] = {
    "reset_after": _reset_after,
    "delay": _delayed,
    "drip": _dripping,
    "status": _status_after,
    "truncate": _truncated,
    "content_type": _relabelled,
    "html": _page,
    "unknown_status": _rewritten,
    "unknown_enum": _rewritten,
    "repeat_cursor": _rewritten,
}

_REWRITES: Mapping[str, Callable[[web.Request, bytes], bytes | None]] = {
    "unknown_status": statuses_unknown,
    "unknown_enum": enums_unknown,
    "repeat_cursor": cursor_repeated,
}


def _reset(request: web.Request) -> web.Response:
    """Resets the connection; nobody gets the response."""
    if request.transport is not None:
        request.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        request.transport.abort()
    return web.Response()


def _made(fault: Fault) -> web.Response:
    body = fault.body.encode() if isinstance(fault.body, str) else fault.body
    return web.Response(status=fault.status, headers=fault.headers, body=body)


def _body(answer: web.StreamResponse) -> bytes | None:
    body = answer.body if isinstance(answer, web.Response) else None
    return bytes(body) if isinstance(body, bytes | bytearray) else None


def _headers(answer: web.StreamResponse) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name.lower() != "content-length"}
