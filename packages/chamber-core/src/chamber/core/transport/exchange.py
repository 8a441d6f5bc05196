"""One HTTP exchange, with any host: sent once, read under a deadline, failures told in our own errors."""

from __future__ import annotations

import asyncio
import functools
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
from chamber.core.redaction import redacted
from chamber.core.transport.connections import Connections, url_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from types import TracebackType

__all__ = ["Request", "Streamed", "checked_headers", "exchange", "is_final"]

_CONNECT_WITHIN = 5.0
#: Seconds; to aiohttp 0 means for ever.
_SHORTEST_TIMEOUT = 0.001
_CHUNK = 64 << 10
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

_FAILURES = (aiohttp.ClientError, TimeoutError, OSError, ValueError)
_READING = frozenset({"GET", "HEAD"})
#: ValueError: of a URL that is none.
_BEFORE_SENDING = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.NonHttpUrlClientError,
    ValueError,
)
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
        return f"Request({self.method} {redacted(self.url)})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("method", self.method), ("url", redacted(self.url))]


class Streamed:
    """An answer that is read piece by piece."""

    def __init__(self, response: aiohttp.ClientResponse, under_way: exchange) -> None:
        self.status: int = response.status
        self.headers: Mapping[str, str] = response.headers
        self._content = response.content
        self._exchange = under_way

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body, in pieces of at most 64 KiB."""
        while chunk := await self._exchange.chunk(self._content):
            yield chunk

    async def read(self, limit: int = 4 << 20, *, cut: bool = False) -> bytes:
        """The body, of at most `limit` bytes; counted while it is inflated, so that it cannot fill the memory.

        Raises UnexpectedResponseError: it is longer, and not to be `cut`.
        """
        pieces: list[bytes] = []
        size = 0
        while size <= limit and not self._content.at_eof() and (chunk := await self._exchange.chunk(self._content)):
            pieces.append(chunk)
            size += len(chunk)
        if size <= limit or cut:
            return b"".join(pieces)[:limit]
        request = self._exchange.request
        raise UnexpectedResponseError(
            f"The answer is longer than {limit} bytes: ask for fewer items at once",
            self.status,
            request_id=request.headers.get("X-Request-Id"),
            method=request.method,
            url=request.url,
        )


class exchange:  # noqa: N801  a context manager
    """Send one request, and have its answer inside. `timeout`: seconds until the whole answer is read.

    Raises TransportError: no answer came, or it broke off.
    """

    def __init__(self, connections: Connections, request: Request, timeout: float, body: Any = None) -> None:
        self.request = request
        #: Whether its first byte was written; where that is not noted, whether it may have been.
        self.sent: bool = False
        self._under_way = connections.under_way
        #: Noting it takes time, and sending once more what only reads does no harm.
        self._notes = not (request.method in _READING and self._under_way.has_answered)
        self._connections = connections
        self._timeout = max(timeout, _SHORTEST_TIMEOUT)
        self._body = request.body if body is None else body
        self._response: aiohttp.ClientResponse | None = None

    async def __aenter__(self) -> Streamed:
        now = asyncio.get_running_loop().time()
        self._end = now + self._timeout
        self._scope = self._under_way.until_closed(self._patience(now) - now)
        await self._scope.__aenter__()
        try:
            self._response = await self._answered()
        except BaseException as error:
            await self._left(error)
            raise
        self._under_way.has_answered = True
        return Streamed(self._response, self)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        response, self._response = self._response, None
        assert response is not None
        if error is not None:
            response.close()
        elif not response.content.at_eof():  # else its connection serves others already
            response.release()
        await self._left(error)

    async def chunk(self, content: aiohttp.StreamReader) -> bytes:
        """The next piece of the body; empty at its end."""
        try:
            if content.is_eof():  # all of it is here, read or not
                return content.read_nowait(_CHUNK)
            self._scope.extend(self._patience(asyncio.get_running_loop().time()))
            return await content.read(_CHUNK)
        except _FAILURES as error:
            raise self._failed_by(error) from error

    async def _answered(self) -> aiohttp.ClientResponse:
        request = self.request
        try:
            session = await self._connections.session(noting=self._notes)
            return await session.request(
                request.method,
                url_of(request.url),
                headers=request.headers,
                data=self._body,
                allow_redirects=False,
                proxy=self._connections.proxy(request.url, anew=not self._under_way.has_answered),
                timeout=_until_connected(min(_CONNECT_WITHIN, self._timeout)),
                trace_request_ctx=self if self._notes else None,
            )
        except _FAILURES as error:
            raise self._failed_by(error) from error

    async def _left(self, error: BaseException | None) -> None:
        """Leave the scope. Raises TransportError: the client was closed, or it took too long."""
        try:
            await self._scope.__aexit__(None if error is None else type(error), error, None)
        except ClientClosedError as closed:
            raise self._failed(TransportError, closed.message) from closed
        except TimeoutError as late:
            raise self._failed_by(late) from late

    def _patience(self, now: float) -> float:
        """The moment by which something has to come."""
        silence = self.request.silence
        return self._end if silence is None else min(self._end, now + silence)

    def _failed_by(self, error: Exception) -> TransportError:
        _forget_headers(error)
        self._under_way.has_answered = False
        if not self._notes:
            self.sent = self._response is not None or not isinstance(error, _BEFORE_SENDING)
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
        if isinstance(error, TimeoutError):
            if self.request.silence is not None and asyncio.get_running_loop().time() < self._end:
                return f"No byte came for {self.request.silence:g} s: try again"
            return f"No answer came within {round(self._timeout, 2):g} s: try again, or pass a longer timeout"
        if isinstance(error, aiohttp.ClientConnectorCertificateError):
            return f"The certificate is not trusted ({error.certificate_error}): check the URL and the CA bundle"
        if self.sent:
            return f"The connection broke off ({type(error).__name__}: {error}): try again"
        reason = getattr(error, "os_error", None) or error
        return f"Could not be reached ({getattr(reason, 'strerror', None) or reason}): check the URL and the network"


def checked_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers. Raises ValidationError: one would end early and begin another."""
    for name, value in headers.items():
        if _CONTROL.search(f"{name}{value}"):
            raise ValidationError(f"The header {name!r} has a line break or another control character")
    return dict(headers)


def is_final(error: TransportError) -> bool:
    """Whether the same request would fail the same way again: a certificate or a URL is wrong."""
    return isinstance(error.__cause__, _FINAL)


@functools.lru_cache(maxsize=16)
def _until_connected(seconds: float) -> aiohttp.ClientTimeout:
    """What comes after that has the scope of its exchange."""
    return aiohttp.ClientTimeout(total=None, sock_connect=seconds, ceil_threshold=math.inf)


def _forget_headers(error: Exception) -> None:
    """The cause of an error is shown in many places; this one would show the token."""
    if isinstance(error, aiohttp.ClientResponseError):
        nothing = CIMultiDictProxy(CIMultiDict[str]())
        error.request_info = aiohttp.RequestInfo(error.request_info.url, error.request_info.method, nothing)
        error.args = (error.request_info, ())
        error.headers = None
