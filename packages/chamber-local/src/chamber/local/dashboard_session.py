"""How a browser is let in: a ticket that works once becomes a cookie, and the cookie is heeded from this origin only.

A cookie is sent with requests that other pages make. SameSite=Strict keeps the pages of other sites out, but another
port of this machine is the same site (RFC 6265bis, section 5.2); so what the browser says of a request's origin is
checked too, and whoever changes something has to send a header that no other origin can send unasked.
"""

import secrets
import time
from collections.abc import Callable, Mapping

__all__ = ["HEADER", "Sessions", "comes_from_here", "cookie_name"]

#: The header that a request which changes something carries beside the cookie, with any value.
HEADER = "X-Chamber-Dashboard"

_TICKET_SECONDS = 24 * 3600.0
_SESSION_SECONDS = 12 * 3600.0
_MOST = 1000
_SAFE = frozenset({"GET", "HEAD"})


class Sessions:
    """Tickets and sessions, each of one user. They end with the server. For any thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._tickets: dict[str, tuple[str, float]] = {}
        self._sessions: dict[str, tuple[str, float]] = {}

    def ticket(self, user: str) -> str:
        """A ticket that lets a browser in as that user, once, within 24 hours."""
        return _keep(self._tickets, user, self._clock() + _TICKET_SECONDS)

    def redeem(self, ticket: str) -> str | None:
        """The session for a ticket, for 12 hours; None when the ticket was used, is too old or is none."""
        user, ends = self._tickets.pop(ticket, ("", 0.0))
        return _keep(self._sessions, user, self._clock() + _SESSION_SECONDS) if self._clock() < ends else None

    def user_of(self, session: str | None) -> str | None:
        """Whose session it is; None when it is over or none."""
        user, ends = self._sessions.get(session or "", ("", 0.0))
        return user if self._clock() < ends else None

    def end(self, session: str | None) -> None:
        """Ends a session."""
        self._sessions.pop(session or "", None)


def cookie_name(host: str | None) -> str:
    """The cookie's name: cookies know no ports, so several Chambers of this machine need names of their own."""
    return f"chamber_session_{(host or '').rpartition(':')[2]}"


def comes_from_here(method: str, headers: Mapping[str, str]) -> bool:
    """True when a browser says that one of this server's own pages, or its user, makes the request.

    By Fetch Metadata (W3C, section 2.4), the Origin header (RFC 6454, section 7) and, for what changes something,
    `HEADER`.
    """
    site, origin = headers.get("Sec-Fetch-Site"), headers.get("Origin")
    if origin is not None and origin != f"http://{headers.get('Host')}":
        return False
    if method in _SAFE:
        return site in {None, "same-origin", "none"}
    return HEADER in headers and (site == "same-origin" or (site is None and origin is not None))


def _keep(held: dict[str, tuple[str, float]], user: str, ends: float) -> str:
    """A new secret for a user; beyond the most that are held, the oldest goes."""
    if len(held) >= _MOST:
        del held[next(iter(held))]
    secret = secrets.token_urlsafe(32)
    held[secret] = (user, ends)
    return secret
