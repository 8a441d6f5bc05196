"""Who makes a request, and in which organization."""

from aiohttp import web

from chamber.local.access import Access, bearer_token
from chamber.local.api.errors import ApiError, forbidden, invalid
from chamber.local.dashboard_session import HEADER, comes_from_here, cookie_name
from chamber.local.directory import Directory
from chamber.local.permissions import Caller
from chamber.local.users import Role, User

__all__ = ["authenticated", "calling", "identified"]


def identified(request: web.Request, access: Access, directory: Directory) -> Caller:
    """Who asks, and in which organization. Raises ApiError 400, 401 and 403."""
    user = authenticated(request, access)
    return calling(user, _organization(user, request.headers.get("X-Organization-Id")), directory)


def authenticated(request: web.Request, access: Access) -> User:
    """Who asks, by the Authorization header or else by the dashboard's cookie. Raises ApiError 401 and 403."""
    authorization = request.headers.get("Authorization")
    if authorization is not None:
        user = access.user_of(bearer_token(authorization))
    else:
        user = _of_the_dashboard(request, access)
    if user is None:
        raise ApiError(401, "UNAUTHENTICATED", "send the token as a bearer token in the header Authorization")
    return user


def calling(user: User, organization: str, directory: Directory) -> Caller:
    """A user in an organization. Raises ApiError 403 when it is not theirs."""
    if organization not in user.organizations:
        many = "s" if len(user.organizations) > 1 else ""
        raise forbidden(f"the token belongs to the organization{many} {', '.join(user.organizations)}")
    teams = frozenset[str]() if user.role is Role.ORG_ADMIN else directory.within(user.teams or (), organization)
    return Caller(user.name, Role(user.role), organization, teams)


def _of_the_dashboard(request: web.Request, access: Access) -> User | None:
    session = request.cookies.get(cookie_name(request.headers.get("Host")))
    user = access.named(access.sessions.user_of(session))
    if user is not None and not comes_from_here(request.method, request.headers):
        raise forbidden(f"the dashboard's cookie is for its own pages, which send {HEADER} with what changes something")
    return user


def _organization(user: User, asked: str | None) -> str:
    if asked is None and len(user.organizations) > 1:
        known = ", ".join(user.organizations)
        raise invalid("X-Organization-Id", f"is needed, because you belong to several organizations: {known}")
    return asked or user.organizations[0]
