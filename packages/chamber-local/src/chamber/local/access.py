"""Who may speak to the server, and under which name."""

import secrets
from collections.abc import Sequence

import msgspec

__all__ = ["Access", "bearer_token"]


class Access(msgspec.Struct, frozen=True):
    """The one token, and the Host headers that are answered; no hosts: any."""

    token: str
    hosts: Sequence[str] = ()

    def allows(self, token: str | None) -> bool:
        """True for the token. Takes as long for a wrong one as for a right one."""
        given = (token or "").encode(errors="surrogateescape")
        return secrets.compare_digest(given, self.token.encode())

    def answers_to(self, host: str | None) -> bool:
        """True for a Host header that names this server: a page that was rebound to loopback names another."""
        return not self.hosts or (host is not None and host.lower() in self.hosts)

    def __repr__(self) -> str:
        return f"Access(token='***', hosts={self.hosts!r})"


def bearer_token(header: str) -> str | None:
    """The token of an Authorization header (RFC 6750), or None."""
    scheme, _, value = header.partition(" ")
    return value.strip() if scheme.lower() == "bearer" else None
