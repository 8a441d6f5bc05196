"""What a registry asks for with its 401, and whom the answer may be sent to. Nothing here talks to anyone.

RFC 9110, section 11.6.1 (WWW-Authenticate); distribution, "Token Authentication Specification".
"""

import re
from collections.abc import Sequence
from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

from msgspec import Struct

from chamber.core.loopback import is_loopback
from chamber.run.errors import RegistryAuthError

__all__ = ["TOKEN_SERVICES", "Challenge", "choose", "parse", "same_origin", "token_url"]

#: Token services that are not the registry itself: its host, and theirs.
TOKEN_SERVICES = {
    "registry-1.docker.io": {"auth.docker.io"},
    "registry.gitlab.com": {"gitlab.com"},
}

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 - RFC 9110's word for a word
_PART = re.compile(
    rf'[\s,]*(?:(?P<name>{_TOKEN})\s*=\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>{_TOKEN}))'
    rf"|(?P<scheme>{_TOKEN})(?=[\s,]|$))"
)
_DEFAULT_PORTS = {"https": 443, "http": 80}


class Challenge(Struct, frozen=True):
    """One way to log in: `scheme` in lower case, `parameters` by their names in lower case."""

    scheme: str
    parameters: dict[str, str]


def parse(header: str) -> tuple[Challenge, ...]:
    """The challenges of a WWW-Authenticate header; what comes after something unreadable is left out."""
    challenges: list[Challenge] = []
    position = 0
    while part := _PART.match(header, position):
        position = part.end()
        if part["scheme"]:
            challenges.append(Challenge(part["scheme"].lower(), {}))
        elif challenges:
            quoted = part["quoted"]
            value = part["plain"] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
            challenges[-1].parameters.setdefault(part["name"].lower(), value)
    return tuple(challenges)


def choose(header: str) -> Challenge | None:
    """The challenge to answer: Bearer before Basic, others never."""
    offered = {challenge.scheme: challenge for challenge in reversed(parse(header))}
    return offered.get("bearer") or offered.get("basic")


def token_url(registry_url: str, challenge: Challenge, scopes: Sequence[str], auth_realm: str | None = None) -> str:
    """Where to fetch a token for `scopes`. Raises RegistryAuthError: the realm is not to be trusted.

    A realm has to be of the registry's own origin, which is https unless the user asked for another, or in
    `TOKEN_SERVICES`, or of the origin `auth_realm`, which was configured for this registry; a registry on this
    machine may name any service on this machine. Otherwise the login would go to whoever the registry names.
    """
    registry = urlsplit(registry_url)
    realm = _split(challenge.parameters.get("realm", ""))
    if not (_trusted(registry, realm) or _configured(registry, realm, auth_realm)):
        site = f"{realm.scheme}://{realm.netloc.rpartition('@')[2]}"
        raise RegistryAuthError(
            registry.netloc,
            f"it sends logins to {site}, which is neither the registry itself nor a token service known for it; "
            f"if that is right, name it: ChamberClient.add_registry(name, url, auth_realm={site!r})",
        )
    named = [("service", challenge.parameters.get("service")), *(("scope", scope) for scope in scopes)]
    query = "&".join([realm.query, *(f"{name}={quote(text, safe='')}" for name, text in named if text)])
    return urlunsplit((realm.scheme, realm.netloc, realm.path, query.strip("&"), ""))


def same_origin(one: str, other: str) -> bool:
    """Whether two URLs have the same scheme, host and port (RFC 6454, section 5), and name no user."""
    first, second = _split(one), _split(other)
    return "@" not in first.netloc + second.netloc and _origin(first) == _origin(second)


def _trusted(registry: SplitResult, realm: SplitResult) -> bool:
    if "@" in realm.netloc or not realm.hostname:
        return False
    if is_loopback(registry.netloc):
        return is_loopback(realm.netloc) and realm.scheme in _DEFAULT_PORTS
    if _origin(registry) == _origin(realm):
        return True
    return realm.scheme == "https" and realm.netloc.lower() in TOKEN_SERVICES.get(registry.netloc, ())


def _configured(registry: SplitResult, realm: SplitResult, auth_realm: str | None) -> bool:
    """Whether the user named that site for this registry. Plain HTTP only where the registry itself speaks it."""
    if not auth_realm or "@" in realm.netloc or not realm.hostname or _origin(realm) != _origin(_split(auth_realm)):
        return False
    return realm.scheme == "https" or (realm.scheme == "http" and registry.scheme == "http")


def _split(url: str) -> SplitResult:
    """The parts of a URL; of one that is none, nothing."""
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


def _origin(url: SplitResult) -> tuple[str, str, int | None]:
    try:
        port = url.port
    except ValueError:
        port = -1
    return url.scheme, url.hostname or "", port or _DEFAULT_PORTS.get(url.scheme)
