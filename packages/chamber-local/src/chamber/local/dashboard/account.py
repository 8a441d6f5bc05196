"""Who uses the dashboard."""

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler

from chamber.local.access import Access
from chamber.local.api.services import services
from chamber.local.dashboard.exchange import told
from chamber.local.users import Role

__all__ = ["Account", "account"]


class Account(msgspec.Struct, frozen=True):
    """A user, and the organizations that they can look at."""

    user: str
    role: Role
    organization_id: str
    organizations: tuple[str, ...]


def account(access: Access) -> Handler:
    """The handler of ``/account``."""

    async def shown(request: web.Request) -> web.Response:
        caller = services(request).caller
        user = access.named(caller.user)
        organizations = tuple(user.organizations) if user else (caller.organization_id,)
        return told(Account(caller.user, caller.role, caller.organization_id, organizations))

    return shown
