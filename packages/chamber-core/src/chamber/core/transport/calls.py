"""The calls of one client: headers, deadline, retries; and a streaming call for image registries."""

from __future__ import annotations

import contextlib
import contextvars
import math
import os
import random
import re
import weakref
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

import msgspec

from chamber.core import wire
from chamber.core.clock import Clock, Deadline
from chamber.core.errors import ClientClosedError, PluginError, RateLimitError, TransportError
from chamber.core.logs import logger
from chamber.core.retry import KEYED_WRITE, READ, Outcome, Policy, delay, http_date, retry_after
from chamber.core.settings import Settings, checked_timeout
from chamber.core.transport.budget import RetryBudget
from chamber.core.transport.connections import Connections
from chamber.core.transport.daemon import in_daemon
from chamber.core.transport.elsewhere import Elsewhere
from chamber.core.transport.exchange import Request, Streamed, checked_headers, exchange, is_final
from chamber.core.wire import Answer

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping
    from datetime import datetime

    from chamber.core.errors import ChamberError
    from chamber.core.paths import ApiPath
    from chamber.core.redaction import Secret

__all__ = ["Listener", "Transport"]

_LARGEST_ANSWER = 32 << 20
_LARGEST_ERROR = 64 << 10
#: Characters; a shorter token, as tests have, may be part of any word.
_SHORTEST_SECRET = 8
#: Codes of a 409 that says that a request with the same Idempotency-Key is under way.
_IN_PROGRESS = re.compile(r"KEY_IN_(PROGRESS|USE)\b|REQUEST_IN_(PROGRESS|FLIGHT)\b")

#: Seconds.
_SHORTEST = 0.001

#: The deadline of the call that others are part of.
_whole: contextvars.ContextVar[Deadline | None] = contextvars.ContextVar("chamber_whole", default=None)

_log = logger(__name__)


class Listener(Protocol):
    """Who is told of requests and answers."""

    def request(self, request: Request) -> Mapping[str, str]:
        """The headers to add to a request."""
        ...

    def response(self, answer: Answer) -> None:
        """An answer came."""


