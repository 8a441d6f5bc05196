"""The envelope: ``{"data", "metadata", "request_id"}`` or ``{"error", "request_id"}``."""

from typing import Any

import msgspec
from aiohttp import web

from chamber.local.api.errors import ApiError

__all__ = ["REQUEST_ID", "answer", "failure"]

#: Where the request's id is kept during its handling.
REQUEST_ID = web.RequestKey("chamber_request_id", str)


def answer(
    request: web.Request, data: Any, *, status: int = 200, metadata: dict[str, Any] | None = None
) -> web.Response:
    """A success. `data` is anything that msgspec encodes."""
    body = {"data": data, "request_id": request[REQUEST_ID]}
    return _json({**body, "metadata": metadata} if metadata is not None else body, status)


def failure(request: web.Request, error: ApiError) -> web.Response:
    """A refusal."""
    told = {"code": error.code, "message": error.message, "details": error.details}
    return _json({"error": told, "request_id": request[REQUEST_ID]}, error.status)


def _json(body: dict[str, Any], status: int) -> web.Response:
    return web.Response(status=status, body=msgspec.json.encode(body), content_type="application/json")
