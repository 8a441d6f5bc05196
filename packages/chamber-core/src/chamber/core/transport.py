"""One HTTP call: pool, headers, deadline, body cap, retry loop; and a streaming call for image registries."""

from __future__ import annotations

import contextlib
import math
import random
import re
import uuid
from typing import TYPE_CHECKING, Any

import aiohttp
import msgspec
from multidict import CIMultiDict, CIMultiDictProxy

from chamber.core import proxies, wire
from chamber.core.clock import Clock, Deadline
from chamber.core.connections import Connections, url_of
from chamber.core.errors import (
    ClientClosedError,
    DeadlineExceeded,
    RateLimitError,
    TransportError,
    UnexpectedResponseError,
    ValidationError,
)
from chamber.core.retry import KEYED_WRITE, READ, Outcome, Policy, delay, retry_after
from chamber.core.settings import Settings, checked_timeout
from chamber.core.wire import Answer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping

    from chamber.core.paths import ApiPath

__all__ = ["Request", "Streamed", "Transport"]

_CONNECT_WITHIN = 5.0
#: Seconds; to aiohttp 0 means for ever.
_SHORTEST_TIMEOUT = 0.001
_LARGEST_ANSWER = 32 << 20
_LARGEST_ERROR = 64 << 10
_CHUNK = 64 << 10
#: Characters; a shorter token, as tests have, may be part of any word.
_SHORTEST_SECRET = 8
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

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

    def __repr__(self) -> str:
        return f"Request({self.method} {self.url})"


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
        request = Request(method, url, _checked_headers(headers or {}))
        async with self._exchange(request, timeout, body() if callable(body) else body) as streamed:
            yield streamed

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
            {**self._headers(body is not None), **_checked_headers(headers or {})},
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
            wait = delay(policy, self._outcome(outcome), attempt, deadline.remaining, random.random())  # noqa: S311
            if wait is not None:
                await self.clock.sleep(wait)
            if wait is None or deadline.remaining <= 0:
                raise self._error(outcome)
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
        async with self._exchange(sent, timeout, request.body) as streamed:
            limit = _LARGEST_ANSWER if streamed.status < 300 else _LARGEST_ERROR
            body = await streamed.read(limit, cut=streamed.status >= 300)
            return Answer(
                streamed.status,
                streamed.headers,
                self._without_token(body),
                request.method,
                request.url,
                headers["X-Request-Id"],
                number,
                deadline.elapsed,
            )

    @contextlib.asynccontextmanager
    async def _exchange(self, request: Request, timeout: float, body: Any) -> AsyncIterator[Streamed]:
        exchange = _Exchange(request, timeout)
        session = await self._connections.session()
        with exchange.told():
            response = await session.request(
                request.method,
                url_of(request.url),
                headers=request.headers,
                data=body,
                allow_redirects=False,
                proxy=proxies.proxy_for(request.url),
                timeout=_client_timeout(exchange.timeout),
                trace_request_ctx=exchange,
            )
        async with response:
            yield Streamed(response, exchange)

    def _outcome(self, ended: Answer | TransportError) -> Outcome:
        if isinstance(ended, TransportError):
            retried = not isinstance(ended.__cause__, _NEVER_RETRIED)
            return Outcome(sent=ended.sent, should_retry=None if retried else False)
        return Outcome(
            ended.status,
            retry_after=retry_after(ended.headers, self.clock.now()),
            should_retry={"true": True, "false": False}.get(ended.headers.get("X-Should-Retry", "").lower()),
        )

    def _error(self, ended: Answer | TransportError) -> Exception:
        if isinstance(ended, TransportError):
            return ended
        error = wire.failure(ended)
        if isinstance(error, RateLimitError):
            error.retry_after = retry_after(ended.headers, self.clock.now())
        return error

    def _without_token(self, body: bytes) -> bytes:
        """No answer needs to repeat the token: whatever is made of this one can be shown."""
        token = self.settings.token.reveal().encode()
        return body if len(token) < _SHORTEST_SECRET else body.replace(token, b"***")

    def _check_open(self) -> None:
        if self._closed:
            raise ClientClosedError("This client is closed: make a new one, or use it inside its with block")


class Streamed:
    """An answer that is read piece by piece."""

    def __init__(self, response: aiohttp.ClientResponse, exchange: _Exchange) -> None:
        self.status = response.status
        self.headers: Mapping[str, str] = response.headers
        self._content = response.content
        self._exchange = exchange

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


class _Exchange:
    """One request under way."""

    def __init__(self, request: Request, timeout: float) -> None:
        self.request = request
        self.timeout = max(timeout, _SHORTEST_TIMEOUT)
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

    def _no_answer(self, error: Exception) -> TransportError:
        kind = DeadlineExceeded if isinstance(error, TimeoutError) else TransportError
        raised = kind(
            self._said(error),
            request_id=self.request.headers.get("X-Request-Id"),
            method=self.request.method,
            url=self.request.url,
        )
        raised.sent = self.sent
        return raised

    def _said(self, error: Exception) -> str:
        if isinstance(error, TimeoutError):
            return f"No answer came within {round(self.timeout, 2):g} s: try again, or pass a longer timeout"
        if isinstance(error, aiohttp.ClientConnectorCertificateError):
            return f"The certificate is not trusted ({error.certificate_error}): check the URL and the CA bundle"
        if self.sent:
            return f"The connection broke off ({type(error).__name__}: {error}): try again"
        reason = getattr(error, "os_error", None) or error
        return f"Could not be reached ({getattr(reason, 'strerror', None) or reason}): check the URL and the network"


def _client_timeout(seconds: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=seconds, sock_connect=min(_CONNECT_WITHIN, seconds), ceil_threshold=math.inf)


def _forget_headers(error: Exception) -> None:
    """The cause of an error is shown in many places; this one would show the token."""
    if isinstance(error, aiohttp.ClientResponseError):
        nothing = CIMultiDictProxy(CIMultiDict[str]())
        error.request_info = aiohttp.RequestInfo(error.request_info.url, error.request_info.method, nothing)
        error.args = (error.request_info, ())
        error.headers = None


def _checked_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Raises ValidationError: a header would end early and begin another."""
    for name, value in headers.items():
        if _CONTROL.search(f"{name}{value}"):
            raise ValidationError(f"The header {name!r} has a line break or another control character")
    return dict(headers)
