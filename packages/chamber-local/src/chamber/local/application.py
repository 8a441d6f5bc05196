"""The one application: the API, its description, the registry, the dashboard, and the faults in front of them."""

import functools
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from chamber.local.access import Access
from chamber.local.api.app import api_app
from chamber.local.api.dialect import Dialect
from chamber.local.api.dialects import DIALECTS
from chamber.local.api.errors import ApiError
from chamber.local.api.openapi import document
from chamber.local.api.services import Services
from chamber.local.dashboard.app import dashboard_app
from chamber.local.dashboard.files import page
from chamber.local.faults import Faults
from chamber.local.faults.injection import injecting
from chamber.local.ratelimits import Throttle
from chamber.local.registry.app import registry_app
from chamber.local.registry.store import Store
from chamber.local.sign_in import sign_in_routes

__all__ = ["application"]


def application(
    parts: Services, store: Store, access: Access, throttle: Throttle | None, faults: Faults
) -> web.Application:
    """Everything that is served."""
    app = web.Application(middlewares=[injecting(faults), _named(access, parts.dialect)])
    app.add_routes([web.get("/openapi.json", _described(parts)), *sign_in_routes(access, page)])
    app.add_subapp("/dashboard/", dashboard_app(parts, access))
    app.add_subapp("/v1/", api_app(parts, access, throttle))
    app.add_subapp("/v2/", registry_app(store, access))
    return app


def _described(parts: Services) -> Handler:
    async def described(_request: web.Request) -> web.Response:
        return web.json_response(_document(parts.dialect.name, parts.in_flight is not None))

    return described


@functools.cache
def _document(dialect: str, idempotency: bool) -> dict[str, Any]:
    """Made when it is first asked for: it takes longer than all the rest of a start."""
    return document(DIALECTS[dialect], idempotency=idempotency)


def _named(access: Access, dialect: Dialect) -> Middleware:
    @web.middleware
    async def named(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not access.answers_to(request.headers.get("Host")):
            body = dialect.refuse(ApiError(421, "MISDIRECTED", "the Host header names another server"), "")
            return web.Response(status=421, body=body, content_type="application/json")
        return await handler(request)

    return named
