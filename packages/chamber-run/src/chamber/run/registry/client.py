"""Exchanges with one registry: where it is, logging in, and trying again.

OCI distribution specification 1.1, https://github.com/opencontainers/distribution-spec.
"""

import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeVar
from urllib.parse import urljoin, urlsplit

from chamber.core.errors import DockerError, TransportError, UnexpectedResponseError
from chamber.core.loopback import is_loopback
from chamber.core.redaction import Secret
from chamber.core.retry import Outcome, Policy, delay
from chamber.core.transport import Transport
from chamber.core.transport.exchange import Streamed
from chamber.run.registry.authorization import Authorization, Scopes
from chamber.run.registry.challenge import same_origin
from chamber.run.registry.credentials import Login, Logins, is_at
from chamber.run.registry.faults import TransientError, refusal
from chamber.run.targets import Registry

__all__ = ["Body", "RegistryClient", "joined"]

T = TypeVar("T")

#: What is sent: bytes, or a function that is called for them once.
Body = bytes | Callable[[], AsyncIterator[bytes]]

_POLICY = Policy(3, 0.5, 10.0, "equal", attempt_timeout=60.0, deadline=600.0, repeatable=True)
#: Seconds that a small exchange may take, and bytes per second that a large one has to manage.
_PATIENCE = 60.0
_SLOWEST = 128 << 10
#: Hosts whose API is at another one.
_API_HOSTS = {"docker.io": "registry-1.docker.io", "index.docker.io": "registry-1.docker.io"}
_OK = 200
_UNAUTHORIZED = 401
_CHALLENGE = "www-authenticate"
_FORBIDDEN = 403
_REDIRECTS = {301, 302, 303, 307, 308}
_MOST_REDIRECTS = 3


