"""One HTTP exchange, with any host: sent once, read under a deadline, failures told in our own errors."""

from __future__ import annotations

import contextlib
import math
import re
from typing import TYPE_CHECKING, Any

import aiohttp
import msgspec
from multidict import CIMultiDict, CIMultiDictProxy

from chamber.core.errors import (
    ClientClosedError,
    DeadlineExceeded,
    TransportError,
    UnexpectedResponseError,
    ValidationError,
)
from chamber.core.transport import proxies
from chamber.core.transport.connections import Connections, url_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

__all__ = ["Request", "Streamed", "checked_headers", "exchange", "is_final"]

_CONNECT_WITHIN = 5.0
#: Seconds; to aiohttp 0 means for ever.
_SHORTEST_TIMEOUT = 0.001
_CHUNK = 64 << 10
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

_FINAL = (
    aiohttp.ClientConnectorCertificateError,
    aiohttp.ServerFingerprintMismatch,
    aiohttp.InvalidURL,
    aiohttp.NonHttpUrlClientError,
)


class Request(msgspec.Struct, frozen=True):
    """What is sent in each attempt of one call."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes | None = None
    #: Seconds without a byte after which an attempt is given up; None: it has all its time.
    silence: float | None = None

    def __repr__(self) -> str:
        return f"Request({self.method} {self.url})"


class Streamed:
    """An answer that is read piece by piece."""

    def __init__(self, response: aiohttp.ClientResponse, under_way: _Exchange) -> None:
        self.status: int = response.status
        self.headers: Mapping[str, str] = response.headers
        self._content = response.content
        self._exchange = under_way

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body, in pieces of at most 64 KiB."""
        while True:
            with self._exchange.told():
                chunk = await self._content.read(_CHUNK)
            if not chunk:
                return
            yield chunk

    async def read(self, limit: int = 4 << 20, *, cut: bool = False) -> bytes:
        """The body, of at most `limit` bytes; counted while it is inflated, so that it cannot fill the memory.

        Raises UnexpectedResponseError: it is longer, and not to be `cut`.
        """
        body = bytearray()
        async for chunk in self.chunks():
            body += chunk
            if len(body) > limit:
                break
        if len(body) <= limit or cut:
            return bytes(body[:limit])
        request = self._exchange.request
        raise UnexpectedResponseError(
            f"The answer is longer than {limit} bytes: ask for fewer items at once",
            self.status,
            request_id=request.headers.get("X-Request-Id"),
            method=request.method,
            url=request.url,
        )


@contextlib.asynccontextmanager
async def exchange(
    connections: Connections, request: Request, timeout: float, body: Any = None
) -> AsyncIterator[Streamed]:
    """Send one request, and have its answer. `timeout`: seconds until the whole answer is read.

    Raises TransportError: no answer came, or it broke off.
    """
    under_way = _Exchange(request, timeout)
    try:
        async with connections.under_way.until_closed(), _response(connections, under_way, body) as response:
            yield Streamed(response, under_way)
    except ClientClosedError as error:
        raise under_way.cut_off(error) from error


@contextlib.asynccontextmanager
async def _response(connections: Connections, under_way: _Exchange, body: Any) -> AsyncIterator[aiohttp.ClientResponse]:
    request, session = under_way.request, await connections.session()
    with under_way.told():
        response = await session.request(
            request.method,
            url_of(request.url),
            headers=request.headers,
            data=request.body if body is None else body,
            allow_redirects=False,
            proxy=proxies.proxy_for(request.url),
            timeout=_client_timeout(under_way.timeout, request.silence),
            trace_request_ctx=under_way,
        )
    async with response:
        yield response


def checked_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers. Raises ValidationError: one would end early and begin another."""
    for name, value in headers.items():
        if _CONTROL.search(f"{name}{value}"):
            raise ValidationError(f"The header {name!r} has a line break or another control character")
    return dict(headers)


def is_final(error: TransportError) -> bool:
    """Whether the same request would fail the same way again: a certificate or a URL is wrong."""
    return isinstance(error.__cause__, _FINAL)


class _Exchange:
    """One request under way."""

    def __init__(self, request: Request, timeout: float) -> None:
        self.request = request
        self.timeout: float = max(timeout, _SHORTEST_TIMEOUT)
        #: Whether its first byte was written.
        self.sent = False

    @contextlib.contextmanager
    def told(self) -> Iterator[None]:
        """Raises TransportError: what is done inside failed."""
        try:
            yield
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            _forget_headers(error)
            raise self._no_answer(error) from error

    def cut_off(self, error: ClientClosedError) -> TransportError:
        """The error of an exchange during which the client was closed."""
        return self._failed(TransportError, error.message)

    def _no_answer(self, error: Exception) -> TransportError:
        return self._failed(DeadlineExceeded if isinstance(error, TimeoutError) else TransportError, self._said(error))

    def _failed(self, kind: type[TransportError], message: str) -> TransportError:
        raised = kind(
            message,
            request_id=self.request.headers.get("X-Request-Id"),
            method=self.request.method,
            url=self.request.url,
        )
        raised.sent = self.sent
        return raised

    def _said(self, error: Exception) -> str:
        if isinstance(error, aiohttp.SocketTimeoutError) and self.request.silence is not None:
            return f"No byte came for {self.request.silence:g} s: try again"
        if isinstance(error, TimeoutError):
            return f"No answer came within {round(self.timeout, 2):g} s: try again, or pass a longer timeout"
        if isinstance(error, aiohttp.ClientConnectorCertificateError):
            return f"The certificate is not trusted ({error.certificate_error}): check the URL and the CA bundle"
        if self.sent:
            return f"The connection broke off ({type(error).__name__}: {error}): try again"
        reason = getattr(error, "os_error", None) or error
        return f"Could not be reached ({getattr(reason, 'strerror', None) or reason}): check the URL and the network"


def _client_timeout(seconds: float, silence: float | None) -> aiohttp.ClientTimeout:
    connect = min(_CONNECT_WITHIN, seconds)
    return aiohttp.ClientTimeout(total=seconds, sock_connect=connect, sock_read=silence, ceil_threshold=math.inf)


def _forget_headers(error: Exception) -> None:
    """The cause of an error is shown in many places; this one would show the token."""
    if isinstance(error, aiohttp.ClientResponseError):
        nothing = CIMultiDictProxy(CIMultiDict[str]())
        error.request_info = aiohttp.RequestInfo(error.request_info.url, error.request_info.method, nothing)
        error.args = (error.request_info, ())
        error.headers = None
