"""From what a handler returned, or raised, to a response in the dialect."""

from typing import Any

from aiohttp import web

from chamber.local.api.dialect import Dialect
from chamber.local.api.errors import ApiError

__all__ = ["REQUEST_ID", "answered", "refused"]

#: Where the request's id is kept during its handling.
REQUEST_ID = web.RequestKey("chamber_request_id", str)


def answered(request: web.Request, dialect: Dialect, answer: Any, status: int) -> web.Response:
    """A success."""
    return _json(dialect.render(answer, request[REQUEST_ID]), status)


def refused(request: web.Request, dialect: Dialect, error: ApiError) -> web.Response:
    """A refusal."""
    response = _json(dialect.refuse(error, request[REQUEST_ID]), error.status)
    response.headers.update(error.headers)
    return response


def _json(body: bytes, status: int) -> web.Response:
    return web.Response(status=status, body=body, content_type="application/json")
