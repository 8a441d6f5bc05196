"""Whether a registry answers and takes the login that is known for it."""

from chamber.core.transport import Transport
from chamber.run.reference import split_prefix
from chamber.run.registry.client import RegistryClient
from chamber.run.registry.credentials import Login
from chamber.run.targets import Registry

__all__ = ["look"]

_DOING = "a look at its API"
_OK = 200


async def look(transport: Transport, registry: Registry) -> str:
    """What is found at `registry`, in a sentence. Whether a repository may be pushed to is not looked at.

    Distribution specification 1.1, "Determining Support": GET /v2/.

    Raises RegistryAuthError: it takes no login that is known. Raises DockerError: it does not answer as one.
    """
    client = RegistryClient(transport, split_prefix(registry.prefix)[0], registry)

    async def asked() -> Login | None:
        async with client.exchange("GET", f"{client.url}/v2/", doing=_DOING, scopes=()) as answer:
            if answer.status != _OK:
                raise await client.refusal(_DOING, answer)
        client.require_login(())
        return client.login(())

    login = await client.patiently(_DOING, asked)
    if login is not None:
        who = "a stored token" if login.is_refresh_token else f"the login of {login.username!r}"
        return f"{client.host} answers and takes {who}"
    return f"{client.host} answers; no login is known for it: `docker login {client.host}` if it wants one for pushing"
