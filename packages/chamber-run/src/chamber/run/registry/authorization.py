"""The Authorization headers for one registry: learnt from its challenges, kept for each scope while they last.

Distribution, "Token Authentication Specification": https://distribution.github.io/distribution/spec/auth/token/
"""

import asyncio
import re
from collections.abc import Callable
from urllib.parse import parse_qsl, urlencode

from msgspec import Struct, json

from chamber.core.errors import DockerError
from chamber.core.redaction import Secret, redacted
from chamber.core.transport import Transport
from chamber.core.transport.exchange import Request, Streamed
from chamber.core.unreadable import UNREADABLE
from chamber.run.errors import RegistryAuthError
from chamber.run.registry import challenge as challenges
from chamber.run.registry.challenge import Challenge
from chamber.run.registry.credentials import Login, Logins
from chamber.run.registry.faults import refusal

__all__ = ["Authorization", "Scopes"]

#: What a request needs, such as ``("repository:team/app:pull,push",)``.
Scopes = tuple[str, ...]

_Redact = Callable[[str], str]

_TOKEN = re.compile(r"[\x21-\x7e]+")
_OK = 200
_REFUSED = {400, 401, 403}
_CLIENT_ID = "chamber-run"
_LARGEST_TOKEN = 1 << 20
#: Seconds that a token lasts which does not say how long, and the part of its time that it is used for.
_LASTS = 60.0
_USED_FOR = 0.9


class _Held(Struct, frozen=True):
    """A header, what it answers, whose it is, and until when it is used (None: for good)."""

    header: Secret
    answers: Challenge
    place: int
    login: Login | None
    until: float | None = None


