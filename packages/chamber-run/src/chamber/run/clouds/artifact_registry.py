"""What Google is asked: an access token, and to make a repository.

Tokens: https://cloud.google.com/docs/authentication/application-default-credentials and
https://cloud.google.com/sdk/gcloud/reference/auth/print-access-token. Repositories:
https://cloud.google.com/artifact-registry/docs/reference/rest/v1/projects.locations.repositories/create
"""

import asyncio
import os
from importlib.util import find_spec
from typing import Any

from msgspec import Struct, json

from chamber.core.errors import ConfigurationError, DockerError, TransportError, UnexpectedResponseError
from chamber.core.redaction import Secret, redacted
from chamber.core.unreadable import UNREADABLE
from chamber.run.clouds import web
from chamber.run.clouds.google import Place
from chamber.run.registry import programs

__all__ = ["create", "login"]

_USER = "oauth2accesstoken"
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_API = "https://artifactregistry.googleapis.com"
#: As gcloud has it: another place for the API.
_API_VARIABLE = "CLOUDSDK_API_ENDPOINT_OVERRIDES_ARTIFACTREGISTRY"
_METADATA = "metadata.google.internal"
_TOKEN_PATH = "/computeMetadata/v1/instance/service-accounts/default/token"  # noqa: S105 - a path
_SECONDS_OF_GCLOUD = 60.0
_SECONDS_OF_METADATA = 3.0
_OK, _CONFLICT = 200, 409
#: Looks at an operation that goes on, a second apart.
_LOOKS = 60
_NOBODY = (
    "for Google, run `gcloud auth login`, or `pip install 'chamber-run[google]'` and "
    "`gcloud auth application-default login`, or name a key file in GOOGLE_APPLICATION_CREDENTIALS"
)


class _Token(Struct):
    access_token: str


class _Operation(Struct):
    name: str
    done: bool = False
    error: Any = None


def login() -> tuple[str, str]:
    """The user for access tokens, and a token for the next hour.

    Raises ConfigurationError: there is nobody whom Google would know.
    """
    return _USER, asyncio.run(_token()).reveal()


def create(place: Place, path: str) -> None:
    """Make the repository that `path` begins with; one that is there already is left as it is.

    Raises DockerError: it may not be made. Raises ConfigurationError: there is nobody whom Google would know.
    """
    asyncio.run(_create(place, path))


async def _token() -> Secret:
    named = bool(os.environ.get("GOOGLE_APPLICATION_CREDENTIALS"))
    ways = [_of_default_credentials, _of_gcloud] if named else [_of_gcloud, _of_default_credentials]
    for way in ways:
        token = await way()
        if token is not None:
            return token
    raise ConfigurationError(_NOBODY)


async def _of_gcloud() -> Secret | None:
    command = ["gcloud", "auth", "print-access-token", "--quiet"]
    code, output, _ = await programs.ask(command, seconds=_SECONDS_OF_GCLOUD)
    token = programs.token_in(output) if code == 0 else ""
    return Secret(token) if token else None


async def _of_default_credentials() -> Secret | None:
    if find_spec("google") and find_spec("google.auth"):
        return await asyncio.to_thread(_of_google_auth)
    return await _of_metadata()


def _of_google_auth() -> Secret | None:
    import google.auth.exceptions
    import google.auth.transport.requests

    try:
        credentials, _ = google.auth.default(scopes=[_SCOPE])
        credentials.refresh(google.auth.transport.requests.Request())  # type: ignore[no-untyped-call]
    except google.auth.exceptions.DefaultCredentialsError as error:
        if os.environ.get("GOOGLE_APPLICATION_CREDENTIALS"):
            raise ConfigurationError(f"GOOGLE_APPLICATION_CREDENTIALS: {redacted(str(error))[:300]}") from None
        return None
    except google.auth.exceptions.GoogleAuthError as error:
        raise ConfigurationError(f"Google gave no token: {redacted(str(error))[:300]}") from None
    return Secret(str(credentials.token)) if credentials.token else None


async def _of_metadata() -> Secret | None:
    """The token of the machine's own account: https://cloud.google.com/compute/docs/metadata/overview."""
    host = os.environ.get("GCE_METADATA_HOST") or _METADATA
    url, headers = f"http://{host}{_TOKEN_PATH}", {"Metadata-Flavor": "Google"}
    try:
        status, body = await web.call("GET", url, headers, seconds=_SECONDS_OF_METADATA)
        return Secret(json.decode(body, type=_Token).access_token) if status == _OK else None
    except (TransportError, UnexpectedResponseError, *UNREADABLE):
        return None


async def _create(place: Place, path: str) -> None:
    project, repository = _named(place, path)
    token = await _token()
    api = web.site(os.environ.get(_API_VARIABLE) or _API)
    url = f"{api}/v1/projects/{project}/locations/{place.location}/repositories?repositoryId={repository}"
    status, body = await _authorized("POST", url, token, json.encode({"format": "DOCKER"}))
    what = f"the repository {repository} of {project} cannot be made"
    if status == _CONFLICT:
        return
    if status != _OK:
        raise web.said(what, status, body)
    operation = _operation(what, body)
    for _ in range(_LOOKS):
        if operation.done:
            break
        await asyncio.sleep(1)
        operation = _operation(what, (await _authorized("GET", f"{api}/v1/{operation.name}", token))[1])
    if operation.error:
        raise DockerError(f"{what}: {redacted(str(operation.error))[:300]}")


def _operation(what: str, body: bytes) -> _Operation:
    try:
        return json.decode(body, type=_Operation)
    except UNREADABLE:
        raise DockerError(f"{what}: Artifact Registry gave an answer that is not understood") from None


async def _authorized(method: str, url: str, token: Secret, body: bytes | None = None) -> tuple[int, bytes]:
    headers = {"Authorization": f"Bearer {token.reveal()}", "Content-Type": "application/json"}
    try:
        return await web.call(method, url, headers, body)
    except (TransportError, UnexpectedResponseError) as error:
        raise DockerError(f"Artifact Registry gave no answer. {error.message}") from error


def _named(place: Place, path: str) -> tuple[str, str]:
    """Project and repository of a path. A project of a domain is two parts of it, ``example.com/project``."""
    first, *rest = path.split("/")
    project = f"{first}:{rest.pop(0)}" if "." in first and rest else first
    if place.repository is None and not rest:
        raise ConfigurationError(f"{path!r} names no repository: it is project/repository/image")
    return project, place.repository or rest[0]
