"""One HTTP call: pool, headers, deadline, body cap, retry loop; and a streaming call for image registries."""

from __future__ import annotations

import contextlib
import random
import uuid
from typing import TYPE_CHECKING, Any

import aiohttp
import msgspec

from chamber.core import proxies, wire
from chamber.core.clock import Clock, Deadline
from chamber.core.connections import Connections, url_of
from chamber.core.errors import (
    ClientClosedError,
    DeadlineExceeded,
    RateLimitError,
    TransportError,
    UnexpectedResponseError,
)
from chamber.core.retry import KEYED_WRITE, READ, Outcome, Policy, delay, retry_after
from chamber.core.settings import Settings, checked_timeout
from chamber.core.wire import Answer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from chamber.core.paths import ApiPath

__all__ = ["Request", "Streamed", "Transport"]

_CONNECT_WITHIN = 5.0
_LARGEST_ANSWER = 32 << 20
_LARGEST_ERROR = 64 << 10
_CHUNK = 64 << 10

_NEVER_SENT = (
    aiohttp.ClientConnectorError,
    aiohttp.ClientProxyConnectionError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.InvalidURL,
)
_NEVER_RETRIED = (
    aiohttp.ClientConnectorCertificateError,
    aiohttp.ServerFingerprintMismatch,
    aiohttp.InvalidURL,
)


class Request(msgspec.Struct, frozen=True):
    """What is sent in each attempt of one call."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes | None = None


class Transport:
    """The calls of one client."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self.settings = settings
        self.clock = clock or Clock()
        self.dialect = wire.Dialect()
        self._connections = Connections()
        self._closed = False

    async def call(
        self,
        method: str,
        path: ApiPath,
        *,
        params: Mapping[str, object] | None = None,
        body: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        policy: Policy | None = None,
    ) -> Answer:
        """Call the API; try again as `policy` says (by default: reads are repeated, writes are not).

        `timeout`: seconds for the whole call, retries and waits included.

        Raises ResponseError: the API refused or failed. Raises TransportError: no answer came.
        """
        request = self._request(method, path, params, body, headers)
        chosen = policy or (READ if method in {"GET", "HEAD"} else KEYED_WRITE)
        limit = checked_timeout(timeout) or self.settings.timeout or chosen.deadline
        return await self._attempts(request, chosen, Deadline(self.clock, limit))

    @contextlib.asynccontextmanager
    async def stream(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | Callable[[], AsyncIterator[bytes]] | None = None,
        timeout: float = 60.0,
    ) -> AsyncIterator[Streamed]:
        """One exchange with any host: no retry, no redirect, no credentials but those in `headers`.

        `timeout`: seconds until the whole answer is read. A body that is a function is called once.

        Raises TransportError: no answer came, or it broke off.
        """
        self._check_open()
        async with self._exchange(
            Request(method, url, dict(headers or {})), timeout, body() if callable(body) else body
        ) as response:
            yield Streamed(response)

    async def close(self) -> None:
        """Close the connections of the running loop; further calls are refused."""
        self._closed = True
        await self._connections.close()

    def _request(
        self,
        method: str,
        path: ApiPath,
        params: Mapping[str, object] | None,
        body: Mapping[str, object] | None,
        headers: Mapping[str, str] | None,
    ) -> Request:
        query = wire.encode_query(params)
        return Request(
            method,
            f"{self.settings.api_url}/{path}{'?' if query else ''}{query}",
            {**self._headers(body is not None), **(headers or {})},
            None if body is None else wire.encode_body(body),
        )

    def _headers(self, has_body: bool) -> dict[str, str]:
        headers = {"Accept": "application/json", "Authorization": f"Bearer {self.settings.token.reveal()}"}
        if self.settings.organization_id:
            headers["X-Organization-Id"] = self.settings.organization_id
        if has_body:
            headers["Content-Type"] = "application/json"
        return headers

    async def _attempts(self, request: Request, policy: Policy, deadline: Deadline) -> Answer:
        attempt = 1
        while True:
            outcome: Answer | TransportError
            try:
                outcome = await self._attempt(request, policy, deadline, attempt)
            except TransportError as error:
                outcome = error
            if isinstance(outcome, Answer) and outcome.status < 300:
                return outcome
            wait = delay(policy, _outcome(outcome), attempt, deadline.remaining, random.random())  # noqa: S311
            if wait is None:
                raise _error(outcome)
            await self.clock.sleep(wait)
            attempt += 1

    async def _attempt(self, request: Request, policy: Policy, deadline: Deadline, number: int) -> Answer:
        self._check_open()
        headers = {
            **request.headers,
            "X-Request-Id": uuid.uuid4().hex,
            "X-Chamber-Attempt": f"{number}/{policy.attempts}",
            "X-Chamber-Elapsed-Ms": str(int(deadline.elapsed * 1000)),
        }
        timeout = min(policy.attempt_timeout, deadline.remaining)
        sent = msgspec.structs.replace(request, headers=headers)
        async with self._exchange(sent, timeout, request.body) as response:
            limit = _LARGEST_ANSWER if response.status < 300 else _LARGEST_ERROR
            body = await _read(response, limit, cut=response.status >= 300)
            return Answer(
                response.status, response.headers, body, request.method, request.url, number, deadline.elapsed
            )

    @contextlib.asynccontextmanager
    async def _exchange(self, request: Request, timeout: float, body: Any) -> AsyncIterator[aiohttp.ClientResponse]:
        session = self._connections.session()
        try:
            async with session.request(
                request.method,
                url_of(request.url),
                headers=request.headers,
                data=body,
                allow_redirects=False,
                proxy=proxies.proxy_for(request.url),
                timeout=aiohttp.ClientTimeout(total=timeout, sock_connect=min(_CONNECT_WITHIN, timeout)),
            ) as response:
                yield response
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise _no_answer(error, request, timeout) from error

    def _check_open(self) -> None:
        if self._closed:
            raise ClientClosedError("This client is closed: make a new one, or use it inside its with block")


