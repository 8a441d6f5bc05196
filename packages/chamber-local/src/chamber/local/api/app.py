"""The routes below ``/v1/``, and who may use them."""

import logging
import re
import secrets
from importlib.metadata import version

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from chamber.local.access import Access, bearer_token
from chamber.local.api import (
    allocations,
    fleet_metrics,
    logs,
    search,
    statistics,
    submission,
    teams,
    templates,
    workload_metrics,
    workloads,
)
from chamber.local.api.answers import REQUEST_ID, answer, failure
from chamber.local.api.capacity import capacity
from chamber.local.api.errors import ApiError
from chamber.local.api.services import SERVICES, Services, services
from chamber.local.bodies import BodyTooLarge
from chamber.local.clock import stamp

__all__ = ["api_app"]

_logger = logging.getLogger(__name__)


def api_app(parts: Services, access: Access) -> web.Application:
    """The application to be mounted at ``/v1/``."""
    app = web.Application(middlewares=[_answered, _authorized(access, parts.organization_id)])
    app[SERVICES] = parts
    app.add_routes([*_ROUTES])
    return app


async def health(request: web.Request) -> web.Response:
    """GET /health, which needs no token."""
    now = services(request).ledger.clock()
    told = {"status": "healthy", "version": version("chamber-local"), "timestamp": stamp(now)}
    return answer(request, told)


_ROUTES = (
    web.get("/health", health),
    web.get("/workloads", workloads.list_workloads),
    web.post("/workloads", submission.submit),
    web.post("/workloads/search", search.search_workloads),
    web.get("/workloads/aggregations", search.aggregate_workloads),
    web.get("/workloads/stats", statistics.workload_statistics),
    web.get("/workloads/metrics", fleet_metrics.batch_metrics),
    web.get("/workloads/{workload_id}", workloads.get_workload),
    web.post("/workloads/{workload_id}/cancel", workloads.cancel_workload),
    web.get("/workloads/{workload_id}/metrics", workload_metrics.workload_metrics),
    web.get("/workloads/{workload_id}/logs", logs.workload_logs),
    web.get("/metrics", fleet_metrics.global_metrics),
    web.get("/teams", teams.list_teams),
    web.post("/teams", teams.create_team),
    web.get("/teams/{team_id}", teams.get_team),
    web.get("/templates", templates.list_templates),
    web.get("/templates/{template_id}", templates.get_template),
    web.get("/customer/allocations", allocations.list_allocations),
    web.post("/customer/allocations", allocations.create_allocation),
    web.get("/customer/allocations/{allocation_id}", allocations.get_allocation),
    web.get("/capacity", capacity),
)


@web.middleware
async def _answered(request: web.Request, handler: Handler) -> web.StreamResponse:
    request[REQUEST_ID] = _request_id(request.headers.get("X-Request-Id"))
    try:
        response = await handler(request)
    except Exception as error:
        response = failure(request, _told(error))
        if isinstance(error, web.HTTPMethodNotAllowed):
            response.headers["Allow"] = error.headers["Allow"]
    response.headers["X-Request-Id"] = request[REQUEST_ID]
    response.headers["Cache-Control"] = "no-store"
    return response


def _request_id(given: str | None) -> str:
    return given if given and re.fullmatch(r"[\x21-\x7e]{1,255}", given) else f"req_{secrets.token_hex(8)}"


def _told(error: Exception) -> ApiError:
    if isinstance(error, ApiError):
        return error
    if isinstance(error, BodyTooLarge):
        return ApiError(413, "PAYLOAD_TOO_LARGE", str(error))
    if isinstance(error, web.HTTPException):
        return ApiError(error.status, _CODES.get(error.status, "HTTP_ERROR"), error.reason)
    _logger.error("a request failed", exc_info=error)
    return ApiError(500, "INTERNAL", "the embedded Chamber failed to answer; its log says why")


_CODES = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}


def _authorized(access: Access, organization_id: str) -> Middleware:
    @web.middleware
    async def authorized(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.match_info.handler is not health:
            _check(request, access, organization_id)
        return await handler(request)

    return authorized


def _check(request: web.Request, access: Access, organization_id: str) -> None:
    if not access.allows(bearer_token(request.headers.get("Authorization", ""))):
        raise ApiError(401, "UNAUTHENTICATED", "send the token in an Authorization: Bearer header")
    if request.headers.get("X-Organization-Id", organization_id) != organization_id:
        raise ApiError(403, "FORBIDDEN", f"the token belongs to the organization {organization_id}")
