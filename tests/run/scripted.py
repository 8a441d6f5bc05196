"""A server on this machine that answers as each test has it: a registry, a token service, a cloud's own API."""

from collections.abc import Awaitable, Callable

from aiohttp import web

__all__ = ["Handler", "Scripted", "answering"]

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Scripted:
    """A server that answers as each test has it."""

    def __init__(self) -> None:
        self.answers: dict[str, Handler | list[Handler]] = {}
        self.requests: list[web.Request] = []
        self.bodies: list[bytes] = []
        self.host = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        self.bodies.append(await request.read())
        handler = self.answers.get(f"{request.method} {request.path}")
        if isinstance(handler, list):
            handler = handler.pop(0) if len(handler) > 1 else handler[0]
        return await handler(request) if handler else web.Response(status=404)

    def calls(self) -> list[str]:
        return [f"{request.method} {request.path}" for request in self.requests]


def answering(status: int = 200, body: bytes | str = b"", **headers: str) -> Handler:
    async def answer(request: web.Request) -> web.Response:
        content = body.encode() if isinstance(body, str) else body
        return web.Response(status=status, body=content, headers={k.replace("_", "-"): v for k, v in headers.items()})

    return answer
