"""``/``: where a browser's ticket becomes a session. The dashboard stands behind it."""

from aiohttp import web
from aiohttp.typedefs import Handler

from chamber.local.access import Access, bearer_token
from chamber.local.dashboard_session import comes_from_here, cookie_name

__all__ = ["sign_in_routes"]

_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Sign in · Chamber</title>
<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<link rel="icon" href="/dashboard/static/icon.svg"><link rel="stylesheet" href="/dashboard/static/dashboard.css"></head>
<body><main class="sign-in"><h1>Chamber</h1><p>{}</p></main></body></html>
"""
_WHERE = "To sign in, open the address that was printed when this Chamber was started. It works once."
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def sign_in_routes(access: Access, dashboard: Handler) -> tuple[web.RouteDef, ...]:
    """``GET /``, ``POST /session/tickets`` for another ticket, and ``DELETE /session`` to sign out.

    `dashboard` is what ``/`` shows whoever is signed in.
    """
    return (
        web.get("/", _front(access, dashboard), allow_head=False),
        web.post("/session/tickets", _ticket(access)),
        web.delete("/session", _sign_out(access)),
    )


def _front(access: Access, dashboard: Handler) -> Handler:
    async def front(request: web.Request) -> web.StreamResponse:
        if ticket := request.query.get("ticket"):
            return _redeemed(request, access, ticket)
        if access.sessions.user_of(_session(request)) is None:
            return _page(401, _WHERE)
        return await dashboard(request)

    return front


def _redeemed(request: web.Request, access: Access, ticket: str) -> web.Response:
    """To the same page without the ticket, which so stays out of the history and of Referer headers."""
    session = access.sessions.redeem(ticket)
    if session is None:
        return _page(401, f"This ticket was used, or is too old. {_WHERE}")
    answer = web.Response(status=303, headers={**_HEADERS, "Location": "/"})
    name = cookie_name(request.headers.get("Host"))
    answer.set_cookie(name, session, path="/", httponly=True, samesite="Strict")
    return answer


def _ticket(access: Access) -> Handler:
    """For whoever has a token; never for a cookie, or a session would beget others."""

    async def ticket(request: web.Request) -> web.Response:
        user = access.user_of(bearer_token(request.headers.get("Authorization", "")))
        if user is None:
            return _page(401, _WHERE)
        return web.json_response({"ticket": access.sessions.ticket(user.name)}, status=201, headers=_HEADERS)

    return ticket


def _sign_out(access: Access) -> Handler:
    async def sign_out(request: web.Request) -> web.Response:
        if not comes_from_here(request.method, request.headers):
            return _page(403, "Only the dashboard's own pages may do this.")
        access.sessions.end(_session(request))
        answer = web.Response(status=204, headers=_HEADERS)
        answer.del_cookie(cookie_name(request.headers.get("Host")), path="/", httponly=True, samesite="Strict")
        return answer

    return sign_out


def _session(request: web.Request) -> str | None:
    return request.cookies.get(cookie_name(request.headers.get("Host")))


def _page(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=_PAGE.format(text), content_type="text/html", headers=_HEADERS)
