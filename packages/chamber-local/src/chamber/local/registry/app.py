"""The routes below ``/v2/``, and who may use them."""

import base64
import binascii

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from chamber.core.logs import logger
from chamber.local.access import Access, bearer_token
from chamber.local.bodies import BodyTooLarge
from chamber.local.registry.blobs import Blobs, Tags
from chamber.local.registry.errors import RegistryError, error_answer
from chamber.local.registry.manifests import Manifests
from chamber.local.registry.marker import MARKER
from chamber.local.registry.store import STORE, Store
from chamber.local.registry.uploads import Uploads
from chamber.local.users import ORGANIZATION, User

__all__ = ["registry_app"]

_log = logger(__name__)

_VERSION = {"Docker-Distribution-Api-Version": "registry/2.0"}
_CHALLENGE = {"WWW-Authenticate": 'Basic realm="chamber-local"'}


def registry_app(store: Store, access: Access) -> web.Application:
    """The application to be mounted at ``/v2/``."""
    app = web.Application(middlewares=[_answered, _authenticated(access, store)])
    blobs, manifests, tags, uploads = Blobs(), Manifests(), Tags(), Uploads(store)
    app.add_routes(
        [
            web.get("/", _base),
            web.get("/{name:.+}/tags/list", tags.get),
            web.get("/{name:.+}/manifests/{reference}", manifests.get),
            web.put("/{name:.+}/manifests/{reference}", manifests.put),
            web.post("/{name:.+}/blobs/uploads/", uploads.start),
            web.get("/{name:.+}/blobs/uploads/{session}", uploads.status, allow_head=False),
            web.patch("/{name:.+}/blobs/uploads/{session}", uploads.append),
            web.put("/{name:.+}/blobs/uploads/{session}", uploads.finish),
            web.delete("/{name:.+}/blobs/uploads/{session}", uploads.cancel),
            web.get("/{name:.+}/blobs/{digest}", blobs.get),
        ]
    )
    return app


async def _base(_request: web.Request) -> web.Response:
    return web.json_response({})


@web.middleware
async def _answered(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        answer = await handler(request)
    except RegistryError as error:
        answer = error_answer(error)
        if error.status == 401:
            answer.headers.update(_CHALLENGE)
    except BodyTooLarge as error:
        answer = error_answer(RegistryError(413, "SIZE_INVALID", str(error)))
    except web.HTTPException as error:
        code = "NAME_UNKNOWN" if error.status == 404 else "UNSUPPORTED"
        answer = error_answer(RegistryError(error.status, code, error.reason, request.path))
    except Exception:
        _log.exception("a request to the registry failed")
        answer = error_answer(RegistryError(500, "UNKNOWN", "the embedded registry failed; its log says why"))
    answer.headers.update(_VERSION)
    return answer


def _authenticated(access: Access, store: Store) -> Middleware:
    @web.middleware
    async def authenticated(request: web.Request, handler: Handler) -> web.StreamResponse:
        name, token = _credential(request.headers.get("Authorization", ""))
        organization = access.puller_for(token) if request.method in {"GET", "HEAD"} else None
        if organization is None:
            organization = _organization(access.user_of(token), name)
        if organization is None:
            raise RegistryError(401, "UNAUTHORIZED", "log in with any user name and a token as the password")
        if _changes_the_marker(request) and organization != ORGANIZATION:
            raise RegistryError(403, "DENIED", f"{MARKER} is everybody's: only {ORGANIZATION} may change it")
        request[STORE] = store.of(organization)
        return await handler(request)

    return authenticated


def _organization(user: User | None, name: str) -> str | None:
    """Whose repositories a user means: of the organization that they log in as, else of their first."""
    if user is None:
        return None
    return name if name in user.organizations else (user.organizations or (ORGANIZATION,))[0]


def _changes_the_marker(request: web.Request) -> bool:
    return request.method not in {"GET", "HEAD"} and request.match_info.get("name") == MARKER


def _credential(header: str) -> tuple[str, str | None]:
    """The name and the token: as a bearer token, or as the password of any user (RFC 7617)."""
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        return "", bearer_token(header)
    try:
        name, _, token = base64.b64decode(value.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", None
    return name, token
