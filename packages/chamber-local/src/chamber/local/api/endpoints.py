"""An endpoint: where it is, and what its handler's signature says that it takes and answers."""

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, get_type_hints

import msgspec
from aiohttp import web

from chamber.local.api import requests
from chamber.local.api.answers import answered
from chamber.local.api.services import services

__all__ = ["Endpoint", "endpoint"]

Takes = type[msgspec.Struct] | None


class Endpoint(msgspec.Struct, frozen=True):
    """A route below ``/v1``.

    `names` are the parts of its path, `refuses` the statuses of its own refusals, and a `public` one needs no token.
    """

    method: str
    path: str
    handler: Callable[..., Awaitable[Any]]
    names: tuple[str, ...]
    query: Takes
    body: Takes
    headers: Takes
    answers: Any
    status: int
    refuses: tuple[int, ...]
    public: bool

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answers a request. Raises ApiError."""
        parts = services(request)
        given: dict[str, Any] = {name: request.match_info[name] for name in self.names}
        if self.query:
            given["query"] = requests.query(request, self.query, parts.dialect)
        if self.headers:
            given["headers"] = requests.headers(request, self.headers, parts.dialect)
        if self.body:
            given["body"] = await requests.body(request, self.body, parts.dialect)
        answer = await self.handler(parts, **given)
        if isinstance(answer, web.StreamResponse):
            return answer
        return answered(request, parts.dialect, answer, self.status)


def endpoint(
    method: str,
    path: str,
    handler: Callable[..., Awaitable[Any]],
    *,
    status: int = 200,
    refuses: tuple[int, ...] = (),
    public: bool = False,
) -> Endpoint:
    """An endpoint whose handler takes Services, the parts of the path, and Structs called query, body and headers."""
    hints = get_type_hints(handler)
    names = list(inspect.signature(handler).parameters)[1:]
    return Endpoint(
        method=method,
        path=path,
        handler=handler,
        names=tuple(name for name in names if hints[name] is str),
        query=hints.get("query"),
        body=hints.get("body"),
        headers=hints.get("headers"),
        answers=hints["return"],
        status=status,
        refuses=refuses,
        public=public,
    )