class Transport:
    """The calls of one client."""

    def __init__(self, settings: Settings, clock: Clock | None = None, listener: Listener | None = None) -> None:
        self.settings = settings
        self.clock: Clock = clock or Clock()
        self.dialect: wire.Dialect = wire.Dialect()
        self._listener = listener
        self._budget = RetryBudget()
        self._connections = Connections()
        self._others: weakref.WeakSet[Elsewhere] = weakref.WeakSet()
        self._closed = False
        self._chance: Callable[[], float] = random.random
        #: How far the clock of the API is ahead of this machine's, as its last answer told.
        self._ahead = timedelta()
        self._told: str | None = None

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
        deadline = Deadline(self.clock, min(limit, self._whole()))
        used = self.settings.token
        answer = await self._attempts(request, chosen, deadline)
        if answer.status == 401 and await self._has_another_token(used, deadline):
            again = msgspec.structs.replace(request, headers=request.headers | self._credentials())
            answer = await self._attempts(again, chosen, deadline)
        if answer.status >= 300:
            raise self._refused(answer)
        return answer

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
        request = Request(method, url, checked_headers(headers or {}))
        sent = body() if callable(body) else body
        async with exchange(self._connections, request, timeout, sent) as streamed:
            yield streamed

    def elsewhere(self, tls: ssl.SSLContext | None = None) -> Elsewhere:
        """Connections to another host, which are closed with this client at the latest."""
        self._check_open()
        found = Elsewhere(tls)
        self._others.add(found)
        return found

    @contextlib.contextmanager
    def within(self, timeout: float | None = None) -> Iterator[None]:
        """Have all calls inside be over together in `timeout` seconds; None: in the client's own, if it has one."""
        limit = min(checked_timeout(timeout) or self.settings.timeout or math.inf, self._whole())
        token = _whole.set(Deadline(self.clock, limit) if limit < math.inf else None)
        try:
            yield
        finally:
            _whole.reset(token)

    async def pause(self, seconds: float) -> None:
        """Wait so many seconds. Raises ClientClosedError: the client was closed meanwhile."""
        self._check_open()
        async with self._connections.under_way.until_closed():
            await self.clock.sleep(seconds)

    def since(self, moment: datetime) -> datetime:
        """A moment of this machine's clock, or earlier: as the clock of the API has it, where that one is behind."""
        return moment + min(self._ahead, timedelta())

    async def close(self) -> None:
        """Close the connections of the running loop, and end the calls in it; further calls are refused."""
        self._closed = True
        for other in list(self._others):
            await other.close()
        await self._connections.close()

    def _request(
        self,
        method: str,
        path: ApiPath,
        params: Mapping[str, object] | None,
        body: Mapping[str, object] | None,
        headers: Mapping[str, str] | None,
    ) -> Request:
        query = wire.encode_query(params) if params else ""
        content = {"Content-Type": "application/json"} if body is not None else {}
        return Request(
            method,
            f"{self.settings.api_url}/{path}{'?' if query else ''}{query}",
            {"Accept": "application/json", **content, **checked_headers(headers or {}), **self._credentials()},
            None if body is None else wire.encode_body(body),
        )

    def _credentials(self) -> dict[str, str]:
        organization = self.settings.organization_id
        return {
            "Authorization": f"Bearer {self.settings.token.reveal()}",
            **({"X-Organization-Id": organization} if organization else {}),
        }

    async def _has_another_token(self, used: Secret, deadline: Deadline) -> bool:
        """Whether there is another token by now, or whoever gives tokens has one in time."""
        if self.settings.token != used:
            return True
        try:
            async with self._connections.under_way.until_closed(deadline.remaining):
                return await in_daemon(self.settings.renew_token, name="chamber-token") or self.settings.token != used
        except TimeoutError:
            return False

    async def _attempts(self, request: Request, policy: Policy, deadline: Deadline) -> Answer:
        """The last answer, good or bad. Raises TransportError: the last attempt had none."""
        attempt, taken = 1, 0
        while True:
            try:
                ended: Answer | TransportError = await self._attempt(request, policy, deadline, attempt)
            except TransportError as error:
                ended = error
            if isinstance(ended, Answer) and ended.status < 300:
                self._budget.give(taken)
                return ended
            outcome = self._outcome(ended)
            wait = delay(policy, outcome, attempt, deadline.remaining, self._chance())
            paid = self._pay(policy, outcome) if wait is not None else 0
            if wait is None or paid is None:
                return _settled(ended, attempt, deadline, exhausted=paid is None)
            _log.debug("call is retried", method=request.method, url=request.url, attempt=attempt, wait=wait)
            await self.pause(wait)
            if deadline.remaining <= 0:
                return _settled(ended, attempt, deadline)
            attempt, taken = attempt + 1, paid

    async def _attempt(self, request: Request, policy: Policy, deadline: Deadline, number: int) -> Answer:
        self._check_open()
        under_way = self._connections.under_way
        await under_way.turn(deadline)
        try:
            sent = self._numbered(request, policy, deadline, number)
            answer = await self._send(sent, min(policy.attempt_timeout, deadline.remaining))
        finally:
            under_way.end_turn()
        self._compare_clocks(answer)
        answer = msgspec.structs.replace(answer, attempts=number, elapsed=deadline.elapsed)
        self._tell(answer)
        return answer

    def _tell(self, answer: Answer) -> None:
        """Raises PluginError, with the status of the answer that came all the same: a listener failed."""
        try:
            if self._listener is not None:
                self._listener.response(answer)
        except PluginError as error:
            error.status_code, error.request_id = answer.status, answer.request_id
            error.method, error.url = answer.method, answer.url
            raise

    async def _send(self, request: Request, timeout: float) -> Answer:
        """One attempt. What stands in for a network in tests, replaces this."""
        async with exchange(self._connections, request, timeout) as streamed:
            limit = _LARGEST_ANSWER if streamed.status < 300 else _LARGEST_ERROR
            body = self._without_token(await streamed.read(limit, cut=streamed.status >= 300))
            request_id = request.headers["X-Request-Id"]
            return Answer(streamed.status, streamed.headers, body, request.method, request.url, request_id)

    def _compare_clocks(self, answer: Answer) -> None:
        told = answer.headers.get("Date")
        if told != self._told and (theirs := http_date(told)) is not None:
            self._told, self._ahead = told, theirs - self.clock.now()

    def _whole(self) -> float:
        """Seconds left of what this call is part of."""
        whole = _whole.get()
        return math.inf if whole is None else max(_SHORTEST, whole.remaining)

    def _numbered(self, request: Request, policy: Policy, deadline: Deadline, number: int) -> Request:
        headers = {
            **request.headers,
            "X-Request-Id": os.urandom(16).hex(),
            "X-Chamber-Attempt": f"{number}/{policy.attempts}",
            "X-Chamber-Elapsed-Ms": str(int(deadline.elapsed * 1000)),
        }
        added = self._listener.request(request) if self._listener is not None else {}
        return msgspec.structs.replace(request, headers={**checked_headers(added), **headers}, silence=policy.silence)

    def _outcome(self, ended: Answer | TransportError) -> Outcome:
        if isinstance(ended, TransportError):
            return Outcome(sent=ended.sent, should_retry=False if is_final(ended) else None)
        return Outcome(
            ended.status,
            retry_after=retry_after(ended.headers, self.clock.now()),
            should_retry={"true": True, "false": False}.get(ended.headers.get("X-Should-Retry", "").lower()),
            in_progress=ended.status == 409 and bool(_IN_PROGRESS.search(wire.failure(ended).code or "")),
        )

    def _pay(self, policy: Policy, outcome: Outcome) -> int | None:
        return self._budget.take(throttled=outcome.is_throttled) if policy.budgeted else 0

    def _refused(self, answer: Answer) -> ChamberError:
        error = wire.failure(answer)
        if isinstance(error, RateLimitError):
            error.retry_after = retry_after(answer.headers, self.clock.now())
        return error

    def _without_token(self, body: bytes) -> bytes:
        """No answer needs to repeat the token: whatever is made of this one can be shown."""
        token = self.settings.token.reveal().encode()
        return body if len(token) < _SHORTEST_SECRET else body.replace(token, b"***")

    def _check_open(self) -> None:
        if self._closed:
            raise ClientClosedError("This client is closed: make a new one, or use it inside its with block")


def _settled(ended: Answer | TransportError, attempts: int, deadline: Deadline, *, exhausted: bool = False) -> Answer:
    """What the call ends with. Raises the error of an attempt without an answer."""
    if isinstance(ended, Answer):
        return msgspec.structs.replace(ended, elapsed=deadline.elapsed, budget_exhausted=exhausted)
    ended.attempts, ended.elapsed, ended.retry_budget_exhausted = attempts, deadline.elapsed, exhausted
    raise ended