class RegistryClient:
    """The registry at ``host[:port]``. `known` says how to log in there and whether plain HTTP is allowed."""

    def __init__(self, transport: Transport, host: str, known: Registry | None = None) -> None:
        self.host = host
        self.transport = transport
        #: What is known of this host, and of no other.
        self.known: Registry = known if known is not None and is_at(host, known) else Registry(host)
        address = _API_HOSTS.get(host, host).lower()
        plain = is_loopback(address) or self.known.insecure
        self.url: str = f"{'http' if plain else 'https'}://{address}"
        self._authorization = Authorization(transport, host, self.url, Logins(host, self.known), self.known.auth_realm)

    @asynccontextmanager
    async def exchange(
        self,
        method: str,
        url: str,
        *,
        doing: str,
        scopes: Scopes,
        headers: Mapping[str, str] | None = None,
        body: Body | None = None,
        size: int = 0,
    ) -> AsyncIterator[Streamed]:
        """One request to this registry, logged in as it asks; `size`: bytes that will be moved.

        Raises RegistryAuthError: the login is missing or refused. Raises TransientError: ask again.
        """
        self._check_origin(url, doing)
        again = False
        while True:
            sent = await self._authorization.header(scopes)
            async with self._stream(method, url, headers, sent, body, size) as answer:
                if answer.status not in {_UNAUTHORIZED, _FORBIDDEN}:
                    yield answer
                    return
                asked = ", ".join(value for name, value in answer.headers.items() if name.lower() == _CHALLENGE)
                forbidden = await self.refusal(doing, answer) if answer.status == _FORBIDDEN else None
            await self._other_header(asked, scopes, sent, forbidden, again=again)
            again = True
            if callable(body):
                raise TransientError(f"{self.host} wants {doing} with a new token", Outcome(sent=False))

    async def give_up(self, url: str, *, doing: str, scopes: Scopes) -> None:
        """Delete an upload, if it may be: a token for pushing often does not allow that, which changes nothing."""
        with contextlib.suppress(DockerError, TransportError):
            self._check_origin(url, doing)
            sent = await self._authorization.header(scopes)
            async with self._stream("DELETE", url, None, sent, None, 0):
                pass

    async def patiently(self, doing: str, attempt: Callable[[], Awaitable[T]]) -> T:
        """The result of `attempt`, tried three times as a whole while the registry fails or is not reached.

        Raises DockerError: it went on failing.
        """
        number = 1
        while True:
            failed: DockerError
            try:
                return await attempt()
            except TransientError as error:
                failed, outcome = error, error.outcome
            except UnexpectedResponseError as error:
                raise DockerError(f"{self.host} answers {doing} with more than is allowed. {error.message}") from error
            except TransportError as error:
                failed, outcome = self._unreached(doing, error), Outcome(sent=error.sent)
            wait = delay(_POLICY, outcome, number, _POLICY.deadline, random.random())  # noqa: S311
            if wait is None:
                raise failed
            await self.transport.pause(wait)
            number += 1

    def login(self, scopes: Scopes) -> Login | None:
        """Who the registry takes us for in these scopes; None: nobody in particular."""
        return self._authorization.login(scopes)

    def require_login(self, scopes: Scopes) -> None:
        """Raises RegistryAuthError: there was a login, and the registry took none."""
        if self._authorization.has_refusals and self.login(scopes) is None:
            raise self._authorization.refused()

    async def refusal(self, doing: str, answer: Streamed) -> DockerError:
        """The error for an answer that is not the one hoped for."""
        return await refusal(self.host, doing, answer, self._authorization.redact)

    def _stream(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        sent: Secret | None,
        body: Body | None,
        size: int,
    ) -> AbstractAsyncContextManager[Streamed]:
        authorization = {"Authorization": sent.reveal()} if sent else {}
        length = {"Content-Length": str(size)} if callable(body) else {}
        return self.transport.stream(
            method,
            url,
            headers={**(headers or {}), **length, **authorization},
            body=body,
            timeout=_PATIENCE + size / _SLOWEST,
        )

    @asynccontextmanager
    async def download(self, url: str, *, doing: str, scopes: Scopes, size: int) -> AsyncIterator[Streamed]:
        """The answer that holds a blob, where the registry keeps it. The content is for the caller to verify."""
        async with self.follow("GET", url, doing=doing, scopes=scopes, size=size) as answer:
            if answer.status != _OK:
                raise await self.refusal(doing, answer)
            yield answer

    @asynccontextmanager
    async def follow(
        self, method: str, url: str, *, doing: str, scopes: Scopes, size: int = 0
    ) -> AsyncIterator[Streamed]:
        """The answer about a blob from where the registry keeps it: redirects are followed without the login, three
        at most, to https only or within this machine."""
        headers = {"Accept-Encoding": "identity"}
        async with self.exchange(method, url, doing=doing, scopes=scopes, headers=headers, size=size) as answer:
            if answer.status not in _REDIRECTS:
                yield answer
                return
            target = self._target(url, answer, doing)
        async with self._followed(method, target, headers, doing, size, _MOST_REDIRECTS - 1) as answer:
            yield answer

    @asynccontextmanager
    async def _followed(
        self, method: str, url: str, headers: Mapping[str, str], doing: str, size: int, left: int
    ) -> AsyncIterator[Streamed]:
        async with self._stream(method, url, headers, None, None, size) as answer:
            if answer.status not in _REDIRECTS:
                yield answer
                return
            target = self._target(url, answer, doing)
        if not left:
            raise DockerError(f"{self.host} redirects {doing} more than {_MOST_REDIRECTS} times")
        async with self._followed(method, target, headers, doing, size, left - 1) as answer:
            yield answer

    def _target(self, url: str, answer: Streamed, doing: str) -> str:
        target = joined(url, answer.headers.get("Location", ""))
        parts = urlsplit(target)
        within = is_loopback(parts.netloc) and is_loopback(urlsplit(self.url).netloc)
        if "@" in parts.netloc or not (parts.scheme == "https" or (within and parts.scheme == "http")):
            raise DockerError(f"{self.host} redirects {doing} to {_site(target)}, which is not https")
        return target

    async def _other_header(
        self, asked: str, scopes: Scopes, sent: Secret | None, forbidden: DockerError | None, *, again: bool
    ) -> None:
        """Have another header for `scopes` than `sent`. Raises RegistryAuthError: there is none."""
        if forbidden is None:
            await self._authorization.learn(asked, scopes, sent, again=again)
        elif not await self._authorization.advance(scopes, sent):
            raise forbidden

    def _check_origin(self, url: str, doing: str) -> None:
        if not same_origin(url, self.url):
            raise DockerError(
                f"{self.host} sends {doing} on to {_site(url)}, which is refused: behind a proxy, "
                f"the registry has to be told its own address"
            )

    def _unreached(self, doing: str, error: TransportError) -> DockerError:
        reached = DockerError(f"{self.host} gave no answer to {doing}. {error.message}")
        reached.__cause__ = error
        return reached


def joined(url: str, location: str) -> str:
    """Where a Location header of `url` leads; "" where it is no URL, which is nowhere."""
    try:
        return urljoin(url, location)
    except ValueError:
        return ""


def _site(url: str) -> str:
    """Scheme and host of a URL: the rest may hold what is secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
