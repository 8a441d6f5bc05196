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
from chamber.local.registry.store import Store
from chamber.local.registry.uploads import Uploads

__all__ = ["registry_app"]

_log = logger(__name__)

_VERSION = {"Docker-Distribution-Api-Version": "registry/2.0"}
_CHALLENGE = {"WWW-Authenticate": 'Basic realm="chamber-local"'}


def registry_app(store: Store, access: Access) -> web.Application:
    """The application to be mounted at ``/v2/``."""
    app = web.Application(middlewares=[_answered, _authenticated(access)])
    blobs, manifests, tags, uploads = Blobs(store), Manifests(store), Tags(store), Uploads(store)
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


def _authenticated(access: Access) -> Middleware:
    @web.middleware
    async def authenticated(request: web.Request, handler: Handler) -> web.StreamResponse:
        if access.user_of(_credential(request.headers.get("Authorization", ""))) is None:
            raise RegistryError(401, "UNAUTHORIZED", "log in with any user name and a token as the password")
        return await handler(request)

    return authenticated


def _credential(header: str) -> str | None:
    """The token: as a bearer token, or as the password of any user (RFC 7617)."""
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        return bearer_token(header)
    try:
        return base64.b64decode(value.strip(), validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return None
