"""What Azure is asked: a token of the directory, and the registry's own token for it.

https://azure.github.io/acr/AAD-OAuth.html; workload identity: the variables that
https://azure.github.io/azure-workload-identity/docs/ sets in a pod.
"""

import asyncio
import os
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from msgspec import Struct, json

from chamber.core.errors import ConfigurationError, TransportError, UnexpectedResponseError
from chamber.core.unreadable import UNREADABLE
from chamber.run.clouds import web
from chamber.run.clouds.variables import pair
from chamber.run.registry import programs

__all__ = ["login"]

#: The user whose password is a token.
_TOKEN_USER = "00000000-0000-0000-0000-000000000000"  # noqa: S105 - a name, not a secret
_AUTHORITY = "https://login.microsoftonline.com"
_SCOPE = "https://containerregistry.azure.net/.default"
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_SECONDS_OF_AZ = 60.0
_OK = 200
_NOBODY = "for Azure, run `az login`, or set AZURE_CLIENT_ID and AZURE_CLIENT_SECRET to those of a service principal"


class _Answer(Struct, rename={"az_token": "accessToken"}):
    access_token: str = ""
    refresh_token: str = ""
    az_token: str = ""


def login(registry: str) -> tuple[str, str]:
    """User and password for the registry at ``https://name.azurecr.io``: those of a service principal in the
    environment, or a token for its workload identity, or one of the ``az`` command.

    Raises ConfigurationError: there is nobody whom Azure would know.
    """
    found = pair("AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET")
    return found or (_TOKEN_USER, asyncio.run(_token(registry)))


async def _token(registry: str) -> str:
    identity = [os.environ.get(f"AZURE_{name}", "") for name in ("CLIENT_ID", "TENANT_ID", "FEDERATED_TOKEN_FILE")]
    if all(identity):
        client, tenant, file = identity
        return await _exchanged(registry, tenant, await _of_workload(client, tenant, Path(file)))
    return await _of_az(registry)


async def _of_workload(client: str, tenant: str, file: Path) -> str:
    """The directory's token for the workload: OAuth 2.0 client credentials with an assertion (RFC 7523)."""
    authority = web.site(os.environ.get("AZURE_AUTHORITY_HOST") or _AUTHORITY)
    form = {
        "grant_type": "client_credentials",
        "client_id": client,
        "client_assertion_type": _ASSERTION,
        "client_assertion": _assertion(file),
        "scope": _SCOPE,
    }
    return (await _posted(f"{authority}/{tenant}/oauth2/v2.0/token", form)).access_token


def _assertion(file: Path) -> str:
    try:
        return file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise ConfigurationError(f"AZURE_FEDERATED_TOKEN_FILE: {file} cannot be read") from None


async def _exchanged(registry: str, tenant: str, token: str) -> str:
    """The registry's refresh token for a token of the directory."""
    service = urlsplit(registry).netloc
    form = {"grant_type": "access_token", "service": service, "tenant": tenant, "access_token": token}
    return (await _posted(f"{web.site(registry)}/oauth2/exchange", form)).refresh_token


async def _of_az(registry: str) -> str:
    name = urlsplit(registry).netloc.partition(".")[0]
    command = ["az", "acr", "login", "--name", name, "--expose-token", "--output", "json"]
    code, output, _ = await programs.ask(command, seconds=_SECONDS_OF_AZ)
    try:
        token = programs.token_in(json.decode(output, type=_Answer).az_token.encode()) if code == 0 else ""
    except UNREADABLE:
        token = ""
    if not token:
        raise ConfigurationError(_NOBODY)
    return token


async def _posted(url: str, form: dict[str, str]) -> _Answer:
    what = f"{urlsplit(url).netloc} gave no token"
    try:
        status, body = await web.call("POST", url, _FORM, urlencode(form).encode())
        answer = json.decode(body, type=_Answer) if status == _OK else None
    except (TransportError, UnexpectedResponseError, *UNREADABLE) as error:
        raise ConfigurationError(f"{what}: {error}") from None
    if answer is None or not (answer.access_token or answer.refresh_token):
        raise ConfigurationError(f"{what}: it answered {status}")
    return answer
