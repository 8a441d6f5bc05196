"""The Authorization headers for one registry: learnt from its challenges, kept for each scope."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qsl, urlencode, urlsplit

from msgspec import DecodeError, Struct, json

from chamber.core.errors import DockerError
from chamber.core.redaction import Secret, redacted
from chamber.core.transport import Transport
from chamber.core.transport.exchange import Request, Streamed
from chamber.run.errors import RegistryAuthError
from chamber.run.registry import challenge as challenges
from chamber.run.registry.challenge import Challenge
from chamber.run.registry.credentials import Login
from chamber.run.registry.faults import refusal

__all__ = ["Authorization", "Scopes"]

#: What a request needs, such as ``("repository:team/app:pull,push",)``.
Scopes = tuple[str, ...]

_TOKEN = re.compile(r"[\x21-\x7e]+")
_OK = 200
_REFUSED = {400, 401, 403}
_CLIENT_ID = "chamber-run"
_LARGEST_TOKEN = 1 << 20


class Authorization:
    """What to send to the registry at `url`, for each scope. `find_login` is asked once, and only if needed."""

    def __init__(self, transport: Transport, url: str, find_login: Callable[[], Awaitable[Login | None]]) -> None:
        self._transport = transport
        self._url = url
        self._host = urlsplit(url).netloc
        self._find_login = find_login
        self._login: Login | None = None
        self._known: dict[Scopes, Secret] = {}
        self._lock = asyncio.Lock()

    def header(self, scopes: Scopes) -> Secret | None:
        """The header for `scopes`, as far as the registry has asked for one."""
        return self._known.get(scopes)

    async def learn(self, asked: str, scopes: Scopes, sent: Secret | None) -> None:
        """Find what to send for `scopes` when `sent` was answered with 401 and `asked` as WWW-Authenticate.

        Raises RegistryAuthError: there is no login, it was refused, or it would go to a stranger.
        """
        async with self._lock:
            if self.header(scopes) != sent:
                return
            self._login = self._login or await self._find_login()
            found = await self._answer_to(challenges.choose(asked), scopes)
            if found == sent:
                raise self.refused()
            self._known[scopes] = found

    def redact(self, text: str) -> str:
        """`text` without the secrets that were sent to this registry."""
        password = self._login.password if self._login else None
        words = [secret.reveal().partition(" ")[2] for secret in self._known.values()]
        return redacted(text, password, *words)

    async def _answer_to(self, offered: Challenge | None, scopes: Scopes) -> Secret:
        if offered is None:
            raise RegistryAuthError(self._host, "it offers no way to log in that is known here (Basic or Bearer)")
        if offered.scheme == "bearer":
            return await self._token(challenges.token_url(self._url, offered, scopes))
        if self._login is None or self._login.is_refresh_token:
            raise self.refused()
        return Secret(self._login.basic())

    async def _token(self, url: str) -> Secret:
        request = _token_request(url, self._login)
        async with self._transport.stream(
            request.method, request.url, headers=request.headers, body=request.body
        ) as answer:
            if answer.status in _REFUSED:
                raise self.refused()
            if answer.status != _OK:
                raise await refusal(self._host, "a request for a token", answer, self.redact)
            return Secret(f"Bearer {await self._token_in(answer)}")

    async def _token_in(self, answer: Streamed) -> str:
        try:
            found = json.decode(await answer.read(_LARGEST_TOKEN), type=_TokenAnswer)
        except DecodeError as error:
            raise DockerError(f"the token service of {self._host} gave an answer that is not understood") from error
        token = found.token or found.access_token
        if not _TOKEN.fullmatch(token):
            raise DockerError(f"the token service of {self._host} gave no token")
        return token

    def refused(self) -> RegistryAuthError:
        """The error for a login that is missing, or that this registry does not take."""
        if self._login is None:
            return RegistryAuthError(self._host, f"it wants a login: run `docker login {self._host}`")
        name = "the stored token" if self._login.is_refresh_token else f"the login of {self._login.username!r}"
        return RegistryAuthError(
            self._host,
            f"{name} is not accepted, or may not do this: run `docker login {self._host}` again, or ask for access",
        )


class _TokenAnswer(Struct):
    token: str = ""
    access_token: str = ""


def _token_request(url: str, login: Login | None) -> Request:
    if login is None:
        return Request("GET", url, {})
    if not login.is_refresh_token:
        return Request("GET", url, {"Authorization": login.basic()})
    target, _, query = url.partition("?")
    form = [*parse_qsl(query), ("grant_type", "refresh_token"), ("client_id", _CLIENT_ID)]
    body = urlencode([*form, ("refresh_token", login.password.reveal())]).encode()
    return Request("POST", target, {"Content-Type": "application/x-www-form-urlencoded"}, body)
