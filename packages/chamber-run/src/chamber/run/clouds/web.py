"""One HTTP request from a thread: to a cloud's own services, without redirects."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from chamber.core.errors import ConfigurationError, DockerError
from chamber.core.loopback import is_loopback
from chamber.core.redaction import redacted
from chamber.core.transport.connections import Connections
from chamber.core.transport.exchange import Request, exchange

__all__ = ["call", "said", "site"]

_SECONDS = 20.0
_LARGEST = 1 << 20


async def call(
    method: str,
    url: str,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    *,
    seconds: float = _SECONDS,
) -> tuple[int, bytes]:
    """Status and body of the answer.

    Raises TransportError: no answer came. Raises UnexpectedResponseError: it is too long.
    """
    connections = Connections()
    try:
        async with exchange(connections, Request(method, url, dict(headers or {}), body), seconds) as answer:
            return answer.status, await answer.read(_LARGEST)
    finally:
        await connections.close()


def site(url: str) -> str:
    """`url`, without a slash at its end. Raises ConfigurationError: what goes there could be read on the way."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ConfigurationError(f"{redacted(url)} is not a URL") from None
    if parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.netloc)):
        return url.rstrip("/")
    raise ConfigurationError(f"{redacted(url)} must be https, because a token is sent there")


def said(what: str, status: int, body: bytes) -> DockerError:
    """The error for an answer that is not the one hoped for."""
    text = redacted(" ".join(body.decode(errors="replace").split()))[:300]
    return DockerError(f"{what}: {status} {text}", status)
