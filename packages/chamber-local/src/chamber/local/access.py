"""Who may speak to the server, and under which name."""

import secrets
from collections.abc import Callable, Mapping, Sequence

import msgspec

from chamber.local.dashboard_session import Sessions
from chamber.local.users import User

__all__ = ["Access", "bearer_token"]


class Access(msgspec.Struct, frozen=True):
    """The users by their tokens, the browsers that were let in, and the Host headers that are answered.

    No hosts: any.
    """

    users: Mapping[str, User]
    hosts: Sequence[str] = ()
    sessions: Sessions = msgspec.field(default_factory=Sessions)
    #: Makes the token that pulls images for an organization, and does nothing else: see `puller_for`.
    organizations: Sequence[str] = ()
    pull_token: Callable[[str], str] | None = None

    def user_of(self, token: str | None) -> User | None:
        """Whose token it is. Takes as long for a wrong one as for a right one."""
        given = (token or "").encode(errors="surrogateescape")
        found = [user for known, user in self.users.items() if secrets.compare_digest(given, known.encode())]
        return found[0] if found else None

    def puller_for(self, token: str | None) -> str | None:
        """The organization whose images a token may pull that is no user's: an executor's."""
        given, make = (token or "").encode(errors="surrogateescape"), self.pull_token
        if make is None:
            return None
        found = [name for name in self.organizations if secrets.compare_digest(given, make(name).encode())]
        return found[0] if found else None

    def named(self, name: str | None) -> User | None:
        """The user of that name."""
        return next((user for user in self.users.values() if user.name == name), None)

    def answers_to(self, host: str | None) -> bool:
        """True for a Host header that names this server: a page that was rebound to loopback names another."""
        return not self.hosts or (host is not None and host.lower() in self.hosts)

    def __repr__(self) -> str:
        return f"Access(users={[user.name for user in self.users.values()]!r}, hosts={self.hosts!r})"


def bearer_token(header: str) -> str | None:
    """The token of an Authorization header (RFC 6750), or None."""
    scheme, _, value = header.partition(" ")
    return value.strip() if scheme.lower() == "bearer" else None
