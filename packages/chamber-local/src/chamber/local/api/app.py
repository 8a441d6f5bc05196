"""The application below ``/v1/``: who may use it, and how refusals are told."""

import re
import secrets

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from chamber.core.logs import logger
from chamber.local.access import Access
from chamber.local.api.answers import REQUEST_ID, refused
from chamber.local.api.callers import identified
from chamber.local.api.dialect import Dialect
from chamber.local.api.endpoints import Endpoint
from chamber.local.api.errors import ApiError
from chamber.local.api.routes import ENDPOINTS
from chamber.local.api.services import CALLER, SERVICES, Services
from chamber.local.bodies import BodyTooLarge
from chamber.local.ratelimits import Throttle

__all__ = ["api_app"]

_log = logger(__name__)

_METHODS = {"GET": web.get, "POST": web.post}
_PUBLIC = frozenset(endpoint.path for endpoint in ENDPOINTS if endpoint.public)


def api_app(parts: Services, access: Access, throttle: Throttle | None) -> web.Application:
    """The application to be mounted at ``/v1/``."""
    app = web.Application(middlewares=[_answered(parts.dialect), _authorized(parts, access, throttle)])
    app[SERVICES] = parts
    app.add_routes([_METHODS[e.method](_pattern(e), e.serve) for e in ENDPOINTS])
    return app


def _pattern(endpoint: Endpoint) -> str:
    """The path for aiohttp: an id is none of the words that stand in its place in other paths."""
    parent, _, last = endpoint.path.rpartition("/")
    if not last.startswith("{"):
        return endpoint.path
    words = {e.path.removeprefix(f"{parent}/") for e in ENDPOINTS if e.path.startswith(f"{parent}/")}
    taken = "|".join(sorted(word for word in words if word.isalpha()))
    return f"{parent}/{{{last[1:-1]}:(?!(?:{taken})$)[^{{}}/]+}}" if taken else endpoint.path


def _answered(dialect: Dialect) -> Middleware:
    @web.middleware
    async def answered(request: web.Request, handler: Handler) -> web.StreamResponse:
        request[REQUEST_ID] = _request_id(request.headers.get("X-Request-Id"))
        try:
            response = await handler(request)
        except Exception as error:
            response = refused(request, dialect, _told(error))
            if isinstance(error, web.HTTPMethodNotAllowed):
                response.headers["Allow"] = error.headers["Allow"]
        response.headers["X-Request-Id"] = request[REQUEST_ID]
        response.headers["Cache-Control"] = "no-store"
        return response

    return answered


def _request_id(given: str | None) -> str:
    return given if given and re.fullmatch(r"[\x21-\x7e]{1,255}", given) else f"req_{secrets.token_hex(8)}"


def _told(error: Exception) -> ApiError:
    if isinstance(error, ApiError):
        return error
    if isinstance(error, BodyTooLarge):
        return ApiError(413, "PAYLOAD_TOO_LARGE", str(error))
    if isinstance(error, web.HTTPException):
        return ApiError(error.status, _CODES.get(error.status, "HTTP_ERROR"), error.reason)
    _log.error("a request failed", exc_info=error)
    return ApiError(500, "INTERNAL", "the embedded Chamber failed to answer; its log says why")


_CODES = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}


def _authorized(parts: Services, access: Access, throttle: Throttle | None) -> Middleware:
    @web.middleware
    async def authorized(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.removeprefix("/v1") not in _PUBLIC:
            request[CALLER] = identified(request, access, parts.directory)
            if throttle and (refusal := throttle.refuses(request[CALLER].user, parts.ledger.clock())):
                message = f"too many requests: send this one again in {refusal.seconds:.3g} seconds"
                raise ApiError(429, "RATE_LIMITED", message, headers=refusal.headers)
        return await handler(request)

    return authorized
