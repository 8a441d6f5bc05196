"""Servers that write down all that they are sent, and answer as somebody who is after secrets would."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["ROLES", "strangers"]

Answer = Callable[[bytes, dict[str, str]], bytes]
Converse = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def _answer(status: str, body: str = "", *headers: str) -> bytes:
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body.encode())}", "Connection: close", *headers]
    return "\r\n".join([*head, "", body]).encode()


def _moved(request: bytes, hosts: dict[str, str]) -> bytes:
    """An API, or a registry that takes a login, that sends its callers to a stranger."""
    wants_login = b"GET /v2/" in request and b"uthorization:" not in request
    if wants_login:
        return _answer("401 Unauthorized", "", 'WWW-Authenticate: Basic realm="r"')
    return _answer("307 Temporary Redirect", "", f"Location: http://{hosts['stranger']}/stolen")


def _echo(request: bytes, _hosts: dict[str, str]) -> bytes:
    """An API that repeats in its error what it was sent, as some debugging proxies do."""
    said = request.decode(errors="replace").replace("\\", "\\\\").replace('"', '\\"').replace("\r\n", "\\n")
    body = f'{{"error": {{"code": "BAD", "message": "you sent {said}", "details": [{{"headers": "{said}"}}]}}}}'
    return _answer("418 Teapot", body, "Content-Type: application/json", "X-Debug: " + said[:20])


def _realm(_request: bytes, _hosts: dict[str, str]) -> bytes:
    """A registry that wants its login sent elsewhere."""
    return _answer("401 Unauthorized", "", 'WWW-Authenticate: Bearer realm="https://stranger.test/token",service="s"')


def _refusing(_request: bytes, _hosts: dict[str, str]) -> bytes:
    """A registry that takes no login."""
    return _answer("401 Unauthorized", '{"errors": []}', 'WWW-Authenticate: Basic realm="r"')


def _proxy(_request: bytes, _hosts: dict[str, str]) -> bytes:
    return _answer("407 Proxy Authentication Required", "", 'Proxy-Authenticate: Basic realm="p"')


def _nothing(_request: bytes, _hosts: dict[str, str]) -> bytes:
    return _answer("200 OK", "{}", "Content-Type: application/json")


#: Who is there, and what they answer.
ROLES: dict[str, Answer] = {
    "stranger": _nothing,
    "moved": _moved,
    "echo": _echo,
    "realm": _realm,
    "helped": _refusing,
    "plugged": _refusing,
    "asked": _refusing,
    "proxy": _proxy,
}


@contextmanager
def strangers(folder: Path) -> Iterator[dict[str, str]]:
    """Who listens where. Each request is kept in ``<folder>/<role>``."""
    folder.mkdir()
    started, hosts, stop = threading.Event(), dict[str, str](), asyncio.Event()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_until_complete, args=[_served(folder, hosts, started, stop)])
    thread.start()
    started.wait()
    try:
        yield hosts
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


async def _served(folder: Path, hosts: dict[str, str], started: threading.Event, stop: asyncio.Event) -> None:
    servers = []
    for role, answer in ROLES.items():
        server = await asyncio.start_server(_conversation(folder / role, answer, hosts), "127.0.0.1", 0)
        hosts[role] = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        servers.append(server)
    started.set()
    await stop.wait()
    for server in servers:
        server.close()


def _conversation(kept: Path, answer: Answer, hosts: dict[str, str]) -> Converse:
    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await asyncio.wait_for(_request(reader), 10)
            with kept.open("ab") as file:
                file.write(request + b"\n\n")
            writer.write(answer(request, hosts))
            await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    return converse


async def _request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    lengths = [line.partition(b":")[2] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    return head + (await reader.readexactly(int(lengths[0])) if lengths else b"")
