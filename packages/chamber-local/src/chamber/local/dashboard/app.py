"""The application below ``/dashboard/``: who may use it, and how refusals are told."""

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from chamber.core.logs import logger
from chamber.local.access import Access
from chamber.local.api.callers import authenticated, calling
from chamber.local.api.errors import ApiError
from chamber.local.api.services import CALLER, SERVICES, Services
from chamber.local.dashboard import capacity, changes, files, workload, workloads
from chamber.local.dashboard import output as log
from chamber.local.dashboard.account import account
from chamber.local.dashboard.exchange import refused
from chamber.local.dashboard.streams import STREAMS, Streams

__all__ = ["dashboard_app"]

_FILES = "/dashboard/static/"
_log = logger(__name__)


def dashboard_app(parts: Services, access: Access) -> web.Application:
    """The application to be mounted at ``/dashboard/``."""
    app = web.Application(middlewares=[_answered, _authorized(parts, access)])
    app[SERVICES], app[STREAMS] = parts, Streams(lambda request: _admits(request, access))
    app.on_shutdown.append(_end_streams)
    app.add_routes(
        [
            web.get("/static/{name}", files.file),
            web.get("/account", account(access)),
            web.get("/workloads", workloads.listed),
            web.get("/workloads/{id}", workload.shown),
            web.get("/workloads/{id}/metrics", workload.measured),
            web.post("/workloads/{id}/cancel", workload.cancelled),
            web.get("/workloads/{id}/output", log.followed, allow_head=False),
            web.get("/workloads/{id}/output.txt", log.whole),
            web.get("/capacity", capacity.shown),
            web.get("/changes", changes.followed, allow_head=False),
        ]
    )
    return app


def _admits(request: web.Request, access: Access) -> bool:
    """True while whoever makes the request is signed in."""
    try:
        authenticated(request, access)
    except ApiError:
        return False
    return True


async def _end_streams(app: web.Application) -> None:
    app[STREAMS].end()


@web.middleware
async def _answered(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except ApiError as error:
        return refused(error)
    except web.HTTPException as error:
        return refused(ApiError(error.status, "HTTP_ERROR", error.reason))
    except Exception:
        _log.exception("a request of the dashboard failed")
        return refused(ApiError(500, "INTERNAL", "the Chamber failed to answer; its log says why"))


def _authorized(parts: Services, access: Access) -> Middleware:
    @web.middleware
    async def authorized(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.path.startswith(_FILES):
            user = authenticated(request, access)
            organization = request.query.get("organization_id") or user.organizations[0]
            request[CALLER] = calling(user, organization, parts.directory)
        return await handler(request)

    return authorized