class Streamed:
    """An answer that is read piece by piece."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.status = response.status
        self.headers: Mapping[str, str] = response.headers
        self._response = response

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body, in pieces of at most 64 KiB."""
        async for chunk in self._response.content.iter_chunked(_CHUNK):
            yield chunk

    async def read(self, limit: int = 4 << 20) -> bytes:
        """The body, of at most `limit` bytes. Raises UnexpectedResponseError: it is longer."""
        return await _read(self._response, limit)


async def _read(response: aiohttp.ClientResponse, limit: int, cut: bool = False) -> bytes:
    """The decoded body, counted while it is inflated, so that a small answer cannot fill the memory."""
    body = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK):
        body += chunk
        if len(body) > limit and not cut:
            raise UnexpectedResponseError(
                f"The answer is longer than {limit} bytes: ask for fewer items at once",
                response.status,
                method=response.method,
                url=str(response.url),
            )
        if len(body) > limit:
            break
    return bytes(body[:limit])


def _outcome(ended: Answer | TransportError) -> Outcome:
    if isinstance(ended, TransportError):
        retried = not isinstance(ended.__cause__, _NEVER_RETRIED)
        return Outcome(sent=ended.sent, should_retry=None if retried else False)
    return Outcome(
        ended.status,
        retry_after=retry_after(ended.headers),
        should_retry={"true": True, "false": False}.get(ended.headers.get("X-Should-Retry", "").lower()),
    )


def _error(ended: Answer | TransportError) -> Exception:
    if isinstance(ended, TransportError):
        return ended
    error = wire.failure(ended)
    if isinstance(error, RateLimitError):
        error.retry_after = retry_after(ended.headers)
    return error


def _no_answer(error: Exception, request: Request, timeout: float) -> TransportError:
    kind = TransportError
    if isinstance(error, TimeoutError):
        kind = DeadlineExceeded
        said = f"No answer came within {timeout:g} s: try again, or pass a longer timeout"
    elif isinstance(error, aiohttp.ClientConnectorCertificateError):
        said = f"The certificate is not trusted ({error.certificate_error}): check the URL and the CA bundle"
    elif isinstance(error, _NEVER_SENT):
        reason = getattr(error, "os_error", None) or error
        said = f"Could not be reached ({getattr(reason, 'strerror', None) or reason}): check the URL and the network"
    else:
        said = f"The connection broke off ({type(error).__name__}: {error}): try again"
    raised = kind(said, method=request.method, url=request.url)
    raised.sent = not isinstance(error, _NEVER_SENT)
    return raised