class Authorization:
    """What to send to the registry at `url`, known to users as `host`, for each scope.

    A login that the registry refuses is followed by the next of `logins`, and the last of them, where there are
    tokens, by nobody in particular. `realm`: the one other site that may ask for the login.
    """

    def __init__(self, transport: Transport, host: str, url: str, logins: Logins, realm: str | None = None) -> None:
        self._transport = transport
        self._host = host
        self._url = url
        self._logins = logins
        self._realm = realm
        self._held: dict[Scopes, _Held] = {}
        self._tried: list[Login] = []
        self._lock = asyncio.Lock()

    async def header(self, scopes: Scopes) -> Secret | None:
        """The header for `scopes`, as far as the registry has asked for one; a token that runs out is renewed."""
        held = self._held.get(scopes)
        if held is not None and held.until is not None and self._now() >= held.until:
            async with self._lock:
                if self._held.get(scopes) is held:
                    await self._find(scopes, held.answers, held.place, None)
        held = self._held.get(scopes)
        return held.header if held else None

    async def learn(self, asked: str, scopes: Scopes, sent: Secret | None, *, again: bool) -> None:
        """Find what to send for `scopes` when `sent` was answered with 401 and `asked` as WWW-Authenticate.

        `again`: what is sent was new, so that another login is needed.

        Raises RegistryAuthError: there is no login, it was refused, or it would go to a stranger.
        """
        async with self._lock:
            held = self._held.get(scopes)
            if (held.header if held else None) != sent:
                return
            offered = challenges.choose(asked) or (held.answers if held else None)
            if offered is None:
                raise RegistryAuthError(self._host, "it offers no way to log in that is known here (Basic or Bearer)")
            if held and again and held.login is None:
                raise self.refused()
            await self._find(scopes, offered, (held.place if held else 0) + again, sent)

    async def advance(self, scopes: Scopes, sent: Secret | None) -> bool:
        """Go on to the next login when `sent` was answered with 403; False: there is none that helps."""
        async with self._lock:
            held = self._held.get(scopes)
            if held is None or held.header != sent:
                return held is not None
            if await self._logins.at(held.place + 1) is None:
                return False
            try:
                await self._find(scopes, held.answers, held.place + 1, sent)
            except RegistryAuthError:
                return False
            return True

    def login(self, scopes: Scopes) -> Login | None:
        """Whose header is sent for `scopes`; None: nobody's."""
        held = self._held.get(scopes)
        return held.login if held else None

    @property
    def has_refusals(self) -> bool:
        """Whether a login was tried and not taken."""
        return bool(self._tried)

    def redact(self, text: str) -> str:
        """`text` without the secrets that were sent to this registry."""
        logins = [*self._tried, *(held.login for held in self._held.values() if held.login)]
        words = [held.header.reveal().partition(" ")[2] for held in self._held.values()]
        return redacted(text, *(login.password for login in logins), *words)

    def refused(self) -> RegistryAuthError:
        """The error for a login that is missing, or for those that this registry does not take."""
        advice = f"run `docker login {self._host}`"
        reason = f"; {self._logins.reason}" if self._logins.reason else ""
        if not self._tried:
            return RegistryAuthError(self._host, f"it wants a login: {advice}{reason}")
        names = " and ".join(dict.fromkeys(_named(login) for login in self._tried))
        return RegistryAuthError(
            self._host,
            f"{names} is not accepted, or may not do this: {advice} again, or ask for access{reason}",
        )

    async def _find(self, scopes: Scopes, offered: Challenge, place: int, refused: Secret | None) -> None:
        """Hold the answer to `offered` by the login at `place` or one that comes later, other than `refused`."""
        if held := self._held.get(scopes):
            await self._note(held.place, place)
        while True:
            login = await self._logins.at(place)
            found = await self._answer_to(offered, scopes, login)
            if found is not None and found[0] != refused:
                self._held[scopes] = _Held(found[0], offered, place, login, found[1])
                return
            if login is None:
                raise self.refused()
            place += 1
            await self._note(place - 1, place)

    async def _note(self, first: int, end: int) -> None:
        """Remember the logins at these places as tried in vain."""
        for place in range(first, end):
            login = await self._logins.at(place)
            if login is not None and login not in self._tried:
                self._tried.append(login)

    async def _answer_to(
        self, offered: Challenge, scopes: Scopes, login: Login | None
    ) -> tuple[Secret, float | None] | None:
        """The header, and until when it is used; None: it is refused."""
        if offered.scheme == "bearer":
            return await self._token(challenges.token_url(self._url, offered, scopes, self._realm), login)
        return None if login is None or login.is_refresh_token else (Secret(login.basic()), None)

    async def _token(self, url: str, login: Login | None) -> tuple[Secret, float] | None:
        request = _token_request(url, login)
        async with self._transport.stream(
            request.method, request.url, headers=request.headers, body=request.body
        ) as answer:
            if answer.status in _REFUSED:
                return None
            if answer.status != _OK:
                raise await refusal(self._host, "a request for a token", answer, self._redacting(login))
            found = await self._token_in(answer)
        lasts = _LASTS if found.expires_in is None else max(0.0, found.expires_in)
        return Secret(f"Bearer {found.token or found.access_token}"), self._now() + lasts * _USED_FOR

    async def _token_in(self, answer: Streamed) -> "_TokenAnswer":
        try:
            found = json.decode(await answer.read(_LARGEST_TOKEN), type=_TokenAnswer, strict=False)
        except UNREADABLE as error:
            raise DockerError(f"the token service of {self._host} gave an answer that is not understood") from error
        if not _TOKEN.fullmatch(found.token or found.access_token):
            raise DockerError(f"the token service of {self._host} gave no token")
        return found

    def _redacting(self, login: Login | None) -> _Redact:
        return lambda text: redacted(self.redact(text), login.password if login else None)

    def _now(self) -> float:
        return self._transport.clock.monotonic()


class _TokenAnswer(Struct):
    token: str = ""
    access_token: str = ""
    #: Seconds.
    expires_in: float | None = None


def _named(login: Login) -> str:
    return "the stored token" if login.is_refresh_token else f"the login of {login.username!r}"


def _token_request(url: str, login: Login | None) -> Request:
    if login is None:
        return Request("GET", url, {})
    if not login.is_refresh_token:
        return Request("GET", url, {"Authorization": login.basic()})
    target, _, query = url.partition("?")
    form = [*parse_qsl(query), ("grant_type", "refresh_token"), ("client_id", _CLIENT_ID)]
    body = urlencode([*form, ("refresh_token", login.password.reveal())]).encode()
    return Request("POST", target, {"Content-Type": "application/x-www-form-urlencoded"}, body)
